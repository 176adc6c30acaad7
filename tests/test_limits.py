"""The page about limits says what the code does, and leaves none out."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from whisker_sync.discovery import limits as discovery
from whisker_sync.transport import limits as transport
from whisker_sync.wire import limits as wire

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs/reference/limits.md").read_text("utf-8")
ROW = re.compile(
    r"^\| (.*?) \| (.*?) \| `([\w.]+)` \| (.*?) ?\| `([\w/.]+)::(\w+)` \|$", re.MULTILINE
)
ROWS = ROW.findall(PAGE)

UNITS = {"": 1, "s": 1, "h": 3600, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
NO_LIMITS = {"COMPRESS_FROM", "COMPRESS_QUICKLY_FROM"}  # how a message is sent, not where it ends


def value_of(text: str) -> float:
    """The value that a cell says."""
    number, _, unit = text.partition(" ")
    return float(number.replace(",", "")) * UNITS[unit]


def test_each_row_is_read() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and "::" in line]
    assert len(lines) == len(ROWS) > 60


@pytest.mark.parametrize("row", ROWS, ids=[row[2] for row in ROWS])
def test_a_row_says_what_the_code_does(row: tuple[str, ...]) -> None:
    _, value, constant, _, path, test = row
    module, _, name = constant.rpartition(".")
    assert getattr(importlib.import_module(f"whisker_sync.{module}"), name) == value_of(value)
    tree = ast.parse((CHECKOUT / path).read_text("utf-8"))
    assert test in {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("module", [transport, discovery, wire])
def test_no_limit_is_left_out(module: ModuleType) -> None:
    room = module.__name__.removeprefix("whisker_sync.")
    names = {name for name in vars(module) if name.isupper()} - NO_LIMITS
    assert names == {row[2].rpartition(".")[2] for row in ROWS if row[2].startswith(f"{room}.")}


def test_both_ends_of_the_wire_have_the_same_limits() -> None:
    assert transport.MAX_FRAME == wire.MAX_FRAME
    assert (
        discovery.MAX_ADDRESSES
        == importlib.import_module("whisker_sync.peer.dialing").MAX_ADDRESSES
    )
    assert wire.MAX_UPDATE == importlib.import_module("whisker_sync.document.gate").MAX_UPDATE
