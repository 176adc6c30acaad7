"""
What a stranger sees who hears every packet of a network on which three people write.

They invite, join by link and by spoken words, find each other by mDNS, and exchange files
both ways, with the real program on three hosts. Whatever could tell who they are or what
they write is a marker; none may be in any packet.
"""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lan.lab import Lab, why_not
from tests.lan.test_lan import CHECKOUT, until
from tests.transport.test_attacks import spellings
from whisker_sync.identity.keyring import key_ring
from whisker_sync.node.settings import load_papers, load_user
from whisker_sync.store.layout import Layout
from whisker_sync.transport import tls

REASON = why_not()
pytestmark = [
    pytest.mark.lan,
    pytest.mark.timeout(240),
    pytest.mark.skipif(REASON is not None, reason=REASON or ""),
]

TITLE = "Marker of a title"
WORDS = ("lantern marker", "harbour marker", "keeper marker", "pixel marker", "changed marker")


class Person:
    """Somebody with a machine of their own, and the program as a user has it."""

    def __init__(self, lab: Lab, host: int, place: Path) -> None:
        self.lab = lab
        self.host = host
        self.name = f"person-marker-{host}"
        self.device = f"laptop-marker-{host}"
        self.home = place / f"home-marker-{host}"
        self.folder = place / f"folder-marker-{host}"
        self.home.mkdir(mode=0o700)
        settings = f'person = "{self.name}"\ndevice = "{self.device}"\n'
        (self.home / "settings.toml").write_text(settings)

    def run(self, *words: str, given: str = "", inside: bool = True) -> str:
        """Run a command to its end; return what it printed."""
        where = ["-C", str(self.folder)] if inside else []
        process = self.lab.run(
            self.host,
            [sys.executable, "-m", "whisker_sync", *where, *words],
            {"WHISKER_HOME": str(self.home)},
            CHECKOUT,
            given=given,
        )
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
        return said

    def json(self, *words: str) -> dict[str, Any]:
        """Run a command and read what it prints for programs."""
        answer: dict[str, Any] = json.loads(self.run(*words, "--json"))
        return answer

    def save(self, name: str, content: str | bytes) -> None:
        raw = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(raw)

    def has(self, name: str, word: str) -> bool:
        path = self.folder / name
        return path.exists() and word.encode() in path.read_bytes()

    def secrets(self) -> list[str | bytes]:
        """What nobody else should learn of this person."""
        layout = Layout(self.folder)
        user, papers = load_user(self.home), load_papers(layout)
        return [
            *(self.name, self.device, self.home.name, self.folder.name),
            *(user.key.encode(), user.key.device, user.key.public, user.key.box),
            *(user.key.fingerprint, user.number),
            papers.workspace,
            *key_ring(papers, user.key).keys,
        ]


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab(3)
    try:
        yield lab
    finally:
        lab.close()


def test_a_capture_of_a_network_shows_nothing(lab: Lab, tmp_path: Path) -> None:
    capture = tmp_path / "capture"
    lab.sniff(capture, CHECKOUT)
    ada, bob, eve = (Person(lab, host, tmp_path) for host in (1, 2, 3))
    ada.folder.mkdir()
    ada.save("file-marker-lantern.twee", ":: Lantern marker room\nIt says lantern marker.\n")
    ada.run("init", "--title", TITLE)
    try:
        ada.run("sync", "start")
        link = ada.json("invite", "--yes")["link"]
        bob.run("join", "-", str(bob.folder), given=link, inside=False)
        code = ada.json("invite", "--words", "--yes")["words"]
        eve.run("join", "-", str(eve.folder), given=code, inside=False)
        bob.save("file-marker-harbour.twee", ":: Harbour\nIt says harbour marker.\n")
        eve.save("file-marker-style.css", "/* keeper marker */\n")
        eve.save("file-marker-picture.png", b"\x89PNG\r\n\x1a\n\x00" + b"pixel marker" * 100)
        until(lambda: ada.has("file-marker-harbour.twee", "harbour marker"))
        until(lambda: bob.has("file-marker-picture.png", "pixel marker"))
        ada.save("file-marker-harbour.twee", ":: Harbour\nIt says changed marker.\n")
        until(lambda: eve.has("file-marker-harbour.twee", "changed marker"))
    finally:
        for person in (eve, bob, ada):
            if person.folder.exists():
                person.run("sync", "stop")
    seen = capture.read_bytes()
    markers: list[str | bytes] = [
        *(TITLE, *WORDS, "file-marker", "Lantern marker room", "folder-marker", "person-marker"),
        *(link.partition("#")[2], code, code.partition("-")[2]),
        *(name for name in (socket.gethostname(),) if len(name) > 4),
        *(secret for person in (ada, bob, eve) for secret in person.secrets()),
    ]
    found = [marker for marker in markers for each in spellings(marker) if each in seen]
    assert found == []
    _assert_the_capture_is_one(seen)


def _assert_the_capture_is_one(seen: bytes) -> None:
    """It holds what everybody may see: the service, noise for names, TLS and nothing in it."""
    assert b"\x0d_whisker-sync\x04_tcp\x05local" in seen
    names = set(re.findall(rb"\x10([0-9a-f]{16})[\x05\xc0]", seen))
    assert len(names) >= 3
    tags = set(re.findall(rb"\x03v=1\x12t=([0-9a-f]{16})", seen))
    assert tags
    assert tls.NAME.encode() in seen
    assert tls.ALPN.encode() in seen
    assert len(seen) > 20_000


def test_the_sniffer_sees_what_is_not_encrypted(lab: Lab, tmp_path: Path) -> None:
    """That the test above would find something."""
    capture = tmp_path / "capture"
    lab.sniff(capture, CHECKOUT)
    serve = "import socket; s = socket.create_server(('', 7)); print('up', flush=True); s.accept()"
    server = lab.run(1, [sys.executable, "-c", serve], {}, CHECKOUT)
    assert server.stdout is not None
    assert server.stdout.readline() == "up\n"
    call = f"import socket; socket.create_connection(('{lab.address(1)}', 7)).sendall(b'marker-7')"
    assert lab.run(2, [sys.executable, "-c", call], {}, CHECKOUT).wait(30) == 0
    until(lambda: b"marker-7" in capture.read_bytes())
