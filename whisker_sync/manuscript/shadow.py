"""
What we know to be on the author's disk, and what we asked to be put there.

A save is compared with the shadow of its file, never with the live document:
what others wrote since would look as if the author had deleted it. A shadow
keeps whose text each piece is, too, because a merge may form a line in a body
that looks like a header; reading our own file again would cut there.

Editors keep old text: a shadow remembers the versions that were on disk since the
author's last own save, too, for the next save may be made from any of them.

Shadows are kept in the journal under ``shadow/<path>``, each checked as strictly
as bytes from a stranger. A damaged one counts as lost, and then the file is met
as if for the first time: nothing live is deleted because of it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from whisker_sync.manuscript.files import Large
from whisker_sync.manuscript.limits import (
    MAX_FLIGHTS,
    MAX_TEXT_BYTES,
    MAX_VERSION_BYTES,
    MAX_VERSIONS,
)
from whisker_sync.manuscript.schema import is_id
from whisker_sync.story.codec import Eol, encode

PREFIX = "shadow/"
"""Facts of this room begin with it; the rest of the name is the path."""

_FORMAT = 1
_HASH = 32
_MAX_TIME = 1 << 53
_MAX_UNPACKED = 64 * MAX_TEXT_BYTES


class Piece(Enum):
    """What a part of a file is."""

    OWN = "x"
    """Text of the file itself, outside of passages; its id is the file's."""

    PASSAGE = "b"
    """A passage with its header."""

    HEADLESS = "h"
    """A passage whose header line the author took away; it continues the one before."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file and whose text it is."""

    piece: Piece
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A text file: its parts in order make up the whole."""

    parts: tuple[Part, ...]
    eol: Eol
    bom: bool
    sha256: bytes

    @classmethod
    def of(cls, parts: tuple[Part, ...], eol: Eol, bom: bool) -> Page:
        """Put a page together."""
        data = encode("".join(part.text for part in parts), eol, bom)
        return cls(parts, eol, bom, hashlib.sha256(data).digest())

    def is_like(self, other: Page) -> bool:
        """Tell whether parts of the two can be the same: a text has none of a Twine page's."""
        return (self.eol == "html") == (other.eol == "html")

    def data(self) -> bytes:
        """Return the bytes of the file."""
        return encode("".join(part.text for part in self.parts), self.eol, self.bom)


@dataclass(frozen=True, slots=True)
class Picture:
    """A binary file: a picture, a sound; only its name is in the document."""

    id: str
    """The file's id."""

    sha256: bytes
    size: int
    list: bytes = field(default=b"", compare=False)
    """SHA-256 of the list of its chunks; empty: it is one asset."""

    before: tuple[bytes, ...] = field(default=(), compare=False)
    """What it was made from, shortened, the newest first; see pictures.py."""

    saved_at: int = field(default=0, compare=False)
    """When it was saved here, in milliseconds since 1970; 0: it was not, or that is settled."""


Content = Page | Picture
"""What a file holds; None in its place: there is no file."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a write that was asked for will leave on disk."""

    content: Content | None


@dataclass(slots=True)
class Flight:
    """A write on its way to the disk."""

    content: Content | None
    settled: bool = False
    """Something was found on disk since, so it is not waited for; its answer is to come."""


@dataclass(slots=True)
class Shadow:
    """What we know about one path."""

    disk: Content | None = None
    """What is there, as far as we know."""

    staged: Staged | None = None
    """What a write that we asked for may have put there since."""

    earlier: tuple[Page, ...] = ()
    """What was there before, oldest first: the author's last save, then what we wrote."""

    stood: tuple[Page, ...] = ()
    """
    What was there, oldest first, before the file went; an editor may go on saving it here, also
    when a co-author's new file has the name.
    """

    flights: list[Flight] = field(default_factory=list)
    """Writes asked for and not answered yet, oldest first. Not kept in the journal."""

    late: Staged | None = None
    """What a write left whose answer came after something else was found: not the author's work."""

    stored: bytes | None = field(default=None, repr=False)
    """What the journal holds of this shadow."""

    _known: tuple[Content | None, Staged | None, tuple[Page, ...], tuple[Page, ...]] | None = field(
        default=None, repr=False
    )
    """The values that ``stored`` was made from."""

    @property
    def waiting(self) -> bool:
        """Nobody knows yet what came of a write; until then we ask for no other."""
        return any(not flight.settled for flight in self.flights)

    def ask(self, content: Content | None) -> None:
        """A write is asked for."""
        self.staged = Staged(content)
        self.flights = [*self.flights[-MAX_FLIGHTS:], Flight(content)]

    def settle(self) -> None:
        """What came of all writes is known: something was found on disk."""
        self.late = None
        for flight in self.flights:
            flight.settled = True

    def answered(self, sha256: bytes | None) -> bool:
        """A write was carried out; tell whether that is news."""
        for i, flight in enumerate(self.flights):
            if sha256_of(flight.content) == sha256:
                del self.flights[: i + 1]
                if flight.settled:
                    self.late = Staged(flight.content)
                return not flight.settled
        return False

    def refused(self) -> bool:
        """A write was not carried out; tell whether that is news."""
        return bool(self.flights) and not self.flights.pop(0).settled

    def saved(self, content: Content | None) -> None:
        """The author's own work is on disk; what was there before is not in any editor now."""
        self.stood = self._went(content)
        self.disk, self.staged, self.earlier = content, None, ()
        self.settle()

    def landed(self) -> None:
        """What was staged is on disk, and perhaps an editor still shows what was there before."""
        assert self.staged is not None
        before, new = self.disk, self.staged.content
        known = (*self.earlier, before) if isinstance(before, Page) else ()
        if before is None:
            known = tuple(version for version in self.stood if is_same_file(version, new))
        if known and _is_another(known[-1], new):
            self.stood, known = known, ()  # Another file has the name now.
        elif new is None or (before is None and known):
            self.stood = self._went(new)
        self.disk, self.staged, self.earlier = new, None, ()
        if known and isinstance(new, Page) and known[-1].is_like(new):
            self.earlier = _bounded(known, new)
        self.settle()

    def _went(self, content: Content | None) -> tuple[Page, ...]:
        """Return what an editor may show of files that went; what comes has its own past."""
        if content is not None:
            return ()
        if not isinstance(self.disk, Page):
            return self.stood
        # Of another one that had the name before it, an editor may still show all.
        others = (each for each in self.stood if _is_another(each, self.disk))
        return _newest((*others, *self.earlier, self.disk))

    def refiled(self, place: Callable[[Part], Sequence[Part]]) -> None:
        """Some parts belong to other passages than before; what is on disk is the same."""
        self.disk = _refiled(self.disk, place)
        if self.staged is not None:
            content = _refiled(self.staged.content, place)
            if content is not self.staged.content:
                self.staged = Staged(content)

    def rest(self, content: Content | None) -> None:
        """The disk holds what the document shows; the two may share their parts."""
        if isinstance(content, Picture) and isinstance(self.disk, Picture):
            content = replace(content, saved_at=self.disk.saved_at)
        if content == self.disk and self._known == (self.disk, None, self.earlier, self.stood):
            self._known = (content, None, self.earlier, self.stood)
        self.disk, self.staged = content, None

    def keep_known(self) -> None:
        """``stored`` says what is known just now."""
        self._known = (self.disk, self.staged, self.earlier, self.stood)

    def changed(self) -> bool:
        """Bring ``stored`` up to date; tell whether the journal must hear of it."""
        if self._known is not None:
            now = (self.disk, self.staged, self.earlier, self.stood)
            if all(one is other for one, other in zip(self._known, now, strict=True)):
                return False
        before, self.stored = self.stored, self.encode()
        self.keep_known()
        return before != self.stored

    def blank(self) -> bool:
        """Tell whether there is nothing left to know."""
        busy = self.flights or self.late or self.stood
        return self.disk is None and self.staged is None and not busy

    def encode(self) -> bytes | None:
        """Return what the journal shall hold; None: there is nothing to remember."""
        if self.disk is None and self.staged is None and not self.stood:
            return None
        staged = None if self.staged is None else [_to_json(self.staged.content)]
        earlier = [_to_json(version, self.disk) for version in self.earlier]
        form: list[object] = [_FORMAT, _to_json(self.disk), staged, earlier]
        if self.stood:
            last = self.stood[-1]
            form.append([_to_json(last), *(_to_json(each, last) for each in self.stood[:-1])])
        text = json.dumps(form, ensure_ascii=False, separators=(",", ":"))
        # What is about to be written is written anew in a moment: not worth while to compress.
        return _deflated(text.encode(), 1 if self.staged is None else 0)


def _deflated(data: bytes, level: int) -> bytes:
    """Compress a little, with no more memory than that takes: most of the many are small."""
    window = min(max(len(data).bit_length(), zlib.MAX_WBITS - 6), zlib.MAX_WBITS)
    deflate = zlib.compressobj(level, zlib.DEFLATED, window, 8 if window == zlib.MAX_WBITS else 3)
    return deflate.compress(data) + deflate.flush()


def runs_of(page: Page) -> list[list[Part]]:
    """Return each passage of a file with what was joined to it."""
    runs: list[list[Part]] = []
    for part in page.parts:
        if part.piece is Piece.PASSAGE:
            runs.append([part])
        elif part.piece is Piece.HEADLESS and runs:
            runs[-1].append(part)
    return runs


def is_same_file(one: Content | None, other: Content | None) -> bool:
    """Tell whether two contents are versions of one file, and none was made anew since."""
    if not isinstance(one, Page) or not isinstance(other, Page):
        return False
    owns, passages = zip(_ids(one), _ids(other), strict=True)
    return bool(owns[0] & owns[1]) and (not all(passages) or bool(passages[0] & passages[1]))


def _is_another(one: Page, other: Content | None) -> bool:
    """Tell whether the files in two texts have nothing in common."""
    if not isinstance(other, Page) or not one.is_like(other):
        return False
    return not _ids(one)[0] & _ids(other)[0]


def _ids(page: Page) -> tuple[set[str], set[str]]:
    """Return the files that a page consists of, and their passages."""
    owns = {part.id for part in page.parts if part.piece is Piece.OWN}
    return owns, {part.id for part in page.parts} - owns


def _refiled(content: Content | None, place: Callable[[Part], Sequence[Part]]) -> Content | None:
    if not isinstance(content, Page):
        return content
    parts = tuple(new for part in content.parts for new in place(part))
    if all(new is part for new, part in zip(parts, content.parts, strict=False)):
        return content
    return Page(parts, content.eol, content.bom, content.sha256)


def _newest(versions: Sequence[Page]) -> tuple[Page, ...]:
    """Return as many of the last versions as we keep."""
    room = MAX_VERSION_BYTES
    kept: list[Page] = []
    for version in versions[: -MAX_VERSIONS - 1 : -1]:
        room -= sum(len(part.text) for part in version.parts)
        if kept and room < 0:
            break
        kept.append(version)
    return tuple(kept[::-1])


def _bounded(versions: tuple[Page, ...], newest: Page) -> tuple[Page, ...]:
    """Return the first version, and of the others as many of the last as we keep."""
    shared = set(newest.parts)
    room = MAX_VERSION_BYTES
    kept: list[Page] = []
    for version in [versions[0], *versions[:0:-1]][: MAX_VERSIONS - 1]:
        room -= sum(len(part.text) for part in version.parts if part not in shared)
        if room < 0:
            break
        kept.append(version)
    return (*kept[:1], *kept[:0:-1])


def decode(fact: bytes) -> Shadow | None:
    """Return the shadow that the journal holds; None: it is damaged or not of our format."""
    try:
        inflate = zlib.decompressobj()
        text = inflate.decompress(fact, _MAX_UNPACKED)
        if not inflate.eof or inflate.unused_data:
            return None
        match json.loads(text):
            case [format_, disk, staged, [*earlier], [*stood]] if format_ == _FORMAT:
                return _recalled(fact, disk, staged, earlier, stood)
            case [format_, disk, staged, [*earlier]] if format_ == _FORMAT:
                return _recalled(fact, disk, staged, earlier)
            case [format_, disk, staged] if format_ == _FORMAT:  # of before earlier ones were kept
                return _recalled(fact, disk, staged, [])
    except (zlib.error, ValueError, RecursionError):
        pass
    return None


def _recalled(
    fact: bytes, disk: object, staged: object, earlier: list[object], stood: Sequence[object] = ()
) -> Shadow:
    """Return the shadow, or raise ValueError."""
    shadow = Shadow(_from_json(disk), stored=fact)
    match staged:
        case None:
            pass
        case [content]:
            shadow.staged = Staged(_from_json(content))
        case _:
            raise ValueError
    shadow.earlier = _pages(earlier, shadow.disk)
    if stood:
        last = _from_json(stood[0])
        shadow.stood = (*_pages(stood[1:], last), *_pages(stood[:1]))
    shadow.keep_known()
    return shadow


def _pages(forms: Sequence[object], newer: Content | None = None) -> tuple[Page, ...]:
    """Return versions of a text, or raise ValueError."""
    versions = [_from_json(form, newer) for form in forms]
    pages = tuple(version for version in versions if isinstance(version, Page))
    if len(pages) < len(versions):
        raise ValueError
    return pages


def _to_json(content: Content | None, newer: Content | None = None) -> list[object] | None:
    """Return the form of a content; parts that a newer one has, too, are only named."""
    match content:
        case None:
            return None
        case Page(parts, eol, bom, sha256):
            same = set(newer.parts) if isinstance(newer, Page) else set()
            pieces = [
                [part.piece.value + part.id, *([] if part in same else [part.text])]
                for part in parts
            ]
            return ["page", eol, bom, sha256.hex(), pieces]
        case Picture(id_, sha256, size, list_, _, saved_at):
            return ["picture", id_, sha256.hex(), size, list_.hex(), saved_at]


def _from_json(form: object, newer: Content | None = None) -> Content | None:
    """Return the content, or raise ValueError."""
    match form:
        case None:
            return None
        case [
            "page",
            ("\n" | "\r\n" | "\r" | "raw" | "html") as eol,
            bool(bom),
            str(sha256),
            [*pieces],
        ]:
            known = {part.piece.value + part.id: part for part in _parts_of(newer)}
            page = Page.of(tuple(_part(piece, known) for piece in pieces), eol, bom)
            if page.sha256.hex() == sha256:
                return page
        case ["picture", str(id_), str(sha256), int(size), str(list_), int(saved_at)] if (
            is_id(id_) and size >= 0 and 0 <= saved_at < _MAX_TIME
        ):
            digest, chunks = bytes.fromhex(sha256), bytes.fromhex(list_)
            if len(digest) == _HASH and len(chunks) in {0, _HASH}:
                return Picture(id_, digest, size, chunks, saved_at=saved_at)
    raise ValueError


def _parts_of(content: Content | None) -> tuple[Part, ...]:
    return content.parts if isinstance(content, Page) else ()


def _part(form: object, known: Mapping[str, Part]) -> Part:
    match form:
        case [str(name)] if name in known:
            return known[name]
        case [str(name), str(text)] if is_id(name[1:]):
            return Part(Piece(name[:1]), name[1:], text)
    raise ValueError


def sha256_of(content: bytes | Large | Content | None) -> bytes | None:
    """Return the SHA-256 of what a file holds; None: there is no file."""
    match content:
        case None:
            return None
        case bytes():
            return hashlib.sha256(content).digest()
        case _:
            return content.sha256


OWN_FACT = "shadow/"
"""The fact that belongs to no path: the mark under which this device makes passages."""
