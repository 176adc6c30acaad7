"""The author's files: read, written with care, and watched."""
