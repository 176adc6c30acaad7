"""What other programs call: a workspace of one's own, or that of a daemon."""
