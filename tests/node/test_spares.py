"""Contents that nobody needs make room: whisker_sync.node.spares, and at a node's start."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

import pytest

from tests.node.test_node import Author
from whisker_sync.batch import Batch
from whisker_sync.chunks import CHUNK, MAX_WHOLE
from whisker_sync.node.spares import SPARE, SPARE_DAYS, Spares, spares
from whisker_sync.revision import DAY_MS
from whisker_sync.store.journal import Journal

OLD, NEW = b"\0the old picture", b"\0the new picture"
FILM = bytes(CHUNK) + b"\1" * MAX_WHOLE


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def name(content: bytes) -> str:
    return f"asset/{sha256(content).hex()}"


def spare(content: bytes) -> str:
    return SPARE + sha256(content).hex()


def test_what_is_not_needed_is_noted_and_after_so_many_days_has_to_go() -> None:
    facts = {name(OLD): b"", name(NEW): b"", "other": b""}
    wanted = {sha256(NEW).hex()}
    assert spares(facts, wanted, 5) == Spares(((spare(OLD), b"5"),), ())
    facts[spare(OLD)] = b"5"
    assert spares(facts, wanted, 5 + SPARE_DAYS * DAY_MS) == Spares((), ())
    found = spares(facts, wanted, 6 + SPARE_DAYS * DAY_MS)
    assert dict(found.facts) == {spare(OLD): None, name(OLD): None}
    assert found.gone == (sha256(OLD),)


def test_what_is_needed_again_is_not_counted_any_more() -> None:
    facts = {name(OLD): b"", spare(OLD): b"5"}
    assert spares(facts, {sha256(OLD).hex()}, 10**13) == Spares(((spare(OLD), None),), ())


def test_a_damaged_note_begins_anew() -> None:
    facts = {name(OLD): b"", spare(OLD): b"yesterday"}
    assert spares(facts, (), 7) == Spares(((spare(OLD), b"7"),), ())


def journal_of(author: Author) -> Journal:
    return Journal.open(author.layout.journal, secrets.token_bytes(8))


async def open_once(author: Author) -> None:
    async with author.online() as node:
        await node.look()


@pytest.mark.parametrize(("first", "then"), [(OLD, NEW), (FILM, NEW), (OLD, None)])
async def test_a_content_goes_from_the_journal_a_month_after_its_file_did(
    tmp_path: Path, first: bytes, then: bytes | None
) -> None:
    author = Author(tmp_path, "alice")
    place = author.folder / "map.png"
    place.write_bytes(first)
    (author.folder / "kept.png").write_bytes(b"\0kept")
    await open_once(author)
    if then is None:
        place.unlink()
    else:
        place.write_bytes(then)
    await open_once(author)
    await open_once(author)
    journal = journal_of(author)
    facts = journal.recall().facts
    noted = [fact for fact in facts if fact.startswith(SPARE)]
    assert noted
    journal.write([Batch(facts=tuple((fact, b"1") for fact in noted))])
    journal.close()
    await open_once(author)
    journal = journal_of(author)
    facts = journal.recall().facts
    assert not [fact for fact in facts if fact.startswith((SPARE, "chunks/"))]
    kept = {fact for fact in facts if fact.startswith("asset/")}
    assert kept == {name(content) for content in (b"\0kept", then) if content is not None}
    assert journal.asset(sha256(first)) is None
    assert journal.asset(sha256(b"\0kept")) == b"\0kept"
    assert journal.check() == []
    journal.close()


async def test_the_pieces_of_a_film_that_is_needed_stay(tmp_path: Path) -> None:
    author = Author(tmp_path, "alice")
    (author.folder / "film.mp4").write_bytes(FILM)
    for _ in range(3):
        await open_once(author)
    journal = journal_of(author)
    assert not [fact for fact in journal.recall().facts if fact.startswith(SPARE)]
    journal.close()
