"""Tests about ourselves: how the code looks, and what it promises everywhere."""
