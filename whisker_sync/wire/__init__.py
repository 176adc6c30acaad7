"""What peers say to each other, and how it looks as bytes."""
