"""
Which version of a file an editor had opened when it saved.

An editor that does not load a file again saves what it had opened, with what its
author did to that. Seen against the newest version, all that co-authors wrote since
would be deleted. So the version is looked for among those it can have been: the
author's last own save and whatever we wrote since; nothing older, ever.

What tells is news: a word, or two or three in a row, a name, a tag that one version has and the
one before has not, a passage that was moved before another. A save that shows a version's news
was made from it or a later one. One that misses them was made before, or its author deleted
them; a buffer is stale more often than somebody deletes all that others wrote. News that are
shown count eight times as much as news that are missing, for old text does not come by chance;
and of much that is missing most counts little, for a passage is deleted as quickly as a word.
Words that a version removed count a tenth, for authors delete, too; only if it added no
words; and only on the side of most of them, for authors change what others delete. What
is missing with a whole passage that all versions have counts only if nothing else does. A passage
that is word for word as a version has it, and as no other file has it, weighs much. News that
came and went again speak for the versions in between if they are in the save, and against no
other if they are not. What stands in a row only because something between was deleted counts as
one thing, for two may delete the same. A passage that has more of what its author has in another
file than of what any version has was pasted, and tells nothing.

The weights were measured on 21,283 saves, of which 4,691 were stale; what is long, moved or
much was weighed later, on some thousand made-up saves. It is a guess in any case, so what was
kept against a save is reported.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, takewhile
from types import MappingProxyType

from whisker_sync.manuscript.likeness import bare
from whisker_sync.manuscript.shadow import Page, Part, Piece, runs_of
from whisker_sync.story.similarity import words
from whisker_sync.story.twee import parse, parse_header

_Element = tuple[str, ...]
"""Its kind, and what it consists of."""

_WEIGHTS = {
    "words": 1.0,
    "whole": 5.0,
    "name": 2.0,
    "joint": 1.0,
    "order": 1.0,
    "tag": 0.25,
    "value": 0.25,
}
_REMOVED = 0.1
"""What a removed element weighs, compared with one that was added."""

_GONE = 0.5
"""What everything weighs at most that one version removed and the save has not either: authors
take away whole passages, too."""

_SHOWN = 8.0
"""What news weigh that the save shows although it was made before them."""

_LONG = 5
"""A word of so many letters counts twice where it is shown: short ones come by chance."""

_MUCH = 30.0
"""Of what is missing beyond this much, a tenth counts."""

_NAMED = 2.0
"""What a name weighs that the save shows although it was gone."""

_PLACED = 3.0
"""... between the two that it stood between."""

_OLD = 8.0
"""... with the very text that it had, which is in no file any more."""

_DOUBT = 4.0
"""So little more may speak against a version, if what is missing with whole passages may count."""

_WHOLE_WORDS = 3
"""A passage with so many words is the same as another's not by chance."""

_IN_A_ROW = 3
_ONE = 2
"""Length of the element of a word alone."""

_TOP = "\0 "
"""Stands before the words at the top of a file."""


def opened(
    text: str,
    versions: Sequence[Page],
    elsewhere: Collection[str] = (),
    pasted: Iterable[str] = (),
    taken: Collection[str] = (),
) -> int:
    """
    Return the index of the version that a save was made from.

    ``versions`` are those it can have been, oldest first, at least one. If nothing tells
    two of them apart, it was the one with more of the same lines, and then the newest.
    Passages that their author had ``elsewhere``, in other files, may have come from there, and
    what they ``pasted`` into others they have seen, there or where they had ``taken`` it from.
    """
    if len(versions) == 1:
        return 0
    pasted, wholes = list(pasted), _Wholes.read(text, versions, elsewhere)
    seen = {each for piece in pasted for each in _elements(piece)}
    seen -= _elements_of(taken, {_name(piece) for piece in pasted})
    own = _without_brought(text, versions, elsewhere)
    names = _named(text, versions, elsewhere, wholes)
    best: Sequence[int] = range(len(versions))
    cut_out = _cut_out([*_pieces(text), *pasted], versions)
    for cut, doubt in (*([(cut_out, _DOUBT)] if cut_out else []), (set[str](), 0.0)):
        saved, shown = _read(own, versions, cut)
        known = _known(versions, elsewhere) - shown[0] - seen
        told = [(each - known) | whole for each, whole in zip(shown, wholes.shown, strict=True)]
        shows = {name: weight for name, weight in names.items() if name in saved & shown[0]}
        best = _cheapest(_costs((saved - known) | seen | wholes.saved, told, shows), best, doubt)
        if len(best) == 1:
            return best[0]
    # What its author may have from elsewhere comes as easily as it goes.
    best = _cheapest(_costs(saved, shown, came=1.0), best)
    if len(best) == 1:
        return best[0]
    lines = Counter(text.split("\n"))
    return min(reversed(best), key=lambda i: _distance(lines, versions[i]))


@dataclass(frozen=True, slots=True)
class _Wholes:
    """Passages word for word, of those that the save and all versions do not have alike."""

    saved: set[_Element]
    """In the save, and in no other file."""

    shown: list[set[_Element]]
    """In each version, and in no other file."""

    @classmethod
    def read(cls, text: str, versions: Sequence[Page], elsewhere: Iterable[str]) -> _Wholes:
        """Read a save, the versions it may be made from, and what its author has elsewhere."""
        pieces = _pieces(text)
        common = set(pieces).intersection(*({p.text for p in v.parts} for v in versions))
        changed = [piece for piece in pieces if piece not in common]
        bodies = [{_words_in(p) for p in v.parts if p.piece is Piece.PASSAGE} for v in versions]
        runs = [
            [
                "".join(p.text for p in run)
                for run in runs_of(v)
                if any(p.text not in common for p in run) and not _is_only_joined(run, bodies)
            ]
            for v in versions
        ]
        names = {_name(each) for each in chain(changed, *runs)}
        rests = _rests(changed, chain(*runs), pieces)
        there = {*_wholes((each for each in elsewhere if _name(each) in names), rests)}
        saved, shown = {*_wholes(changed, rests)}, [{*_wholes(each, rests)} for each in runs]
        tops = [{*_whole_top(_top_of(version))} for version in versions]
        return cls(
            (saved - there) | {*_whole_top(pieces[0])},
            [(each - there) | top for each, top in zip(shown, tops, strict=True)],
        )


def _named(
    text: str, versions: Sequence[Page], elsewhere: Iterable[str], wholes: _Wholes
) -> dict[_Element, float]:
    """
    Return the names that nobody types anew, each with what it weighs.

    Who has a passage of that name elsewhere may have pasted it, unless it is just the text
    that an older version had, and no other file, or stands beside what it stood beside there. One
    with other words must stand between just the same two.
    """
    old = {each[1] for each in wholes.saved.intersection(chain(*wholes.shown))}
    places = chain(*(_places(part.text for part in version.parts) for version in versions))
    old |= {name for _, (_, name, *_) in set(_places(_pieces(text))).intersection(places)}
    had = {_name(each) for each in elsewhere}
    stood = set(chain(*(_between(part.text for part in version.parts) for version in versions)))
    placed = {name for _, name, _ in stood.intersection(_between(_pieces(text)))}
    names = {name for piece in _pieces(text) if (name := _name(piece)) is not None}
    return {
        ("name", name): _OLD if name in old else _PLACED if name in placed else _NAMED
        for name in names
        if name in old or name in placed or name not in had
    }


def _without_brought(text: str, versions: Sequence[Page], elsewhere: Collection[str]) -> str:
    """
    Return a save without what was pasted from elsewhere.

    That is a passage of which no version has one of its name, or none that is as near to it as
    what its author had elsewhere. What else is in it, its author may have joined to it here.
    """
    there, here = _by_name(elsewhere), _by_name(_runs(versions))
    pieces = _pieces(text)
    for i, each in enumerate(pieces):
        if (name := _name(each)) in there and _is_nearer(each, there[name], here.get(name, ())):
            known = {word for other in there[name] for word in _words(other)}
            pieces[i] = " ".join(word for word in _words(_body(each)) if word not in known) + "\n"
    return "".join(pieces)


def _runs(versions: Iterable[Page]) -> set[str]:
    """Return the passages of some versions, each with what was joined to it."""
    return {"".join(part.text for part in run) for version in versions for run in runs_of(version)}


def _by_name(pieces: Iterable[str]) -> Mapping[str | None, set[str]]:
    named: defaultdict[str | None, set[str]] = defaultdict(set)
    for piece in pieces:
        if (name := _name(piece)) is not None:
            named[name].add(piece)
    return named


def _is_nearer(piece: str, to: Iterable[str], than: Iterable[str]) -> bool:
    """Tell whether a passage has more of one of some texts than of any of others."""
    own = Counter(_words(piece))

    def most(texts: Iterable[str]) -> tuple[int, int]:
        others = (Counter(_words(text)) for text in texts)
        return max((((own & each).total(), -each.total()) for each in others), default=(-1, 0))

    return most(to) > most(than)


def _cheapest(costs: Sequence[float], of: Sequence[int], doubt: float = 0.0) -> list[int]:
    least = min(costs[i] for i in of)
    return [i for i in of if costs[i] <= least + doubt]


def _costs(
    saved: set[_Element],
    versions: Sequence[set[_Element]],
    names: Mapping[_Element, float] = MappingProxyType({}),
    came: float = _SHOWN,
) -> list[float]:
    """
    Return for each version how much speaks against it.

    ``names`` are those of the save that nobody types anew, and what they weigh: who shows one
    has not seen it go. ``came``: what news weigh that the save shows before they came.
    """
    first = versions[0]
    still, gone = [set[_Element]()], [0.0]
    news, went = set[_Element](), set[_Element]()
    for before, now in pairwise(versions):
        news |= now - before  # It may have been there at first, and have come back.
        wrote = any(e[0] == "words" and len(e) == _ONE for e in now - before - first)
        removed = {e for e in (before - now) & first if e[0] != "whole" and not wrote}
        here, not_here = _weight(removed & saved), _weight(removed - saved)
        still.append(removed & saved if here >= not_here else set())
        gone.append(min(_REMOVED * not_here, _GONE) * (not_here > here))
    costs: list[float] = []
    fresh = set[_Element]()
    for i, version in enumerate(versions):
        before = versions[max(i - 1, 0)]
        went, fresh = (went | before) - version, fresh | (version - before)
        missing = _weight(_missing(version & fresh, saved, first))
        missing = min(missing, _MUCH + (missing - _MUCH) / 10)
        missing += _REMOVED * sum(_weight(each - version) for each in still[: i + 1])
        missing += sum(weight * _weight([name]) for name, weight in names.items() if name in went)
        # What the save shows and this version has not came later, or had gone by then.
        seen = (news & saved) - version
        shown = _weight(seen) + sum(map(_is_long, seen)) + sum(gone[i + 1 :])
        costs.append(round(missing + came * shown, 6))
    return costs


def _missing(news: set[_Element], saved: set[_Element], first: set[_Element]) -> set[_Element]:
    """Return what a save misses of some news, but for rows of which only an old word went."""
    went = {each[1] for each in first - saved if each[0] == "words" and len(each) == _ONE}
    return {
        each
        for each in news - saved
        if each[0] != "whole" and (each[0] != "words" or went.isdisjoint(each[1:]))
    }


def _is_of_old(element: _Element, old: set[_Element]) -> bool:
    """
    Tell whether many words stand in a row, and each of them was there.

    What was between them was deleted. That is one thing, and two in a row tell of it.
    """
    row = element[1:]
    is_many = element[0] == "words" and len(row) == _IN_A_ROW
    return is_many and all(("words", word) in old for word in row)


def _is_long(element: _Element) -> bool:
    return element[0] == "words" and len(element) == _ONE and len(element[1]) >= _LONG


def _weight(elements: Iterable[_Element]) -> float:
    return sum(_WEIGHTS[element[0]] for element in elements)


def _read(
    text: str, versions: Sequence[Page], cut: Collection[str]
) -> tuple[set[_Element], list[set[_Element]]]:
    """
    Return the elements of a save and of each version, without the passages all share.

    Nor is any of the texts read that were ``cut``.
    """
    pieces = _pieces(text)
    pages = [{part.text for part in version.parts}.difference(cut) for version in versions]
    common = set(pieces).intersection(*pages)
    everywhere = {("words", word) for word in _words("".join(common))}
    saved = {element for piece in pieces if piece not in common for element in _elements(piece)}
    known: dict[str, set[_Element]] = {}
    shown: list[set[_Element]] = []
    for page in pages:
        elements: set[_Element] = set()
        for part in page - common:
            if part not in known:
                known[part] = {e for piece in _pieces(part) for e in _elements(piece)}
            elements |= known[part]
        shown.append(elements - everywhere)
    saved |= {*_elements(_TOP + pieces[0])}
    silent = {e for each in shown for e in each - shown[0] if _is_of_old(e, shown[0])}
    shown = [elements - silent for elements in shown]
    texts = set[_Element]().union(*shown)
    for elements, version in zip(shown, versions, strict=True):
        for joint, row in _joints(version):
            elements.update(row & texts & saved)  # as another version has it, joined or not
            if (row - texts) & saved:
                elements.add(joint)
                saved.add(joint)
    for joined, heads in _moved_joints(versions):
        if (now := _head_of(joined, pieces)) is not None:
            saved.add(("joint", joined.id, now))
            for elements, head in zip(shown, heads, strict=True):
                elements.update({("joint", joined.id, head)} if head is not None else ())
    first, *later = [_order(part.text for part in version.parts) for version in versions]
    order = _order(pieces)
    # Where a passage went tells nothing of a save that has not got it.
    moves = [set[_Element](), *(_moves(first, each, of=order) for each in later)]
    saved |= _moves(first, order)
    return saved, [elements | moved for elements, moved in zip(shown, moves, strict=True)]


def _cut_out(pieces: Sequence[str], versions: Sequence[Page]) -> set[str]:
    """
    Return the texts of passages that all versions have, and none of some pieces is.

    What others wrote there is missing because the passage is, whatever version it was.
    """
    named: defaultdict[str | None, set[str]] = defaultdict(set)
    for version in versions:
        for part in version.parts:
            named[_name(part.text)].add(part.text)
    everywhere = set[str | None]().union(named).intersection(*map(_names, versions))
    everywhere -= {None, *map(_name, pieces)}
    if not everywhere:
        return set()
    saved = {word for piece in pieces for word in _words(piece)}
    cut: set[str] = set()
    for name in everywhere:
        own = {word for text in named[name] for word in _words(_body(text))}
        if 2 * len(own & saved) < len(own):
            cut |= named[name]
    return cut


def _places(pieces: Iterable[str]) -> Iterable[tuple[str, _Element]]:
    """Return each passage word for word, and the names of those that it stands between."""
    named = [(name, piece) for piece in pieces if (name := _name(piece)) is not None]
    behind = [None, *(name for name, _ in named)]
    for (_, piece), last in zip(named, behind, strict=False):
        yield from ((f"behind {last}", whole) for whole in _wholes([piece], ()))
    for (_, piece), (following, _) in pairwise(named):
        # What is at the end of a file may just be written there.
        yield from ((f"before {following}", whole) for whole in _wholes([piece], ()))


def _between(pieces: Iterable[str]) -> Iterable[tuple[str | None, str | None, str | None]]:
    """Return the name of each passage, between those of its neighbours."""
    names = [None, *_order(pieces), None]
    yield from zip(names, names[1:], names[2:], strict=False)


def _names(version: Page) -> set[str | None]:
    return {_name(part.text) for part in version.parts}


def _wholes(pieces: Iterable[str], rests: Container[str]) -> Iterable[_Element]:
    """Return each passage, if it is not too short to be the same by chance, or one of ``rests``."""
    for piece in pieces:
        name, each = _name(piece), _words(_body(piece))
        if name is not None and (len(each) >= _WHOLE_WORDS or name in rests):
            yield "whole", name, *each


def _whole_top(text: str) -> Iterable[_Element]:
    """Return what stands before all passages, if it is not too short to be the same by chance."""
    if len(each := _words(text)) >= _WHOLE_WORDS:
        yield "whole", _TOP, *each


def _top_of(version: Page) -> str:
    """Return what stands before all passages: a joined one, too, whose first has gone."""
    before = takewhile(lambda part: part.piece is not Piece.PASSAGE, version.parts)
    return "".join(part.text for part in before)


def _rests(changed: Iterable[str], others: Iterable[str], pieces: Iterable[str]) -> set[str]:
    """
    Return the names of passages of a save, however short, of which some version had more.

    That just these words are left of one is no chance. But who has the others still, in one of the
    ``pieces`` of the save, may have split it as a co-author did.
    """
    had: defaultdict[str | None, set[str]] = defaultdict(set)
    for each in others:
        had[_name(each)].update(_words(_body(each)))
    there = {word for each in pieces for word in _words(_body(each))}
    rests: set[str] = set()
    for each in changed:
        name, all_ = _name(each), had[_name(each)]
        gone = all_.difference(_words(_body(each)))
        if name is not None and len(all_) >= _WHOLE_WORDS and gone.isdisjoint(there):
            rests.add(name)
    return rests


def _body(piece: str) -> str:
    return piece.partition("\n")[2]


def _is_only_joined(run: Sequence[Part], versions: Iterable[set[tuple[str, ...]]]) -> bool:
    """Tell whether one of the versions has all of a run as passages of their own."""
    return len(run) > 1 and any(all(_words_in(part) in each for part in run) for each in versions)


def _words_in(part: Part) -> tuple[str, ...]:
    """Return the words of a part without those of its header."""
    return tuple(_words(_body(part.text) if part.piece is Piece.PASSAGE else part.text))


def _joints(version: Page) -> Iterable[tuple[_Element, set[_Element]]]:
    """
    Return what was joined to what is before it, and what is in a row only because of that.

    A save that shows it may know of that, or its author has joined the same. One that does not
    tells nothing: its author may have put the header back.
    """
    before = _TOP
    for part in version.parts:
        if part.piece is Piece.HEADLESS:
            row = {*_elements(before + part.text)}
            yield ("joint", part.id), row.difference(_elements(before), _elements(part.text))
            before += part.text
        elif part.piece is Piece.PASSAGE or part.text:
            before = part.text


def _moved_joints(versions: Sequence[Page]) -> Iterable[tuple[Part, Sequence[str | None]]]:
    """Return what is joined to one passage here, to another there; and to which, by version."""
    known = [{part.id: (part, head) for part, head in _heads(version)} for version in versions]
    for id_ in dict.fromkeys(chain(*known)):
        joined = [each.get(id_) for each in known]
        parts = [each[0] for each in joined if each is not None]
        heads = [None if each is None else each[1] for each in joined]
        if len({*heads} - {None}) > 1:
            yield parts[-1], heads


def _heads(version: Page) -> Iterable[tuple[Part, str]]:
    """Return what was joined to others, with the name of the passage that it stands in."""
    name: str | None = None
    for part in version.parts:
        if part.piece is Piece.PASSAGE:
            name = _name(part.text)
        elif part.piece is Piece.HEADLESS and name is not None:
            yield part, name


def _head_of(joined: Part, pieces: Iterable[str]) -> str | None:
    """Return the name of the passage that has most of the words of what was joined to another."""
    own = Counter(_words(joined.text))
    names = [each for each in pieces if _name(each) is not None]
    shared = {each: (own & Counter(_words(_body(each)))).total() for each in names}
    most = max(shared, key=shared.__getitem__, default="")
    is_there = own.total() >= _WHOLE_WORDS and 2 * shared.get(most, 0) >= own.total()
    return _name(most) if is_there else None


def _order(pieces: Iterable[str]) -> list[str]:
    return [name for piece in pieces if (name := _name(piece)) is not None]


def _moves(
    before: Sequence[str], now: Sequence[str], *, of: Collection[str] | None = None
) -> set[_Element]:
    """Return what stands right before what it stood behind; ``of``: if both are among these."""
    once = {name for name, times in Counter(before).items() if times == 1}
    once -= {name for name, times in Counter(now).items() if times > 1}
    place = {name: i for i, name in enumerate(before) if name in once}
    known = [name for name in now if name in place]
    moved = [(a, b) for a, b in pairwise(known) if place[a] > place[b]]
    return {("order", a, b) for a, b in moved if of is None or (a in of and b in of)}


def _known(versions: Sequence[Page], elsewhere: Iterable[str]) -> set[_Element]:
    """Return what news may have come from passages of the same name elsewhere."""
    first = {part.text for part in versions[0].parts}
    texts = {part.text for version in versions for part in version.parts}
    return _elements_of(elsewhere, {_name(text) for text in texts - first})


def _elements_of(texts: Iterable[str], names: set[str | None]) -> set[_Element]:
    """Return the elements of the passages of some names."""
    names = names - {None}
    return {e for text in texts if names and _name(text) in names for e in _elements(text)}


def _name(text: str) -> str | None:
    return parse_header(text.partition("\n")[0]).name if text.startswith("::") else None


def _pieces(text: str) -> list[str]:
    source = parse(text)
    return [source.prologue, *(passage.text for passage in source.passages)]


def _elements(piece: str) -> Iterable[_Element]:
    """Return what a passage, or what is before all passages, is known again by."""
    body = piece
    if piece.startswith("::"):
        line, _, body = piece.partition("\n")
        header = parse_header(line)
        yield "name", header.name
        yield from (("tag", header.name, tag) for tag in header.tags)
        yield from (("value", header.name, *pair) for pair in header.metadata.items())
    each = _words(body)
    for count in range(1, _IN_A_ROW + 1):
        yield from (("words", *each[i : i + count]) for i in range(len(each) - count + 1))


def words_of(text: str) -> set[str]:
    """Return the words of a text, without the punctuation around them."""
    return set(_words(text))


def _words(text: str) -> list[str]:
    return bare(words(text))


def _distance(lines: Counter[str], version: Page) -> int:
    others = Counter(line for part in version.parts for line in part.text.split("\n"))
    return ((lines - others) + (others - lines)).total()
