"""Conversations between two devices, without the network."""
