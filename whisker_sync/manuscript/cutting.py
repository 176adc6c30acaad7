"""
A saved file is cut into passages, and each is found in the version it was made from.

Splitting a passage, by typing a header line into it, and joining two, by deleting one,
must not move text from one text of the document into another: whatever a co-author
writes in the moved part at the same time would stay behind, or be there twice. So

* a part that was split off becomes a passage of its own at once, whose words stay where they
  are: the text is cut by a mark (stretches.py), and merges as running text does. If something
  in it looks like a header, the header line is written into the body instead, where every tool
  sees a passage;
* a passage whose header line was deleted keeps its text, too, and is shown without
  header behind what it was joined to, until somebody puts the header back.

A *group* is what stands together in any case: a passage of the document with whatever
was split off inside of it and joined to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from whisker_sync.manuscript.align import align
from whisker_sync.manuscript.likeness import likeness
from whisker_sync.manuscript.pieces import Segment, distribute, headed, segment_of
from whisker_sync.manuscript.shadow import Part, Piece
from whisker_sync.story.similarity import words
from whisker_sync.story.twee import parse

SPLIT = 0.5
"""So many of the words of what is new vanished from the passage before it: a part of that. And
so many of the words of what vanished are new in the passage before it: joined to that."""

SPLIT_WORDS = 3
"""Or else so many words, if they are most of those that vanished there."""

SOME_WORDS = 2
"""So many at the beginning of what vanished, or half of it, if the passage before goes on so."""

JOINED = 0.8
"""So many of the words of one thing are in another: it is part of that, wherever they stand."""


@dataclass(slots=True, eq=False)
class Group:
    """A passage of the base, with those behind it that have lost their header."""

    parts: list[Part]
    shown: bool = False
    """Its first part had no header in the base, and has one in the save."""

    _segment: Segment | None = None

    @property
    def text(self) -> str:
        """All of it, as it stood in the file."""
        if len(self.parts) == 1:
            return self.parts[0].text
        return "".join(part.text for part in self.parts)

    @property
    def segment(self) -> Segment:
        """All of it as one passage."""
        if self._segment is None:
            headless = self.parts[0].piece is Piece.HEADLESS
            self._segment = segment_of(self.parts[0]) if headless else headed(self.text)
        return self._segment

    def pieces(self) -> list[Segment]:
        """All of it as the passages that it looks like."""
        return pieces(self.segment)


def joined_to(one: Group, other: Group) -> Group:
    """Return a group with another one behind it that has lost its header."""
    head, *rest = other.parts
    if head.piece is not Piece.HEADLESS:
        head = Part(Piece.HEADLESS, head.id, head.text.partition("\n")[2])
    return Group([*one.parts, head, *rest])


@dataclass(slots=True, eq=False)
class Cut:
    """A saved file in pieces, and what each was in the base."""

    own: list[Part]
    """What of the base lies outside of passages."""

    groups: list[Group]
    beginning: str
    """What of the save lies before its first passage."""

    fresh: list[Segment] = field(default_factory=list)
    match: list[int | None] = field(default_factory=list)
    """For each of ``fresh``, its group."""

    split: dict[int, int] = field(default_factory=dict)
    """Those of ``fresh`` that were split off from a group, which comes before them."""

    absorbed: set[int] = field(default_factory=set)
    """Groups that belong to another one now."""

    hidden: list[str] = field(default_factory=list)
    """Passages whose header was deleted."""


def cut(own: list[Part], groups: list[Group], text: str, *, renames: bool) -> Cut:
    """
    Cut a saved file into passages and say which each was before.

    What is the same at both ends of the file is not cut again. That is quick, and a
    line in a body that looks like a header stays there as long as nobody touches it.
    """
    before = "".join(part.text for part in own)
    start, head = 0, 0
    if text.startswith(before) and _is_border(text, len(before)):
        start = len(before)
        for group in groups:
            end = start + len(group.text)
            if not text.startswith(group.text, start) or not _is_border(text, end):
                break
            start, head = end, head + 1
    end, tail = len(text), len(groups)
    while tail > head:
        border = end - len(groups[tail - 1].text)
        if border < start or not text.endswith(groups[tail - 1].text, start, end):
            break
        if not _is_border(text, border):
            break
        end, tail = border, tail - 1
    source = parse(text[start:end])
    middle = [Segment(each.header, each.body, each.gap) for each in source.passages]
    cut = Cut(own, groups, before if start else source.prologue)
    owners = _Owners(cut, range(head, tail), middle, renames=renames)
    cut.fresh = [group.segment for group in groups[:head]]
    cut.match = [*range(head)]
    for owner, segment, split in owners.merged():
        if split:
            assert owner is not None
            cut.split[len(cut.fresh)] = owner
        cut.fresh.append(segment)
        cut.match.append(None if split else owner)
    cut.fresh += [group.segment for group in groups[tail : owners.known]]
    cut.match += range(tail, owners.known)
    for i, old in enumerate(cut.match):
        if old is not None and len(cut.groups[old].parts) > 1:
            tails = takewhile(lambda n: n in cut.split, range(i + 1, len(cut.fresh)))
            _let_go(cut.groups, old, "".join(cut.fresh[n].text for n in (i, *tails)))
    return cut


def _let_go(groups: list[Group], number: int, new: str) -> None:
    """
    What had been joined to a group and is not there any more is a group of its own: gone.

    So is its head, if only what was joined to that is left, with a header of its own.
    """
    group = groups[number]
    if group.text == new:
        return
    texts = distribute([part.text for part in group.parts], new)
    gone = [part for part, text in zip(group.parts, texts, strict=True) if part.text and not text]
    stays = [part for part in group.parts if part not in gone]
    if gone and stays:
        groups[number] = Group(stays, group.shown or stays[0] is not group.parts[0])
        groups += (Group([part]) for part in gone)


def _segments(text: str) -> list[Segment]:
    return [Segment(each.header, each.body, each.gap) for each in parse(text).passages]


def pieces(segment: Segment) -> list[Segment]:
    """Return a passage as the passages that it looks like."""
    return _segments(segment.text) if "\n::" in segment.text else [segment]


def _is_border(text: str, at: int) -> bool:
    """Tell whether a passage may begin here, and whatever is before it ends."""
    if at == len(text):
        return True
    return text.startswith("::", at) and (at == 0 or text[at - 1] == "\n")


class _Owners:
    """To which group each segment of a save belongs."""

    def __init__(
        self, cut: Cut, changed: range, middle: Sequence[Segment], *, renames: bool
    ) -> None:
        self._cut = cut
        self._middle = middle
        self.known = len(cut.groups)
        pieces = [(g, n, piece) for g in changed for n, piece in enumerate(cut.groups[g].pieces())]
        found = align([piece for _, _, piece in pieces], middle, renames=renames)
        self.of: list[int | None] = [None if i is None else pieces[i][0] for i in found]
        self._first = {
            pieces[i][0]: j for j, i in enumerate(found) if i is not None and not pieces[i][1]
        }
        """Where the beginning of each group is."""

        left = set(range(len(pieces))) - set(found)
        self._vanished: dict[int, list[str]] = {}
        """For groups of which something is gone, the words of that."""
        for i in sorted(left):
            self._vanished.setdefault(pieces[i][0], []).extend(pieces[i][2].words)
        places: defaultdict[int, list[int]] = defaultdict(list)
        for j, owner in enumerate(self.of):
            if owner is not None:
                places[owner].append(j)
        for group, its in places.items():
            self._keep_together(group, its)
        if renames:
            for group in sorted(self._vanished):
                self._join(group)
        for j in range(len(middle)):
            if not self._put_back(j) and self.of[j] is None:
                self._split(j)

    def merged(self) -> list[tuple[int | None, Segment, bool]]:
        """
        Return each group, or new passage, with all that stands together as one segment.

        Or each part alone, if it was whole: of those behind the first it is said that they
        were split off.
        """
        runs: list[tuple[int | None, list[Segment]]] = []
        for owner, segment in zip(self.of, self._middle, strict=True):
            if owner is not None and runs and runs[-1][0] == owner:
                runs[-1][1].append(segment)
            else:
                runs.append((owner, [segment]))
        found: list[tuple[int | None, Segment, bool]] = []
        for owner, run in runs:
            if len(run) == 1 or owner is None or self._is_whole(owner):
                found += [(owner, each, n > 0) for n, each in enumerate(run)]
            else:
                found.append((owner, headed("".join(each.text for each in run)), False))
        return found

    def _is_whole(self, group: int) -> bool:
        """Tell whether there is nothing in a group that only looks like a passage."""
        each = self._cut.groups[group]
        return not each.shown and len(each.pieces()) == 1

    def _places(self, group: int) -> list[int]:
        return [j for j, owner in enumerate(self.of) if owner == group]

    def _keep_together(self, group: int, places: Sequence[int]) -> None:
        """Leave to a group only what stands in one row, with what was put between."""
        if len(places) == 1:
            return
        at = last = self._first.get(group, places[0])
        for j in places:
            if j > last and all(owner is None for owner in self.of[last + 1 : j]):
                last = j
        for j in places:
            self.of[j] = None
        self.of[at : last + 1] = [group] * (last + 1 - at)

    def _goes_on(self, group: int, gone: Sequence[str]) -> bool:
        """Tell whether a group goes on, behind all that it had, as what is gone began."""
        was, shown = self._words(group), self._shown(group)
        half = max(SOME_WORDS, (len(gone) + 1) // 2)
        news = shown[len(was) : len(was) + half]
        return shown[: len(was)] == was and news == list(gone[:half]) and len(gone) >= half

    def _words(self, group: int) -> list[str]:
        """Return what a group said, in order, when it was last read."""
        return [word for piece in self._cut.groups[group].pieces() for word in piece.words]

    def _shown(self, group: int) -> list[str]:
        """Return what the new text says, in order, where the group is."""
        return [word for j in self._places(group) for word in self._middle[j].words]

    # Split.

    def _split(self, j: int) -> None:
        """Find out whether a new segment was split off from a group beside it."""
        segment = self._middle[j]
        before = self.of[j - 1] if j else None
        beside = [before, self.of[j + 1] if j + 1 < len(self.of) else None]
        for group, ahead in zip(beside, (False, True), strict=True):
            if group is None or group >= self.known:
                continue
            if ahead and self._cut.groups[group].segment.name != segment.name:
                continue
            gone = Counter(self._words(group)) - Counter(self._shown(group))
            both = gone & Counter(segment.words)
            most = both.total() >= JOINED * gone.total() and both.total() >= SPLIT_WORDS
            enough = both and both.total() >= SPLIT * len(segment.words)
            if most or enough or (not ahead and self._has_end(group, segment)):
                self.of[j] = group
                return

    def _has_end(self, group: int, segment: Segment) -> bool:
        """Tell whether a segment ends as the group did, which stops before that now."""
        was, shown = self._words(group), self._shown(group)
        end = was[len(shown) :]
        return was[: len(shown)] == shown and bool(end) and segment.words[-len(end) :] == end

    def _put_back(self, j: int) -> bool:
        """
        Find out whether a passage that was joined to the one before it has its header again.

        It may be most of what stood together, and look like all of that under another name.
        """
        group = self.of[j - 1] if j else None
        if group is None or len(parts := self._cut.groups[group].parts) == 1:
            return False
        if self.of[j] is not None and self._first.get(group) != j:
            return False
        new = self._middle[j].words
        own = [segment_of(part).words for part in parts]
        tails = [[word for each in own[n:] for word in each] for n in range(1, len(parts))]
        alike = [likeness(tail, new) for tail in tails]
        if max(alike) < SPLIT:
            return False
        n = alike.index(max(alike)) + 1
        front = Counter(word for each in own[:n] for word in each)
        shown = Counter(self._shown(group))
        if Counter(tails[n - 1]) & (shown - front) or Counter(new) & (front - shown):
            return False  # The header is in another place, and splits what is there.
        self._cut.groups[group] = Group(parts[:n])
        self._cut.groups.append(Group(parts[n:], shown=True))
        self.of[j] = len(self._cut.groups) - 1
        return True

    # Join.

    def _join(self, group: int) -> None:
        """Find out whether a group that lost its header is now part of the one before it."""
        gone = self._vanished[group]
        if not gone or group in self._first:
            return
        places, root = self._places(group), self._root(group, gone)
        if root is None or (places and root >= 0 and places[0] != self._places(root)[-1] + 1):
            return
        head, *rest = self._cut.groups[group].parts
        parts = [Part(Piece.HEADLESS, head.id, head.text.partition("\n")[2]), *rest]
        self._cut.absorbed.add(group)
        self._cut.hidden.append(head.id)
        if root < 0:
            if places:
                return  # What follows it stays a passage of its own.
            self._cut.own += parts
        else:
            self._cut.groups[root] = Group([*self._cut.groups[root].parts, *parts])
            for j in places:
                self.of[j] = root

    def _root(self, group: int, gone: Sequence[str]) -> int | None:
        """
        Return which group has the words that are gone; -1: what is before all of them.

        It is the one that stood before it, or one that has come there, if none of it is elsewhere.
        """
        here = sorted({owner for owner in self.of if owner is not None})
        before = next((g for g in reversed(here) if g < group), -1)
        if self._has_taken_in(before, gone):
            return before
        if self._places(group):
            return None
        return next((g for g in here if self._ends(g, gone)), None)

    def _has_taken_in(self, root: int, gone: Sequence[str]) -> bool:
        """Tell whether words that are gone are new in a group, or in what is before all of them."""
        if root < 0:
            own = words("".join(part.text for part in self._cut.own))
            return _part(gone, Counter(words(self._cut.beginning)) - Counter(own)) >= SPLIT
        added = Counter(self._shown(root)) - Counter(self._words(root))
        return _part(gone, added) >= SPLIT or self._goes_on(root, gone)

    def _ends(self, group: int, gone: Sequence[str]) -> bool:
        """Tell whether words that are gone are new at the end of a group."""
        end = self._shown(group)[-len(gone) :]
        return _part(gone, Counter(end) - Counter(self._words(group))) >= JOINED


def _part(of: Sequence[str], there: Counter[str]) -> float:
    """Return which part of some words is among others."""
    return (there & Counter(of)).total() / len(of)
