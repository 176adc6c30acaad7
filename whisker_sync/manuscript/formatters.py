"""
Formatters that undo each other.

Two people whose editors or tools format what they save, each in a way of its own, would rewrite
each other's files forever: one puts tabs where the other puts blanks. No word changes by it, so
nobody wants any of that.

What our tools make of a passage is noted when a save changes no word in it. When they make the
same of it once more after :data:`ROUNDS` rounds, it is not taken in: the two *stand off*. The file
stays as our tools left it, the document as it is, and all else in that file goes on merging. A
stand-off ends when a word of the passage changes, whoever did it, or when both have the same.

Formatting is all that is no word: blanks, quotes and other punctuation; and how a whole file is
spelled, with which line ends and whether with a byte order mark. What devices think of it need
not agree: each only decides for its own file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.saves import Moment
from whisker_sync.manuscript.schema import is_id
from whisker_sync.manuscript.shadow import Content, Page, Part
from whisker_sync.paths import accept
from whisker_sync.revision import MAX_TIME
from whisker_sync.story.codec import Eol
from whisker_sync.text.tokens import is_reworded

STAND_OFF = "shadow//format/"
"""What the facts begin with; the id of the passage or file follows. No file has such a path."""

ROUNDS = 2
"""So often our tools may format a passage in one way, and others in another, before it ends."""

ROUNDS_SECONDS = 600.0
"""Rounds that took longer are no doing of tools that answer each other."""

MAX_STAND_OFFS = 100
"""Passages that stand off, newest kept; the oldest has its rounds again."""

MAX_FORMATTED = 4_096
"""Passages of which is remembered how they were formatted here, newest kept."""

MAX_TIMES = 8
"""So often a passage was formatted here is remembered of each."""

MAX_LETTERS = 64 * 1024
"""Letters of a version above which only its beginning is kept, to be shown."""

_SPELLING = "eol-"
"""What the id of a file begins with where it is about how the whole of it is spelled."""

_LINE_ENDS: Mapping[Eol, str] = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the bytes of a file spell its text."""

    eol: Eol
    bom: bool
    """Whether they begin with a byte order mark."""

    def __str__(self) -> str:
        mark = "a" if self.bom else "no"
        return f"line ends {_LINE_ENDS.get(self.eol, 'of several kinds')}, {mark} byte order mark"

    @property
    def is_plain(self) -> bool:
        """Whether the text is the same in another spelling."""
        return self.eol in _LINE_ENDS


@dataclass(frozen=True, slots=True)
class StandOff:
    """A passage, or a file, that is formatted in one way here and in another elsewhere."""

    id: str
    """The passage's; of what is outside of passages the file's, with ``eol-`` of its spelling."""

    path: StoryPath
    ours: str
    """As the file here has it, with its header line."""

    theirs: str
    """As the story had it then."""

    at: int
    """When it was found, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class _Formatted:
    """What our tools made of a passage, as a hash, and when."""

    mark: bytes
    time: float


class Formatters:
    """What was formatted here, and what stands off."""

    def __init__(self, facts: Mapping[str, bytes]) -> None:
        self._formatted: dict[str, tuple[_Formatted, ...]] = {}
        self._stand_offs = recall(facts)
        self._news: dict[str, None] = {}

    def news(self) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that changed."""
        ids, self._news = list(self._news), {}
        known = self._stand_offs
        return [(STAND_OFF + id_, encode(known[id_]) if id_ in known else None) for id_ in ids]

    def stand_off(
        self, id_: str, path: StoryPath, was: str, new: str, live: str, when: Moment
    ) -> bool:
        """
        Tell whether what a save did to a passage is one round too many; then leave it out.

        ``was`` is the passage as it was in the file, ``new`` as it was saved, and ``live`` as the
        document shows it.
        """
        if is_reworded(was, new) or (live != was and is_reworded(new, live)):
            self._formatted.pop(id_, None)
            self._end(id_)
            return False
        return self._is_one_too_many(id_, path, was, new, live, when)

    def spells_apart(
        self, id_: str, path: StoryPath, was: Spelling, new: Spelling, live: Spelling, when: Moment
    ) -> bool:
        """Tell whether how a save spells the file ``id_`` is one round too many; leave that out."""
        if not (was.is_plain and new.is_plain):
            return False  # The text is another one.
        return self._is_one_too_many(_SPELLING + id_, path, str(was), str(new), str(live), when)

    def _is_one_too_many(
        self, id_: str, path: StoryPath, was: str, new: str, live: str, when: Moment
    ) -> bool:
        rounds = self._note(id_, was, new, when.now)
        if rounds <= ROUNDS or new == live:
            self._end(id_)
            return False
        self._begin(StandOff(id_, path, new[:MAX_LETTERS], live[:MAX_LETTERS], max(when.at, 0)))
        return True

    def _note(self, id_: str, was: str, new: str, now: float) -> int:
        """
        Note how a passage was formatted; return how often it was lately, in the same way.

        If nobody formatted it in another way since the last time, all begins anew.
        """
        before, mark = self._formatted.pop(id_, ()), _mark(new)
        if before and before[-1].mark == _mark(was):
            before = ()
        lately = [each for each in before if now - each.time <= ROUNDS_SECONDS]
        self._formatted[id_] = (*lately, _Formatted(mark, now))[-MAX_TIMES:]
        if len(self._formatted) > MAX_FORMATTED:
            del self._formatted[next(iter(self._formatted))]
        return 1 + sum(each.mark == mark for each in lately)

    def _begin(self, stand_off: StandOff) -> None:
        self._stand_offs.pop(stand_off.id, None)
        self._stand_offs[stand_off.id] = stand_off
        self._news[stand_off.id] = None
        while len(self._stand_offs) > MAX_STAND_OFFS:
            self._end(next(iter(self._stand_offs)))

    def _end(self, id_: str) -> None:
        if self._stand_offs.pop(id_, None) is not None:
            self._news[id_] = None

    def here(self, path: StoryPath, want: Content | None, disk: Content | None) -> Content | None:
        """Return what a file must hold: what the document shows, but ours where two stand off."""
        ids = [id_ for id_, each in self._stand_offs.items() if each.path == path]
        if not ids:
            return want
        if not isinstance(want, Page) or not isinstance(disk, Page):
            self._end_all(ids)
            return want
        ours, theirs = _parts(disk), _parts(want)
        last = next(reversed(theirs), "")
        spelling = Spelling(want.eol, want.bom)
        kept: dict[str, Part] = {}
        for id_ in ids:
            if id_.startswith(_SPELLING):
                spelling = self._spelling_here(id_, spelling, disk)
            elif _may_stay(ours.get(id_), theirs.get(id_), is_last=id_ == last):
                kept[id_] = ours[id_]
            else:
                self._end(id_)
        if not kept and spelling == Spelling(want.eol, want.bom):
            return want
        parts = tuple(kept.get(part.id, part) for part in want.parts)
        return Page.of(parts, spelling.eol, spelling.bom)

    def _spelling_here(self, id_: str, want: Spelling, disk: Page) -> Spelling:
        ours = Spelling(disk.eol, disk.bom)
        if ours != want and ours.is_plain and want.is_plain:
            return ours
        self._end(id_)
        return want

    def _end_all(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            self._end(id_)


def _parts(content: Page) -> dict[str, Part]:
    return {part.id: part for part in content.parts}


def _may_stay(ours: Part | None, theirs: Part | None, *, is_last: bool) -> bool:
    """Tell whether a passage may stay in the file as our tools left it."""
    if ours is None or theirs is None or ours.piece is not theirs.piece:
        return False
    if ours.text and not ours.text.endswith("\n") and not is_last:
        return False  # the header of what follows must not come into its last line
    return ours.text != theirs.text and not is_reworded(ours.text, theirs.text)


def _mark(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def encode(stand_off: StandOff) -> bytes:
    """Return the fact that keeps it."""
    form = [_FORMAT, stand_off.path, stand_off.ours, stand_off.theirs, stand_off.at]
    return json.dumps(form, ensure_ascii=False).encode()


def decode(name: str, fact: bytes) -> StandOff | None:
    """Return what a fact says; None: it is damaged."""
    id_ = name.removeprefix(STAND_OFF)
    try:
        match json.loads(fact):
            case [format_, str(path), str(ours), str(theirs), int(at)] if (
                format_ == _FORMAT
                and is_id(id_.removeprefix(_SPELLING))
                and type(at) is int
                and 0 <= at < MAX_TIME
            ):
                return StandOff(id_, accept(path), ours, theirs, at)
    except (ValueError, RecursionError, UnsafePath):
        pass
    return None


def recall(facts: Mapping[str, bytes]) -> dict[str, StandOff]:
    """Return all that stand off, by the id of the passage or file."""
    names = [name for name in facts if name.startswith(STAND_OFF)]
    found = [decode(name, facts[name]) for name in names]
    return {each.id: each for each in found if each is not None}
