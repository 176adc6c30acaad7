"""Inviting, joining and removing, as processes: what people see on both machines."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import LOOPBACK, Person, folder_of

pytestmark = pytest.mark.waits

CAVE = ":: Cave\nDark.\n"
SECONDS = 30


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path, "ada")
    done = person.run("init", str(person.folder), "--title", "The Cave", inside=False)
    assert done.returncode == 0, done.stderr
    (person.folder / "cave.twee").write_text(CAVE)
    person.start()
    yield person
    person.end()


@pytest.fixture
def bob(tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path, "bob")
    yield person
    person.end()


class Joining:
    """A ``whisker join`` that runs until somebody lets it in."""

    def __init__(self, person: Person, invitation: str, *options: str) -> None:
        command = ["join", invitation, str(person.folder), "--interface", LOOPBACK, *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "whisker_sync", *command],
            env=person.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def until(person: Person, *command: str) -> subprocess.CompletedProcess[str]:
    """Try a command until it works."""
    began = time.monotonic()
    while True:
        done = person.run(*command)
        if done.returncode == 0:
            return done
        assert time.monotonic() - began < SECONDS, done.stderr
        threading.Event().wait(0.1)


def same(one: Person, other: Person) -> None:
    began = time.monotonic()
    while folder_of(one.folder) != folder_of(other.folder):
        assert time.monotonic() - began < SECONDS
        threading.Event().wait(0.05)


def test_whoever_is_confirmed_by_name_is_in(ada: Person, bob: Person) -> None:
    link = ada.json("invite")["link"]
    joining = Joining(bob, link)
    until(ada, "members", "confirm", "bob")
    code, out, err = joining.end()
    assert code == 0, err
    assert "“The Cave”, by ada" in out
    assert "Everything is here, from ada" in out
    assert folder_of(bob.folder) == {"cave.twee": CAVE.encode()}
    people = {person["name"]: person for person in ada.json("members")["people"]}
    assert people["ada"]["role"] == "owner"
    assert people["bob"]["role"] == "writer"
    assert people["ada"]["me"]
    status = ada.json("sync", "status")
    assert (status["role"], status["alone"]) == ("owner", True)
    assert "members recovery" in ada.run("sync", "status").stdout
    again = Joining(Person(bob.folder.parent, "carol"), link).end()
    assert again[0] == 1
    assert "used already" in again[2]


def test_a_code_to_say_aloud_leads_to_the_inviter(ada: Person, bob: Person) -> None:
    invited = ada.json("invite", "--words", "--yes")
    code, _, err = Joining(bob, invited["words"]).end()
    assert code == 0, err
    assert folder_of(bob.folder) == {"cave.twee": CAVE.encode()}


def test_a_wrong_code_finds_nobody(ada: Person, bob: Person) -> None:
    words = ada.json("invite", "--words", "--yes")["words"]
    number, first, *rest = words.split("-")
    wrong = "-".join([number, "velvet" if first != "velvet" else "amber", *rest])
    port = ada.json("sync", "status")["port"]
    code, _, err = Joining(bob, wrong, "--address", f"{LOOPBACK}:{port}").end()
    assert code == 75
    assert "does not know this invitation" in err
    assert not bob.folder.exists()


def test_who_is_declined_is_told_so(ada: Person, bob: Person) -> None:
    joining = Joining(bob, ada.json("invite")["link"])
    until(ada, "members", "decline", "bob")
    code, _, err = joining.end()
    assert code == 1
    assert "they were asked, and said no" in err
    assert not bob.folder.exists()


def test_who_is_removed_gets_nothing_more_and_can_be_invited_again(
    ada: Person, bob: Person
) -> None:
    assert Joining(bob, ada.json("invite", "--yes")["link"]).end()[0] == 0
    assert ada.run("members", "remove", "bob").returncode == 0
    (ada.folder / "secret.twee").write_text(":: Secret\nNot for Bob.\n")
    assert ada.run("sync", "now", "--timeout", "5").returncode == 75
    began = time.monotonic()
    while not (status := bob.json("sync", "status"))["outside"]:
        assert time.monotonic() - began < SECONDS
    assert status["role"] is None
    assert "does not belong" in bob.run("sync", "status").stdout
    assert folder_of(bob.folder) == {"cave.twee": CAVE.encode()}
    names = [person["name"] for person in ada.json("members")["people"]]
    assert names == ["ada"]

    (bob.folder / "mine.twee").write_text(":: Mine\nWritten outside.\n")
    code, _, err = Joining(bob, ada.json("invite", "--yes")["link"], "--yes").end()
    assert code == 0, err
    same(ada, bob)
    assert set(folder_of(ada.folder)) == {"cave.twee", "secret.twee", "mine.twee"}


def test_the_plan_of_joining_with_files_is_shown_and_keeps_every_word(
    ada: Person, bob: Person
) -> None:
    (ada.folder / "same.txt").write_text("The same.\n")
    (ada.folder / "map.png").write_bytes(b"\x89PNG of ada")
    (ada.folder / "notes.txt").write_text("Ada wrote this.\nEnd.\n")
    bob.folder.mkdir()
    (bob.folder / "same.txt").write_text("The same.\n")
    (bob.folder / "map.png").write_bytes(b"\x89PNG of bob")
    (bob.folder / "cave.twee").write_text(":: Cave\nBright.\n")
    (bob.folder / "notes.txt").write_text("Bob wrote that.\nEnd.\n")
    (bob.folder / "mine.twee").write_text(":: Mine\nOnly here.\n")
    code, out, err = Joining(bob, ada.json("invite", "--yes")["link"], "--yes").end()
    assert code == 0, err
    for line in (
        "same.txt: the same in both",
        "mine.twee: only here",
        "cave.twee: differs",
        "map.png: differs",
        "notes.txt: differs",
    ):
        assert line in out
    same(ada, bob)
    files = folder_of(ada.folder)
    together = b"\n".join(files.values())
    for word in b"Dark. Bright Ada Bob wrote this that Only here.".split():
        assert word in together
    trash = [path for path in (bob.folder / ".whisker/local/trash").rglob("*") if path.is_file()]
    assert b"Bob wrote that.\nEnd.\n" in {path.read_bytes() for path in trash}
    assert {b"\x89PNG of ada", b"\x89PNG of bob"} <= set(files.values())
    assert files["same.txt"] == b"The same.\n"


def test_without_a_daemon_members_are_shown_all_the_same(ada: Person, bob: Person) -> None:
    assert Joining(bob, ada.json("invite", "--yes")["link"]).end()[0] == 0
    ada.run("sync", "stop")
    assert [person["name"] for person in ada.json("members")["people"]] == ["ada", "bob"]
    assert "bob: writer" in ada.run("members").stdout


def test_words_on_paper_make_an_owner(ada: Person, bob: Person) -> None:
    assert Joining(bob, ada.json("invite", "--yes")["link"]).end()[0] == 0
    refused = bob.run("members", "remove", "ada")
    assert refused.returncode == 1
    assert "only an owner" in refused.stderr
    words = ada.json("members", "recovery")["words"]
    assert len(words.split()) == 16
    began = time.monotonic()
    while not bob.json("members")["recovery"]:
        assert time.monotonic() - began < SECONDS
    assert bob.run("members", "restore", given="otter " * 16).returncode == 2
    restored = bob.run("members", "restore", given=words)
    assert restored.returncode == 0, restored.stderr
    people = {person["name"]: person["role"] for person in bob.json("members")["people"]}
    assert people == {"ada": "owner", "bob": "owner"}
    assert not bob.json("sync", "status")["alone"]


def test_another_device_of_mine_is_mine(ada: Person, bob: Person) -> None:
    assert Joining(bob, ada.json("invite", "--yes", "--my-device")["link"]).end()[0] == 0
    (person,) = ada.json("members")["people"]
    assert person["name"] == "ada"
    assert len(person["devices"]) == 2


def test_roles_are_given_by_name(ada: Person, bob: Person) -> None:
    link = ada.json("invite", "--yes", "--role", "reader")["link"]
    assert Joining(bob, link).end()[0] == 0
    assert "bob: reader" in ada.run("members").stdout
    assert "bob is an owner now" in ada.run("members", "role", "bob", "owner").stdout
    unknown = ada.run("members", "role", "nobody", "reader")
    assert unknown.returncode == 1
    assert "nobody called 'nobody' is a member" in unknown.stderr


def test_a_reader_reads_and_is_told_what_becomes_of_what_they_write(
    ada: Person, bob: Person
) -> None:
    link = ada.json("invite", "--yes", "--role", "reader")["link"]
    assert Joining(bob, link).end()[0] == 0
    (bob.folder / "cave.twee").write_text(":: Cave\nBob was here.\n")
    began = time.monotonic()
    while (bob.folder / "cave.twee").read_text() != CAVE:
        assert time.monotonic() - began < SECONDS
        threading.Event().wait(0.05)
    said = bob.run("sync", "status").stdout
    assert "You may read this story, not write in it" in said
    assert "is on this device only" in said
    files = folder_of(bob.folder)
    assert b":: Cave\nBob was here.\n" in files.values()
    assert folder_of(ada.folder) == {"cave.twee": CAVE.encode()}


def test_an_invitation_for_a_class_takes_everybody_who_is_confirmed(
    ada: Person, tmp_path: Path
) -> None:
    class_ = [Person(tmp_path, name) for name in ("cy", "di")]
    try:
        link = ada.json("invite", "--seats", "2")["link"]
        joining = [Joining(person, link) for person in class_]
        for person in class_:
            until(ada, "members", "confirm", person.name)
        assert [each.end()[0] for each in joining] == [0, 0]
    finally:
        for person in class_:
            person.end()


def test_invite_says_no_secret_but_the_invitation_itself(ada: Person) -> None:
    done = ada.run("invite", "--yes", "--json")
    assert set(json.loads(done.stdout)) == {"v", "link", "words", "minutes", "number", "relay"}
    assert ada.json("sync", "status")["workspace"]["id"] not in done.stdout
