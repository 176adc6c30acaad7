"""``whisker bundle``, as processes: with a daemon and without."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.cli.terminal import LOOPBACK, Person, folder_of
from whisker_sync.wire.bundles import MAGIC

pytestmark = pytest.mark.waits


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Person, Person]]:
    """Ada and Bob, who have met once and are not online any more."""
    ada, bob = Person(tmp_path, "ada"), Person(tmp_path, "bob")
    assert ada.run("init", str(ada.folder), "--title", "Cave", inside=False).returncode == 0
    (ada.folder / "cave.twee").write_text(":: Cave\nDark.\n")
    ada.start()
    link = ada.json("invite", "--yes")["link"]
    done = bob.run("join", link, str(bob.folder), "--name", "Bob", inside=False)
    assert done.returncode == 0, done.stderr
    ada.end()
    bob.end()
    yield ada, bob
    ada.end()
    bob.end()


def write(person: Person, name: str, words: str) -> None:
    (person.folder / name).write_text(f":: {name}\n{words}\n")


def carry(one: Person, other: Person, file: Path, *options: str) -> dict[str, object]:
    """Make a bundle, and take it in; what the latter says."""
    made = one.run("bundle", "create", *options, str(file))
    assert made.returncode == 0, made.stderr
    return other.json("bundle", "apply", str(file))


def test_changes_travel_in_files_in_any_order_with_a_daemon_and_without(
    pair: tuple[Person, Person], tmp_path: Path
) -> None:
    ada, bob = pair
    first, second = tmp_path / "first", tmp_path / "second"
    write(ada, "one.twee", "MARKER the first words")
    assert ada.run("bundle", "create", "--since", "Bob", str(first)).returncode == 0
    write(ada, "two.twee", "MARKER the second words")
    assert ada.run("bundle", "create", str(second)).returncode == 0
    bob.run("sync", "start", "--interface", LOOPBACK, "--no-lan")
    for file in (second, first, second):
        done = bob.run("bundle", "apply", str(file))
        assert done.returncode == 0, done.stderr
    assert "was all here already" in done.stdout
    assert folder_of(bob.folder) == folder_of(ada.folder)
    bob.end()
    write(bob, "three.twee", "the third words")
    assert carry(bob, ada, tmp_path / "third")["person"] == "Bob"
    assert folder_of(ada.folder) == folder_of(bob.folder)
    for file in (first, second):
        assert file.read_bytes().startswith(MAGIC)
        assert b"MARKER" not in file.read_bytes()
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_damage_a_stranger_and_a_mistake_are_named_and_change_nothing(
    pair: tuple[Person, Person], tmp_path: Path
) -> None:
    ada, bob = pair
    write(ada, "one.twee", "new words")
    file = tmp_path / "bundle"
    assert ada.run("bundle", "create", str(file)).returncode == 0
    whole = file.read_bytes()
    before = folder_of(bob.folder)
    stranger = Person(tmp_path, "eve")
    stranger.run("init", str(stranger.folder), inside=False)
    cut, changed = tmp_path / "cut", tmp_path / "changed"
    cut.write_bytes(whole[:-9])
    changed.write_bytes(whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])
    for who, what, problem in [
        (bob, cut, "its end is missing"),
        (bob, changed, "changed on the way"),
        (bob, tmp_path / "nowhere", "No such file"),
        (bob, ada.folder / "one.twee", "it is no bundle"),
        (stranger, file, "of another story"),
    ]:
        done = who.run("bundle", "apply", str(what))
        assert done.returncode == 1
        assert problem in done.stderr
    assert folder_of(bob.folder) == before
    unknown = ada.run("bundle", "create", "--since", "nobody", str(file))
    assert "no device is called that" in unknown.stderr
    failed = ada.run("bundle", "create", str(tmp_path / "no" / "folder"), "--json")
    assert json.loads(failed.stdout)["error"]["code"] == 1


def test_pictures_sounds_and_the_history_come_along_and_receipts_make_the_next_one_smaller(
    pair: tuple[Person, Person], tmp_path: Path
) -> None:
    ada, bob = pair
    dice = Random(1)
    (ada.folder / "map.png").write_bytes(dice.randbytes(300_000))
    (ada.folder / "wind.ogg").write_bytes(dice.randbytes(2_000_000))  # in chunks
    write(ada, "one.twee", "the first words")
    ada.run("sync", "start", "--interface", LOOPBACK, "--no-lan")
    ada.run("sync", "now", "--timeout", "2")
    assert ada.run("milestone", "Draft").returncode == 0
    ada.end()
    first = tmp_path / "first"
    whole = ada.json("bundle", "create", "--since", "Bob", str(first))
    assert whole["left_out"] == 0
    assert whole["bytes"] > 2_300_000
    assert bob.run("bundle", "apply", str(first)).returncode == 0
    assert folder_of(bob.folder) == folder_of(ada.folder)
    assert "Draft" in bob.run("log").stdout

    # Bob's answer says what he has: by it the next one is small, and nothing is pending.
    write(bob, "two.twee", "an answer")
    assert carry(bob, ada, tmp_path / "back", "--since", "ada")["changes"] == 1
    (status,) = [p for p in state(ada)["peers"] if p["person"] == "Bob"]
    assert status["unacked"] == 0
    write(ada, "three.twee", "the third words")
    small = ada.json("bundle", "create", "--since", "Bob", str(tmp_path / "small"))
    assert small["bytes"] < 60_000
    assert bob.run("bundle", "apply", str(tmp_path / "small")).returncode == 0
    assert folder_of(bob.folder) == folder_of(ada.folder)
    assert ada.json("bundle", "create", str(tmp_path / "all"))["bytes"] > 2_300_000


def state(person: Person) -> dict[str, Any]:
    """The status of somebody whose machine is on for a moment."""
    person.run("sync", "start", "--interface", LOOPBACK, "--no-lan")
    status = person.json("sync", "status")
    person.end()
    return status
