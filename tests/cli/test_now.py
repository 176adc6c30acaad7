"""``whisker sync now`` and ``whisker sync start --at-login``, as processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CAVE
from tests.cli.terminal import Person
from whisker_sync.node.settings import load_local
from whisker_sync.store.layout import Layout

pytestmark = pytest.mark.waits


def test_everybody_who_is_there_gives_a_receipt(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    (ada.folder / "story.twee").write_text(CAVE.replace("cold", "icy"))
    done = ada.json("sync", "now")
    assert done["synced"] is True
    (receipt,) = done["receipts"]
    assert (receipt["person"], receipt["unacked"]) == ("bob", 0)
    assert receipt["has_everything"] is receipt["connected"] is True
    assert (bob.folder / "story.twee").read_text() == CAVE.replace("cold", "icy")

    bob.run("sync", "stop")
    (ada.folder / "story.twee").write_text(CAVE.replace("cold", "icy").replace("dark", "dim"))
    alone = ada.run("sync", "now", "--timeout", "5", "--json")
    assert alone.returncode == 75
    assert '"has_everything": false' in alone.stdout


def test_in_a_pipe_nothing_moves_unless_it_is_asked_for(pair: tuple[Person, Person]) -> None:
    ada, _ = pair
    quiet = ada.run("sync", "now").stdout
    assert len(quiet.splitlines()) == 1
    assert quiet.startswith("The same here and with bob")
    told = ada.run("sync", "now", "--progress").stdout.splitlines()
    assert told[-1] == quiet.strip()
    assert all(line.startswith("bob (") for line in told[:-1])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_a_terminal_shows_a_bar_and_a_screen_reader_hears_lines(
    pair: tuple[Person, Person],
) -> None:
    ada, _ = pair
    shown = ada.at_terminal("sync", "now")
    assert "\x1b[" in shown
    assert "The same here and with bob" in shown
    heard = ada.at_terminal("sync", "now", "--plain")
    assert "\x1b" not in heard
    assert "The same here and with bob" in heard


@pytest.mark.skipif(sys.platform != "linux", reason="the stand-in is for systemd")
def test_it_can_be_started_at_each_login_in_one_step(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    ada.run("init", str(ada.folder), inside=False)
    place = tmp_path / "bin"
    place.mkdir()
    systemctl = place / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/told\n')
    systemctl.chmod(0o755)
    ada.environment |= {"HOME": str(tmp_path), "PATH": f"{place}{os.pathsep}/usr/bin:/bin"}
    ada.environment.pop("XDG_CONFIG_HOME", None)
    done = ada.json("sync", "start", "--at-login", "--port", "47125")
    assert Path(done["file"]).is_relative_to(tmp_path / ".config")
    assert f"enable --now {Path(done['file']).name}" in (tmp_path / "told").read_text()
    assert load_local(Layout(ada.folder)).port == 47125
    (place / "systemctl").unlink()
    ada.environment["PATH"] = str(place)
    ada.start()
    failed = ada.run("sync", "start", "--at-login")
    assert failed.returncode == 1
    assert "no systemctl" in failed.stderr
    assert ada.json("sync", "status")["running"]  # as before
    ada.end()
    refused = ada.run("sync", "start", "--at-login", "--no-lan")
    assert refused.returncode == 2
    assert "--port only" in refused.stderr
