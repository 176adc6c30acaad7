"""
What every store of a journal must do, as tests that anybody can run on theirs.

Needs pytest. Say how a store is opened::

    class TestMine(StoreSuite):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda entropy: my_package.open(tmp_path / "journal", entropy)

What ``open_store`` opens belongs to one test, and is the same each time within it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from random import Random

import pytest

from whisker_sync.batch import Batch
from whisker_sync.errors import JournalDamaged
from whisker_sync.ids import DeviceId
from whisker_sync.record import Entry, Record
from whisker_sync.revision import DAY_MS, Revision, Version
from whisker_sync.store.store import OpenStore, Store

LIFE = b"a life!!"
ANOTHER = b"another!"
HERE, THERE = DeviceId(b"a" * 32), DeviceId(b"b" * 32)

Reopen = Callable[[], Store]


def entry(seq: int, update: bytes = b"update", document: str = "story") -> Entry:
    """An entry of a journal."""
    return Entry(seq, HERE, Record(document, update, THERE, 7, 1_700_000_000_000 + seq))


def batch(*seqs: int) -> Batch:
    """Entries alone."""
    return Batch(entries=tuple(entry(seq) for seq in seqs))


def revision(time: int, milestone: str = "") -> Revision:
    """A revision unlike those of other times."""
    version = Version("id", "cave.twee", "a", "Cave", f":: Cave\n{time}\n", None)
    return Revision("Ada", HERE, time, milestone, (version,))


class StoreSuite:
    """Tests of a store; see the module."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """How the store is opened: to be said by whoever runs this."""
        raise NotImplementedError

    @pytest.fixture
    def reopen(self, open_store: OpenStore) -> Iterator[Reopen]:
        """Opens the store, after closing it if it is open."""
        opened: list[Store] = []

        def again() -> Store:
            while opened:
                opened.pop().close()
            opened.append(open_store(LIFE))
            return opened[-1]

        yield again
        while opened:
            opened.pop().close()

    # What is written.

    def test_a_new_one_is_empty(self, reopen: Reopen) -> None:
        store = reopen()
        recalled = store.recall()
        assert (recalled.incarnation, recalled.head, recalled.first) == (LIFE, 0, 1)
        assert (recalled.facts, recalled.documents, recalled.tail) == ({}, {}, ())
        assert (recalled.revisions, recalled.history_from) == ({}, 0)
        assert store.head == 0
        assert store.read(0, 100) == []

    def test_what_was_written_comes_back(self, reopen: Reopen) -> None:
        odd = Record("notes", b"\x00\xff", HERE, 2**53 - 1, 0, 3, THERE, b"signature")
        written = Batch((entry(1), Entry(2, THERE, odd)), (("name", b"\x00"), ("gone", None)))
        reopen().write([written])
        store = reopen()
        recalled = store.recall()
        assert recalled.tail == written.entries
        assert recalled.documents == {"story": (b"update",), "notes": (b"\x00\xff",)}
        assert recalled.facts == {"name": b"\x00"}
        assert (recalled.head, recalled.first, store.head) == (2, 1, 2)
        store.write([Batch(facts=(("name", None),))])
        assert reopen().recall().facts == {}

    def test_a_life_is_named_once_and_anew_when_it_begins_anew(
        self, reopen: Reopen, open_store: OpenStore
    ) -> None:
        reopen().close()
        store = open_store(ANOTHER)
        assert store.recall().incarnation == LIFE
        assert store.renew(ANOTHER) == ANOTHER
        store.write([batch(1)])
        store.close()
        recalled = reopen().recall()
        assert (recalled.incarnation, recalled.head) == (ANOTHER, 1)

    @pytest.mark.parametrize("seed", range(5))
    def test_it_is_a_list_and_a_dict(self, reopen: Reopen, seed: int) -> None:
        dice = Random(seed)
        entries: list[Entry] = []
        known: dict[str, bytes] = {}
        for _ in range(dice.randrange(1, 6)):
            group = []
            for _ in range(dice.randrange(4)):
                count = dice.randrange(4)
                fresh = tuple(
                    entry(len(entries) + n + 1, dice.randbytes(dice.randrange(9)))
                    for n in range(count)
                )
                entries += fresh
                facts: list[tuple[str, bytes | None]] = []
                for _ in range(dice.randrange(3)):
                    name = dice.choice("abc")
                    if dice.random() < 0.3:
                        known.pop(name, None)
                        facts.append((name, None))
                    else:
                        known[name] = dice.randbytes(dice.randrange(5))
                        facts.append((name, known[name]))
                group.append(Batch(fresh, tuple(facts)))
            reopen().write(group)
        store = reopen()
        recalled = store.recall()
        assert recalled.tail == tuple(entries)
        assert recalled.facts == known
        for after in range(len(entries) + 1):
            assert store.read(after, 1 << 20) == entries[after:]

    def test_reading_on_stops_at_about_as_many_bytes(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([batch(*range(1, 11))])
        assert [each.seq for each in store.read(2, 12)] == [3, 4]
        assert [each.seq for each in store.read(2, 13)] == [3, 4, 5]
        assert store.read(2, 0) == []
        assert store.read(10, 100) == []

    def test_a_large_update_comes_back_whole(self, reopen: Reopen) -> None:
        large = Random(1).randbytes(3 << 20)
        reopen().write([Batch((entry(1, large),))])
        assert reopen().read(0, 1)[0].record.update == large

    # Snapshots.

    def test_a_snapshot_takes_the_place_of_entries(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([Batch((entry(1), entry(2, document="notes"), entry(3), entry(4)))])
        store.compact("story", 3, b"state" * 1000, b"digest", lambda _: b"digest")
        assert store.read(0, 100) == []
        store = reopen()
        recalled = store.recall()
        assert recalled.documents == {"story": (b"state" * 1000, b"update"), "notes": (b"update",)}
        assert (recalled.head, recalled.first) == (4, 4)
        assert recalled.tail == (entry(4),)
        assert store.read(3, 100) == [entry(4)]

    def test_the_next_snapshot_takes_the_place_of_the_one_before(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([batch(1, 2)])
        store.compact("story", 1, b"one", b"digest", lambda _: b"digest")
        store.compact("story", 2, b"two", b"digest", lambda _: b"digest")
        assert reopen().recall().documents == {"story": (b"two",)}

    def test_a_snapshot_that_is_not_as_it_should_be_changes_nothing(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([batch(1, 2)])
        with pytest.raises(JournalDamaged):
            store.compact("story", 2, b"state", b"digest", lambda _: b"other")
        assert store.read(0, 100) == [entry(1), entry(2)]
        assert store.recall().documents == {"story": (b"update", b"update")}
        assert reopen().recall().documents == {"story": (b"update", b"update")}

    def test_what_is_verified_is_what_was_kept(self, reopen: Reopen) -> None:
        store, shown = reopen(), []

        def verify(state: bytes) -> bytes:
            shown.append(state)
            return b"digest"

        store.write([batch(1)])
        store.compact("story", 1, b"state", b"digest", verify)
        assert shown == [b"state"]

    def test_positions_go_on_where_a_snapshot_ended(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([batch(1, 2)])
        store.compact("story", 2, b"state", b"digest", lambda _: b"digest")
        reopen().write([batch(3)])
        recalled = reopen().recall()
        assert (recalled.head, recalled.first) == (3, 3)
        assert recalled.documents == {"story": (b"state", b"update")}

    def test_a_document_begins_anew_in_a_new_life(self, reopen: Reopen) -> None:
        store = reopen()
        facts: tuple[tuple[str, bytes | None], ...] = (("cut", None), ("told", b"1"))
        store.write([Batch((entry(1), entry(2, document="notes"), entry(3)), (("cut", b"1"),))])
        store.restart("story", b"anew", b"digest", Batch((entry(4, b"after"),), facts), ANOTHER)
        recalled = reopen().recall()
        assert recalled.incarnation == ANOTHER
        assert recalled.documents == {"story": (b"anew", b"after"), "notes": (b"update",)}
        assert (recalled.head, recalled.first) == (4, 4)
        assert recalled.facts == {"told": b"1"}

    # Binary files.

    def test_a_binary_file_comes_back_whole(self, reopen: Reopen) -> None:
        content = Random(2).randbytes(1 << 20)
        sha256 = hashlib.sha256(content).digest()
        reopen().write([Batch(assets=((sha256, content),)), Batch(assets=((sha256, content),))])
        assert reopen().asset(sha256) == content
        assert reopen().asset(bytes(32)) is None
        reopen().forget_assets([sha256, bytes(32)])
        assert reopen().asset(sha256) is None

    # The history.

    def test_revisions_come_back_newest_first(self, reopen: Reopen) -> None:
        reopen().write(
            [Batch(revisions=(revision(3), revision(1))), Batch(revisions=(revision(2),))]
        )
        store = reopen()
        assert store.history() == [revision(time).encoded for time in (3, 2, 1)]
        assert store.history(since=2) == [revision(time).encoded for time in (3, 2)]
        assert store.recall().revisions == {revision(time).id: time for time in (1, 2, 3)}

    def test_of_the_same_time_the_ids_say_the_order(self, reopen: Reopen) -> None:
        twins = sorted((revision(1), revision(1, "a"), revision(1, "b")), key=lambda each: each.id)
        store = reopen()
        store.write([Batch(revisions=tuple(twins[::-1]))])
        assert store.history() == [each.encoded for each in twins]

    def test_a_long_history_is_read_piece_by_piece(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([Batch(revisions=tuple(revision(time) for time in (1, 2, 3)))])
        size = len(revision(3).encoded)
        assert store.history(after=revision(3).id) == [revision(time).encoded for time in (2, 1)]
        assert store.history(max_bytes=2 * size - 1) == [revision(3).encoded]
        assert len(store.history(max_bytes=2 * size)) == 2
        assert store.history(after=revision(2).id, max_bytes=0) == [revision(1).encoded]
        assert store.history(after=b"gone") == []

    def test_the_same_revision_is_kept_once(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([Batch(revisions=(revision(1),)), Batch(revisions=(revision(1),))])
        assert store.history() == [revision(1).encoded]

    def test_a_revision_that_is_not_kept_is_missing_in_its_place(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([Batch(revisions=(revision(1),))])
        ids = [revision(2).id, revision(1).id]
        assert store.revisions(ids) == [None, revision(1).encoded]

    def test_a_history_within_its_room_is_kept_however_old(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([Batch(revisions=(revision(1), revision(DAY_MS)))])
        assert store.thin(before=9 * DAY_MS, keep=1 << 20) == 0
        assert store.recall().history_from == 0

    def test_old_days_go_whole_and_milestones_stay(self, reopen: Reopen) -> None:
        store = reopen()
        milestone = revision(1, milestone="first draft")
        old = (revision(1), revision(2), milestone)
        new = (revision(DAY_MS), revision(DAY_MS + 1))
        store.write([Batch(revisions=old + new)])
        assert store.thin(before=2 * DAY_MS - 1, keep=0) == 2
        recalled = reopen().recall()
        assert set(recalled.revisions) == {each.id for each in (milestone, *new)}
        assert recalled.history_from == 1

    def test_snapshots_touch_no_history(self, reopen: Reopen) -> None:
        store = reopen()
        store.write([batch(1, 2), Batch(revisions=(revision(1),))])
        store.compact("story", 2, b"state", b"digest", lambda _: b"digest")
        assert store.history() == [revision(1).encoded]

    # The end.

    def test_closing_twice_is_fine(self, reopen: Reopen) -> None:
        store = reopen()
        store.close()
        store.close()
