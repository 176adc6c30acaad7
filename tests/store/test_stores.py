"""Our stores of journals do what stores must do; the suite finds what is wrong with others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from whisker_sync.batch import Batch, Recalled
from whisker_sync.record import Entry
from whisker_sync.store.journal import Journal
from whisker_sync.store.memory import MemoryJournal
from whisker_sync.store.store import OpenStore
from whisker_sync.testing.journals import StoreSuite

Suite = StoreSuite


class TestSqlite(StoreSuite):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return partial(Journal.open, tmp_path / "journal.db")


class TestMemory(StoreSuite):
    @pytest.fixture
    def open_store(self) -> OpenStore:
        return MemoryJournal().open


class ForgetsTheLast(MemoryJournal):
    """Keeps the last batch for later."""

    def write(self, batches: Sequence[Batch]) -> None:
        super().write(batches[:-1])


class ForgetsFacts(MemoryJournal):
    """Does not know that a fact was forgotten."""

    def write(self, batches: Sequence[Batch]) -> None:
        kept = dict(self._facts)
        super().write(batches)
        self._facts = {**kept, **self._facts}


class ReadsOverGaps(MemoryJournal):
    """Goes on where something is missing."""

    def read(self, after: int, max_bytes: int) -> list[Entry]:
        return [entry for entry in self._log if entry.seq > after]


class TrustsSnapshots(MemoryJournal):
    """Does not look at what it was given."""

    def compact(self, document: str, through: int, *rest: Any) -> None:
        state, _, verify = rest
        super().compact(document, through, state, verify(state), verify)


class StaysAlive(MemoryJournal):
    """Goes on in its old life."""

    def restart(self, *what: Any) -> None:
        life = self._life
        super().restart(*what)
        self._life = life


class HidesItsGaps(MemoryJournal):
    """Says that all of the log is there."""

    def recall(self) -> Recalled:
        self._first = lambda: 1  # type: ignore[method-assign]
        return super().recall()


class ThinsMilestones(MemoryJournal):
    """Keeps nothing that is old."""

    def thin(self, before: int, keep: int) -> int:
        gone = super().thin(before, keep)
        for id_, (time, _) in list(self._revisions.items()):
            if time < before // 2:
                del self._revisions[id_]
        return gone


FOUND: list[tuple[type[MemoryJournal], Callable[..., Any]]] = [
    (ForgetsTheLast, Suite.test_what_was_written_comes_back),
    (ForgetsFacts, Suite.test_what_was_written_comes_back),
    (ReadsOverGaps, Suite.test_a_snapshot_takes_the_place_of_entries),
    (ReadsOverGaps, Suite.test_reading_on_stops_at_about_as_many_bytes),
    (TrustsSnapshots, Suite.test_a_snapshot_that_is_not_as_it_should_be_changes_nothing),
    (StaysAlive, Suite.test_a_document_begins_anew_in_a_new_life),
    (HidesItsGaps, Suite.test_a_snapshot_takes_the_place_of_entries),
    (ThinsMilestones, Suite.test_old_days_go_whole_and_milestones_stay),
]


def once_more(store: MemoryJournal) -> Callable[[], MemoryJournal]:
    return lambda: store.open(b"a life!!")


@pytest.mark.parametrize(("store", "test"), FOUND, ids=lambda each: each.__name__)
def test_a_store_that_is_wrong_is_found(
    store: type[MemoryJournal], test: Callable[..., Any]
) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(Suite(), once_more(store()))


@pytest.mark.parametrize(("store", "test"), FOUND, ids=lambda each: each.__name__)
def test_a_store_that_is_right_is_not(store: type[MemoryJournal], test: Callable[..., Any]) -> None:
    test(Suite(), once_more(MemoryJournal()))
