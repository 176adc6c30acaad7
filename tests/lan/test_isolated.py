"""A network that keeps its guests from each other, as in hotels and schools: a relay joins them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import folder_of
from tests.lan.lab import Lab, why_not
from tests.lan.test_capture import Person
from tests.lan.test_lan import CHECKOUT, until

REASON = why_not()
pytestmark = [
    pytest.mark.lan,
    pytest.mark.timeout(240),
    pytest.mark.skipif(REASON is not None, reason=REASON or ""),
]
ADA, BOB, RELAY = 1, 2, 3


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Ada's and Bob's machines cannot reach each other; both reach the relay's."""
    lab = Lab(3)
    try:
        lab.isolate(ADA, BOB)
        command = ["relay", "--host", "0.0.0.0", "--port", "8790"]  # noqa: S104 - a lab
        process = lab.run(
            RELAY,
            [sys.executable, "-m", "whisker_sync", *command, "--store", f"sqlite:{tmp_path}/mail"],
            {},
            CHECKOUT,
        )
        assert process.stdout is not None
        assert "Mailboxes are open" in process.stdout.readline()
        yield lab
    finally:
        lab.close()


def test_two_whom_the_network_keeps_apart_pair_and_write_through_a_relay(
    lab: Lab, tmp_path: Path
) -> None:
    ada, bob = Person(lab, ADA, tmp_path), Person(lab, BOB, tmp_path)
    ada.folder.mkdir()
    ada.save("cave.twee", ":: Cave\nDark.\n")
    ada.run("init", "--title", "The Cave")
    ada.run("sync", "config", "--url", f"http://{lab.address(RELAY)}:8790")
    try:
        link = ada.json("invite", "--yes")["link"]
        assert "Everything is here" in bob.run("join", link, str(bob.folder), inside=False)
        assert folder_of(bob.folder) == folder_of(ada.folder)
        bob.save("cave.twee", ":: Cave\nDark, and cold.\n")
        until(lambda: ada.has("cave.twee", "cold"))
        ada.save("wood.twee", ":: Wood\nGreen.\n")
        until(lambda: bob.has("wood.twee", "Green"))
        assert not [peer for peer in ada.json("sync", "status")["peers"] if peer["connected"]]
    finally:
        ada.run("sync", "stop")
        bob.run("sync", "stop")
