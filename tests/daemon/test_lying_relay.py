"""
Real daemons, and a relay whose operator lies: who repeats, reorders, withholds, puts back a day.

The relay is ``whisker relay`` with SQLite; between two starts its file is changed, as an operator
could who wants to harm. It can read nothing of what it changes.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.cli.terminal import Person, folder_of
from tests.daemon.relays import Relay, met, on, use, wait_until_exchanged

pytestmark = [pytest.mark.waits, pytest.mark.timeout(300)]

SECONDS = 60.0
Rows = list[tuple[bytes, float, bytes]]
"""Id, time and body of each entry, in order."""


@pytest.fixture
def pair(tmp_path: Path, relay: Relay) -> Iterator[tuple[Person, Person]]:
    """Ada and Bob, who have met once; both use the relay, and are off."""
    ada, bob = Person(tmp_path, "ada"), Person(tmp_path, "bob")
    met(ada, bob, "Bob")
    use(relay.port, ada, bob)
    yield ada, bob
    ada.end()
    bob.end()


def turn(person: Person, relay: Relay, *names: str) -> None:
    """One is on alone, and writes a file after the other, so that each is a letter."""
    relay.start()
    on(person)
    for name in names:
        (person.folder / name).write_text(f":: {name}\nWords in {name}.\n")
        wait_until_exchanged(person, 3 * SECONDS)
    wait_until_exchanged(person, 3 * SECONDS)  # after a doubt it waits for a minute
    person.end()
    relay.kill()


def change(relay: Relay, how: Callable[[Rows], Rows]) -> None:
    """Have the operator change the log of the only mailbox, as if it had always been so."""
    with sqlite3.connect(relay.store) as database:
        ((box,),) = database.execute("SELECT number FROM mailbox")
        rows = database.execute(
            "SELECT id, time, body FROM entry WHERE box = ? ORDER BY position", (box,)
        ).fetchall()
        database.execute("DELETE FROM entry WHERE box = ?", (box,))
        for position, (id_, when, body) in enumerate(how(rows), 1):
            database.execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (box, position, id_, when, body)
            )
            database.execute("UPDATE mailbox SET head = ? WHERE number = ?", (position, box))
    database.close()


def troubles(person: Person) -> str:
    return (person.folder / ".whisker" / "local" / "log").read_text()


def test_what_is_repeated_and_reordered_changes_nothing(
    pair: tuple[Person, Person], relay: Relay
) -> None:
    ada, bob = pair
    dice = Random(3)
    turn(ada, relay, "one.twee", "two.twee", "three.twee")

    def shuffled_with_repetitions(rows: Rows) -> Rows:
        mixed = [*rows, *_anew(dice, rows), *_anew(dice, rows[:2])]
        dice.shuffle(mixed)
        return mixed

    change(relay, shuffled_with_repetitions)
    turn(bob, relay, "bob.twee")
    assert set(folder_of(bob.folder)) >= {"one.twee", "two.twee", "three.twee"}
    # What Ada has not read yet comes to her backwards, and twice.
    change(relay, lambda rows: [*rows[:6], *_anew(dice, rows[6:][::-1]), *rows[6:][::-1]])
    turn(ada, relay)
    assert folder_of(ada.folder) == folder_of(bob.folder)
    relay.start()
    on(bob)
    wait_until_exchanged(bob)
    assert bob.json("sync", "status")["relay"]["missing"] == 0


def _anew(dice: Random, rows: Rows) -> Rows:
    """The same bodies, under ids that the relay makes up."""
    return [(dice.randbytes(16), when, body) for _, when, body in rows]


def test_a_message_that_is_withheld_is_reported_and_comes_again(
    pair: tuple[Person, Person], relay: Relay
) -> None:
    ada, bob = pair
    turn(ada, relay, "one.twee", "two.twee", "three.twee", "four.twee")
    withheld: Rows = []

    def all_but_one(rows: Rows) -> Rows:
        withheld.append(rows.pop(1))
        return rows

    change(relay, all_but_one)
    relay.start()
    on(bob)
    end = time.monotonic() + SECONDS
    while not bob.json("sync", "status")["relay"]["missing"]:
        assert time.monotonic() < end, bob.json("sync", "status")
        time.sleep(0.3)
    assert "The relay is missing" in bob.run("sync", "status").stdout
    assert "the relay is missing" in troubles(bob)
    bob.end()
    relay.kill()
    # Ada misses her own letter, and leaves once more what was in it: a minute later, at most.
    relay.start()
    on(ada)
    on(bob)
    end = time.monotonic() + 3 * SECONDS
    while folder_of(ada.folder) != folder_of(bob.folder):
        assert time.monotonic() < end
        time.sleep(0.5)


def test_a_relay_that_is_put_back_a_day_is_reported_and_filled_again(
    pair: tuple[Person, Person], relay: Relay, tmp_path: Path
) -> None:
    ada, bob = pair
    turn(ada, relay, "one.twee")
    backup = tmp_path / "yesterday.db"
    shutil.copy(relay.store, backup)
    turn(ada, relay, "two.twee", "three.twee")
    turn(bob, relay, "bob.twee")
    turn(ada, relay)
    assert folder_of(ada.folder) == folder_of(bob.folder)
    for leftover in relay.store.parent.glob(f"{relay.store.name}-*"):
        leftover.unlink()
    shutil.copy(backup, relay.store)
    turn(ada, relay, "today.twee")
    assert "the relay has forgotten messages" in troubles(ada)
    turn(bob, relay)
    assert folder_of(ada.folder) == folder_of(bob.folder)

    # On their own network it heals as well, whatever the relay does.
    shutil.copy(backup, relay.store)
    for person in pair:
        person.start()
    (ada.folder / "last.twee").write_text(":: last\nThe last words.\n")
    end = time.monotonic() + SECONDS
    while folder_of(ada.folder) != folder_of(bob.folder):
        assert time.monotonic() < end
        time.sleep(0.3)
