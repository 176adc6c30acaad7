"""Updates that are replayed in children: what each comes to, and that harm is seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fuzz.__main__ import main
from benchmarks.fuzz.corpus import CHECKOUT
from benchmarks.fuzz.harm import root
from benchmarks.fuzz.replay import NoBase, outcomes, replay
from whisker_sync.document import Document, Kind, Root, Schema

ROOTS = (Root("t", Kind.TEXT), Root("m", Kind.MAP), Root("x", Kind.XML))
SCHEMA = Schema(ROOTS)

DEADLY = bytes.fromhex("010001000000")
"""A client without structs: an engine without a gate panics."""


def written(client: int, text: str, *base: bytes) -> bytes:
    author = Document.load("d", SCHEMA, client, base)
    with author.edit("author") as edit:
        edit.insert("t", len(author.text("t")), text)
    assert edit.change is not None
    return edit.change.update


BASE = written(1, "once upon a time")
GOOD = written(2, ", there was a cat", BASE)
EARLY = written(3, "!", BASE, GOOD)


@pytest.fixture
def updates(tmp_path: Path) -> Path:
    directory = tmp_path / "updates"
    directory.mkdir()
    (tmp_path / "base.bin").write_bytes(BASE)
    for name, data in {"a": GOOD, "b": DEADLY, "c": BASE, "d": EARLY, "e": b""}.items():
        (directory / f"{name}.bin").write_bytes(data)
    return directory


def test_each_update_comes_to_something(updates: Path) -> None:
    tally = replay(updates, BASE, ROOTS)
    assert list(tally.outcomes.values()) == [
        "Applied",
        "Rejected",
        "Nothing",
        "NotReady",
        "Rejected",
    ]
    assert not tally.harmed


def test_what_the_gate_keeps_out_would_have_done_harm() -> None:
    before, deadly, behind = outcomes(BASE, ROOTS, [GOOD, DEADLY, GOOD], gated=False)
    assert (before, behind) == ("Applied", "Applied")
    assert deadly.startswith("harmed: ")


FATES = """
import os, sys
from benchmarks.fuzz import harm
from benchmarks.fuzz.harm import root

def swallow(ground, update, *, gated):
    match update:
        case b"abort": os.abort()
        case b"exit": os._exit(3)
        case b"hang":
            while True: pass
        case b"panic": raise GeneratorExit
        case _: return "Applied"

harm.swallow, harm.MAX_SECONDS = swallow, 0.5
for update in (b"abort", b"fine", b"hang", b"exit", b"panic", b"fine"):
    harm.alone(None, update, gated=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_who_dies_or_hangs_was_harmed_and_nobody_after_it() -> None:
    child = subprocess.run(
        [sys.executable, "-c", FATES], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert child.stdout.splitlines() == [
        "end harmed: the process was killed by signal 6",
        "end Applied",
        "end harmed: it hangs, or left without a word",
        "end harmed: it hangs, or left without a word",
        "end harmed: GeneratorExit escapes:",
        "end Applied",
    ]


def test_one_line_says_what_became_of_all(
    updates: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["gate", "--replay", str(updates), "--base", str(updates.parent / "base.bin")]
    assert main(command) == 0
    assert capsys.readouterr().out == "5 files, refused 3, harmless 2, harmed 0\n"
    declared = ["--root", "t:text", "--root", "m:map"]
    assert main([*command, *declared]) == 0
    assert capsys.readouterr().out == "5 files, refused 3, harmless 2, harmed 0\n"
    assert main([*command, "--root", "t:map"]) == 0
    assert capsys.readouterr().out.startswith("5 files, refused 4, harmless 1")
    assert main([*command, "--without-gate"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("5 files, refused 0, ")
    assert "b.bin: harmed" in said.err


@pytest.mark.parametrize("base", [b"", b"no update", DEADLY])
def test_a_base_that_cannot_be_loaded_is_named(updates: Path, base: bytes) -> None:
    with pytest.raises(NoBase):
        replay(updates, base, ROOTS)
    (updates.parent / "base.bin").write_bytes(base)
    with pytest.raises(SystemExit) as ended:
        main(["gate", "--replay", str(updates), "--base", str(updates.parent / "base.bin")])
    assert ended.value.code == 2


def test_a_root_is_declared_by_its_name_and_kind() -> None:
    assert root("b:*:text") == Root("b:*", Kind.TEXT)
    for bad in ("text", ":text", "t:list"):
        with pytest.raises(ValueError, match=r"spelled|valid"):
            root(bad)
