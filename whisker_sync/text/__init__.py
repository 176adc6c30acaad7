"""Edits to texts: what did the author do, and how do two changes of one text go together."""
