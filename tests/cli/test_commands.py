"""The commands, as processes: what they print, and how they end."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import LOOPBACK, Person, folder_of

pytestmark = pytest.mark.waits


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path, "ada")
    yield person
    person.end()


@pytest.fixture
def bob(tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path, "bob")
    yield person
    person.end()


def make(person: Person) -> None:
    done = person.run("init", str(person.folder), "--title", "The Cave", inside=False)
    assert done.returncode == 0, done.stderr


def test_init_changes_no_byte_of_a_folder(ada: Person) -> None:
    ada.folder.mkdir()
    (ada.folder / "cave.twee").write_bytes(b":: Cave\r\nodd \xff bytes")
    before = folder_of(ada.folder)
    make(ada)
    assert folder_of(ada.folder) == before
    again = ada.run("init")
    assert (again.returncode, again.stdout) == (1, "")
    assert "already" in again.stderr


def test_joining_a_folder_that_is_not_empty_asks_and_removes_nothing(
    ada: Person, bob: Person
) -> None:
    make(ada)
    (ada.folder / "cave.twee").write_text(":: Cave\nDark.\n")
    (ada.folder / "both.twee").write_text(":: Both\nThe same.\n")
    ada.start()
    link = ada.json("invite", "--yes")["link"]
    bob.folder.mkdir()
    (bob.folder / "mine.twee").write_text(":: Mine\nOnly here.\n")
    (bob.folder / "both.twee").write_text(":: Both\nThe same.\n")
    refused = bob.run("join", link, str(bob.folder), inside=False)
    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    assert not (bob.folder / ".whisker").exists()
    agreed = bob.run("join", link, str(bob.folder), "--yes", "--interface", LOOPBACK, inside=False)
    assert agreed.returncode == 0, agreed.stderr
    assert ada.run("sync", "now").returncode == 0
    assert bob.run("sync", "now").returncode == 0
    assert folder_of(ada.folder) == folder_of(bob.folder)
    assert folder_of(ada.folder)["both.twee"] == b":: Both\nThe same.\n"
    assert set(folder_of(ada.folder)) == {"cave.twee", "both.twee", "mine.twee"}


# Bad input: one sentence, an exit code, and nothing lost.


def sentence_of(person: Person, *arguments: str, code: int, inside: bool = True) -> str:
    done = person.run(*arguments, inside=inside)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("whisker: ")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_folder_that_is_no_workspace(ada: Person) -> None:
    ada.folder.mkdir()
    for command in (["sync", "status"], ["sync", "start"], ["invite"], ["peers"]):
        assert "whisker init" in sentence_of(ada, *command, code=4)


def test_settings_that_cannot_be_read(ada: Person) -> None:
    make(ada)
    (ada.folder / ".whisker" / "config.toml").write_text("id = [")
    assert "config.toml" in sentence_of(ada, "sync", "start", code=2)


def test_a_port_that_is_taken(ada: Person) -> None:
    make(ada)
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = str(taken.getsockname()[1])
        said = sentence_of(ada, "sync", "start", "--port", port, "--interface", LOOPBACK, code=1)
    assert port in said
    assert "--port" in said


def test_an_address_that_this_machine_does_not_have(ada: Person) -> None:
    make(ada)
    said = sentence_of(ada, "sync", "start", "--interface", "192.0.2.1", code=1)
    assert "192.0.2.1" in said


@pytest.mark.parametrize("link", ["nonsense", "whisker:join#abc", "whisker:join#"])
def test_a_link_that_is_none(ada: Person, link: str) -> None:
    assert "invitation" in sentence_of(ada, "join", link, code=2, inside=False)


def test_a_journal_that_is_damaged_is_set_aside_and_said(ada: Person) -> None:
    make(ada)
    local = ada.folder / ".whisker" / "local"
    (local / "journal.db").write_bytes(b"this is no database" * 100)
    ada.start()
    assert (local / "journal.damaged-1.db").read_bytes() == b"this is no database" * 100
    assert "damaged" in (local / "log").read_text()


def test_a_file_that_is_not_utf8_is_shared_whole_and_reported(ada: Person) -> None:
    make(ada)
    (ada.folder / "latin.twee").write_bytes(b":: Caf\xe9\n")
    (ada.folder / "good.twee").write_text(":: Good\n")
    ada.start()
    status = ada.json("sync", "status")
    assert [problem["path"] for problem in status["problems"]] == ["latin.twee"]
    assert "UTF-8" in ada.run("sync", "status").stdout


def test_garbage_on_the_port_harms_nobody(ada: Person) -> None:
    make(ada)
    ada.start()
    port = ada.json("sync", "status")["port"]
    for garbage in (b"\x00" * 1000, b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n"):
        with socket.create_connection((LOOPBACK, port), timeout=10) as stranger:
            stranger.sendall(garbage)
            stranger.shutdown(socket.SHUT_WR)
            while stranger.recv(4096):
                pass
    assert ada.json("sync", "status")["running"] is True


def test_a_command_that_was_mistyped(ada: Person) -> None:
    assert "did you mean init" in sentence_of(ada, "inti", code=2, inside=False)
    done = ada.run("sync", "stat", inside=False)
    assert done.returncode == 2


def test_problems_are_objects_for_programs(ada: Person) -> None:
    ada.folder.mkdir()
    for arguments in (
        ["--json", "sync", "status"],
        ["sync", "--json", "status"],
        ["sync", "status", "--json"],
    ):
        done = ada.run(*arguments)
        assert done.returncode == 4
        answer = json.loads(done.stdout)
        assert answer["v"] == 1
        assert answer["error"]["code"] == 4
        assert done.stderr == ""


# How it prints.


@pytest.mark.skipif(sys.platform == "win32", reason="there are no locales like this")
def test_names_of_files_are_the_same_in_every_locale(ada: Person) -> None:
    make(ada)
    (ada.folder / "höhle.twee").write_text(":: Höhle\nDark.\n")
    started = ada.run(
        "sync", "start", "--interface", LOOPBACK, inside=True, LC_ALL="C", PYTHONUTF8="0"
    )
    assert started.returncode == 0, started.stderr
    assert ada.json("sync", "status")["problems"] == []
    (revision,) = ada.json("log")["revisions"]
    assert revision["versions"][0]["path"] == "höhle.twee"


def test_the_version_is_printed(ada: Person) -> None:
    assert re.fullmatch(r"whisker-sync \d+\.\d+\.\d+\n", ada.run("--version", inside=False).stdout)


def test_the_demo_shows_what_it_promises(ada: Person) -> None:
    done = ada.run("demo", inside=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "identical, byte for byte" in done.stdout
    facts = json.loads(ada.run("demo", "--json", inside=False).stdout)
    assert facts["identical"] is True
    assert facts["seconds"] < 15


def test_status_of_a_path_says_why_it_is_not_synced(ada: Person) -> None:
    make(ada)
    (ada.folder / "notes").mkdir()
    (ada.folder / "notes" / ".gitignore").write_text("*.log\n")
    (ada.folder / "notes" / "a.log").write_text("x")
    (ada.folder / "cave.twee").write_text("x")
    said = ada.run("sync", "status", "cave.twee", inside=True)
    done = ada.json("sync", "status", "notes/a.log")
    assert said.stdout == "cave.twee is synced.\n"
    assert done == {
        "path": "notes/a.log",
        "synced": False,
        "why": "notes/a.log is not synced: line 1 of notes/.gitignore says *.log",
        "v": 1,
    }
    assert ada.run("sync", "status", "../elsewhere").returncode == 2


def test_a_story_is_not_made_where_much_else_lies(ada: Person, tmp_path: Path) -> None:
    home = tmp_path / "ada"
    home.mkdir()
    refused = ada.run("init", str(home), inside=False, HOME=str(home), USERPROFILE=str(home))
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert not (home / ".whisker").exists()
    insisted = ada.run("init", str(home), "--force", inside=False, HOME=str(home))
    assert insisted.returncode == 0


def test_the_trash_is_listed_shown_and_restored_without_a_daemon(ada: Person) -> None:
    from whisker_sync.folder.files import Folder
    from whisker_sync.store.layout import Layout

    make(ada)
    assert "Nothing was replaced" in ada.run("trash").stdout
    layout = Layout.find(ada.folder)
    folder = Folder(layout.root, layout.stage, layout.trash)
    folder.trash.put("cave.twee", b":: Cave\nas it was\n")
    (ada.folder / "cave.twee").write_text(":: Cave\nas it is\n")
    (version,) = ada.json("trash")["versions"]
    assert (version["path"], version["size"]) == ("cave.twee", 18)
    assert version["version"][:10] in ada.run("trash", "list", "cave.twee").stdout
    assert ada.json("trash", "list", "other.twee")["versions"] == []
    assert ada.run("trash", "show", version["version"][:6]).stdout == ":: Cave\nas it was\n"
    assert ada.run("trash", "restore", version["version"][:6]).returncode == 0
    assert (ada.folder / "cave.twee").read_text() == ":: Cave\nas it was\n"
    assert [each["size"] for each in ada.json("trash")["versions"]] == [17, 18]
    assert ada.run("trash", "restore", version["version"], "--to", "b/old.twee").returncode == 0
    assert (ada.folder / "b" / "old.twee").read_text() == ":: Cave\nas it was\n"
    missing = ada.run("trash", "show", "zz")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "whisker trash" in missing.stderr
