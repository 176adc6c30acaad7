"""Tests for :mod:`whisker_sync.daemon.keeper`: daemons that are killed, hang, or are poisoned."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import LOOPBACK, Person

pytestmark = [
    pytest.mark.waits,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform == "win32", reason="ends processes as Unix does"),
]

SECONDS = 40

SICK_ENGINE = """
import os, signal
from pathlib import Path
from whisker_sync.document import engine
from whisker_sync.document.gate import parse

class SickEngine(engine.Engine):
    def apply(self, update, origin):
        clients = {str(struct.client) for struct in parse(update, ours=True).structs}
        died_of = Path(__file__).with_name("died-of")
        if origin != "journal" and b"deadly" in update:
            if not died_of.exists() or EVERY_TIME:
                died_of.write_text("\\n".join(clients))
            if clients & set(died_of.read_text().split()):
                os.kill(os.getpid(), signal.SIGKILL)
        return super().apply(update, origin)

import whisker_sync.document.document as document
document.Engine = SickEngine
"""
"""An engine that dies of an edit, as the real one once did of eleven bytes."""


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path, "ada")
    person.folder.mkdir()
    (person.folder / "cave.twee").write_text(":: Cave\nIt is dark here.\n")
    person.run("init", "--title", "The Cave")
    yield person
    person.end()


def until(condition: Callable[[], bool]) -> None:
    """Ask other processes again and again, until something is so."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def status(person: Person) -> dict[str, object]:
    return person.json("sync", "status")


def test_a_killed_daemon_is_started_again_and_says_why(ada: Person) -> None:
    ada.start()
    first = ada.pid()
    os.kill(first, signal.SIGKILL)
    until(lambda: bool(status(ada).get("running")) and ada.pid() != first)
    told = status(ada)["restarted"]
    assert isinstance(told, dict)
    assert "SIGKILL" in told["why"]
    assert "SIGKILL" in ada.run("sync", "status").stdout


def test_starting_what_is_being_started_again_waits_for_it(ada: Person) -> None:
    ada.start()
    os.kill(ada.pid(), signal.SIGKILL)
    done = ada.run("sync", "start", "--interface", LOOPBACK)
    assert done.returncode == 0, done.stderr
    assert status(ada)["running"]


def test_what_was_stopped_stays_stopped(ada: Person) -> None:
    ada.start()
    ada.run("sync", "stop")
    done = ada.run("sync", "status")
    assert done.returncode == 5
    keeper = ada.folder / ".whisker" / "local" / "keeper"
    assert not keeper.read_text()


def test_a_daemon_between_two_lives_can_be_stopped(ada: Person) -> None:
    ada.start()
    os.kill(ada.pid(), signal.SIGKILL)
    assert ada.run("sync", "stop").returncode == 0
    assert ada.run("sync", "status").returncode == 5


def test_a_daemon_that_refuses_to_start_is_not_kept(ada: Person) -> None:
    (ada.folder / ".whisker" / "config.toml").write_text("id = 'broken")
    done = ada.run("sync", "start", "--interface", LOOPBACK)
    assert done.returncode != 0
    assert "config.toml" in done.stderr
    assert not (ada.folder / ".whisker" / "local" / "keeper").read_text()


@pytest.fixture
def bob(ada: Person, tmp_path: Path) -> Iterator[Person]:
    """Who has the story of Ada, and an engine that is not well."""
    person = Person(tmp_path, "bob")
    (tmp_path / "sick").mkdir()
    person.environment["PYTHONPATH"] = str(tmp_path / "sick")
    ada.start()
    link = ada.json("invite", "--yes")["link"]
    person.run("join", link, str(person.folder), "--interface", LOOPBACK, inside=False)
    person.run("sync", "stop")
    assert (person.folder / "cave.twee").exists()
    yield person
    person.end()


def fall_ill(person: Person, *, every_time: bool) -> None:
    place = Path(person.environment["PYTHONPATH"]) / "sitecustomize.py"
    place.write_text(SICK_ENGINE.replace("EVERY_TIME", str(every_time)))
    person.start()


def test_an_update_that_kills_a_daemon_is_put_aside_and_its_author_writes_it_anew(
    ada: Person, bob: Person
) -> None:
    fall_ill(bob, every_time=False)
    first, adas = bob.pid(), ada.pid()
    (ada.folder / "poison.twee").write_text(":: Poison\nA deadly word.\n")
    until((bob.folder / "poison.twee").exists)
    assert bob.pid() != first
    assert ada.pid() != adas
    assert status(bob)["quarantined"] == 1
    (ada.folder / "cave.twee").write_text(":: Cave\nIt is dark here, and cold.\n")
    until(lambda: "cold" in (bob.folder / "cave.twee").read_text())
    until(lambda: status(ada)["split"] == [])
    until(lambda: status(ada)["digest"] == status(bob)["digest"])
    assert (ada.folder / "poison.twee").read_text() == ":: Poison\nA deadly word.\n"


def test_what_kills_each_time_is_given_up_and_the_rest_goes_on(ada: Person, bob: Person) -> None:
    fall_ill(bob, every_time=True)
    (ada.folder / "poison.twee").write_text(":: Poison\nA deadly word.\n")
    # One that just died says nothing of this.
    until(lambda: status(bob).get("quarantined") == 3)
    until(lambda: status(ada).get("split") == ["story"])
    last = bob.pid()
    (bob.folder / "lake.twee").write_text(":: Lake\nDeep.\n")
    until((ada.folder / "lake.twee").exists)
    assert bob.pid() == last
    assert (ada.folder / "poison.twee").read_text() == ":: Poison\nA deadly word.\n"
