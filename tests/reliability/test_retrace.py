"""Tests for :mod:`benchmarks.reliability.retrace`."""

from __future__ import annotations

from pathlib import Path

from benchmarks.reliability.retrace import retrace
from whisker_sync.node.node import Node
from whisker_sync.node.settings import load_user, make_workspace


async def test_it_says_how_a_file_came_to_be(tmp_path: Path) -> None:
    user = load_user(tmp_path / "home", person="ada")
    layout = make_workspace(tmp_path / "folder", "The Cave", user)
    (layout.root / "cave.twee").write_text(":: Cave\nw0x w1x\n\n:: Hall\nw2x\n")
    node = await Node.open(layout, user, lan=False, interface="127.0.0.1")
    (layout.root / "cave.twee").write_text(":: Cave\nw0x w1x w3x\n\n:: Hall\nw2x\n")
    await node.look()
    (layout.root / "other.twee").write_text(":: Other\nw4x\n")
    await node.look()
    await node.close()
    first, second = retrace(layout.root, "w0x")
    assert first.split("\n")[1:] == [
        "    cave.twee",
        "        :: Cave 2 ['w1x']",
        "        :: Hall 1 ['w2x']",
    ]
    assert "        :: Cave 3 ['w3x']" in second.split("\n")
