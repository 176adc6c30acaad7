"""
What only this device can put right after others have written.

Nobody answers a change of somebody else's with an edit that a third device could also make: two
that repair one link would leave both names in it. So each device mends what its own author's
saves have to do with, and nothing else:

* links that its author made to a name which was changed meanwhile follow the new one (names.py);
* a binary file of its author's that lost against another is put beside it (pictures.py), and so
  is a text that is whole only without the others' change (checked.py);
* of twins that were both edited, the one that was made here is written into the other (twins.py),
  and so is one of two that differ since they were made (kin.py);
* what is left of a passage that was made here, and emptied because it stands in another one, is
  emptied again if that has the words, too;
* words that a save brought here, and a save elsewhere brought there, go here;
* two passages of which each was emptied for the sake of the other are one again, with what the
  author's disk has of them. That any device may do: what two of them write is the same, and one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from whisker_sync.document import Change, Document, Span
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import kin, pictures, schema
from whisker_sync.manuscript.checked import Checked
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.files import Problem
from whisker_sync.manuscript.names import Links, Renamed, format_of, new_targets, repair
from whisker_sync.manuscript.pieces import segment_of
from whisker_sync.manuscript.plan import ORIGIN, empty, fill, unite
from whisker_sync.manuscript.render import Passage, View
from whisker_sync.manuscript.revisions import repairs
from whisker_sync.manuscript.shadow import Page, Picture
from whisker_sync.manuscript.twins import words_of
from whisker_sync.revision import Version


@dataclass(frozen=True, slots=True)
class Mended:
    """What was put right."""

    change: Change | None
    problems: tuple[Problem, ...]
    """What stands beside something now."""

    bodies: Mapping[str, tuple[str, str]]
    """Bodies in which links follow a new name, before and after."""

    def versions(self, view: View) -> tuple[Version, ...]:
        """Return what is kept as history."""
        return repairs(self.bodies, view)


class Mending:
    """What this device's author has to do with, when others have written."""

    def __init__(
        self,
        document: Document,
        view: View,
        disk: Disk,
        checked: Checked,
        dice: Random,
        person: str,
    ) -> None:
        """``person``: whose files are put beside, for their names."""
        self._document = document
        self._view = view
        self._disk = disk
        self._checked = checked
        self._dice = dice
        self._person = person
        self._links = Links()

    def note_links(self, before: Mapping[str, str]) -> None:
        """Remember the links that a save brought to names which are in the author's files."""
        story_format = format_of(self._view) if before else None
        shown: set[str] | None = None
        for id_, body in before.items():
            passage = self._view.passages.get(id_)
            if passage is None:
                continue
            targets = new_targets(body, self._view.body(id_), story_format, passage.tags)
            if targets and shown is None:
                shown = self._disk.names()
            self._links.made(id_, targets & (shown or set()))

    def mend(self, paths: Iterable[StoryPath], born: str) -> Mended:
        """Write what only this device can; ``paths`` may have changed, ``born`` is its mark."""
        paths = sorted(paths)
        plan, doubts = self._checked.put_beside(
            paths, self._view, self._person, self._disk.is_taken, self._fresh_id
        )
        told = list(doubts)
        lost = self._lost_pictures(paths, told)
        doubled, late = self._doubled(), self._links.late(self._view)
        joined = self._document.run_together()
        rivals = [(one, other) for one, other in self._view.rivals() if other.born == born]
        leftovers = [(one, its) for one, its in self._view.leftovers() if one.born == born]
        akin = [each for each in kin.find(self._view) if each.born == born]
        emptied = self._emptied()
        if not any((doubled, joined, lost, late, rivals, leftovers, akin, emptied, plan)):
            return Mended(None, tuple(told), {})
        for stays, goes in rivals:
            unite(plan, self._view, stays, goes)
        for one, its in leftovers:
            empty(plan, self._view, one, its)
        for each in akin:
            kin.unite(plan, self._view, each)
        for one, body in emptied:
            fill(plan, self._view, one, body)
        for id_, splices in late.items():
            plan.edit(plan.live(self._view, id_), splices)
        renamed = (Renamed(each.goes[0].id, *each.names) for each in akin)
        bodies = {id_: self._view.body(id_) for id_ in (*late, *repair(renamed, self._view, plan))}
        with self._document.edit(ORIGIN, once=bool(emptied)) as edit:
            plan.write(edit)
            for root, at in sorted(joined, reverse=True):
                if root not in plan.texts:
                    edit.insert(root, at, " ")
            for root, span in doubled:
                edit.erase(root, [span])
            for key, value in lost.items():
                edit.set(schema.FILES, key, value)
        mended = {id_: (body, self._view.body(id_)) for id_, body in bodies.items()}
        return Mended(edit.change, tuple(told), mended)

    def _emptied(self) -> list[tuple[Passage, str]]:
        """Return passages that two devices have emptied, and what they are on disk still."""
        circles = self._view.circles()
        pages = [shadow.disk for shadow in self._disk.shadows.values()] if circles else []
        parts = [part for page in pages if isinstance(page, Page) for part in page.parts]
        found: list[tuple[Passage, str]] = []
        for one, other in circles:
            bodies = (segment_of(part).body for part in parts if part.id in {one.id, other.id})
            if body := max(bodies, key=len, default=""):
                found.append((one, body))
        return found

    def _doubled(self) -> list[tuple[str, Span]]:
        """Return what is there twice, but for what became, or was copied as, another passage."""
        found: list[tuple[str, Span]] = []
        for root, span, there in self._document.doubled():
            here, other = (
                self._view.passages.get(each.removeprefix(schema.BODY)) for each in (root, there)
            )
            is_one = here is not None and other is not None and here.name == other.name
            is_unseen = other is not None and bool(words_of(other.birth))
            if root == there or (is_unseen and not is_one):
                found.append((root, span))
        return found

    def _lost_pictures(self, paths: Iterable[StoryPath], told: list[Problem]) -> dict[str, str]:
        """Return registers that put beside what an author changed while somebody else did."""
        registers: dict[str, str] = {}
        for path in paths:
            shadow, theirs = self._disk.shadows.get(path), self._view.content(path)
            ours = shadow.disk if shadow is not None else None
            if not isinstance(ours, Picture) or not isinstance(theirs, Picture):
                continue
            if shadow is None or not ours.saved_at or ours.sha256 == theirs.sha256:
                continue
            shadow.disk = pictures.unclaimed(ours, theirs.id)
            if ours.id == theirs.id and not pictures.is_lost(ours, theirs):
                continue
            file = self._view.files.get(ours.id)
            if ours.id != theirs.id and (file is None or file.path != path):
                continue  # it is elsewhere by now, under a name of its own
            beside = pictures.name_beside(path, self._person, ours.saved_at, self._disk.is_taken)
            id_ = self._fresh_id() if ours.id == theirs.id else ours.id
            registers[f"{id_}/{schema.PATH}"] = beside
            registers[f"{id_}/{schema.ASSET}"] = pictures.encode(ours)
            told.append(Problem(beside, _two_pictures(path, beside)))
        return registers

    def _fresh_id(self) -> str:
        return schema.fresh_id(self._dice)


def _two_pictures(path: StoryPath, beside: StoryPath) -> str:
    return (
        f"{path} was changed here and elsewhere at the same time; theirs is there now, and "
        f"yours is beside it as {beside}: keep one of them"
    )
