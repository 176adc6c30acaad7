"""
A local network of several hosts, made of network namespaces.

Each host is a namespace with one interface; a bridge in a namespace of its own joins
them, so nothing ever reaches the machine's real network::

    w1 ---+
    w2 ---+--- bridge (in its own namespace)
    w3 ---+

Needs root, or rather the right to make namespaces, and ``ip`` (iproute2).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def why_not() -> str | None:
    """Why there can be no lab here; None: there can."""
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    if shutil.which("ip") is None:
        return "there is no ip command (iproute2)"
    name = f"w{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode:
        return "network namespaces cannot be made here (that takes root)"
    _ip("netns", "del", name)
    return None


class Lab:
    """``hosts`` hosts, numbered from 1, on one network."""

    def __init__(self, hosts: int) -> None:
        self._prefix = f"w{os.getpid()}"
        self._switch = f"{self._prefix}-sw"
        self._names = {i: f"{self._prefix}-{i}" for i in range(1, hosts + 1)}
        self._processes: list[subprocess.Popen[str]] = []
        _ip("netns", "add", self._switch)
        self._inside(self._switch, "link", "add", "br0", "type", "bridge", "stp_state", "0",
                     "forward_delay", "0")  # fmt: skip
        self._inside(self._switch, "link", "set", "br0", "up")
        for i, name in self._names.items():
            self._make(i, name)

    def close(self) -> None:
        """End what runs there, and the network."""
        for process in self._processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for name in (*self._names.values(), self._switch):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    @staticmethod
    def address(host: int, network: int = 0) -> str:
        """The address of a host; each has one in each of several numberings."""
        return f"10.77.{network}.{host}"

    def run(
        self,
        host: int,
        command: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path,
        given: str = "",
    ) -> subprocess.Popen[str]:
        """Start a program on a host; ``given`` is what it reads."""
        return self._run(self._names[host], command, environment, cwd, given)

    def sniff(self, file: Path, cwd: Path) -> None:
        """Keep every packet that passes the switch, from here on."""
        command = [sys.executable, "-m", "tests.lan.sniffer", str(file)]
        process = self._run(self._switch, command, {}, cwd, "")
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"

    def _run(
        self,
        namespace: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path,
        given: str,
    ) -> subprocess.Popen[str]:
        with tempfile.TemporaryFile("w+") as reads:
            reads.write(given)
            reads.seek(0)
            process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *command],
                env={**os.environ, **environment},
                cwd=cwd,
                stdin=reads,
                stdout=subprocess.PIPE,
                text=True,
            )
        self._processes.append(process)
        return process

    def cut(self, host: int) -> None:
        """Pull a host's cable at the switch: the host itself notices nothing."""
        self._inside(self._switch, "link", "set", f"p{host}", "down")

    def heal(self, host: int) -> None:
        """Put the cable back."""
        self._inside(self._switch, "link", "set", f"p{host}", "up")

    def unplug(self, host: int) -> None:
        """Pull a host's cable at the host, which its kernel notices."""
        self._inside(self._names[host], "link", "set", "eth0", "down")

    def plug(self, host: int) -> None:
        """Put that cable back."""
        self._inside(self._names[host], "link", "set", "eth0", "up")

    def move(self, host: int) -> None:
        """Give a host another address, as another access point would."""
        name = self._names[host]
        self._inside(name, "addr", "flush", "dev", "eth0", "scope", "global")
        self._inside(name, "addr", "add", f"{self.address(host, 1)}/16", "dev", "eth0")

    def isolate(self, one: int, other: int) -> None:
        """Keep two hosts from each other, and only these: both become isolated bridge ports."""
        for host in (one, other):
            command = ["bridge", "-n", self._switch, "link", "set", "dev", f"p{host}"]
            subprocess.run([*command, "isolated", "on"], check=True)

    def _make(self, i: int, name: str) -> None:
        _ip("netns", "add", name)
        self._inside(name, "link", "set", "lo", "up")
        for which in ("all", "default"):
            knob = f"net.ipv6.conf.{which}.accept_dad=0"  # else addresses are unusable at first
            subprocess.run(
                ["ip", "netns", "exec", name, "sysctl", "-qw", knob],
                capture_output=True,
                check=False,
            )
        _ip("link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", f"p{i}",
            "netns", self._switch)  # fmt: skip
        self._inside(self._switch, "link", "set", f"p{i}", "master", "br0", "up")
        self._inside(name, "addr", "add", f"{self.address(i)}/16", "dev", "eth0")
        self._inside(name, "link", "set", "eth0", "up")

    @staticmethod
    def _inside(namespace: str, *words: str) -> None:
        _ip("-n", namespace, *words)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
