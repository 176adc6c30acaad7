"""
A batch of saves becomes the smallest edits of the document.

What the author did is the difference between a save and the version it was made
from; only that is written. Fields the author left alone are not touched, so they
merge with what others do to them, and a body gets only the words that changed,
put where they belong in the text as it is now.

The plan is made on a view that stands still and written afterwards in one
transaction: nothing is half done if something turns out to be impossible.

The first time that a file is met without a shadow, everything in the document
may be news to the author and everything in the file news to the document. Then
nothing is deleted or overwritten, on either side.

:meth:`Intake.take` is the order in which it is done. Each step has a module of its own::

    moves.py            which passages went from file to file, came, or are gone
    returned.py         what is shown again where co-authors had taken it out
    file_edits.py       what files hold outside of passages
    rounds.py           what is left out, because two formatters undo each other
    places.py           where passages stand
    passage_edits.py    the fields of one passage
    names.py            links follow a passage that has another name
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from random import Random

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import schema
from whisker_sync.manuscript.file_edits import FileEdits
from whisker_sync.manuscript.formatters import Formatters
from whisker_sync.manuscript.limbo import Limbo
from whisker_sync.manuscript.moves import Moves
from whisker_sync.manuscript.names import repair
from whisker_sync.manuscript.passage_edits import PassageEdits
from whisker_sync.manuscript.places import Places
from whisker_sync.manuscript.plan import Plan
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.rounds import Rounds
from whisker_sync.manuscript.saves import (
    Blob,
    Had,
    Landing,
    Moment,
    Saved,
    Sheet,
    Text,
    compared,
    is_page,
    landed,
)
from whisker_sync.manuscript.shadow import Content, Page, Part, Picture
from whisker_sync.manuscript.whereabouts import Whereabouts
from whisker_sync.story.codec import Eol


@dataclass(slots=True)
class Ingested:
    """What a batch of saves does to the document, and what each file then is."""

    plan: Plan = field(default_factory=Plan)
    """The edits; none of them is made yet."""

    contents: dict[StoryPath, Content | None] = field(default_factory=dict)
    """What is on disk now, path by path."""

    refiled: Mapping[str, Sequence[Part]] = field(default_factory=dict)
    """Passages that were only copies, and what stands in their place now."""

    repaired: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Passages in which links were repaired, with their bodies before and after."""

    stand_off: Collection[str] = ()
    """Passages and files of which was left out how they were formatted; see formatters.py."""


class Intake:
    """One batch of saves, being taken in."""

    def __init__(
        self,
        view: View,
        dice: Random,
        born: str,
        limbo: Limbo,
        formatters: Formatters,
        when: Moment,
        had: Had,
    ) -> None:
        """``born``: the mark of this device."""
        self._view = view
        self._sheets: list[Sheet] = []
        self._done = Ingested()
        plan, where = self._done.plan, Whereabouts(view, limbo, had, self._sheets)
        self._rounds = Rounds(formatters, when, had.contents)
        self._edits = PassageEdits(view, plan, dice, born, self._rounds)
        self._files = FileEdits(view, plan, dice, self._edits, self._rounds)
        self._places = Places(view, plan, dice, where)
        self._moves = Moves(
            view, plan, self._edits, limbo, where, self._places, self._sheets, when.now
        )

    def take(self, batch: Iterable[Saved], landings: Iterable[Landing] = ()) -> Ingested:
        """Plan what a batch of saves does, and what follows from what they have in common."""
        for saved in batch:
            self._begin(saved)
        self._sheets += map(landed, landings)
        self._moves.pair()
        for sheet in self._sheets:
            if sheet.gone is not None:
                self._moves.miss(sheet, sheet.gone)
                continue
            self._files.edit(sheet)
            self._passages(sheet)
            self._places.give(sheet)
            if sheet.text is not None:
                self._done.contents[sheet.saved.path] = _page(sheet, sheet.text)
        self._done.refiled = self._moves.finish()
        self._done.repaired = repair(self._edits.renamed, self._view, self._done.plan)
        self._done.stand_off = self._rounds.stand_off
        return self._done

    def _begin(self, saved: Saved) -> None:
        """Take in a binary file; lay a text next to the version that it was made from."""
        self._done.contents[saved.path] = None
        base, found = saved.base, saved.found
        if isinstance(found, Blob):
            if isinstance(base, Page):
                self._compare(saved, base, None)
                base = None
            self._done.contents[saved.path] = self._files.keep_picture(saved, base, found)
            return
        if isinstance(base, Picture):
            self._files.delete_picture(base)
            base = None
            if found is None:
                return
        if base is not None and found is not None and is_page(base.eol) != is_page(found.eol):
            # Passages of a page are no part of a text, nor the other way round.
            self._compare(saved, base, None)
            saved, base = replace(saved, base=None, was=None, first=False), None
        self._compare(saved, base, found)

    def _compare(self, saved: Saved, base: Page | None, text: Text | None) -> None:
        sheet = compared(saved, base, text)
        for id_ in sheet.hidden:
            if not self._view.passages[id_].headless:
                self._done.plan.fields[id_, schema.SHOWN] = 0
        self._sheets.append(sheet)

    def _passages(self, sheet: Sheet) -> None:
        """Take in the passages of a saved file, one after the other."""
        if not sheet.saved.first:
            self._moves.vanish(sheet)
        self._moves.miss(sheet, sheet.missed)
        split: dict[int, list[Part]] = {}
        for i, old in enumerate(sheet.match):
            if i in split:
                parts = split[i]
            elif old is not None:
                places = [i, *takewhile(lambda n: n in sheet.split, range(i + 1, len(sheet.fresh)))]
                segments = [sheet.fresh[n] for n in places]
                found = self._edits.edit_group(sheet, sheet.groups[old], segments)
                parts, split = found[0], dict(zip(places, found, strict=True))
                for tail, its in zip(segments[1:], found[1:], strict=True):
                    self._moves.note_made(its[0].id, tail)
            elif i in sheet.arrived:
                parts = sheet.arrived[i]
            else:
                parts = self._moves.appear(sheet, i)
            sheet.ids.append([part.id for part in parts])
            sheet.parts += parts


def _page(sheet: Sheet, text: Text) -> Page:
    """Return what a saved file holds, and whose text each part of it is."""
    return Page(tuple(sheet.parts), _eol(sheet.saved.base, text), text.bom, text.sha256)


def _eol(base: Content | None, text: Text) -> Eol:
    """Return the kind of line ends; a text without any keeps the one it had."""
    return text.eol if "\n" in text.text or not isinstance(base, Page) else base.eol
