"""A real relay in a process of its own, and what lies between it and the authors."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.cli.terminal import LOOPBACK, Person


class Wire:
    """What lies between the authors and the relay: it records all that passes."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._door = socket.create_server((LOOPBACK, 0))
        self.port = self._door.getsockname()[1]
        self.passed = bytearray()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._door.close()

    @property
    def mailboxes(self) -> set[bytes]:
        return set(re.findall(rb"/v1/mailboxes/([0-9a-f]{64})", bytes(self.passed)))

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        with (
            suppress(OSError),
            near,
            socket.create_connection((LOOPBACK, self._to), timeout=5) as far,
        ):
            far.settimeout(None)
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                self.passed += data
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Relay:
    """``whisker relay`` in a process of its own."""

    def __init__(self, place: Path) -> None:
        self.store = place / "relay.db"
        with socket.create_server((LOOPBACK, 0)) as probe:
            self.port = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--host", LOOPBACK, "--port", str(self.port), "--store", f"sqlite:{self.store}"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "whisker_sync", "relay", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def bytes(self) -> bytes:
        files = sorted(self.store.parent.glob(self.store.name + "*"))
        return b"".join(file.read_bytes() for file in files)


def wait_until_exchanged(person: Person, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        person.run("sync", "now", "--timeout", "20")
        if person.json("sync", "status")["relay"]["state"] == "in sync":
            return
    raise AssertionError(person.json("sync", "status"))


def met(ada: Person, bob: Person, name: str) -> None:
    """Let two meet once, in the story of the first; then both are off. ``name``: of the second."""
    done = ada.run("init", str(ada.folder), "--title", "The Cave", inside=False)
    assert done.returncode == 0, done.stderr
    ada.start()
    link = ada.json("invite", "--yes")["link"]
    done = bob.run("join", link, str(bob.folder), "--name", name, inside=False)
    assert done.returncode == 0, done.stderr
    ada.end()
    bob.end()


def use(port: int, *people: Person) -> None:
    """Tell people where their relay is."""
    for person in people:
        done = person.run("sync", "config", "--url", f"http://{LOOPBACK}:{port}")
        assert done.returncode == 0, done.stderr


def on(person: Person) -> None:
    """Somebody's machine is on, and reaches nobody but a relay."""
    done = person.run("sync", "start", "--interface", LOOPBACK, "--no-lan")
    assert done.returncode == 0, done.stderr
