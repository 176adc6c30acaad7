"""A whole peer: a function from what happened to what to do."""
