"""
Three authors on one network: real processes, real multicast, cables that are pulled.

Deadlines are generous, for slow machines; what it took is printed (``pytest -s``).
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.admission import let_in
from tests.cli.terminal import folder_of
from tests.lan.lab import Lab, why_not
from whisker_sync.daemon.control import ask
from whisker_sync.node.settings import load_user, make_workspace
from whisker_sync.store.layout import Layout

REASON = why_not()
pytestmark = [
    pytest.mark.lan,
    pytest.mark.timeout(240),
    pytest.mark.skipif(REASON is not None, reason=REASON or ""),
]
SECONDS = 60.0
CHECKOUT = Path(__file__).parents[2]


class Host:
    """An author's machine."""

    def __init__(self, lab: Lab, number: int, place: Path, first: Host | None) -> None:
        self.lab = lab
        self.number = number
        self.home = place / f"home-{number}"
        self.user = load_user(self.home, person=f"author{number}")
        folder = place / f"folder-{number}"
        self.layout: Layout = (
            make_workspace(folder, "The Cave", self.user)
            if first is None
            else let_in(first.user, first.layout, self.user, folder)
        )
        self.process: subprocess.Popen[str]

    def start(self) -> None:
        options = ["-C", str(self.layout.root), "sync", "start", "--foreground", "--report"]
        self.process = self.lab.run(
            self.number,
            [sys.executable, "-m", "whisker_sync", *options],
            {"WHISKER_HOME": str(self.home), "LOGNAME": f"author{self.number}"},
            CHECKOUT,
        )
        assert self.process.stdout is not None
        assert '"port"' in self.process.stdout.readline()

    def kill(self) -> None:
        # "ip netns exec" becomes the program, so this is the program's own process.
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def save(self, name: str, text: str) -> None:
        (self.layout.root / name).write_text(text)

    def read(self, name: str) -> str:
        path = self.layout.root / name
        return path.read_text() if path.exists() else ""

    @property
    def sees(self) -> set[int]:
        """The numbers of the machines that it is connected with."""
        status = asyncio.run(ask(self.layout, {"do": "status"}))
        named = (peer["person"] for peer in status["peers"] if peer["connected"])
        return {int(person.removeprefix("author")) for person in named}

    @property
    def files(self) -> dict[str, bytes]:
        return folder_of(self.layout.root)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[list[Host]]:
    """Three machines whose folders are the same, by mDNS alone."""
    lab = Lab(3)
    try:
        one = Host(lab, 1, tmp_path, None)
        everybody = [one, *(Host(lab, i, tmp_path, one) for i in (2, 3))]
        one.save("cave.twee", ":: Cave\nIt is dark.\n")
        for host in everybody:
            host.start()
        took = until(lambda: all(host.read("cave.twee") for host in everybody))
        print(f"\nfound each other and had everything after {took:.2f} s")
        yield everybody
    finally:
        lab.close()


def until(condition: Callable[[], bool]) -> float:
    """Wait until something is so; return the seconds it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < SECONDS, "that takes too long"
        time.sleep(0.01)  # other processes do the work, and nothing tells us when
    return time.monotonic() - began


def equal(*hosts: Host) -> bool:
    return all(host.files == hosts[0].files for host in hosts)


def test_a_save_on_one_is_seen_by_all(hosts: list[Host]) -> None:
    for host in hosts:
        host.save(f"by-{host.number}.twee", f":: By {host.number}\nHello.\n")
    took = until(lambda: equal(*hosts) and len(hosts[0].files) == 4)
    print(f"three saves were everywhere after {took:.2f} s")


def test_a_cable_is_pulled_and_put_back(hosts: list[Host]) -> None:
    lab = hosts[0].lab
    lab.cut(2)
    hosts[0].save("cave.twee", ":: Cave\nIt is very dark.\n")
    hosts[1].save("cave.twee", ":: Cave\nIt is dark. And cold.\n")
    until(lambda: "very" in hosts[2].read("cave.twee"))
    assert "very" not in hosts[1].read("cave.twee")
    lab.heal(2)
    took = until(lambda: equal(*hosts) and "very" in hosts[1].read("cave.twee"))
    print(f"after a cut they were the same again after {took:.2f} s")
    assert hosts[0].read("cave.twee") == ":: Cave\nIt is very dark. And cold.\n"


def test_a_cable_is_pulled_at_the_machine_and_put_back(hosts: list[Host]) -> None:
    """As when a laptop wakes up, or goes from one network to another: its kernel says so."""
    lab = hosts[0].lab
    lab.unplug(2)
    hosts[0].save("cave.twee", ":: Cave\nIt is very dark.\n")
    until(lambda: "very" in hosts[2].read("cave.twee"))
    hosts[1].save("lake.twee", ":: Lake\nDeep.\n")
    assert "very" not in hosts[1].read("cave.twee")
    lab.plug(2)
    took = until(lambda: equal(*hosts) and "very" in hosts[1].read("cave.twee"))
    print(f"after a change that the kernel reports they were the same after {took:.2f} s")


@pytest.mark.parametrize("where", ["at the switch", "at the machine"])
def test_after_a_long_cut_they_meet_again_soon(hosts: list[Host], where: str) -> None:
    """Long enough that every link was given up, and calls have become rare."""
    lab = hosts[0].lab
    pull, put_back = (lab.cut, lab.heal) if where == "at the switch" else (lab.unplug, lab.plug)
    pull(2)
    until(lambda: hosts[0].sees == {3} and hosts[1].sees == set())
    given_up = time.monotonic()
    hosts[0].save("cave.twee", ":: Cave\nIt is very dark.\n")
    hosts[1].save("lake.twee", ":: Lake\nDeep.\n")
    until(lambda: time.monotonic() - given_up > 12)
    put_back(2)
    took = until(lambda: equal(*hosts) and "very" in hosts[1].read("cave.twee"))
    print(f"after a long cut {where} they were the same after {took:.2f} s")


def test_a_machine_that_slept_meets_the_others_again_soon(hosts: list[Host]) -> None:
    """Its processes stand still and its network is off, as under a lid that was closed."""
    lab, asleep = hosts[0].lab, hosts[1].process.pid
    os.kill(asleep, signal.SIGSTOP)
    lab.unplug(2)
    until(lambda: hosts[0].sees == {3})
    hosts[0].save("cave.twee", ":: Cave\nIt is very dark.\n")
    hosts[1].save("lake.twee", ":: Lake\nDeep.\n")
    until(lambda: "very" in hosts[2].read("cave.twee"))
    lab.plug(2)
    os.kill(asleep, signal.SIGCONT)
    took = until(lambda: equal(*hosts) and "very" in hosts[1].read("cave.twee"))
    print(f"after sleep they were the same after {took:.2f} s")


def test_a_process_is_killed_and_started_again(hosts: list[Host]) -> None:
    hosts[1].kill()
    hosts[0].save("cave.twee", ":: Cave\nIt is very dark.\n")
    hosts[1].save("lake.twee", ":: Lake\nDeep.\n")
    hosts[1].start()
    took = until(lambda: equal(*hosts) and len(hosts[2].files) == 2)
    print(f"after a kill they were the same again after {took:.2f} s")
    assert "very" in hosts[1].read("cave.twee")


def test_a_machine_gets_another_address(hosts: list[Host]) -> None:
    hosts[0].lab.move(2)
    hosts[1].save("lake.twee", ":: Lake\nDeep.\n")
    took = until(lambda: equal(*hosts) and len(hosts[0].files) == 2)
    print(f"with another address they were the same again after {took:.2f} s")


def test_two_who_cannot_reach_each_other_meet_through_the_third(hosts: list[Host]) -> None:
    hosts[0].lab.isolate(1, 2)
    hosts[0].save("cave.twee", ":: Cave\nIt is very dark.\n")
    took = until(lambda: "very" in hosts[1].read("cave.twee"))
    hosts[1].save("lake.twee", ":: Lake\nDeep.\n")
    until(lambda: equal(*hosts))
    print(f"through the third it took {took:.2f} s")
