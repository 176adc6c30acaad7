"""Tests for :mod:`whisker_sync.store.salvage`: real files, and every kind of damage."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.store.test_journal import ENTROPY, entry, revision
from whisker_sync.batch import Batch, Recalled
from whisker_sync.errors import DiskFull, JournalDamaged
from whisker_sync.store.journal import Journal
from whisker_sync.store.salvage import INCOMPLETE, SALVAGED, finish, is_damage, salvage
from whisker_sync.store.writer import Writer
from whisker_sync.testing.outage import NAME, Kept, tell
from whisker_sync.testing.power import images

LIFE = b"new life"


def damage_of(path: Path) -> JournalDamaged | None:
    """What opening a journal says, all of it."""
    try:
        journal = Journal.open(path, ENTROPY)
    except JournalDamaged as problem:
        return problem
    try:
        journal.recall()
    except JournalDamaged as problem:
        return problem
    finally:
        journal.close()
    return None


def rescued(path: Path) -> Recalled:
    """What a damaged journal holds after it was salvaged."""
    problem = damage_of(path)
    assert problem is not None
    salvage(path, problem, LIFE)
    journal = Journal.open(path, ENTROPY)
    try:
        assert journal.check() == []
        return journal.recall()
    finally:
        journal.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with 300 entries, some facts, a picture and a snapshot."""
    path = tmp_path / NAME
    journal = Journal.open(path, ENTROPY)
    notes = Batch((entry(1, b"first", "notes"), entry(2)), (("peer/x", b"Bob"),))
    journal.write([notes])
    journal.compact("notes", 2, b"state", b"digest", lambda _: b"digest")
    many = tuple(entry(seq, b"update %d" % seq * 20) for seq in range(3, 301))
    shadows = (("shadow/cave.twee", b"what the author has"), ("cursor/x", b"12"))
    journal.write([Batch(many, shadows)])
    journal.close()
    return path


def execute(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x55
    path.write_bytes(content)


def test_what_is_good_is_in_the_new_journal_and_the_old_one_beside_it(path: Path) -> None:
    execute(path, "UPDATE log SET content = x'00' WHERE seq = 150")
    before = path.read_bytes()
    recalled = rescued(path)
    updates = recalled.documents["story"]
    assert len(updates) == 298
    assert b"update 150" * 20 not in updates
    assert recalled.documents["notes"] == (b"state",)
    assert recalled.incarnation == LIFE
    assert path.with_name("journal.damaged-1.db").read_bytes()[4096:] == before[4096:]
    assert "is kept as journal.damaged-1.db" in recalled.facts[SALVAGED].decode()
    assert {each.name for each in path.parent.iterdir()} == {NAME, "journal.damaged-1.db"}


def test_when_an_update_is_missing_nothing_is_known_of_files_and_others(path: Path) -> None:
    execute(path, "DELETE FROM log WHERE seq = 150")
    recalled = rescued(path)
    assert INCOMPLETE in recalled.facts
    assert recalled.facts["peer/x"] == b"Bob"
    assert not [name for name in recalled.facts if name.startswith(("shadow/", "cursor/"))]
    # Nobody may read this log as if it were whole.
    assert (recalled.tail, recalled.first) == ((), recalled.head + 1)
    assert recalled.head > 300


def test_when_every_update_is_there_the_facts_stay(path: Path) -> None:
    execute(path, "UPDATE fact SET value = x'00' WHERE name = 'cursor/x'")
    recalled = rescued(path)
    assert INCOMPLETE not in recalled.facts
    assert recalled.facts["shadow/cave.twee"] == b"what the author has"
    assert "cursor/x" not in recalled.facts
    assert (recalled.head, recalled.first, len(recalled.tail)) == (300, 2, 299)
    assert "everything" in recalled.facts[SALVAGED].decode()


def test_the_history_is_in_the_new_journal(path: Path) -> None:
    good, bad = revision(1), revision(2)
    journal = Journal.open(path, ENTROPY)
    journal.write([Batch(revisions=(good, bad))])
    journal.close()
    execute(path, "UPDATE revision SET content = x'00' WHERE time = 2")
    execute(path, "UPDATE log SET content = 'x' WHERE seq = 100")
    assert rescued(path).revisions == {good.id: 1}


def test_a_damaged_journal_of_the_first_format_has_no_history_to_save(path: Path) -> None:
    shutil.copy(Path(__file__).parent / "journals" / "format-1.db", path)
    execute(path, "UPDATE log SET content = 'x' WHERE seq = 2")
    recalled = rescued(path)
    assert recalled.revisions == {}
    assert recalled.documents["story"] == (b"three",)


def test_the_first_page_is_the_same_in_all_journals(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[:4096] = bytes(4096)
    path.write_bytes(content)
    recalled = rescued(path)
    assert len(recalled.documents["story"]) == 299
    assert INCOMPLETE not in recalled.facts


def test_of_a_file_of_anything_nothing_is_saved(path: Path) -> None:
    path.write_bytes(Random(1).randbytes(50_000))
    recalled = rescued(path)
    assert recalled.documents == {}
    assert INCOMPLETE in recalled.facts
    path.write_bytes(b"x" * 1000)
    assert rescued(path).documents == {}
    assert path.with_name("journal.damaged-2.db").read_bytes() == b"x" * 1000


def test_a_device_is_found_in_the_index_if_not_in_the_table(path: Path) -> None:
    content = path.read_bytes()
    first = content.index(b"a" * 32)
    flip(path, first + 3)
    recalled = rescued(path)
    assert INCOMPLETE not in recalled.facts
    assert len(recalled.documents["story"]) == 299


def test_a_salvage_that_is_cut_off_is_finished_by_the_next_opening(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(path, "DELETE FROM log WHERE seq = 150")
    wal = path.with_name(NAME + "-wal")
    problem = damage_of(path)
    assert problem is not None
    for renames in range(3):
        done = 0
        rename = Path.rename

        def count(self: Path, target: Path) -> Path:
            nonlocal done
            if done == renames:  # noqa: B023 - called in this turn only
                raise KeyboardInterrupt
            done += 1
            return rename(self, target)  # noqa: B023

        wal.write_bytes(b"an old WAL")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", count)
            with pytest.raises(KeyboardInterrupt):
                salvage(path, problem, LIFE)
        finish(path)
        if renames == 0:  # not ready yet: all is as it was
            assert wal.read_bytes() == b"an old WAL"
            continue
        assert not wal.exists()
        assert damage_of(path) is None
        aside = path.with_name(f"journal.damaged-{renames}.db")
        assert aside.exists()
        assert aside.with_name(aside.name + "-wal").read_bytes() == b"an old WAL"
        execute(path, "DELETE FROM log WHERE seq = 200 + (SELECT count(*) FROM log) % 7")


def test_without_room_for_a_new_journal_the_old_one_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(path, "DELETE FROM log WHERE seq = 150")
    problem = damage_of(path)
    assert problem is not None

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("shutil.copy", full)
        with pytest.raises(DiskFull):
            salvage(path, problem, LIFE)
    assert path.read_bytes() == before


def test_a_drive_that_fails_is_no_damage() -> None:
    assert not is_damage(JournalDamaged("x", "disk I/O error"))
    assert not is_damage(JournalDamaged("x", "attempt to write a readonly database"))
    assert is_damage(JournalDamaged("x", "database disk image is malformed"))


def is_part(recalled: Recalled, states: list[Kept]) -> bool:
    """Whether all that is recalled was written once."""
    documents = [kept.documents() for kept in states]
    facts = {fact for kept in states for fact in kept.facts.items()}
    ours = {SALVAGED, INCOMPLETE, "unacked"}
    return (
        all(
            any(update in known.get(name, ()) for known in documents)
            for name, updates in recalled.documents.items()
            for update in updates
        )
        and all(any(entry in kept.entries for kept in states) for entry in recalled.tail)
        and all(fact in facts for fact in recalled.facts.items() if fact[0] not in ours)
    )


@pytest.mark.parametrize("seed", range(2))
def test_wherever_bits_flip_no_row_is_ever_wrong(seed: int, tmp_path: Path) -> None:
    dice = Random(seed)
    told = tell(dice)
    crashed = list(images(told.recording, dice, per_point=1))
    path = tmp_path / NAME
    salvages = 0
    for _ in range(250):
        image = dice.choice([crashed[-1], dice.choice(crashed)])
        contents = {name: bytearray(content) for name, content in image.files.items() if content}
        if not contents:
            continue
        damaged = dice.choice(list(contents.values()))
        for _ in range(dice.choice((1, 1, 3, 30))):
            part = dice.choice((len(damaged), 4096))
            damaged[dice.randrange(min(part, len(damaged)))] ^= 1 << dice.randrange(8)
        for old in tmp_path.iterdir():
            old.unlink()
        for name, content in contents.items():
            (tmp_path / name).write_bytes(content)
        states = list(told.kept[: image.note + 2])
        if damage_of(path) is None:
            journal = Journal.open(path, ENTROPY)
            recalled = journal.recall()
            journal.close()
            # SQLite ends a WAL before its first bad page: an older state, but a whole one.
            documents = [kept.documents() for kept in states]
            assert recalled.documents in documents
        else:
            salvages += 1
            recalled = rescued(path)
            if INCOMPLETE not in recalled.facts:
                assert recalled.documents in [kept.documents() for kept in states]
        assert is_part(recalled, states)
    assert salvages > 5


async def test_the_writer_says_what_became_of_a_damaged_journal(path: Path) -> None:
    execute(path, "DELETE FROM log WHERE seq = 150")
    quiet: Callable[[object], None] = lambda _: None  # noqa: E731
    writer, recalled = await Writer.open(path, LIFE, committed=quiet, trouble=quiet)
    assert b"was damaged" in recalled.facts[SALVAGED]
    await writer.close()
