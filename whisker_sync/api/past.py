"""Looking back: what the history says, what is worth a look, and what came back to earlier."""

from __future__ import annotations

from whisker_sync.manuscript.back import sentence
from whisker_sync.manuscript.conflicts import Conflict, Kind, Side
from whisker_sync.manuscript.kept import Kept, as_saved
from whisker_sync.manuscript.timeline import (
    Span,
    Tally,
    authors,
    file_text,
    in_order,
    is_path,
    named,
    put_back,
    stand,
    tally,
    total,
)
from whisker_sync.revision import Revision, Version
from whisker_sync.text.tokens import has_word, words

__all__ = [
    "Conflict",
    "Kept",
    "Kind",
    "Revision",
    "Side",
    "Span",
    "Tally",
    "Version",
    "as_saved",
    "authors",
    "file_text",
    "has_word",
    "in_order",
    "is_path",
    "named",
    "put_back",
    "sentence",
    "stand",
    "tally",
    "total",
    "words",
]
