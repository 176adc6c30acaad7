"""
Edits of the document, collected before the first of them is made.
"""

from __future__ import annotations

from collections.abc import Sequence

from whisker_sync.document import Edit, Scalar
from whisker_sync.manuscript import schema
from whisker_sync.manuscript.render import Passage, View
from whisker_sync.story.similarity import passage_digest
from whisker_sync.text.edits import Splice, apply, diff
from whisker_sync.text.merge import rebase

ORIGIN = "folder"
"""Origin of the edits that a save causes."""


class Plan:
    """Edits to make, collected before the first of them is made."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Scalar]] = {}
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

    def write(self, edit: Edit) -> None:
        """Make the edits."""
        for id_, fields in self.made.items():
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


def unite(plan: Plan, view: View, stays: Passage, goes: Passage) -> None:
    """Write into one of two twins what the other has besides, and empty that."""
    root = schema.BODY + stays.id
    live, other = plan.after(root, view.body(stays.id)), view.body(goes.id)
    plan.splice(root, additions("", other, live))
    empty(plan, goes, other, stays)


def empty(plan: Plan, copy: Passage, body: str, original: Passage) -> None:
    """
    Empty a passage that stands in another one.

    Who writes into it at the same time gets it back, with just these words.
    """
    if body:
        plan.splice(schema.BODY + copy.id, [Splice(0, len(body), "")])
    content = passage_digest(copy.name, copy.tags, "")
    plan.fields[copy.id, schema.DELETED + content] = 1
    plan.fields[copy.id, schema.COPY_OF] = original.id


def additions(base: str, found: str, live: str) -> list[Splice]:
    """
    Return the edits that add what is new in ``found`` and delete nothing.

    What was in the ``base`` and is not in the live text any more others took out.
    """
    found = apply(found, rebase(base, apply(base, _removals(base, live)), found))
    return rebase(apply(live, _removals(live, found)), found, live)


def _removals(before: str, after: str) -> list[Splice]:
    return [Splice(s.start, s.end, "") for s in diff(before, after) if s.end > s.start]
