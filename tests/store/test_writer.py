"""Tests for :mod:`whisker_sync.store.writer`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.store.test_journal import ENTROPY, batch, entry
from whisker_sync.batch import Batch, Recalled
from whisker_sync.errors import JournalBusy
from whisker_sync.store.journal import Journal
from whisker_sync.store.journal_file import Connect, connect
from whisker_sync.store.writer import Writer
from whisker_sync.testing.power import Drive, Fault, images


class Listener:
    """Hears what a writer says."""

    def __init__(self) -> None:
        self.tickets: list[int] = []
        self.troubles: list[str | None] = []
        self.changed = asyncio.Event()

    def committed(self, ticket: int) -> None:
        self.tickets.append(ticket)
        self.changed.set()

    def trouble(self, problem: str | None) -> None:
        self.troubles.append(problem)
        self.changed.set()

    async def until_trouble(self) -> None:
        async with asyncio.timeout(10):
            while not self.troubles:
                self.changed.clear()
                await self.changed.wait()

    async def until(self, ticket: int) -> None:
        async with asyncio.timeout(10):
            while not self.tickets or self.tickets[-1] < ticket:
                self.changed.clear()
                await self.changed.wait()


def database_of(writer: Writer) -> Any:
    """What is below a writer, to make it fail."""
    assert isinstance(writer.journal, Journal)
    return writer.journal._file.database


async def start(path: Path, connect: Connect = connect) -> tuple[Writer, Recalled, Listener]:
    listener = Listener()
    writer, recalled = await Writer.open(
        path, ENTROPY, committed=listener.committed, trouble=listener.trouble, connect=connect
    )
    return writer, recalled, listener


async def test_what_is_submitted_becomes_durable_in_order(tmp_path: Path) -> None:
    writer, recalled, listener = await start(tmp_path / "journal.db")
    assert recalled.head == 0
    for ticket in range(1, 200):
        writer.submit(ticket, batch(ticket))
    await listener.until(199)
    assert listener.tickets == sorted(set(listener.tickets))
    assert len(listener.tickets) < 199, "nothing was grouped"
    found = await writer.run(writer.journal.read, 0, 1 << 20)
    assert [e.seq for e in found] == list(range(1, 200))
    await writer.close()


async def test_closing_writes_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer, _, _ = await start(path)
    for ticket in range(1, 50):
        writer.submit(ticket, batch(ticket))
    await writer.close()
    writer, recalled, _ = await start(path)
    assert recalled.head == 49
    await writer.close()


async def test_a_journal_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    writer, _, _ = await start(path)
    with pytest.raises(JournalBusy):
        await start(path)
    await writer.close()


async def test_a_full_disk_is_told_once_and_then_that_it_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whisker_sync.store.writer.RETRY_SECONDS", 0.01)
    writer, _, listener = await start(tmp_path / "journal.db")
    run = database_of(writer).execute
    await writer.run(run, "PRAGMA max_page_count = 20")
    writer.submit(1, Batch((entry(1, b"x" * 500_000),)))
    writer.submit(2, batch(2))
    await listener.until_trouble()
    assert listener.tickets == []
    assert listener.troubles[0] is not None
    assert "no space left" in listener.troubles[0]
    # The thread is busy trying again, so the limit is lifted from here, under its feet.
    database_of(writer).execute("PRAGMA max_page_count = 1000000")
    await listener.until(2)
    assert listener.troubles[1:] == [None]
    await writer.close()


@pytest.mark.parametrize(("full", "said"), [(True, "no space left"), (False, "disk I/O error")])
async def test_a_drive_that_fails_gets_no_acknowledgement_and_then_everything(
    full: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whisker_sync.store.writer.RETRY_SECONDS", 0.001)
    for operation in range(8):
        drive = Drive()
        writer, _, listener = await start(Path("journal.db"), drive.connect)
        first = drive.operations + operation
        drive.fault = Fault(first, first + 10_000_000, full)
        for ticket in range(1, 6):
            writer.submit(ticket, batch(ticket))
        await listener.until_trouble()
        assert all(ticket < 5 for ticket in listener.tickets)
        drive.fault.last = 0
        await listener.until(5)
        assert said in (listener.troubles[0] or "")
        assert listener.troubles[1:] == [None]
        await writer.close()
        drive.close()


async def test_closing_while_the_drive_fails_ends_and_keeps_what_was_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drive = Drive()
    writer, _, listener = await start(Path("journal.db"), drive.connect)
    writer.submit(1, batch(1))
    await listener.until(1)
    drive.fault = Fault(0, 10_000_000, full=True)
    writer.submit(2, batch(2))
    await listener.until_trouble()
    await writer.close()
    for image in list(images(drive.recording(), Random(1)))[-3:]:
        after = Drive(image.files)
        journal = Journal.open(Path("journal.db"), ENTROPY, connect=after.connect)
        assert journal.recall().head in {1, 2}
        after.close()
    drive.close()
