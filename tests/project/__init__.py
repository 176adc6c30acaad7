"""Tests of :mod:`whisker_sync.project`."""
