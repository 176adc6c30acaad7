"""The examples are run, as a reader would run them."""

from __future__ import annotations

import ast
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx2
import pytest

from tests.cli.terminal import Person

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTES = EXAMPLES / "notes" / "notes.py"
CHECK = EXAMPLES / "check_your_schema.py"

MOST_LINES = 20
"""What the check of a schema may cost whoever writes one, without imports and docstrings."""


class Program:
    """A notes program in a process of its own, with a user of its own."""

    def __init__(self, place: Path, name: str) -> None:
        self.directory = place / name
        self.environment = {**os.environ, "WHISKER_HOME": str(place / f"home-{name}"), "USER": name}
        self.environment["LOGNAME"] = name
        self.lines: list[str] = []
        self.changed = threading.Condition()
        self.process: subprocess.Popen[str]

    def once(self, *arguments: str) -> None:
        command = [sys.executable, str(NOTES), *arguments]
        subprocess.run(command, env=self.environment, check=True)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(NOTES), "run", str(self.directory), "127.0.0.1"],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, words: str) -> str:
        """Wait until a line with these words was printed."""
        with self.changed:
            found = self.changed.wait_for(lambda: [x for x in self.lines if words in x], timeout=30)
        assert found, self.lines
        return found[0]

    def end(self) -> None:
        assert self.process.stdin is not None
        with self.process:  # closes the pipes
            self.process.stdin.close()
            assert self.process.wait(timeout=30) == 0

    def _read(self, output: IO[str]) -> None:
        for line in output:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()


def test_a_schema_of_somebody_else_is_checked() -> None:
    done = subprocess.run([sys.executable, str(CHECK), "6"], capture_output=True, check=True)
    assert done.stdout.decode() == "6 worlds, and nothing was lost\n"


def test_a_schema_is_checked_in_a_few_lines() -> None:
    tree = ast.parse(CHECK.read_text("utf-8"))
    lines = {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
        and not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    }
    assert len(lines) < MOST_LINES


@pytest.mark.waits
def test_two_notes_programs_find_each_other_and_agree(tmp_path: Path) -> None:
    ada, bob = Program(tmp_path, "ada"), Program(tmp_path, "bob")
    ada.once("new", str(ada.directory))
    ada.start()
    link = ada.until("invite with").split()[-1]
    bob.once("join", link, str(bob.directory))
    bob.start()
    try:
        ada.until("is here")
        ada.type("the kettle — cold")
        bob.until("ada: the kettle — cold")
        bob.type("the clock")
        ada.until("bob: the clock")
    finally:
        bob.end()
        ada.end()


@pytest.mark.waits
def test_in_the_shared_map_each_takes_back_their_own() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "shared_map.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    both, after = done.stdout.splitlines()
    assert "a lighthouse" in both
    assert "a harbour" in both
    assert "a lighthouse" not in after
    assert "a harbour" in after


@pytest.fixture
def ada(tmp_path: Path) -> Iterator[Person]:
    person = Person(tmp_path, "ada")
    yield person
    person.end()


@pytest.mark.waits
def test_a_backup_says_when_it_holds_the_same(ada: Person, tmp_path: Path) -> None:
    ada.run("init", str(ada.folder), inside=False)
    (ada.folder / "cave.twee").write_text(":: Cave\nDark.\n")
    ada.start()
    link, digest = ada.json("invite", "--yes")["link"], ada.json("sync", "status")["digest"]
    backup = [sys.executable, str(EXAMPLES / "backup.py")]
    copy = {**ada.environment, "WHISKER_HOME": str(tmp_path / "home-backup")}
    subprocess.run([*backup, "join", link, str(tmp_path / "copy")], env=copy, check=True)
    running = subprocess.Popen(
        [*backup, "run", str(tmp_path / "copy"), "127.0.0.1"],
        env=copy,
        stdout=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        said = [running.stdout.readline() for _ in range(2)]
        assert digest[:8] in "".join(said)
        assert "wrote cave.twee\n" in said
        assert (tmp_path / "copy" / "cave.twee").read_text() == ":: Cave\nDark.\n"
        running.terminate()


@pytest.mark.waits
def test_a_relay_is_part_of_another_application(tmp_path: Path) -> None:
    environment = {**os.environ, "RELAY_FILE": str(tmp_path / "relay.db")}
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--port", "0", "mount_relay:app"],
        cwd=EXAMPLES,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stderr is not None
        for line in server.stderr:
            if "http://" in line:
                url = line.split("http://")[1].split()[0]
                break
        with httpx2.Client(base_url=f"http://{url}", trust_env=False) as client:
            assert client.get("/").text == "Letters are taken at /mail."
            assert client.get("/mail/healthz").status_code == 200
        server.terminate()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets")
def test_links_of_ones_own_carry_notes() -> None:
    link = [sys.executable, "-W", "error", str(EXAMPLES / "custom_link.py")]
    done = subprocess.run(link, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    reads, where = done.stdout.splitlines()
    assert reads == "Bob reads: Nothing of this went through a network."
    assert where.endswith("ada.sock:1")


@pytest.mark.waits
def test_who_is_beside_a_daemon_hears_of_changes(ada: Person) -> None:
    ada.run("init", str(ada.folder), inside=False)
    (ada.folder / "cave.twee").write_text(":: Cave\nDark.\n")
    watching = [sys.executable, str(EXAMPLES / "beside_daemon.py"), str(ada.folder)]
    refused = subprocess.run(watching, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "whisker sync start" in refused.stderr
    ada.start()
    with subprocess.Popen(watching, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = [running.stdout.readline() for _ in range(2)]
        assert said == ["1 changes are on this machine only\n", "cave.twee: 14 bytes\n"]
        for number in range(20):  # nobody says when listening has begun
            (ada.folder / "cave.twee").write_text(f":: Cave\nDark {number}.\n")
            if select.select([running.stdout], [], [], 0.5)[0]:
                break
        assert running.stdout.readline() == "written here\n"
        running.terminate()
