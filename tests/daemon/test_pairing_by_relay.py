"""Somebody joins who is never on when the inviter is: real processes, with a relay between."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import LOOPBACK, Person, folder_of
from tests.daemon.relays import Relay, Wire, on, use, wait_until_exchanged
from whisker_sync.identity.link import InvitationLink

pytestmark = pytest.mark.waits

CAVE = ":: Moonbeam\nA lighthouse in the dark.\n"
MARKERS = (b"Moonbeam", b"lighthouse", b"keeper.twee", b"The Cave", b"adelheid", b"Bartholomew")
SECONDS = 60.0


@pytest.fixture
def relay(relay: Relay) -> Relay:
    """It runs."""
    relay.start()
    return relay


@pytest.fixture
def ada(tmp_path: Path, wire: Wire) -> Iterator[Person]:
    """Ada has a story and a relay; her machine is off."""
    person = Person(tmp_path, "adelheid")
    done = person.run("init", str(person.folder), "--title", "The Cave", inside=False)
    assert done.returncode == 0, done.stderr
    (person.folder / "keeper.twee").write_text(CAVE)
    use(wire.port, person)
    yield person
    person.end()


@pytest.fixture
def bob(tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path, "bob")
    yield person
    if person.folder.exists():
        person.run("sync", "stop")


def invite(ada: Person, *options: str) -> str:
    """A link of Ada's, whose machine is off again."""
    on(ada)
    invited = ada.json("invite", "--minutes", "60", *options)
    assert invited["relay"]
    wait_until_exchanged(ada)
    ada.end()
    return str(invited["link"])


def join(bob: Person, link: str) -> subprocess.CompletedProcess[str]:
    options = ["--interface", LOOPBACK, "--name", "Bartholomew", "--fetch-up-to", "5"]
    return bob.run("join", link, str(bob.folder), *options, inside=False)


def until(person: Person, what: str) -> dict[str, object]:
    """Wait until the status of somebody's folder is as wanted, by the name of a field."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        status = person.json("sync", "status")
        if status.get(what):
            return status
        time.sleep(0.3)
    raise AssertionError((what, status))


def test_two_who_never_run_at_once_pair_and_converge_through_a_relay(
    ada: Person, bob: Person, relay: Relay, wire: Wire
) -> None:
    link = invite(ada)
    done = join(bob, link)
    assert done.returncode == 75, done.stderr
    assert "adelheid has not answered yet" in done.stdout
    waiting = bob.json("sync", "status")
    assert waiting["asking"]["title"] == "The Cave"
    assert "Waiting for" in bob.run("sync", "status").stdout
    assert bob.run("sync", "stop").returncode == 0

    on(ada)  # Bob's machine is off
    until(ada, "guests")
    assert "Bartholomew wants to join" in ada.run("sync", "status").stdout
    assert ada.run("members", "confirm", "Bartholomew").returncode == 0
    wait_until_exchanged(ada)
    ada.end()

    done = bob.run("sync", "start", "--interface", LOOPBACK, "--no-lan")
    assert done.returncode == 0, done.stderr
    assert "Waiting for" in done.stdout
    until(bob, "workspace")
    wait_for_file(bob.folder / "keeper.twee")
    (bob.folder / "bob.twee").write_text(":: Bob\nWords of mine.\n")
    wait_until_exchanged(bob)
    assert not (bob.folder / ".whisker" / "local" / "asked").exists()
    assert bob.json("sync", "config")["fetch_up_to"] == 5  # as he said when he asked
    bob.end()

    on(ada)
    wait_for_file(ada.folder / "bob.twee")
    wait_until_exchanged(ada)
    ada.end()
    assert folder_of(ada.folder) == folder_of(bob.folder)

    kept, passed = relay.bytes, bytes(wire.passed)
    assert len(kept) > 10_000
    assert not [marker for marker in MARKERS if marker in kept or marker in passed]
    secret = InvitationLink.parse(link).secret
    assert secret not in kept + passed
    assert secret not in (ada.folder / ".whisker" / "local" / "journal.db").read_bytes()


def wait_for_file(path: Path) -> None:
    end = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.1)


def test_who_needs_no_confirmation_is_in_when_the_inviter_is_on(ada: Person, bob: Person) -> None:
    on(ada)
    link = InvitationLink.parse(str(ada.json("invite", "--yes")["link"]))
    # As where a network keeps its guests from each other: no address of hers is reachable.
    elsewhere = InvitationLink(link.secret, link.inviter, link.title, (), link.relay)
    done = join(bob, elsewhere.link())
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "Everything is here" in done.stdout
    assert folder_of(bob.folder) == folder_of(ada.folder)


def test_what_was_asked_is_for_its_owner_only_and_is_gone_when_it_is_over(
    ada: Person, bob: Person
) -> None:
    link = invite(ada)
    assert join(bob, link).returncode == 75
    kept = bob.folder / ".whisker" / "local" / "asked"
    if os.name == "posix":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        journal = ada.folder / ".whisker" / "local" / "journal.db"
        assert stat.S_IMODE(journal.parent.stat().st_mode) == 0o700
    assert json.loads(kept.read_text())["link"] == link
    on(ada)
    until(ada, "guests")
    assert ada.run("members", "decline", "Bartholomew").returncode == 0
    end = time.monotonic() + SECONDS
    while bob.json("sync", "status")["running"]:
        assert time.monotonic() < end
        time.sleep(0.3)
    done = bob.run("sync", "status")
    assert "they were asked, and said no" in done.stdout
    assert link not in kept.read_text()
    done = bob.run("sync", "start")
    assert done.returncode != 0
    assert "said no" in done.stderr


def test_a_relay_that_is_killed_while_they_pair_only_delays_it(
    ada: Person, bob: Person, relay: Relay
) -> None:
    link = invite(ada, "--yes")
    assert join(bob, link).returncode == 75
    relay.kill()
    on(ada)
    time.sleep(1)
    relay.start()
    time.sleep(0.5)
    relay.kill()
    relay.start()
    until(bob, "workspace")
    wait_for_file(bob.folder / "keeper.twee")
