"""Tests for :mod:`whisker_sync.api.workspace`: what programs embed."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

import pytest

import whisker_sync
from whisker_sync import ConflictNoted, Grade, GuestWaiting, Kind, Merged, Root, Schema, Workspace
from whisker_sync.errors import (
    ActRefused,
    AlreadyAWorkspace,
    BadEdit,
    BadSettings,
    InvitationError,
    NotAWorkspace,
    NotEntitled,
    NotInHistory,
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


DARK, LIGHT = ":: Cave\nDark.\n", ":: Cave\nLight.\n"


async def story_at(tmp_path: Path) -> Path:
    path = make(tmp_path, "a")
    (path / "cave.twee").write_text(DARK)
    return path


async def saved(workspace: Workspace, count: int) -> None:
    """Wait until the history has so many revisions."""
    async with asyncio.timeout(20):
        while len(await workspace.history()) < count:  # noqa: ASYNC110 - it is on the disk
            await asyncio.sleep(0.02)


async def test_a_passage_comes_back_as_it_was(tmp_path: Path) -> None:
    path = await story_at(tmp_path)
    cave = path / "cave.twee"
    async with Workspace.open(path, lan=False, interface=HERE, home=tmp_path / "home") as story:
        for count, text in enumerate([DARK, LIGHT, f"{LIGHT}\n:: Lake\nDeep.\n"], 1):
            cave.write_text(text)
            await saved(story, count)
        newest, light, dark = await story.history()
        assert await story.restore("Cave", dark)
        assert cave.read_text() == ":: Cave\nDark.\n:: Lake\nDeep.\n"
        assert not await story.restore("Cave", light, before=True)
        assert await story.restore("cave.twee", newest)
        assert cave.read_text() == ":: Cave\nLight.\n\n:: Lake\nDeep.\n"
        with pytest.raises(NotInHistory):
            await story.restore("Lake", dark)


async def test_a_place_worth_a_look_is_told_once_and_listed(tmp_path: Path) -> None:
    path = await story_at(tmp_path)
    async with Workspace.open(path, lan=False, interface=HERE, home=tmp_path / "home") as story:
        assert await story.conflicts() == []
        events = story.events()

        async def noted() -> ConflictNoted:
            async with asyncio.timeout(20):
                async for event in events:
                    if isinstance(event, ConflictNoted):
                        return event
            raise AssertionError

        first = asyncio.ensure_future(noted())
        for number in count():  # nobody says when listening has begun
            name = f"Cave {number}"
            (path / "cave.twee").write_text(f":: {name}\nDark.\n\n:: {name}\nLight.\n")
            if (await asyncio.wait({first}, timeout=2.0))[0]:
                break
        cave = await first
        assert (cave.kind, cave.path) == ("same name", "cave.twee")
        assert [each.id for each in await story.conflicts()] == [cave.id]
        (path / "lake.twee").write_text(":: Lake\nDeep.\n\n:: Lake\nCold.\n")
        assert (await noted()).path == "lake.twee"


async def test_what_keeps_devices_apart_is_looked_for(tmp_path: Path) -> None:
    found = await Workspace.diagnose(tmp_path, home=tmp_path / "home")
    assert {"clock", "sqlite", "workspace"} <= {each.check for each in found}
    path = make(tmp_path, "a")
    found = await Workspace.diagnose(path, home=tmp_path / "home")
    (daemon,) = [each for each in found if each.check == "daemon"]
    assert (daemon.grade, daemon.remedy) == (Grade.WRONG, "whisker sync start")


async def test_a_relay_is_named_and_forgotten(tmp_path: Path) -> None:
    path = make(tmp_path, "a")
    async with Workspace.open(path, lan=False, interface=HERE, home=tmp_path / "home") as story:
        with pytest.raises(BadSettings):
            await story.use_relay("no relay")
        await story.use_relay("http://127.0.0.1:1")
        assert story.status.relay.url == "http://127.0.0.1:1"
        await story.use_relay("")
        assert story.status.relay.url == ""
        assert story.offers == ()
        for act in (story.confirm("Nobody"), story.decline("Nobody")):
            with pytest.raises(ActRefused):
                await act


async def test_a_code_is_said_aloud_and_whoever_comes_is_confirmed(tmp_path: Path) -> None:
    path = make(tmp_path, "a", "home-a")
    async with Workspace.open(
        path, schemas={"notes": SCHEMA}, lan=False, interface=HERE, home=tmp_path / "home-a"
    ) as ada:
        spare = await ada.open_invitation()
        invitation = await ada.open_invitation(words=True, ask=True)
        assert spare.words is None
        assert invitation.words is not None
        joining = asyncio.ensure_future(
            Workspace.join(
                invitation.words,
                tmp_path / "b",
                address=f"{HERE}:{ada.port}",
                lan=False,
                home=tmp_path / "home-b",
            )
        )
        async with asyncio.timeout(60):
            async for event in ada.events():
                if isinstance(event, GuestWaiting):
                    await ada.confirm(event.name)
                    break
            await joining
        assert len(ada.members.members) == 2
        await ada.withdraw(spare)
        with pytest.raises(InvitationError):
            await Workspace.join(spare.link, tmp_path / "c", lan=False, home=tmp_path / "home-c")
