"""Figures about merges and speed that anybody can take."""
