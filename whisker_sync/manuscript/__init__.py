"""The author's files as one CRDT document: a save becomes edits, the document becomes files."""
