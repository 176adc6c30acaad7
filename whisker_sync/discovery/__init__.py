"""Where are the others? Hearsay from the local network."""
