"""
Which journal belongs to this machine: clones and restored backups are noticed at the start.

Two notes must agree: one in the user's own directory, one in the journal. Each start draws a
new *mark* and writes it into both, the user's first. So a journal that was copied away, or
brought back from a backup, has a mark that the user's note has left behind; and a journal
that came from somebody else's machine names another device.

What follows from a :class:`Verdict` is for the node: a journal that is not the one we knew
begins a new life (incarnation), so that nobody's cursor points into what is not there.
Client ids are drawn anew at each start anyway, so nothing forks.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from whisker_sync.errors import AnotherCopy, NotAWorkspace, WhiskerError
from whisker_sync.ids import DeviceId
from whisker_sync.node.settings import load_config
from whisker_sync.store.layout import Layout, write_private

FACT = "install"
"""Name of the journal's note among its facts."""

HEAD_SECONDS = 60.0
"""How often the user's note learns how far the journal has come."""


class Verdict(Enum):
    """What a journal is to this machine."""

    KNOWN = "the one that we had open last"
    RESTORED = "an older one, from a backup"
    COPIED = "one that another device had open"


@dataclass(frozen=True, slots=True)
class Note:
    """The user's note about one story."""

    path: str
    """The folder of the story."""

    marks: tuple[str, ...]
    """The mark of the last start; while one begins, also the one before."""

    head: int
    """How far the journal had come, at least."""

    shared: bool
    """Another device was met: what is in the files may be at others, too."""


class Install:
    """Both notes about one story; ``device`` is ours."""

    def __init__(self, layout: Layout, home: Path, device: DeviceId) -> None:
        self._layout = layout
        self._device = device
        self._place = home / "stories" / f"{load_config(layout).workspace.hex()}.json"
        self._mark = secrets.token_hex(8)

    def judge(self, facts: Mapping[str, bytes], head: int) -> Verdict:
        """
        Compare the notes, given the facts of the journal and its newest position.

        Raises:
            AnotherCopy: The story is in another folder of this machine already.
        """
        user, journal = self._note(), _read(facts.get(FACT))
        if user is not None and user.path != str(self._layout.root) and self._is_there(user.path):
            raise AnotherCopy(str(self._layout.root), user.path)
        if journal is None:
            return Verdict.KNOWN if user is None or not head else Verdict.RESTORED
        if journal.get("device") != self._device.hex():
            return Verdict.COPIED
        if user is None or journal.get("mark") not in user.marks or head < user.head:
            return Verdict.RESTORED
        return Verdict.KNOWN

    def begin(self) -> tuple[str, bytes]:
        """Write the user's note; return the fact for the journal's, to be made durable next."""
        before = self._note()
        marks = (*(before.marks[-1:] if before else ()), self._mark)
        self._write(Note(str(self._layout.root), marks, 0, self.is_shared))
        note = {"device": self._device.hex(), "mark": self._mark}
        return FACT, json.dumps(note).encode()

    def reached(self, head: int) -> None:
        """Note that the journal has the new mark, and how far it has come."""
        self._write(Note(str(self._layout.root), (self._mark,), head, self.is_shared))

    @property
    def is_shared(self) -> bool:
        """Whether another device was ever met."""
        note = self._note()
        return note is not None and note.shared

    def met_another(self) -> None:
        """Note that another device was met; a backup from before does not know that."""
        note = self._note()
        if note is not None and not note.shared:
            self._write(replace(note, shared=True))

    def _note(self) -> Note | None:
        try:
            content = self._place.read_bytes()
        except OSError:
            return None
        match _read(content):
            case {"path": str(path), "marks": [*marks], "head": int(head), **rest}:
                shared = rest.get("shared") is True
                return Note(path, tuple(str(mark) for mark in marks), head, shared)
            case _:
                return None

    def _write(self, note: Note) -> None:
        self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._place, json.dumps(asdict(note)).encode())

    def _is_there(self, path: str) -> bool:
        """Whether the same story, and not this folder, is still at a path."""
        try:
            other = Layout.find(Path(path))
            if other.root.samefile(self._layout.root):
                return False
            return load_config(other) == load_config(self._layout)
        except (NotAWorkspace, WhiskerError, OSError):
            return False


def stories(home: Path) -> list[Layout]:
    """Every story that was opened on this machine and is still where it was, by folder."""
    found = {}
    for place in (home / "stories").glob("*.json"):
        note = _read(place.read_bytes())
        with suppress(NotAWorkspace, WhiskerError, OSError):
            layout = Layout.find(Path(str((note or {}).get("path"))))
            if load_config(layout).workspace.hex() == place.stem:
                found[layout.root] = layout
    return [found[root] for root in sorted(found)]


def _read(content: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(content or b"null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
