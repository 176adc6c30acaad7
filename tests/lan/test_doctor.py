"""``whisker doctor`` on two machines: what it says when the network lets them, and when not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lan.lab import Lab, why_not

REASON = why_not()
pytestmark = [
    pytest.mark.lan,
    pytest.mark.skipif(REASON is not None, reason=REASON or ""),
]
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab(3)
    try:
        yield lab
    finally:
        lab.close()


def doctor(lab: Lab, host: int, home: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "whisker_sync", "doctor", *options]
    return lab.run(host, command, {"WHISKER_HOME": str(home)}, CHECKOUT)


def grades(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    said: dict[str, Any] = json.loads(process.stdout.read())
    return {each["check"]: each["grade"] for each in said["findings"]}


def test_two_machines_that_can_meet_say_so(lab: Lab, tmp_path: Path) -> None:
    listening = doctor(lab, 1, tmp_path, "--listen")
    assert listening.stdout is not None
    assert listening.stdout.readline() == "Type this on the other machine:\n"
    assert listening.stdout.readline() == f"  whisker doctor {lab.address(1)}\n"
    found = grades(doctor(lab, 2, tmp_path, lab.address(1), "--json"))
    assert found == dict.fromkeys(
        ("call", "call back", "announcements", "clocks", "versions"), "fine"
    )
    assert "wrong" not in listening.stdout.read()
    assert listening.wait() == 0


def test_a_network_that_keeps_its_guests_apart_is_found_by_two(lab: Lab, tmp_path: Path) -> None:
    lab.isolate(1, 2)
    listening = doctor(lab, 1, tmp_path, "--listen", "--timeout", "8")
    assert listening.stdout is not None
    listening.stdout.readline()
    calling = doctor(lab, 2, tmp_path, lab.address(1), "--json")
    assert grades(calling) == {"call": "wrong"}
    assert calling.wait() == 3
    assert "nobody called" in listening.stdout.read()
    assert listening.wait() == 3


def test_one_machine_alone_says_that_its_announcements_leave(lab: Lab, tmp_path: Path) -> None:
    assert grades(doctor(lab, 3, tmp_path, "--json"))["multicast"] == "fine"
