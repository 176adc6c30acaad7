"""The author's files as a story: find its sources and formats, build, import and rename."""
