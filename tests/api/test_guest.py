"""A program that embeds us stays as it is: nothing global is set, and nothing stays behind."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, faulthandler, gc, json, locale, logging, os, signal, sys, threading, warnings
from collections import deque
from pathlib import Path

import websockets, zeroconf.asyncio  # what they do to a program is theirs

def loggers():
    known = {"root": logging.root, **logging.root.manager.loggerDict}
    return {
        name: [each.level, each.propagate, each.disabled, [str(h) for h in each.handlers
               if not isinstance(h, logging.NullHandler)]]
        for name, each in known.items()
        if isinstance(each, logging.Logger) and not name.startswith("whisker_sync")
    }

def surroundings():
    old = os.umask(0)
    os.umask(old)
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    return {
        "signals": [id(signal.getsignal(each)) for each in sorted(signal.valid_signals())],
        "wakeup": wakeup,
        "loggers": loggers(),
        "threads": sorted(each.name for each in threading.enumerate()),
        "environment": dict(os.environ),
        "place": os.getcwd(),
        "umask": old,
        "warnings": [str(each) for each in warnings.filters],
        "hooks": [str(each) for each in (sys.excepthook, sys.unraisablehook, threading.excepthook)],
        "faults": faulthandler.is_enabled(),
        "locale": locale.setlocale(locale.LC_ALL),
        "policy": type(asyncio.get_event_loop_policy()).__name__,
        "limits": [sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold()],
    }

def state():
    kinds = (list, dict, set, bytearray, deque)
    return {
        f"{name}.{key}": repr(value)
        for name, module in sorted(sys.modules.items()) if name.startswith("whisker_sync")
        for key, value in vars(module).items()
        if isinstance(value, kinds) and not key.startswith("__")
    }

async def use(place, name):
    from whisker_sync import Kind, Root, Schema, Workspace

    SCHEMAS = {"notes": Schema((Root("body", Kind.TEXT),))}
    home = place / f"home-{name}"
    Workspace.create(place / name, name, home=home)
    async with Workspace.open(place / name, schemas=SCHEMAS, home=home, interface="127.0.0.1",
                              app_id="org.example.guest") as workspace:
        with workspace.edit("notes") as edit:
            edit.insert("body", 0, name)
        await workspace.sync_now(1)
        during = surroundings()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        tasks = len(left)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    return during, tasks, len(left)

async def main():
    place = Path(sys.argv[1])
    before = surroundings()  # here, because asyncio itself sets a handler for SIGINT
    during, tasks, left = await use(place, "one")
    kept = state()
    await use(place, "two")
    return {
        "before": before, "during": during, "after": surroundings(), "tasks": tasks, "left": left,
        "changed": [key for key, value in state().items() if kept.get(key) != value],
    }

print(json.dumps(asyncio.run(main())))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program found around it before, during and after."""
    place = tmp_path_factory.mktemp("guest")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(PROGRAM), str(place)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "what", ["signals", "wakeup", "environment", "place", "umask", "warnings", "hooks", "faults"]
)
def test_nothing_of_a_program_is_set(said: dict[str, Any], what: str) -> None:
    assert said["before"][what] == said["during"][what] == said["after"][what]


@pytest.mark.parametrize("what", ["locale", "policy", "limits"])
def test_nothing_of_python_is_set(said: dict[str, Any], what: str) -> None:
    assert said["before"][what] == said["during"][what] == said["after"][what]


def test_no_logging_is_set_up(said: dict[str, Any]) -> None:
    before = said["before"]["loggers"]
    for when in ("during", "after"):
        now = said[when]["loggers"]
        assert {name: now[name] for name in before} == before
        for name in now.keys() - before.keys():  # they were made, and that is all
            _, propagates, disabled, handlers = now[name]
            assert (propagates, disabled, handlers) == (True, False, []), name


def test_no_thread_and_no_task_stays(said: dict[str, Any]) -> None:
    assert said["tasks"] > 0
    assert said["left"] == 0
    ours = [name for name in said["after"]["threads"] if "asyncio" not in name]
    assert ours == said["before"]["threads"]


def test_one_workspace_leaves_nothing_for_the_next(said: dict[str, Any]) -> None:
    assert said["changed"] == []
