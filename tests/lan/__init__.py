"""Tests on a virtual network: several hosts on one machine, in namespaces of their own."""
