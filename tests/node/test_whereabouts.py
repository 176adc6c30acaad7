"""Tests for :mod:`whisker_sync.node.whereabouts`, and of presence between two that run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.terminal import LOOPBACK
from tests.scenarios.authors import share
from whisker_sync import Workspace
from whisker_sync.node.whereabouts import place_of
from whisker_sync.peer.events import PresenceChanged


@pytest.mark.parametrize(
    ("touched", "place"),
    [
        ({("b:0001", None)}, "0001"),
        ({("b:0001", None), ("P", "0001"), ("P", "0002")}, "0001"),
        ({("P", "0003")}, "0003"),
        ({("b:0001", None), ("b:0002", None)}, None),
        ({("x:0001", None)}, None),
        ({("F", "0001/p")}, None),
        (set(), None),
    ],
)
def test_a_save_in_one_passage_tells_where_its_author_is(
    touched: set[tuple[str, str | None]], place: str | None
) -> None:
    assert place_of(touched) == place


async def test_saves_and_programs_tell_the_others_where_somebody_is(tmp_path: Path) -> None:
    ada, bob = share(tmp_path, tmp_path, "The Cave", "ada", "bob")
    async with (
        Workspace.open(ada.folder, home=ada.home, interface=LOOPBACK, lan=False) as one,
        Workspace.open(bob.folder, home=bob.home, interface=LOOPBACK, lan=False) as other,
    ):
        heard: list[PresenceChanged] = []

        async def listen() -> None:
            async for event in other.events():
                if isinstance(event, PresenceChanged):
                    heard.append(event)  # noqa: PERF401 - each is wanted when it is there

        listening = asyncio.ensure_future(listen())
        other.connect(f"{LOOPBACK}:{one.port}")
        await until(lambda: bob.read() == ada.read() != "")
        assert other.presence() == ()
        ada.change("dark", "dim")
        await until(lambda: [each.passage for each in other.presence()] == ["Cave"])
        (there,) = other.presence()
        assert (there.person, there.document, there.device) == ("ada", "story", one.status.device)
        one.presence("Start")
        await until(lambda: [each.passage for each in other.presence()] == ["Start"])
        one.presence("")
        await until(lambda: other.presence() == ())
        listening.cancel()
        assert [bool(event.place) for event in heard] == [True, True, False]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the other one does the work
            await asyncio.sleep(0.02)
