"""
Edits of the document, collected before the first of them is made.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from whisker_sync.document import Edit, Scalar
from whisker_sync.manuscript import schema
from whisker_sync.manuscript.pieces import Segment
from whisker_sync.manuscript.render import Passage, View
from whisker_sync.story.similarity import passage_digest
from whisker_sync.text.edits import Splice, apply, diff
from whisker_sync.text.merge import rebase

ORIGIN = "folder"
"""Origin of the edits that a save causes."""

_OF_MAKING = frozenset({schema.PLACE, schema.BORN, schema.BIRTH})
"""Registers of a new passage that are not what it is, but where and by whom it was made."""


@dataclass(frozen=True, slots=True)
class Live:
    """The body of a passage, as the edits so far leave it."""

    root: str
    """The text that it is in, and where."""

    start: int
    text: str


class Plan:
    """Edits to make, collected before the first of them is made."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Scalar]] = {}
        self.common: set[str] = set()
        """Those made that may come to other devices by another way, and are one then."""

        self.fields: dict[tuple[str, str], Scalar] = {}
        self.registers: dict[str, Scalar] = {}
        self.texts: dict[str, list[list[Splice]]] = {}
        """For each text its edits, one upon the other."""

    def __bool__(self) -> bool:
        return bool(self.made or self.fields or self.registers or self.texts)

    def splice(self, root: str, splices: Sequence[Splice]) -> None:
        """Edit a text as it is after the edits before this one."""
        if splices:
            self.texts.setdefault(root, []).append(list(splices))

    def after(self, root: str, text: str) -> str:
        """Return a text as the edits so far leave it: a passage may stand in two saved files."""
        for splices in self.texts.get(root, ()):
            text = apply(text, splices)
        return text

    def live(
        self,
        view: View,
        id_: str,
        was: Segment | None = None,
        seen: Callable[[], Container[str]] = tuple,
    ) -> Live:
        """
        Return the body of a passage.

        ``was``: how an author saw it who has ``seen`` those passages. What others split off from
        it since is part of it for them.
        """
        root = view.root(id_)
        text = self.after(schema.BODY + root, view.text(root))
        found = view.stretches(root, text)
        ids = list(found)
        if id_ not in found:
            return Live(schema.BODY + root, len(text), "")
        end = found[id_].end
        for other in ids[ids.index(id_) + 1 :] if was is not None else ():
            words = set(view.segment(view.passages[other]).words)
            if other in seen() or words.isdisjoint(was.words if was else ()):
                break
            end = found[other].end
        return Live(schema.BODY + root, found[id_].start, text[found[id_].start : end])

    def edit(self, live: Live, splices: Iterable[Splice]) -> None:
        """Edit the body of a passage as it is after the edits before this one."""
        at = live.start
        self.splice(live.root, [Splice(s.start + at, s.end + at, s.insert) for s in splices])

    def write(self, edit: Edit) -> None:
        """Make the edits."""
        for id_, fields in self.made.items():
            if id_ in self.common:
                self._imprint(edit, id_, fields)
            else:
                edit.create(schema.PASSAGES, id_, fields)
        for (id_, name), value in self.fields.items():
            edit.set_field(schema.PASSAGES, id_, name, value)
        for name, value in self.registers.items():
            edit.set(schema.FILES, name, value)
        for root, edits in self.texts.items():
            # The new words go behind the old ones before these are deleted: what
            # somebody else inserts at the same spot then stands before both.
            for splices in edits:
                edit.splice(root, ((each.start, each.end, each.insert) for each in splices))

    def _imprint(self, edit: Edit, id_: str, fields: Mapping[str, Scalar]) -> None:
        """Make a passage that is one whoever makes it; who did and where stands apart."""
        root = schema.BODY + id_
        (first, *_), *rest = self.texts.pop(root, [[Splice(0, 0, "")]])
        if rest:
            self.texts[root] = rest
        content = {name: value for name, value in fields.items() if name not in _OF_MAKING}
        place = {name: fields[name] for name in (schema.PLACE,) if name in fields}
        edit.imprint(schema.PASSAGES, id_, content, text=root, words=first.insert, apart=place)
        for name in (schema.BORN, schema.BIRTH):
            if name in fields:
                edit.set_field(schema.PASSAGES, id_, name, fields[name])


def unite(plan: Plan, view: View, stays: Passage, goes: Passage) -> None:
    """Write into one of two twins what the other has besides, and empty that."""
    live, other = plan.live(view, stays.id), view.body(goes.id)
    plan.edit(live, additions("", other, live.text))
    empty(plan, view, goes, stays)


def empty(plan: Plan, view: View, copy: Passage, original: Passage) -> None:
    """
    Empty a passage that stands in another one.

    Who writes into it at the same time gets it back, with just these words.
    """
    live = plan.live(view, copy.id)
    if live.text:
        plan.edit(live, [Splice(0, len(live.text), "")])
    content = passage_digest(copy.name, copy.tags, "")
    plan.fields[copy.id, schema.DELETED + content] = 1
    plan.fields[copy.id, schema.COPY_OF] = original.id


def fill(plan: Plan, view: View, passage: Passage, body: str) -> None:
    """Give a passage that was emptied its words back, for it stands in no other one."""
    live = plan.live(view, passage.id)
    plan.edit(live, [Splice(0, len(live.text), body)])
    for content in passage.deleted:
        plan.fields[passage.id, schema.DELETED + content] = 0
    plan.fields[passage.id, schema.COPY_OF] = None


def additions(base: str, found: str, live: str) -> list[Splice]:
    """
    Return the edits that add what is new in ``found`` and delete nothing.

    What was in the ``base`` and is not in the live text any more others took out.
    """
    found = apply(found, rebase(base, apply(base, _removals(base, live)), found))
    return rebase(apply(live, _removals(live, found)), found, live)


def taken_out(text: str, before: str, after: str) -> str:
    """Return a text without what was taken out of another one, from ``before`` to ``after``."""
    return apply(text, rebase(before, apply(before, _removals(before, after)), text))


def _removals(before: str, after: str) -> list[Splice]:
    """Return the edits that take out the words that are not in ``after``, and no blank space."""
    return [
        Splice(each.start, each.end, " " if _would_join(before, each) else "")
        for each in diff(before, after)
        if before[each.start : each.end].strip()
    ]


def _would_join(text: str, gone: Splice) -> bool:
    """Tell whether two words become one without what is between them."""
    sides = text[gone.start - 1 : gone.start] + text[gone.end : gone.end + 1]
    return len(sides) == 2 and sides.isalnum()
