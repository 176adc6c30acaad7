"""Tests for :mod:`whisker_sync.store.journal`."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whisker_sync.batch import CONFIDENTIAL, Batch
from whisker_sync.errors import DiskFull, JournalBusy, JournalDamaged, JournalError, JournalTooNew
from whisker_sync.ids import DeviceId
from whisker_sync.record import Entry, Record
from whisker_sync.revision import DAY_MS, Revision, Version
from whisker_sync.store.history import LEVEL
from whisker_sync.store.journal import Journal
from whisker_sync.store.journal_file import FORMAT, connect

ENTROPY = b"entropy!"
ALICE, BOB = DeviceId(b"a" * 32), DeviceId(b"b" * 32)


def entry(seq: int, update: bytes = b"update", document: str = "story") -> Entry:
    return Entry(seq, ALICE, Record(document, update, BOB, 7, 1_700_000_000_000 + seq))


def batch(*seqs: int) -> Batch:
    return Batch(entries=tuple(entry(seq) for seq in seqs))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def reopen(path: Path) -> Iterator[Callable[[], Journal]]:
    """Opens the journal, after closing the one that it opened before."""
    opened: list[Journal] = []

    def again() -> Journal:
        while opened:
            opened.pop().close()
        opened.append(Journal.open(path, ENTROPY))
        return opened[-1]

    yield again
    while opened:
        opened.pop().close()


Reopen = Callable[[], Journal]


def test_what_was_written_comes_back(reopen: Reopen) -> None:
    odd = Record("notes", b"\x00\xff", ALICE, 2**53 - 1, 0, 3, BOB, b"signature")
    written = Batch(
        (entry(1), Entry(2, BOB, odd)), (("name", b"\x00"), ("gone", None)), ((b"h" * 32, b"!"),)
    )
    reopen().write([written])
    recalled = reopen().recall()
    assert recalled.tail == written.entries
    assert recalled.documents == {"story": (b"update",), "notes": (b"\x00\xff",)}
    assert recalled.facts == {"name": b"\x00"}
    assert (recalled.head, recalled.first) == (2, 1)


facts = st.tuples(st.sampled_from("abc"), st.none() | st.binary(max_size=5))
batches = st.lists(
    st.tuples(st.lists(st.binary(max_size=9), max_size=3), st.lists(facts, max_size=3)), max_size=6
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches, st.integers(0, 5))
def test_a_journal_is_a_list_and_a_dict(
    path: Path, written: list[tuple[list[bytes], list[tuple[str, bytes | None]]]], cut: int
) -> None:
    path.unlink(missing_ok=True)
    journal = Journal.open(path, ENTROPY)
    entries: list[Entry] = []
    known: dict[str, bytes] = {}
    group = []
    for i, (updates, changed) in enumerate(written):
        fresh = tuple(entry(len(entries) + n + 1, u) for n, u in enumerate(updates))
        entries += fresh
        for name, value in changed:
            if value is None:
                known.pop(name, None)
            else:
                known[name] = value
        group.append(Batch(fresh, tuple(changed)))
        if i >= cut:
            journal.write(group)
            group = []
    journal.write(group)
    journal.close()
    journal = Journal.open(path, ENTROPY)
    recalled = journal.recall()
    assert recalled.tail == tuple(entries)
    assert recalled.facts == known
    for after in range(len(entries) + 1):
        assert journal.read(after, 1 << 20) == entries[after:]
    assert journal.check() == []
    journal.close()


def test_a_snapshot_that_does_not_verify_changes_nothing(reopen: Reopen) -> None:
    journal = reopen()
    journal.write([batch(1, 2)])
    with pytest.raises(JournalDamaged, match="came back changed"):
        journal.compact("story", 2, b"state", b"digest", lambda _: b"another")
    assert len(journal.recall().tail) == 2
    journal.write([batch(3)])


def test_the_snapshot_before_the_newest_is_kept(reopen: Reopen, path: Path) -> None:
    journal = reopen()
    for seq in (1, 2, 3):
        journal.write([batch(seq)])
        journal.compact("story", seq, b"state %d" % seq, b"d", lambda _: b"d")
    assert journal.recall().documents == {"story": (b"state 3",)}
    journal.close()
    database = sqlite3.connect(path)
    assert [row[0] for row in database.execute("SELECT through FROM snapshot")] == [2, 3]
    database.close()


def test_compacting_makes_the_file_small(reopen: Reopen, path: Path) -> None:
    journal = reopen()
    dice = Random(1)
    journal.write([Batch(tuple(entry(i, dice.randbytes(200)) for i in range(1, 5001)))])
    before = path.stat().st_size + path.with_name("journal.db-wal").stat().st_size
    journal.compact("story", 5000, b"small", b"d", lambda _: b"d")
    assert path.stat().st_size < 64 * 1024 < before


def test_a_binary_file_comes_back_whole_or_not_at_all(reopen: Reopen, path: Path) -> None:
    content = b"picture" * 100
    sha256 = hashlib.sha256(content).digest()
    journal = reopen()
    journal.write([Batch(assets=((sha256, content),))])
    journal.write([Batch(assets=((sha256, content),))])
    assert journal.asset(sha256) == content
    assert journal.asset(b"?" * 32) is None
    journal.close()
    database = sqlite3.connect(path)
    database.execute("UPDATE asset SET content = X'78'")
    database.commit()
    database.close()
    journal = reopen()
    assert journal.asset(sha256) is None
    assert len(journal.check()) == 1


def test_a_binary_file_that_is_not_there_is_not_said_to_be(reopen: Reopen, path: Path) -> None:
    sha256 = hashlib.sha256(b"picture").digest()
    fact = (f"asset/{sha256.hex()}", b"")
    reopen().write([Batch(facts=(fact,), assets=((sha256, b"picture"),))])
    journal = reopen()
    assert fact[0] in journal.recall().facts
    journal.close()
    database = sqlite3.connect(path)
    database.execute("DELETE FROM asset")
    database.commit()
    database.close()
    assert fact[0] not in reopen().recall().facts


def test_only_its_owner_can_read_it(reopen: Reopen, path: Path) -> None:
    reopen()
    assert path.stat().st_mode & 0o777 == 0o600 or sys.platform == "win32"


# Others, damage, a full disk.


def test_what_is_forgotten_is_not_in_the_file_any_more(reopen: Reopen, path: Path) -> None:
    secret = b"the secret of an invitation"
    journal = reopen()
    journal.write([Batch(facts=(("invitation/1", secret), ("other", b"stays")))])
    journal.write([Batch(facts=(("invitation/1", None),))])
    journal.close()
    content = path.read_bytes()
    assert b"stays" in content
    assert secret not in content


def test_a_second_process_is_told_that_it_is_busy(reopen: Reopen, path: Path) -> None:
    reopen()
    with pytest.raises(JournalBusy):
        Journal.open(path, ENTROPY)


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"?" * 5000]
)
def test_a_file_of_another_kind_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalDamaged):
        Journal.open(path, ENTROPY)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (x)")
    database.close()
    with pytest.raises(JournalDamaged, match="another program"):
        Journal.open(path, ENTROPY)


def test_a_newer_journal_asks_for_an_upgrade(reopen: Reopen, path: Path) -> None:
    journal = reopen()
    with journal._file.transaction():
        journal._file.set_meta("format", (FORMAT + 1).to_bytes(4, "big"))
        journal._file.database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    journal.close()
    with pytest.raises(JournalTooNew, match="upgrade"):
        Journal.open(path, ENTROPY)


def test_a_number_of_a_format_alone_makes_no_newer_journal(reopen: Reopen, path: Path) -> None:
    reopen().close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()
    with pytest.raises(JournalDamaged):
        Journal.open(path, ENTROPY)


def test_a_journal_of_the_first_format_is_brought_up_to_date(path: Path) -> None:
    """The file was written by the version that made them."""
    shutil.copy(Path(__file__).parent / "journals" / "format-1.db", path)
    for _ in range(2):
        journal = Journal.open(path, ENTROPY)
        recalled = journal.recall()
        assert recalled.incarnation == b"entropy1"
        assert [each.record.update for each in recalled.tail] == [b"two", b"three"]
        assert recalled.documents == {"notes": (b"state",), "story": (b"two", b"three")}
        assert recalled.facts["peer/x"] == b"Bob"
        assert journal.asset(hashlib.sha256(b"picture").digest()) == b"picture"
        assert journal.check() == []
        journal.close()
    journal = Journal.open(path, ENTROPY)
    journal.write([Batch(revisions=(revision(1),))])
    assert journal.history() == [revision(1).encoded]
    journal.close()


# History.


def revision(time: int, text: str = "Dark.", milestone: str = "") -> Revision:
    version = Version("0" * 16, "a.twee", "V", "Cave", f":: Cave\n{text}\n", None)
    return Revision("Ada", ALICE, time, milestone, (version,))


def test_a_history_within_its_room_is_kept_however_old(reopen: Reopen) -> None:
    journal = reopen()
    journal.write([Batch(revisions=(revision(1), revision(DAY_MS)))])
    size = sum(len(zlib.compress(revision(time).encoded, LEVEL)) for time in (1, DAY_MS))
    assert journal.thin(before=9 * DAY_MS, keep=size) == 0
    assert journal.recall().history_from == 0
    assert journal.thin(before=9 * DAY_MS, keep=size - 1) == 1
    assert journal.recall().history_from == 1


@pytest.mark.parametrize("damage", ["content = x'00'", "content = 5", "id = x'00'"])
def test_a_damaged_revision_is_passed_over_and_named(
    reopen: Reopen, path: Path, damage: str
) -> None:
    journal = reopen()
    journal.write([batch(1), Batch(revisions=(revision(1), revision(2)))])
    journal.close()
    database = sqlite3.connect(path)
    database.execute(f"UPDATE revision SET {damage} WHERE time = 1")
    database.commit()
    database.close()
    journal = reopen()
    assert journal.history() == [revision(2).encoded]
    assert len(journal.recall().tail) == 1
    assert any("revision" in sentence for sentence in journal.check())


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE log SET content = 'x' WHERE seq = 2",
        "UPDATE log SET seq = 9 WHERE seq = 2",
        "UPDATE log SET author = 1 WHERE seq = 2",
        "UPDATE log SET author = 77 WHERE seq = 2",
        "UPDATE log SET time = time + 1",
        "UPDATE log SET document = 'other' WHERE seq = 3",
        "UPDATE log SET content = 5 WHERE seq = 2",
        "UPDATE device SET key = 5 WHERE id = 1",
        "UPDATE fact SET value = 'x'",
        "UPDATE fact SET name = 'other'",
        "UPDATE snapshot SET state = 'x'",
        "UPDATE snapshot SET through = 2",
        "DELETE FROM meta WHERE name = 'incarnation'",
        "UPDATE meta SET value = x'00' || substr(value, 2) WHERE name = 'incarnation'",
        "UPDATE meta SET value = x'01' || substr(value, 2) WHERE name = 'head'",
        "DELETE FROM log WHERE seq = 2",
        "DELETE FROM log WHERE seq = 3",
        "DELETE FROM snapshot",
    ],
)
def test_a_row_that_is_not_as_it_was_written_is_never_returned(
    reopen: Reopen, path: Path, damage: str
) -> None:
    journal = reopen()
    journal.write([Batch((entry(1, b"1"),), (("name", b"value"),))])
    journal.compact("story", 1, b"state", b"d", lambda _: b"d")
    journal.write([Batch((entry(2, b"2"), entry(3, b"3")))])
    journal.close()
    database = sqlite3.connect(path)
    database.executescript(damage)
    changed = database.total_changes
    database.close()
    if not changed:
        pytest.fail("the damage was none")
    with pytest.raises(JournalDamaged):
        reopen().recall()


def test_flipped_bits_are_seen_or_without_effect(reopen: Reopen, path: Path) -> None:
    journal = reopen()
    journal.write([Batch(tuple(entry(i, bytes([i]) * 50) for i in range(1, 40)), (("n", b"v"),))])
    whole = journal.recall()
    journal.close()
    image = path.read_bytes()
    dice = Random(7)
    seen = 0
    for _ in range(150):
        path.with_name("journal.db-wal").unlink(missing_ok=True)
        damaged = bytearray(image)
        damaged[dice.randrange(len(image))] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        try:
            other = Journal.open(path, ENTROPY)
        except JournalError:
            seen += 1
            continue
        try:
            assert other.recall() == whole
        except JournalError:
            seen += 1
        finally:
            other._file.database.close()
    assert seen
    path.write_bytes(image)


def test_a_full_disk_loses_nothing_and_passes(reopen: Reopen) -> None:
    journal = reopen()
    journal.write([batch(1)])
    pages = journal._file.database.execute("PRAGMA page_count").fetchone()[0]
    journal._file.database.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = Batch((entry(2, b"x" * 100_000),), (("name", b"value"),))
    with pytest.raises(DiskFull):
        journal.write([big])
    assert journal.recall().tail == (entry(1),)
    journal._file.database.execute("PRAGMA max_page_count = 100000")
    journal.write([big])
    recalled = reopen().recall()
    assert recalled.tail == (entry(1), *big.entries)
    assert recalled.facts == {"name": b"value"}


class Failing:
    """A connection whose commit fails while ``broken``."""

    def __init__(self, path: str) -> None:
        self._real = connect(path)
        self.broken = False

    def execute(self, statement: str, *arguments: Any) -> Any:
        if self.broken and statement == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return self._real.execute(statement, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_disk_that_fails_is_loud_and_may_recover(path: Path) -> None:
    made: list[Failing] = []

    def factory(name: str) -> Failing:
        made.append(Failing(name))
        return made[-1]

    journal = Journal.open(path, ENTROPY, connect=factory)
    made[0].broken = True
    with pytest.raises(JournalDamaged, match="I/O"):
        journal.write([batch(1)])
    made[0].broken = False
    journal.write([batch(1)])
    assert journal.recall().tail == (entry(1),)
    journal.close()


@pytest.mark.parametrize("size", [60, 900, 5000])
def test_a_secret_that_was_forgotten_is_nowhere_in_the_file(
    reopen: Reopen, path: Path, size: int
) -> None:
    journal, dice = reopen(), Random(size)
    secrets = {f"{CONFIDENTIAL}{number:02}": dice.randbytes(32) for number in range(12)}
    names = list(secrets)
    for changes in range(4):  # an invitation is written again with each guest
        dice.shuffle(names)
        for name in names:
            value = dice.randbytes(changes) + secrets[name] + dice.randbytes(size + changes)
            others = ((f"peer/{name}{changes}", dice.randbytes(200)),)
            journal.write([Batch(facts=((name, value), *others))])
    dice.shuffle(names)
    for forgotten in names[:6]:
        journal.write([Batch(facts=((forgotten, None),))])
        files = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert secrets[forgotten] not in files
    assert names[6] in journal.recall().facts
    assert journal.check() == []


CHILD = """
import sys
from pathlib import Path
from tests.store.test_journal import ENTROPY, batch
from whisker_sync.store.journal import Journal
journal = Journal.open(Path(sys.argv[1]), ENTROPY)
seq = journal.recall().head
while True:
    journal.write([batch(seq + 1), batch(seq + 2)])
    seq += 2
    print(seq, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    dice = Random(3)
    acknowledged = 0
    for _ in range(10):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        for _ in range(dice.randrange(1, 25)):
            acknowledged = max(acknowledged, int(child.stdout.readline()))
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = child.communicate()
        acknowledged = max([acknowledged, *map(int, rest.split())])
        journal = Journal.open(path, ENTROPY)
        recalled = journal.recall()
        assert recalled.head >= acknowledged
        assert recalled.head % 2 == 0
        assert [e.seq for e in recalled.tail] == list(range(1, recalled.head + 1))
        journal._file.database.close()
    assert acknowledged


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE asset SET content = 'a text'",
        "UPDATE asset SET content = 7",
        "UPDATE asset SET sha256 = 'a text'",
        "UPDATE asset SET sha256 = 1000000000000000",
        "UPDATE device SET key = 1000000000000000 WHERE id = 1",
        "UPDATE log SET content = 1000000000000000",
        "UPDATE log SET signature = 1000000000000000",
    ],
)
def test_a_value_of_another_kind_is_damage_and_nothing_else(
    reopen: Reopen, path: Path, change: str
) -> None:
    content = b"picture"
    journal = reopen()
    journal.write([batch(1), Batch(assets=((hashlib.sha256(content).digest(), content),))])
    journal.close()
    database = sqlite3.connect(path)
    database.execute(change)
    database.commit()
    database.close()
    try:
        journal = Journal.open(path, ENTROPY)
    except JournalDamaged:
        return
    assert journal.check()
    with suppress(JournalDamaged):
        assert journal.asset(hashlib.sha256(content).digest()) in {None, content}
    journal.close()
