"""Tests of :mod:`whisker_sync.story.links`."""
