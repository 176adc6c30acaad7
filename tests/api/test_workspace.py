"""Tests for :mod:`whisker_sync.api.workspace`: what programs embed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import whisker_sync
from whisker_sync import Kind, Merged, Root, Schema, Workspace
from whisker_sync.errors import (
    ActRefused,
    AlreadyAWorkspace,
    BadEdit,
    NotAWorkspace,
    NotEntitled,
    WorkspaceBusy,
)

SCHEMA = Schema((Root("body", Kind.TEXT), Root("facts", Kind.MAP)))
HERE = "127.0.0.1"


def make(place: Path, name: str, home: str = "home") -> Path:
    path = place / name
    Workspace.create(path, "Notes", home=place / home)
    return path


async def test_what_a_program_edits_is_there_after_a_restart(tmp_path: Path) -> None:
    path = make(tmp_path, "a")
    for i in range(3):
        async with Workspace.open(
            path, schemas={"notes": SCHEMA}, lan=False, home=tmp_path / "home"
        ) as workspace:
            assert workspace.document("notes").text("body") == "x" * i
            with workspace.edit("notes") as edit:
                edit.insert("body", 0, "x")


async def test_two_programs_edit_one_document(tmp_path: Path) -> None:
    path = make(tmp_path, "a", "home-a")
    schemas = {"notes": SCHEMA}
    async with Workspace.open(
        path, schemas=schemas, lan=False, interface=HERE, home=tmp_path / "home-a"
    ) as ada:
        link = await ada.invite()
        await Workspace.join(link, tmp_path / "b", lan=False, home=tmp_path / "home-b")
        async with Workspace.open(
            tmp_path / "b", schemas=schemas, lan=False, interface=HERE, home=tmp_path / "home-b"
        ) as bob:
            news = bob.events()
            waiting = asyncio.ensure_future(_next_merge(news))
            with ada.edit("notes") as edit:
                edit.insert("body", 0, "hello")
                edit.set("facts", "n", 1)
            async with asyncio.timeout(20):
                merged = await waiting
            assert merged.document == "notes"
            assert bob.document("notes").text("body") == "hello"
            assert bob.document("notes").value("facts", "n") == 1
            assert await ada.sync_now()
            assert ada.status.digest == bob.status.digest
            assert ada.status.pending == 0


async def _next_merge(news: object) -> Merged:
    async for event in news:  # type: ignore[attr-defined]  # an async iterator of events
        if isinstance(event, Merged) and not event.local:
            return event
    raise AssertionError


async def test_a_bad_edit_changes_nothing(tmp_path: Path) -> None:
    path = make(tmp_path, "a")
    async with Workspace.open(
        path, schemas={"notes": SCHEMA}, lan=False, home=tmp_path / "home"
    ) as workspace:
        with pytest.raises(BadEdit), workspace.edit("notes") as edit:
            edit.insert("body", 5, "x")
        assert workspace.document("notes").text("body") == ""
        with pytest.raises(KeyError):
            workspace.document("other")


async def test_undo_takes_back_what_the_program_did(tmp_path: Path) -> None:
    path = make(tmp_path, "a")
    async with Workspace.open(
        path, schemas={"notes": SCHEMA}, lan=False, home=tmp_path / "home"
    ) as workspace:
        workspace.document("notes").track("program")
        with workspace.edit("notes") as edit:
            edit.insert("body", 0, "oops")
        assert workspace.undo("notes")
        assert workspace.document("notes").text("body") == ""
        assert not workspace.undo("notes")


async def test_nobody_reachable_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whisker_sync.api.workspace.MEET_SECONDS", 0.05)
    path = make(tmp_path, "a")
    async with Workspace.open(path, lan=False, home=tmp_path / "home") as workspace:
        assert not await workspace.sync_now()


async def test_a_folder_that_is_none_or_busy_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotAWorkspace):
        async with Workspace.open(tmp_path):
            pass
    path = make(tmp_path, "a")
    with pytest.raises(AlreadyAWorkspace):
        Workspace.create(path, "again", home=tmp_path / "home")
    async with Workspace.open(path, lan=False, home=tmp_path / "home"):
        with pytest.raises(WorkspaceBusy):
            async with Workspace.open(path, lan=False, home=tmp_path / "home"):
                pass


def test_all_public_names_are_there() -> None:
    for name in whisker_sync.__all__:
        assert getattr(whisker_sync, name).__doc__ or name in {"Event", "OpenStore"}
    with pytest.raises(AttributeError):
        whisker_sync.nothing  # noqa: B018


async def test_a_workspace_in_memory_leaves_nothing_behind() -> None:
    async with Workspace.memory({"notes": SCHEMA}, person="Ada") as workspace:
        with workspace.edit("notes") as edit:
            edit.insert("body", 0, "hello")
        assert workspace.document("notes").text("body") == "hello"
        assert workspace.status.person == "Ada"
        place = workspace.path
    assert not place.exists()


async def test_lists_and_counters_are_made_of_a_document() -> None:
    schema = Schema((Root("tasks", Kind.RECORDS), Root("votes", Kind.MAP)))
    async with Workspace.memory({"plan": schema}) as workspace:
        tasks = workspace.ordered("plan", "tasks")
        votes = workspace.counter("plan", "votes", "yes")
        with workspace.edit("plan") as edit:
            tasks.insert(edit, 0, {"what": "write"}, {"what": "rest"})
            votes.add(edit, 2)
        assert [task.fields["what"] for task in tasks.elements()] == ["write", "rest"]
        assert votes.value == 2


async def test_a_story_has_a_history_and_members(tmp_path: Path) -> None:
    path = make(tmp_path, "a")
    (path / "cave.twee").write_text(":: Cave\nDark.\n")
    async with Workspace.open(path, lan=False, interface=HERE, home=tmp_path / "home") as story:
        news = story.events()
        async with asyncio.timeout(20):
            while not await story.history():
                await anext(news)
        await story.set_milestone("first draft")
        milestone, first = await story.history()
        assert milestone.milestone == "first draft"
        assert [version.name for version in first.versions] == ["Cave"]
        assert [member.device for member in story.members.owners] == [story.status.device]
        with pytest.raises(NotEntitled):
            await story.remove("Nobody")
        with pytest.raises(ActRefused, match="nobody else belongs"):
            await story.leave()
