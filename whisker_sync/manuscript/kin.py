"""
The same passage that came to two devices, and was edited on one before that looked.

Twins are known by their birth (twins.py). But an author may go on in a file that git has just
brought, before their device has taken it in; what that makes of it is another passage at birth.
Two passages that got one name in one file, none of them in sight of the other, may be one or may
be two ideas under one name. Their words decide, as they do when a passage is renamed. One of
them may have been split before the first look: then what the same device made in that file, too,
and consists of the other's words, counts with it.

Most of the pairs of words of the shorter one are enough, too. Or it was joined: then an older
passage has all its words, and its name. Or it was carried to another file: then most of their pairs
of words are the same, or it was filled on the way and all its words are in the other, in their
order. Or it got another name: then the words are just the same, and each was made by somebody who
had these words nowhere else.

Nobody knows which of the two is older, so nothing is deleted: what the one with the larger id
has besides is written into the other, by the device that made it, and it is emptied. Which of
the two goes depends on nothing that anybody edits. Else each might go into the other, and both
would be empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from whisker_sync.document import Scalar
from whisker_sync.manuscript import schema
from whisker_sync.manuscript.align import MOVED_WORDS, RENAMED, SAME_BODY
from whisker_sync.manuscript.cutting import JOINED
from whisker_sync.manuscript.likeness import likeness
from whisker_sync.manuscript.pieces import Segment, distribute, headless
from whisker_sync.manuscript.plan import Plan, additions, empty
from whisker_sync.manuscript.render import Passage, View
from whisker_sync.manuscript.twins import (
    TWIN_WORDS,
    family_of,
    is_named_as_born,
    is_of_one_file,
    kin_of,
)
from whisker_sync.text.edits import apply, diff
from whisker_sync.text.tokens import is_row_of, is_within


@dataclass(frozen=True, slots=True)
class Kin:
    """Two passages that are one, each with what was split off from it."""

    stays: tuple[Passage, ...]
    goes: tuple[Passage, ...]

    @property
    def born(self) -> Scalar:
        """The mark of the device that makes them one."""
        return self.goes[0].born

    @property
    def names(self) -> tuple[str, str]:
        """The name of the one that goes, and that of the one that stays."""
        return self.goes[0].name, self.stays[0].name


def find(view: View) -> list[Kin]:
    """Return the passages that are one although they differ at birth; each at most once."""
    found: list[Kin] = []
    for same in view.kin():
        left = same
        while left:
            one, *left = left
            for other in left:
                if (kin := _as_one(view, one, other)) is not None:
                    found.append(kin)
                    left.remove(other)
                    break
    known = {each.id for kin in found for each in (*kin.stays, *kin.goes)}
    for stays, *others in view.scattered():
        for each in others:
            carried = _carried(view, stays, each)
            if carried is not None and not {stays.id, each.id} & known:
                found.append(carried)
                known.add(each.id)
    for stays, *others in view.repeated():
        for each in others:
            if each.born != stays.born and not {stays.id, each.id} & known:
                found.append(_whole(view, stays, each))
                known |= {stays.id, each.id}
    for same in view.namesakes():
        for one in same:
            whole = next((each for each in same if _has_become(view, each, one)), None)
            if whole is not None and not {one.id, whole.id} & known:
                found.append(Kin((whole,), (one,)))
                known |= {one.id, whole.id}
    return found


def _carried(view: View, one: Passage, other: Passage) -> Kin | None:
    """
    Return two that are nearly the same, and got one name, in different files, as one.

    Somebody had carried it to another one before their device looked.
    """
    if one.born == other.born or is_of_one_file(one.birth, other.birth):
        return None
    both = _whole(view, one, other)
    few, many = sorted((_words(view, both.stays), _words(view, both.goes)), key=len)
    is_alike = len(few) >= MOVED_WORDS and likeness(few, many) >= SAME_BODY
    is_filled = len(few) >= TWIN_WORDS and is_within(few, many)
    return both if is_alike or is_filled else None


def _has_become(view: View, whole: Passage, one: Passage) -> bool:
    """
    Tell whether an older passage has got the name and all words of one that was made.

    Who joins a passage to one that was just brought, before their device looks, seems to give
    it that one's name and to write that one's words in front.
    """
    if whole is one or not is_named_as_born(one.birth, one.name):
        return False
    had_another = bool(whole.former - {whole.name})
    if not had_another and (not kin_of(whole.birth) or is_named_as_born(whole.birth, whole.name)):
        return False
    own = Counter(pairwise(view.segment(one).words))
    pairs = Counter(pairwise(view.segment(whole).words))
    return own.total() >= MOVED_WORDS - 1 and (own & pairs).total() >= JOINED * own.total()


def _as_one(view: View, one: Passage, other: Passage) -> Kin | None:
    if one.born == other.born or family_of(one.birth) == family_of(other.birth) != "":
        return None
    both = _whole(view, one, other)
    sides = [(_words(view, side), side) for side in (both.stays, both.goes)]
    (few, parts), (many, _) = sorted(sides, key=lambda each: len(each[0]))
    is_whole = len(few) >= TWIN_WORDS and is_row_of(few, many)
    if is_whole and not _has_more_of(view, parts, many):
        return both
    if len(few) < MOVED_WORDS:
        return None
    own, pairs = Counter(pairwise(few)), Counter(pairwise(many))
    is_most = (own & pairs).total() >= JOINED * own.total()
    return both if is_most or likeness(few, many) >= RENAMED else None


def _whole(view: View, one: Passage, other: Passage) -> Kin:
    """Return two that are one, each with what was split off from it."""
    return Kin((one, *_split_off(view, one, other)), (other, *_split_off(view, other, one)))


def _has_more_of(view: View, parts: Sequence[Passage], words: list[str]) -> bool:
    """Tell whether something that was made together with passages has some of these words, too."""
    pairs = Counter(pairwise(words))
    others = (each for each in view.born_beside(parts[0]) if each not in parts)
    return any(Counter(pairwise(view.segment(each).words)) & pairs for each in others)


def _split_off(view: View, head: Passage, whole: Passage) -> list[Passage]:
    """Return what was made together with a passage and is, as it looks, a part of the other."""
    all_ = view.segment(whole).words
    pairs = Counter(pairwise(all_))
    parts: list[tuple[int, Passage]] = []
    for each in view.born_beside(head):
        words = view.segment(each).words
        own = Counter(pairwise(words))
        enough = max(1, JOINED * own.total())
        if each.id in view.sharing(head.id):
            enough = min(enough, MOVED_WORDS - 1)  # It was in that for sure.
        if (own & pairs).total() >= enough:
            parts.append((next(i for i, pair in enumerate(pairwise(all_)) if pair in own), each))
    return [each for _, each in sorted(parts, key=lambda part: (part[0], part[1].id))]


def _words(view: View, passages: Sequence[Passage]) -> list[str]:
    return [word for each in passages for word in view.segment(each).words]


def unite(plan: Plan, view: View, kin: Kin) -> None:
    """Write into one what the other has besides, and empty that."""
    stays, goes = kin.stays, kin.goes
    found = _text(plan, view, goes)
    bodies = [plan.live(view, each.id).text for each in stays]
    # The headers between them are no news; and nothing is put between words without a blank.
    texts = [body + "\n" for body in bodies]
    live = "".join(texts)
    news = distribute(texts, apply(live, additions("", found, live)))
    for passage, body, new in zip(stays, bodies, news, strict=True):
        plan.edit(plan.live(view, passage.id), diff(body, headless(new).body))
    former, name = kin.names
    if former != name:
        plan.fields[stays[0].id, schema.FORMER + former] = 1
    for tag in sorted(goes[0].tags - stays[0].tags):
        plan.fields[stays[0].id, schema.TAG + tag] = 1
    for each in goes:
        empty(plan, view, each, stays[0])


def _text(plan: Plan, view: View, passages: Sequence[Passage]) -> str:
    """Return the text of a passage, and of those behind it with their headers."""
    first, *rest = passages
    text = plan.live(view, first.id).text + (first.gap or "\n")
    for each in rest:
        body = plan.live(view, each.id).text
        text += Segment(view.header(each), body, each.gap or "\n").text
    return headless(text).body
