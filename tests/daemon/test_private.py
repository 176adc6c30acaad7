"""
What a daemon leaves on its machine: nothing that others can read, no secret where it is not kept.

Real processes, as verbose as they can be, under a umask that forbids nothing.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import LOOPBACK, Person
from tests.transport.test_attacks import spellings
from whisker_sync.daemon.control import _socket_path
from whisker_sync.identity.keyring import key_ring
from whisker_sync.node.settings import load_papers, load_user
from whisker_sync.store.layout import Layout

pytestmark = [
    pytest.mark.waits,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="modes and processes are as Unix has them"),
]

TEXT = "The lantern marker burns."


class Couple:
    """Ada and Bob, who sync, and what was said when she invited him."""

    def __init__(self, place: Path) -> None:
        self.ada, self.bob = Person(place, "ada"), Person(place, "bob")
        self.ada.folder.mkdir()
        (self.ada.folder / "cave.twee").write_text(f":: Cave\n{TEXT}\n")
        self.told: list[str] = []

    def meet(self) -> None:
        self.ada.run("init")
        self.start(self.ada)
        for words in ((), ("--words",)):
            invited = self.ada.json("invite", "--yes", *words)
            self.told += [invited["link"].partition("#")[2], *filter(None, [invited["words"]])]
        link = f"whisker:join#{self.told[1]}"
        joined = self.bob.run(
            *("join", "-", str(self.bob.folder), "--interface", LOOPBACK), given=link, inside=False
        )
        assert joined.returncode == 0, joined.stderr
        self.bob.run("sync", "stop")
        self.start(self.bob)
        for name in ("lake", "harbour"):
            (self.bob.folder / f"{name}.twee").write_text(f":: {name}\n{TEXT}\n")
        (self.ada.folder / "picture.png").write_bytes(b"\x89PNG\x00" + bytes(1000))
        for person in self.people:
            assert person.run("sync", "now", "--timeout", "60").returncode == 0
            person.run("milestone", "first draft")

    @staticmethod
    def start(person: Person) -> None:
        done = person.run("sync", "start", "--interface", LOOPBACK, "--verbose")
        assert done.returncode == 0, done.stderr

    @property
    def people(self) -> tuple[Person, Person]:
        return self.ada, self.bob

    def secrets(self) -> list[str | bytes]:
        """What is nowhere but where it is kept."""
        found: list[str | bytes] = list(self.told)
        for person in self.people:
            user = load_user(home_of(person))
            found += [user.key.encode(), *key_ring(load_papers(layout_of(person)), user.key).keys]
        return found


def home_of(person: Person) -> Path:
    return Path(person.environment["WHISKER_HOME"])


def layout_of(person: Person) -> Layout:
    return Layout(person.folder)


@pytest.fixture(scope="module")
def couple(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Couple]:
    couple = Couple(tmp_path_factory.mktemp("private"))
    umask = os.umask(0)
    try:
        couple.meet()
        yield couple
    finally:
        os.umask(umask)
        for person in couple.people:
            person.end()


def open_to_others(path: Path) -> list[str]:
    """Files and folders, of a folder and below, that somebody else may do anything with."""
    return [
        f"{stat.filemode(each.lstat().st_mode)} {each}"
        for each in (path, *path.rglob("*"))
        if not each.is_symlink() and stat.S_IMODE(each.lstat().st_mode) & 0o077
    ]


def test_nobody_else_can_read_what_a_daemon_writes(couple: Couple) -> None:
    for person in couple.people:
        assert (layout_of(person).local / "journal.db").exists()
        assert layout_of(person).log.exists()
        assert open_to_others(layout_of(person).home) == []
        assert (home_of(person) / "device.key").exists()
        assert open_to_others(home_of(person)) == []


def test_nobody_else_can_reach_the_control_socket(couple: Couple) -> None:
    for person in couple.people:
        place = _socket_path(layout_of(person))
        assert place.is_socket()
        assert open_to_others(place) == []
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_no_secret_and_no_line_of_the_story_is_in_a_log(couple: Couple) -> None:
    for person in couple.people:
        log = layout_of(person).log.read_bytes()
        assert b"DEBUG" in log
        found = [s for s in [*couple.secrets(), TEXT] for each in spellings(s) if each in log]
        assert found == []


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc")
def test_no_secret_is_in_the_arguments_or_environment_of_a_process(couple: Couple) -> None:
    secrets = [each for secret in couple.secrets() for each in spellings(secret)]
    for person in couple.people:
        layout = layout_of(person)
        for held in (layout.lock, layout.keeper):
            process = Path("/proc") / held.read_text()
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            assert str(person.folder).encode() in said
            assert not [each for each in secrets if each in said]


def test_the_device_key_is_nowhere_in_the_project(couple: Couple) -> None:
    for person in couple.people:
        seed = load_user(home_of(person)).key.encode()
        for path in person.folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not [each for each in spellings(seed) if each in content], path
