"""whisker_sync.api.blocking: a workspace for scripts without a loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from whisker_sync import BlockingWorkspace, Kind, Role, Root, Schema, Workspace
from whisker_sync.errors import ActRefused, BadEdit, BadSettings, NotAWorkspace

SCHEMAS = {"notes": Schema((Root("body", Kind.TEXT),))}
HERE = "127.0.0.1"


def make(place: Path) -> Path:
    path = place / "a"
    Workspace.create(path, "Notes", home=place / "home-a")
    return path


def test_what_a_script_writes_is_there_the_next_time(tmp_path: Path) -> None:
    path, home = make(tmp_path), tmp_path / "home-a"
    with BlockingWorkspace.open(path, schemas=SCHEMAS, lan=False, home=home) as workspace:
        with workspace.edit("notes") as edit:
            edit.insert("body", 0, "hello")
        assert not workspace.sync_now(1)  # nobody is there
    with BlockingWorkspace.open(path, schemas=SCHEMAS, lan=False, home=home) as workspace:
        assert workspace.document("notes").text("body") == "hello"
        assert workspace.status.pending == 1
        assert workspace.members.owners


def test_an_edit_that_fails_changes_nothing(tmp_path: Path) -> None:
    path, home = make(tmp_path), tmp_path / "home-a"
    with BlockingWorkspace.open(path, schemas=SCHEMAS, lan=False, home=home) as workspace:

        def write() -> None:
            with workspace.edit("notes") as edit:
                edit.insert("body", 0, "half")
                edit.insert("body", 99, "nowhere")

        with pytest.raises(BadEdit):
            write()
        assert workspace.document("notes").text("body") == ""


def test_what_a_script_wrote_it_can_take_back(tmp_path: Path) -> None:
    path, home = make(tmp_path), tmp_path / "home-a"
    with BlockingWorkspace.open(path, schemas=SCHEMAS, lan=False, home=home) as workspace:
        workspace.document("notes").track("me")
        with workspace.edit("notes", origin="me") as edit:
            edit.insert("body", 0, "hello")
        assert workspace.undo("notes", origin="me")
        assert workspace.document("notes").text("body") == ""
        assert not workspace.undo("notes", origin="me")


def test_two_scripts_meet_while_both_wait(tmp_path: Path) -> None:
    path, links = make(tmp_path), list[str]()
    invited, written = threading.Event(), threading.Event()

    def ada() -> None:
        options = {"lan": False, "interface": HERE, "home": tmp_path / "home-a"}
        with BlockingWorkspace.open(path, schemas=SCHEMAS, **options) as workspace:
            with workspace.edit("notes") as edit:
                edit.insert("body", 0, "hello")
            links.append(workspace.invite())
            invited.set()
            for _ in range(600):
                workspace.wait(0.05)
                if written.is_set():
                    break

    thread = threading.Thread(target=ada)
    thread.start()
    try:
        assert invited.wait(20)
        home = tmp_path / "home-b"
        asyncio.run(Workspace.join(links[0], tmp_path / "b", lan=False, home=home))
        options = {"lan": False, "interface": HERE, "home": home}
        with BlockingWorkspace.open(tmp_path / "b", schemas=SCHEMAS, **options) as bob:
            assert bob.sync_now(20)
            assert bob.document("notes").text("body") == "hello"
    finally:
        written.set()
        thread.join()


def test_there_must_be_a_workspace(tmp_path: Path) -> None:
    with pytest.raises(NotAWorkspace), BlockingWorkspace.open(tmp_path, home=tmp_path / "home"):
        pass


def test_a_script_invites_confirms_and_removes(tmp_path: Path) -> None:
    path, home = make(tmp_path), tmp_path / "home-a"
    with BlockingWorkspace.open(
        path, schemas=SCHEMAS, lan=False, interface=HERE, home=home
    ) as workspace:
        link = workspace.invite(role=Role.READER)
        joining = threading.Thread(target=_join, args=(link, tmp_path))
        joining.start()
        while not (workspace.offers and workspace.offers[0].seated):
            workspace.wait(0.1)
        joining.join()
        bob = workspace.offers[0].seated[0].fingerprint
        workspace.change_role(bob, Role.WRITER)
        workspace.remove(bob)
        assert len(workspace.members.persons) == 1
        for act in (workspace.confirm, workspace.decline):
            with pytest.raises(ActRefused):
                act("Nobody")
        with pytest.raises(ActRefused):
            workspace.leave()  # nobody would be in charge
        with pytest.raises(BadSettings):
            workspace.connect("nowhere")
        with pytest.raises(BadSettings):
            workspace.use_relay("no relay")


def _join(link: str, place: Path) -> None:
    join = Workspace.join(link, place / "b", lan=False, interface=HERE, home=place / "home-b")
    asyncio.run(join)


def test_a_script_looks_back_in_a_story(tmp_path: Path) -> None:
    home = tmp_path / "home-a"
    Workspace.create(tmp_path / "story", "Cave", home=home)
    with BlockingWorkspace.open(tmp_path / "story", lan=False, home=home) as workspace:
        cave = tmp_path / "story" / "cave.twee"
        cave.write_text(":: Cave\nDark.\n")
        workspace.sync_now(1)
        first = workspace.history()[0]
        cave.write_text(":: Cave\nLight.\n")
        workspace.sync_now(1)
        workspace.set_milestone("draft")
        assert workspace.history()[0].milestone == "draft"
        assert workspace.restore("Cave", first)
        assert "Dark." in cave.read_text()
        assert workspace.conflicts() == []
