"""
Short runs of real processes: kills, a bad cable; and what a run must notice.

The long ones are ``python -m benchmarks.reliability``.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from benchmarks.reliability import kills, proxy, soak
from benchmarks.reliability.author import Author
from benchmarks.reliability.desk import Desk, settle, verdict
from benchmarks.reliability.diary import Diary
from benchmarks.reliability.judge import Written
from benchmarks.reliability.section import Section, left

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform != "linux", reason="stops processes, and looks into /proc"),
]


def test_three_daemons_are_killed_and_nothing_is_lost() -> None:
    section = kills.run(0, 7, least=3)
    assert section.violations == ()
    assert section.figures["kills"] >= 3


def test_a_bad_cable_loses_nothing() -> None:
    section = proxy.run(60, 7, rounds=3, without=frozenset({"black hole", "one way", "late"}))
    assert section.violations == ()
    assert section.figures["connections"] > 2


async def test_a_run_notices_what_goes_wrong(tmp_path: Path) -> None:
    written, diary = Written(), Diary(tmp_path)
    ada = Desk(tmp_path, "ada", diary)
    bob = Desk(tmp_path, "bob", diary, ada)
    root = ada.layout.root
    author = Author("ada", root, tmp_path / "beside", written, Random(1), diary)
    author.begin(1)
    try:
        await kills.introduce([ada, bob])
        assert await verdict([ada, bob], written) == []
        os.kill(bob.pid, signal.SIGKILL)
        await ada.ask("status")
        assert "bob is not syncing" in str(await settle([ada, bob], 0.1))
        wrong = " ".join(await verdict([ada, bob], written, 0.1))
        assert "bob ended by itself with -9" in wrong
        await ada.stop()
        assert ada.broken == []
    finally:
        for desk in (ada, bob):
            await desk.abandon()
        diary.close()


def test_growth_beyond_the_bounds_is_a_violation() -> None:
    first = soak.Rest(
        memory=50 << 20, opened=("log", *16 * ["socket"]), journal=1, processor=0.0, edits=100
    )
    last = replace(
        first, memory=first.memory + soak.GROWTH, opened=("log", *17 * ["socket"]), edits=200
    )
    assert soak.judge(["ada"], [first], [last]) == []
    grown = replace(last, memory=last.memory + 101 * soak.GROWTH_PER_EDIT)
    assert "grew" in soak.judge(["ada"], [first], [grown])[0]
    many = replace(last, opened=("log", *19 * ["socket"]))
    assert "open; at first it had 17; new are 3 socket" in soak.judge(["ada"], [first], [many])[0]
    assert "at rest" in soak.judge(["ada"], [first], [replace(last, processor=0.5)])[0]


def test_what_was_wrong_is_left_for_a_look(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.mkdir()
    wrong.mkdir()
    assert left(Section("kills", {"kills": 3}, ()), right).violations == ()
    assert not right.exists()
    section = left(Section("kills", {"kills": 3}, ("a word is lost",)), wrong)
    assert str(wrong) in section.violations[-1]
    assert wrong.exists()
    assert [line.split() for line in section.lines()[:2]] == [["kills:"], ["kills", "3"]]
