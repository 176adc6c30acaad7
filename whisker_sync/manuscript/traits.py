"""
What a text of passages is known again by: words and rows of them, names, tags, places, joints.

Each is a fact that a text has or has not, so two texts are compared as sets. What it tells of a
save is for bases.py to say, and what it weighs for weighing.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from whisker_sync.manuscript.likeness import bare
from whisker_sync.manuscript.shadow import Page, Part, Piece, runs_of
from whisker_sync.story.similarity import words
from whisker_sync.story.twee import parse, parse_header

Element = tuple[str, ...]
"""Its kind, and what it consists of."""

WHOLE_WORDS = 3
"""A passage with so many words is the same as another's not by chance."""

IN_A_ROW = 3

ONE = 2
"""Length of the element of a word alone."""

TOP = "\0 "
"""Stands before the words at the top of a file."""


def pieces_of(text: str) -> list[str]:
    """Return what is before all passages of a file, and then each passage."""
    source = parse(text)
    return [source.prologue, *(passage.text for passage in source.passages)]


def elements_of(piece: str) -> Iterable[Element]:
    """Return what a passage, or what is before all passages, is known again by."""
    body = piece
    if piece.startswith("::"):
        line, _, body = piece.partition("\n")
        header = parse_header(line)
        yield "name", header.name
        yield from (("tag", header.name, tag) for tag in header.tags)
        yield from (("value", header.name, *pair) for pair in header.metadata.items())
    each = bare_words(body)
    for count in range(1, IN_A_ROW + 1):
        yield from (("words", *each[i : i + count]) for i in range(len(each) - count + 1))


def elements_of_names(texts: Iterable[str], names: set[str | None]) -> set[Element]:
    """Return the elements of the passages of some names."""
    names = names - {None}
    return {e for text in texts if names and name_of(text) in names for e in elements_of(text)}


def wholes_of(pieces: Iterable[str], rests: Container[str]) -> Iterable[Element]:
    """Return each passage, if it is not too short to be the same by chance, or one of ``rests``."""
    for piece in pieces:
        name, each = name_of(piece), bare_words(body_of(piece))
        if name is not None and (len(each) >= WHOLE_WORDS or name in rests):
            yield "whole", name, *each


def whole_top(text: str) -> Iterable[Element]:
    """Return what stands before all passages, if it is not too short to be the same by chance."""
    if len(each := bare_words(text)) >= WHOLE_WORDS:
        yield "whole", TOP, *each


def top_of(version: Page) -> str:
    """Return what stands before all passages: a joined one, too, whose first has gone."""
    before = takewhile(lambda part: part.piece is not Piece.PASSAGE, version.parts)
    return "".join(part.text for part in before)


def order_of(pieces: Iterable[str]) -> list[str]:
    """Return the names of passages, in their order."""
    return [name for piece in pieces if (name := name_of(piece)) is not None]


def moves_between(
    before: Sequence[str], now: Sequence[str], *, of: Collection[str] | None = None
) -> set[Element]:
    """Return what stands right before what it stood behind; ``of``: if both are among these."""
    once = {name for name, times in Counter(before).items() if times == 1}
    once -= {name for name, times in Counter(now).items() if times > 1}
    place = {name: i for i, name in enumerate(before) if name in once}
    known = [name for name in now if name in place]
    moved = [(a, b) for a, b in pairwise(known) if place[a] > place[b]]
    return {("order", a, b) for a, b in moved if of is None or (a in of and b in of)}


def places_of(pieces: Iterable[str]) -> Iterable[tuple[str, Element]]:
    """Return each passage word for word, and the names of those that it stands between."""
    named = [(name, piece) for piece in pieces if (name := name_of(piece)) is not None]
    behind = [None, *(name for name, _ in named)]
    for (_, piece), last in zip(named, behind, strict=False):
        yield from ((f"behind {last}", whole) for whole in wholes_of([piece], ()))
    for (_, piece), (following, _) in pairwise(named):
        # What is at the end of a file may just be written there.
        yield from ((f"before {following}", whole) for whole in wholes_of([piece], ()))


def neighbours_of(pieces: Iterable[str]) -> Iterable[tuple[str | None, str | None, str | None]]:
    """Return the name of each passage, between those of its neighbours."""
    names = [None, *order_of(pieces), None]
    yield from zip(names, names[1:], names[2:], strict=False)


def joints_of(version: Page) -> Iterable[tuple[Element, set[Element]]]:
    """
    Return what was joined to what is before it, and what is in a row only because of that.

    A save that shows it may know of that, or its author has joined the same. One that does not
    tells nothing: its author may have put the header back.
    """
    before = TOP
    for part in version.parts:
        if part.piece is Piece.HEADLESS:
            row = {*elements_of(before + part.text)}
            yield ("joint", part.id), row.difference(elements_of(before), elements_of(part.text))
            before += part.text
        elif part.piece is Piece.PASSAGE or part.text:
            before = part.text


def heads_of(version: Page) -> Iterable[tuple[Part, str]]:
    """Return what was joined to others, with the name of the passage that it stands in."""
    name: str | None = None
    for part in version.parts:
        if part.piece is Piece.PASSAGE:
            name = name_of(part.text)
        elif part.piece is Piece.HEADLESS and name is not None:
            yield part, name


def head_of(joined: str, pieces: Iterable[str]) -> str | None:
    """Return the name of the passage that has most of the words of what was joined to another."""
    own = Counter(bare_words(joined))
    names = [each for each in pieces if name_of(each) is not None]
    shared = {each: (own & Counter(bare_words(body_of(each)))).total() for each in names}
    most = max(shared, key=shared.__getitem__, default="")
    is_there = own.total() >= WHOLE_WORDS and 2 * shared.get(most, 0) >= own.total()
    return name_of(most) if is_there else None


def rests_of(changed: Iterable[str], others: Iterable[str], pieces: Iterable[str]) -> set[str]:
    """
    Return the names of passages of a save, however short, of which some version had more.

    That just these words are left of one is no chance. But who has the others still, in one of the
    ``pieces`` of the save, may have split it as a co-author did.
    """
    had: defaultdict[str | None, set[str]] = defaultdict(set)
    for each in others:
        had[name_of(each)].update(bare_words(body_of(each)))
    there = {word for each in pieces for word in bare_words(body_of(each))}
    rests: set[str] = set()
    for each in changed:
        name, all_ = name_of(each), had[name_of(each)]
        gone = all_.difference(bare_words(body_of(each)))
        if name is not None and len(all_) >= WHOLE_WORDS and gone.isdisjoint(there):
            rests.add(name)
    return rests


@dataclass(frozen=True, slots=True)
class Bodies:
    """The words of a version's passages, each with what was joined to it."""

    rows: Sequence[Sequence[str]]
    """By passage, in their order."""

    starts: Mapping[str, Sequence[int]]
    """The passages that begin with a word."""

    @classmethod
    def of(cls, version: Page) -> Bodies:
        """Read a version."""
        rows = [_words_of_run(run) for run in runs_of(version)]
        starts: defaultdict[str, list[int]] = defaultdict(list)
        for i, row in enumerate(rows):
            if row:
                starts[row[0]].append(i)
        return cls(rows, starts)

    def has_apart(self, run: Sequence[Part]) -> bool:
        """Tell whether what is joined in another version are passages of their own here."""
        all_ = _words_of_run(run)
        return any(self._are(all_, at) for at in self.starts.get(all_[0], ())) if all_ else False

    def _are(self, all_: Sequence[str], at: int) -> bool:
        """Tell whether several passages in a row have just these words; one may be empty."""
        is_behind_nothing = at > 0 and not self.rows[at - 1]
        length = 0
        for count, row in enumerate(self.rows[at:], 1 + is_behind_nothing):
            if all_[length : length + len(row)] != row:
                return False
            length += len(row)
            if length == len(all_):
                return count > 1
        return False


def _words_of_run(run: Sequence[Part]) -> list[str]:
    """Return the words of parts without those of their headers."""
    texts = (body_of(part.text) if part.piece is Piece.PASSAGE else part.text for part in run)
    return [word for text in texts for word in bare_words(text)]


def body_of(piece: str) -> str:
    """Return a passage without its header."""
    return piece.partition("\n")[2]


def name_of(text: str) -> str | None:
    """Return the name of a passage; None: it is what is before all passages."""
    return parse_header(text.partition("\n")[0]).name if text.startswith("::") else None


def words_of(text: str) -> set[str]:
    """Return the words of a text, without the punctuation around them."""
    return set(bare_words(text))


def bare_words(text: str) -> list[str]:
    """Return the words of a text in a row, without the punctuation around them."""
    return bare(words(text))
