"""Edits of passages: whisker_sync.manuscript.passage_edits alone."""

from __future__ import annotations

from random import Random

from tests.manuscript.world import Author
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.formatters import Formatters
from whisker_sync.manuscript.passage_edits import PassageEdits
from whisker_sync.manuscript.plan import Plan
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.rounds import Rounds
from whisker_sync.manuscript.saves import Moment, Saved, compared
from whisker_sync.manuscript.shadow import Page


def test_what_one_file_of_a_batch_deletes_and_another_brings_back_lives() -> None:
    alice = Author(1)
    path = StoryPath("a.twee")
    alice.save(path, ":: Cave\nIt is dark here and something breathes in the back.\n")
    view, plan = View(alice.document), Plan()
    page = view.content(path)
    assert isinstance(page, Page)
    sheet = compared(Saved(path, None, page), page, None)
    edits = PassageEdits(view, plan, Random(1), "", Rounds(Formatters({}), Moment(), {}))
    part = sheet.groups[0].parts[0]
    edits.bury(sheet, part)
    assert [*plan.fields.values()] == [1]
    edits.revive(view.passages[part.id])
    assert [*plan.fields.values()] == [0]
