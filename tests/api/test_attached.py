"""whisker_sync.api.attached: programs beside a real daemon, in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.cli.terminal import Person
from whisker_sync import (
    Attached,
    DaemonError,
    Event,
    Merged,
    OnlyWhenOpen,
    Role,
    Workspace,
    WorkspaceBusy,
)
from whisker_sync.api.attached import OF_ANOTHER_VERSION
from whisker_sync.daemon import control
from whisker_sync.daemon.control import Answer, Control
from whisker_sync.errors import DaemonNotRunning, NotAWorkspace
from whisker_sync.store.layout import Layout

pytestmark = pytest.mark.waits

CAVE = ":: Cave\nDark.\n"
SECONDS = 30.0


@pytest.fixture
def ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """Somebody whose story is syncing."""
    person = Person(tmp_path, "ada")
    monkeypatch.setenv("WHISKER_HOME", person.environment["WHISKER_HOME"])
    person.run("init", str(person.folder), inside=False)
    (person.folder / "cave.twee").write_text(CAVE)
    person.start()
    yield person
    person.end()


async def test_who_is_attached_sees_what_the_daemon_sees(ada: Person) -> None:
    async with Workspace.attach(ada.folder) as attached:
        status = await attached.status()
        told = ada.json("sync", "status")
        assert status.digest.hex() == told["digest"]
        assert status.device.hex() == told["device"]["id"]
        assert (status.person, status.role) == ("ada", Role.OWNER)
        assert (await attached.members()).may_read(status.device)
        assert await attached.files() == (ada.folder / "cave.twee",)
        assert (await attached.statistics()).all_time == {}
        assert await attached.conflicts() == []
        assert await attached.offers() == ()


async def test_what_is_written_into_a_file_is_heard_of(ada: Person) -> None:
    async with Workspace.attach(ada.folder / "cave.twee") as attached:
        told = asyncio.ensure_future(_first_merge(attached))
        async with asyncio.timeout(SECONDS):
            for number in count():  # nobody says when listening has begun
                (ada.folder / "cave.twee").write_text(CAVE.replace("Dark", f"Light {number}"))
                if (await asyncio.wait({told}, timeout=0.5))[0]:
                    break
        merged = await told
        assert merged.local
        status = await attached.until(lambda status: status.pending > 0)
        assert merged.author == status.device
        await attached.set_milestone("first draft")
        revisions = await attached.history()
        assert revisions[0].milestone == "first draft"
        assert "Light" in (revisions[1].versions[0].text or "")
        assert not await attached.sync_now(5)


async def _first_merge(attached: Attached) -> Merged:
    async for event in attached.events():
        if isinstance(event, Merged):
            return event
    raise AssertionError


async def test_somebody_is_invited_confirmed_and_removed(ada: Person, tmp_path: Path) -> None:
    async with Workspace.attach(ada.folder) as attached:
        link = await attached.invite(role=Role.READER)
        await Workspace.join(link, tmp_path / "bob", lan=False, home=tmp_path / "home-bob")
        (person,) = [each for each in (await attached.members()).persons if each.name != "ada"]
        assert (await attached.offers())[0].seated[0].name == person.name
        await attached.change_role(person.name, Role.WRITER)
        await attached.remove(person.name)
        assert [each.name for each in (await attached.members()).persons] == ["ada"]
        for act in (attached.confirm("Nobody"), attached.decline("Nobody"), attached.connect("x")):
            with pytest.raises(DaemonError):
                await act
        with pytest.raises(DaemonError, match="not an address"):
            await attached.use_relay("no relay")


async def test_an_invitation_has_a_code_and_can_be_taken_back(ada: Person) -> None:
    async with Workspace.attach(ada.folder) as attached:
        invitation = await attached.open_invitation(words=True, ask=True)
        assert invitation.words is not None
        assert [offer.number for offer in await attached.offers()] == [invitation.number]
        await attached.withdraw(invitation)
        assert [offer.ending for offer in await attached.offers()] != [None]
        await attached.withdraw(invitation)  # what is over stays over


async def test_where_people_are_is_told_and_who_leaves_is_gone(ada: Person, tmp_path: Path) -> None:
    bob, home = tmp_path / "bob", tmp_path / "home-bob"
    async with Workspace.attach(ada.folder) as attached:
        with pytest.raises(DaemonError):
            await attached.leave()  # nobody would be in charge
        await Workspace.join(await attached.invite(), bob, lan=False, home=home)
        who = (await attached.offers())[0].seated[0].fingerprint
        await attached.change_role(who, Role.OWNER)
        async with Workspace.open(bob, lan=False, home=home) as workspace:
            async with asyncio.timeout(SECONDS):
                await attached.until(lambda status: any(peer.in_sync for peer in status.peers))
                await attached.presence("Cave")
                await workspace.until(
                    lambda _: [each.passage for each in workspace.presence()] == ["Cave"]
                )
                workspace.presence("Cave")
                while not await attached.presence():  # noqa: ASYNC110 - a daemon is asked
                    await asyncio.sleep(0.05)
                assert (await attached.presence(""))[0].passage == "Cave"
                assert await attached.leave() == (workspace.status.device,)
                await workspace.until(lambda _: len(workspace.members.persons) == 1)
        assert await attached.conflicts(home=home) == []


async def test_documents_are_the_daemons_own(ada: Person) -> None:
    async with Workspace.attach(ada.folder) as attached:
        for what in (attached.document, attached.edit, attached.undo):
            with pytest.raises(OnlyWhenOpen, match="whisker sync stop"):
                what("story")
    with pytest.raises(WorkspaceBusy) as busy:
        async with Workspace.open(ada.folder):
            pass
    assert busy.value.pid == ada.pid()


async def test_when_the_daemon_ends_whoever_listens_is_told(ada: Person) -> None:
    async with Workspace.attach(ada.folder) as attached:
        listening = asyncio.ensure_future(_all(attached))
        await attached.status()
        await asyncio.to_thread(ada.end)
        async with asyncio.timeout(SECONDS):
            with pytest.raises(DaemonNotRunning):
                await listening


async def _all(attached: Attached) -> list[Event]:
    return [event async for event in attached.events()]


async def test_without_a_daemon_there_is_nothing_to_attach_to(tmp_path: Path) -> None:
    with pytest.raises(NotAWorkspace):
        async with Workspace.attach(tmp_path):
            pass
    Workspace.create(tmp_path / "a", "Notes", home=tmp_path / "home")
    with pytest.raises(DaemonNotRunning):
        async with Workspace.attach(tmp_path / "a"):
            pass


@pytest.mark.parametrize(
    "answer", [{"error": "this daemon does not know how to 'look'", "code": 2}, {"status": {}}]
)
async def test_a_daemon_of_another_version_is_named_as_that(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_runtime_directory", lambda: Path("/tmp"))  # paths are short
    Workspace.create(tmp_path / "a", "Notes", home=tmp_path / "home")

    async def old(_: Answer) -> Answer:
        return answer

    end = Control(Layout(tmp_path / "a"), old)
    await end.open()
    try:
        with pytest.raises(DaemonError, match="another version") as told:
            async with Workspace.attach(tmp_path / "a"):
                pass
        assert str(told.value) == OF_ANOTHER_VERSION
    finally:
        await end.close()
