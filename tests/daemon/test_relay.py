"""Two daemons that never run at the same time, and a real relay that is killed at random."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.cli.terminal import LOOPBACK, Person, folder_of
from tests.daemon.relays import Relay, Wire, met, on, use, wait_until_exchanged

pytestmark = pytest.mark.waits

MARKERS = (b"Moonbeam", b"lighthouse", b"keeper.twee", b"The Cave", b"adelheid", b"Bartholomew")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Person, Person]]:
    """Ada and Bob, who have met once and are not online any more."""
    ada, bob = Person(tmp_path, "adelheid"), Person(tmp_path, "bob")
    met(ada, bob, "Bartholomew")
    yield ada, bob
    ada.end()
    bob.end()


def turn(person: Person, relay: Relay, dice: Random, name: str, words: str) -> None:
    """One is on for a while, alone, writes, and the relay dies in the middle of it."""
    relay.start()
    on(person)
    (person.folder / name).write_text(f":: {name}\n{words}\n")
    time.sleep(dice.uniform(0.2, 2.5))
    relay.kill()
    relay.start()
    wait_until_exchanged(person)
    person.end()
    relay.kill()


def test_two_who_never_run_at_once_converge_through_a_relay_that_is_killed(
    pair: tuple[Person, Person], relay: Relay, wire: Wire
) -> None:
    ada, bob = pair
    dice = Random(7)
    use(wire.port, *pair)
    turn(ada, relay, dice, "keeper.twee", "Moonbeam over the lighthouse.")
    turn(bob, relay, dice, "bob.twee", "Words from Bob.")
    turn(ada, relay, dice, "more.twee", "More words.")
    turn(bob, relay, dice, "last.twee", "The last words.")
    turn(ada, relay, dice, "end.twee", "The end.")
    assert set(folder_of(ada.folder)) >= {"keeper.twee", "bob.twee", "last.twee"}
    turn(bob, relay, dice, "end.twee", "The end.")
    assert folder_of(ada.folder) == folder_of(bob.folder)
    kept, passed = relay.bytes, bytes(wire.passed)
    assert len(kept) > 10_000
    assert len(passed) > 10_000
    assert not [marker for marker in MARKERS if marker in kept or marker in passed]
    (old,) = wire.mailboxes
    relay.start()
    on(ada)
    removed = ada.run("members", "remove", "Bartholomew", "--yes")
    assert removed.returncode == 0, removed.stderr
    wait_until_exchanged(ada)
    assert len(wire.mailboxes - {old}) == 1


def test_whoever_joins_by_a_link_uses_the_relay_of_the_inviter_even_if_it_is_down(
    tmp_path: Path,
) -> None:
    ada, bob = Person(tmp_path, "ada"), Person(tmp_path, "bob")
    ada.run("init", str(ada.folder), "--title", "The Cave", inside=False)
    (ada.folder / "cave.twee").write_text(":: Cave\nDark.\n")
    assert ada.json("sync", "config", "--url", "http://127.0.0.1:9/mail/")["url"]
    try:
        ada.start()
        link = ada.json("invite", "--yes")["link"]
        done = bob.run("join", link, str(bob.folder), "--name", "Bob", inside=False)
        assert done.returncode == 0, done.stderr
        assert bob.json("sync", "config")["url"] == "http://127.0.0.1:9/mail"
        assert folder_of(bob.folder) == folder_of(ada.folder)
    finally:
        ada.end()
        bob.end()


def test_status_says_how_it_stands_with_the_relay(
    pair: tuple[Person, Person], relay: Relay, wire: Wire
) -> None:
    ada, _ = pair
    assert ada.json("sync", "config")["url"] is None
    on(ada)
    assert ada.json("sync", "status")["relay"]["state"] == "none"
    url = f"http://{LOOPBACK}:{wire.port}"
    assert ada.json("sync", "config", "--url", url)["url"] == url
    (ada.folder / "cave.twee").write_text(":: Cave\nDark.\n")
    until = time.monotonic() + 30
    while (found := ada.json("sync", "status")["relay"])["state"] != "unreachable":
        assert time.monotonic() < until, found
    assert "cannot be reached" in ada.run("sync", "status").stdout
    relay.start()
    wait_until_exchanged(ada)
    status = ada.json("sync", "status")
    assert status["relay"]["unsent"] == 0
    assert status["pending"] > 0  # a relay is no device
    assert "left at the relay" in ada.run("sync", "status").stdout
    assert ada.run("sync", "now").returncode == 0
    assert ada.json("sync", "config", "--unset-url")["url"] is None
    assert ada.json("sync", "status")["relay"]["state"] == "none"
    assert ada.run("sync", "config", "--url", "relay.example.org").returncode != 0
