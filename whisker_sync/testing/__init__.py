"""A simulated world, for tests of ours and of whoever builds on us."""
