"""Things that carry frames between two machines."""
