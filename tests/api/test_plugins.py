"""Workspaces over stores, links and discoveries that are not the usual ones."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from whisker_sync import Kind, Root, Schema, Workspace
from whisker_sync.discovery.memory import Square
from whisker_sync.discovery.places import Places
from whisker_sync.errors import InvitationError
from whisker_sync.ids import Address
from whisker_sync.store.memory import MemoryJournal
from whisker_sync.transport.memory import HOST, Switchboard

SCHEMAS = {"notes": Schema((Root("body", Kind.TEXT),))}
HERE = "127.0.0.1"
SECONDS = 30.0


class Somebody:
    """A device with a folder, a user and ways of its own."""

    def __init__(self, place: Path, name: str, **ways: Any) -> None:
        self.path, self.home, self.ways = place / name, place / f"home-{name}", ways

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[Workspace]:
        options = {"lan": False, "schemas": SCHEMAS, "home": self.home, **self.ways, **options}
        async with Workspace.open(self.path, **options) as workspace:
            yield workspace

    async def join(self, link: str, **options: Any) -> None:
        ways = {name: way for name, way in self.ways.items() if name != "store"}
        options = {"lan": False, "home": self.home, **ways, **options}
        await Workspace.join(link, self.path, **options)

    def create(self) -> None:
        Workspace.create(self.path, "Notes", home=self.home)


async def until_linked(*workspaces: Workspace) -> None:
    async with asyncio.timeout(SECONDS):
        for workspace in workspaces:
            await workspace.until(lambda status: any(peer.in_sync for peer in status.peers))


def write(workspace: Workspace, text: str) -> None:
    with workspace.edit("notes") as edit:
        edit.insert("body", 0, text)


async def test_two_meet_in_one_process_without_a_socket(tmp_path: Path) -> None:
    """Invited, let in, found and synced, with a store, links and discovery in memory."""
    board, square = Switchboard(), Square()

    def ways() -> dict[str, Any]:
        return {
            "store": MemoryJournal().open,
            "links": board.links(),
            "discovery": square.discovery(),
        }

    ada, bob = Somebody(tmp_path, "ada", **ways()), Somebody(tmp_path, "bob", **ways())
    ada.create()
    async with ada.open() as a:
        write(a, "hello")
        await bob.join(await a.invite())
        async with bob.open() as b:
            await until_linked(a, b)
            assert b.document("notes").text("body") == "hello"
            write(b, "oh, ")
            assert await b.sync_now()
            assert a.document("notes").text("body") == "oh, hello"
            assert {peer.via for peer in a.status.peers} <= {f"{HOST}:1", f"{HOST}:2"}
    assert not (bob.path / ".whisker" / "local" / "journal.db").exists()


async def test_what_a_store_of_ones_own_keeps_is_there_again(tmp_path: Path) -> None:
    kept = MemoryJournal()
    ada = Somebody(tmp_path, "ada", store=kept.open, links=Switchboard().links())
    ada.create()
    for expected in ("", "x", "xx"):
        async with ada.open() as a:
            assert a.document("notes").text("body") == expected
            write(a, "x")


async def test_places_that_are_known_are_called(tmp_path: Path) -> None:
    ada, bob = Somebody(tmp_path, "ada"), Somebody(tmp_path, "bob")
    ada.create()
    async with ada.open(interface=HERE) as a:
        places = Places([Address(HERE, 1), Address(HERE, a.port)])
        await bob.join(await a.invite(), discovery=places)
        (bob.path / ".whisker" / "local" / "local.toml").unlink()  # where she was
        async with bob.open(interface=HERE, discovery=places) as b:
            await until_linked(a, b)


@pytest.mark.skipif(sys.platform != "linux", reason="loopback has no multicast elsewhere")
async def test_two_programs_of_one_app_id_find_each_other(tmp_path: Path) -> None:
    app_id = f"org.example.{secrets.token_hex(8)}"
    ada, bob = Somebody(tmp_path, "ada", app_id=app_id), Somebody(tmp_path, "bob", app_id=app_id)
    ada.create()
    async with ada.open(lan=True, interface=HERE) as a:
        await bob.join(await a.invite(), lan=True, interface=HERE)
        async with bob.open(lan=True, interface=HERE) as b:
            await until_linked(a, b)


async def test_programs_of_another_app_id_do_not_talk_even_at_a_named_address(
    tmp_path: Path,
) -> None:
    """The very same workspace, key and papers; only the kind of program differs."""
    ada, bob = Somebody(tmp_path, "ada"), Somebody(tmp_path, "bob")
    ada.create()
    async with ada.open(interface=HERE, app_id="org.example.chess") as a:
        link = await a.invite()
        with pytest.raises(InvitationError):
            await bob.join(link, app_id="org.example.other")
        await bob.join(await a.invite(), app_id="org.example.chess")
        async with bob.open(interface=HERE, app_id="org.example.other") as b:
            b.connect(f"{HERE}:{a.port}")
            assert not await b.sync_now()
            assert not any(peer.connected for peer in (*a.status.peers, *b.status.peers))
        async with bob.open(interface=HERE, app_id="org.example.chess") as b:
            b.connect(f"{HERE}:{a.port}")
            await until_linked(a, b)
