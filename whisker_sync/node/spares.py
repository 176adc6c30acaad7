"""
Contents of binary files that the story does not need any more.

A picture that was painted over, or whose file was deleted, is in no file and in no history (which
keeps texts). Its content stays in the journal for a while all the same: a co-author who was away
may bring the file back. Then it makes room.

Functions of facts and of what is needed; who removes anything is the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from whisker_sync import chunks
from whisker_sync.document import Document
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.shadow import Picture
from whisker_sync.revision import DAY_MS

SPARE = "spare/"
"""Facts that say since when a content is not needed begin with it; its SHA-256 follows."""

SPARE_DAYS = 30
"""Days for which a content is kept that nobody needs, as long as for versions in the trash."""

_KEPT = ("asset/", "chunks/")


@dataclass(frozen=True, slots=True)
class Spares:
    """What follows from what is needed."""

    facts: tuple[tuple[str, bytes | None], ...]
    """What to remember, and to forget."""

    gone: tuple[bytes, ...]
    """SHA-256 of contents that are to be removed."""


def needed(document: Document, facts: Mapping[str, bytes]) -> set[str]:
    """SHA-256 of all contents, lists and chunks that files consist of, in hexadecimal."""
    view, found = View(document), set[str]()
    for path in view.paths():
        if isinstance(picture := view.content(path), Picture):
            list_ = facts.get(f"chunks/{picture.list.hex()}", b"")
            found |= {each.hex() for each in (picture.sha256, picture.list, *chunks.hashes(list_))}
    return found


def spares(facts: Mapping[str, bytes], wanted: Iterable[str], now: int) -> Spares:
    """
    Say which contents are not needed since today, are needed again, or have to go.

    ``now`` is in milliseconds since 1970.
    """
    wanted = set(wanted)
    changes: dict[str, bytes | None] = {}
    gone: list[bytes] = []
    for kind in _KEPT:
        for name in facts:
            if not name.startswith(kind):
                continue
            hexadecimal = name.removeprefix(kind)
            since = _since(facts.get(SPARE + hexadecimal))
            if hexadecimal in wanted:
                if since is not None:
                    changes[SPARE + hexadecimal] = None
            elif since is None:
                changes[SPARE + hexadecimal] = str(now).encode()
            elif now - since > SPARE_DAYS * DAY_MS:
                changes[SPARE + hexadecimal] = changes[name] = None
                if kind == "asset/":
                    gone.append(bytes.fromhex(hexadecimal))
    return Spares(tuple(changes.items()), tuple(gone))


def _since(fact: bytes | None) -> int | None:
    """When a content was not needed first; None: nobody has said so."""
    return int(fact) if fact is not None and fact.isdigit() else None
