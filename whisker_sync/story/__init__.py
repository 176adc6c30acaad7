"""What Twee files are: bytes, lines, headers and passages, without loss."""
