"""
Saves whose author said which version they were made from.

Of an editor nobody knows what it had opened, so the manuscript has to guess, and when in
doubt it deletes nothing. A program of ours that brings an old text back knows; it says so
beside the story before it saves, and whoever finds that save believes it. That works whether
or not anything has the workspace open at that time.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from whisker_sync.ids import StoryPath
from whisker_sync.store.layout import Layout, write_private

MAX_ANNOUNCED = 100
"""Saves that are remembered at a time, the newest."""


def announce(layout: Layout, path: StoryPath, made_from: bytes, content: bytes) -> None:
    """Say that ``content``, which is about to be saved, is made from ``made_from``."""
    known = _read(layout)
    known.pop(path, None)
    known[path] = (_hash(content), _hash(made_from))
    newest = dict(list(known.items())[-MAX_ANNOUNCED:])
    write_private(_place(layout), json.dumps(newest).encode())


def made_from(layout: Layout, path: StoryPath, content: object) -> bytes | None:
    """SHA-256 of the version that a save was made from; None: nobody said so."""
    if not isinstance(content, bytes) or not _place(layout).exists():
        return None
    saved, base = _read(layout).get(path, ("", ""))
    with suppress(ValueError):
        return bytes.fromhex(base) if saved == _hash(content) else None
    return None


def _read(layout: Layout) -> dict[str, tuple[str, str]]:
    try:
        known = json.loads(_place(layout).read_bytes())
        return {str(path): (str(saved), str(base)) for path, (saved, base) in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # there is none, or it is damaged: then nobody said anything


def _place(layout: Layout) -> Path:
    return layout.local / "announced"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
