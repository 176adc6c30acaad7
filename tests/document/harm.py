"""
A child process that swallows updates, to see whether they harm it.

Run with a file of base, then files of updates: each is merged into a document that
holds the base, everything declared is read, the document is edited, encoded, and
merged into another. Prints a line before and after each, so that the parent sees
which one was the last.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from whisker_sync.document import Applied, Document, Kind, Root, Schema
from whisker_sync.errors import WhiskerError

CORPUS_SCHEMA = Schema(
    (
        Root("t", Kind.TEXT),
        Root("m", Kind.MAP),
        Root("x", Kind.XML),
    )
)
MEMORY = 2 << 30


def swallow(base: bytes, update: bytes) -> str:
    """What became of one update: the name of the outcome."""
    document = Document.load("corpus", CORPUS_SCHEMA, 770077, [base])
    if not document.text("t"):
        return "NoBase"
    outcome = document.merge(update, "stranger")
    if not isinstance(outcome, Applied):
        return type(outcome).__name__
    document.text("t")
    document.values("m")
    document.digest()
    with document.edit("author") as edit:
        edit.insert("t", len(document.text("t")), "the end ☃")
        edit.insert("t", 0, "x")
        edit.delete("t", 0, 1)
        edit.set("m", "key", "value")
    whole = document.encode()
    other = Document("corpus", CORPUS_SCHEMA, 780078)
    again = Document.load("corpus", CORPUS_SCHEMA, 790079, [whole])
    if again.text("t") != document.text("t") or again.digest() != document.digest():
        return "Differs"
    other.merge(update, "stranger")
    document.encode(other.state())
    return "Applied"


def main() -> None:
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    base, *updates = [Path(name) for name in sys.argv[1:]]
    for update in updates:
        print("begin", update.name, flush=True)
        try:
            outcome = swallow(base.read_bytes(), update.read_bytes())
        except WhiskerError as problem:
            outcome = f"Raised:{type(problem).__name__}"
        print("end", update.name, outcome, flush=True)


if __name__ == "__main__":
    main()
