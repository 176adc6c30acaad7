"""
A workspace, for programs: documents that several people edit, kept the same by itself.

>>> async with Workspace.open(path, schemas={"notes": SCHEMA}) as workspace:
...     with workspace.edit("notes") as edit:
...         edit.insert("body", 0, "hello")

Everything runs in the caller's event loop. There is no global state, no signal handler
and no logging set up here. What another device changes is in the documents when the
:class:`~whisker_sync.peer.events.Merged` event says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

from whisker_sync.api.attached import Attached
from whisker_sync.api.authoring import restore_from
from whisker_sync.daemon.conflicts import find_in
from whisker_sync.daemon.doctor import Finding, examine
from whisker_sync.daemon.noting import with_conflicts
from whisker_sync.discovery.discovery import Discovery
from whisker_sync.document import Change, Document, Edit, Schema
from whisker_sync.document.shapes import Counter, Ordered
from whisker_sync.errors import NotEntitled
from whisker_sync.identity.link import title_of
from whisker_sync.identity.membership import Membership
from whisker_sync.identity.offers import MINUTES, Terms
from whisker_sync.identity.pairing import Host
from whisker_sync.identity.roster import Role
from whisker_sync.identity.spoken import read_invitation
from whisker_sync.ids import DeviceId
from whisker_sync.manuscript.conflicts import Conflict
from whisker_sync.manuscript.schema import STORY
from whisker_sync.node.asking import Asked, decision
from whisker_sync.node.home import user_home
from whisker_sync.node.joining import ask_to_join
from whisker_sync.node.members import find_devices, find_person
from whisker_sync.node.node import Invitation, Node
from whisker_sync.node.postman import open_relay
from whisker_sync.node.settings import (
    User,
    check_relay,
    join_workspace,
    load_config,
    load_user,
    make_workspace,
    parse_address,
)
from whisker_sync.node.whereabouts import Whereabouts, id_of
from whisker_sync.peer.acts import ChangeRole, Confirm, Decline, Leave, Remove, Withdraw
from whisker_sync.peer.events import Event
from whisker_sync.peer.reception import OfferStatus
from whisker_sync.peer.statistics import Statistics
from whisker_sync.peer.status import Status
from whisker_sync.revision import Revision, decode
from whisker_sync.store.layout import Layout, must_be_free
from whisker_sync.store.memory import MemoryJournal
from whisker_sync.store.store import OpenStore
from whisker_sync.transport.link import Links
from whisker_sync.transport.memory import Switchboard

MEET_SECONDS = 3.0
"""How long :meth:`Workspace.sync_now` waits for somebody to be reachable."""


class Workspace:
    """An open workspace; made by :meth:`open`."""

    def __init__(self, layout: Layout, node: Node, interface: str | None) -> None:
        self.path = layout.root
        """The folder."""

        self._layout = layout
        self._node = node
        self._interface = interface

    @staticmethod
    def create(path: str | Path, title: str, *, home: str | Path | None = None) -> None:
        """
        Make a folder a workspace; nothing that is in it changes. Its user is the owner.

        ``home`` is where the user's key lies.

        Raises:
            AlreadyAWorkspace: It is one.
        """
        make_workspace(Path(path).absolute(), title, _user(home))

    @staticmethod
    async def join(
        invitation: str,
        path: str | Path,
        *,
        address: str | None = None,
        lan: bool = True,
        interface: str | None = None,
        home: str | Path | None = None,
        links: Links | None = None,
        discovery: Discovery | None = None,
        app_id: str = "",
    ) -> None:
        """
        Make a folder a member of the workspace that a link or a code invites to.

        Returns when the inviter has let this device in; who is not in this network is asked
        by the relay that the link names, and may take hours. ``address`` is where they are,
        if that is known; the rest as for :meth:`open`.

        Raises:
            InvitationError: The invitation cannot be used, or whoever made it was not found.
            TurnedAway: They said no.
            AlreadyAWorkspace: The folder is one.
        """
        folder = Path(path)
        must_be_free(folder)
        user = _user(home)
        admission = await ask_to_join(
            read_invitation(invitation),
            user,
            named=() if address is None else (parse_address(address),),
            interface=interface,
            lan=lan,
            asked=_at_once,
            links=links,
            discovery=discovery,
            app_id=app_id,
        )
        assert admission is not None
        title = admission.host.title
        if isinstance(admission, Asked):
            url = admission.link.relay
            relay = open_relay(url, lambda _: None)
            try:
                papers = await decision(admission, user.key, relay)
            finally:
                await relay.close()
            join_workspace(folder, title, papers, (), url)
        else:
            near = (admission.address,)
            join_workspace(folder, title, admission.papers, near, admission.relay)

    @staticmethod
    @asynccontextmanager
    async def open(
        path: str | Path,
        *,
        schemas: Mapping[str, Schema] | None = None,
        files: bool | None = None,
        lan: bool = True,
        port: int | None = None,
        interface: str | None = None,
        home: str | Path | None = None,
        store: OpenStore | None = None,
        links: Links | None = None,
        discovery: Discovery | None = None,
        app_id: str = "",
    ) -> AsyncIterator[Workspace]:
        """
        Open a workspace, and be in touch with its other devices until the block ends.

        ``schemas`` names the program's documents and says what each may hold. With
        ``files`` the folder's Twee and other files are kept in sync, too (by default when
        there are no schemas). ``home`` is where the user's key lies; ``port`` where to
        listen, ``interface`` an address of this machine; without ``lan`` nobody is looked
        for.

        Where the program has something better than ours, it says so: ``store`` keeps the
        journal, ``links`` carry what is said (``port`` and ``interface`` are for ours only),
        ``discovery`` finds the others (also without ``lan``). Programs with another ``app_id``
        neither hear of each other nor talk to each other; it is the same for all who take part.

        Raises:
            NotAWorkspace: There is none at this path or above it.
            WorkspaceBusy: Another process has it open.
            WhiskerError: It cannot be opened; the sentence says why.
        """
        layout = Layout.find(Path(path))
        user = _user(home)
        node = await Node.open(
            layout,
            user,
            schemas=schemas,
            files=not schemas if files is None else files,
            lan=lan,
            port=port,
            interface=interface,
            store=store,
            links=links,
            discovery=discovery,
            app_id=app_id,
        )
        try:
            yield Workspace(layout, node, interface)
        finally:
            await node.close()

    @staticmethod
    @asynccontextmanager
    async def attach(path: str | Path) -> AsyncIterator[Attached]:
        """
        A workspace beside the daemon that has it open; see :class:`Attached`.

        Raises:
            NotAWorkspace: There is none at this path or above it.
            DaemonNotRunning: No daemon has it open; it may be opened.
            DaemonError: The daemon is too old to be attached to.
        """
        attached = Attached(Layout.find(Path(path)))
        await attached.status()
        yield attached

    @staticmethod
    async def diagnose(path: str | Path, *, home: str | Path | None = None) -> list[Finding]:
        """
        Look for what keeps devices apart, and for what may go wrong soon.

        Each finding says one thing, and what to do about it. It works whether or not anything
        has the workspace open, and says so if there is none at ``path``.
        """
        return await examine(Path(path), user_home(None if home is None else Path(home)))

    @staticmethod
    @asynccontextmanager
    async def memory(
        schemas: Mapping[str, Schema], *, person: str = "somebody"
    ) -> AsyncIterator[Workspace]:
        """
        A workspace of one's own that nobody else finds and of which nothing is left.

        For trying things out, and for tests.
        """
        with TemporaryDirectory(prefix="whisker-") as place:
            home = Path(place) / "home"
            load_user(home, person=person)
            folder = Path(place) / "workspace"
            folder.mkdir()
            Workspace.create(folder, "memory", home=home)
            async with Workspace.open(
                folder,
                schemas=schemas,
                files=False,
                lan=False,
                home=home,
                store=MemoryJournal().open,
                links=Switchboard().links(),
            ) as workspace:
                yield workspace

    # Documents.

    def document(self, name: str) -> Document:
        """
        A document, to read; edit it by :meth:`edit`.

        Raises:
            KeyError: The workspace was opened without a schema for it.
        """
        return self._node.document(name)

    @contextmanager
    def edit(self, name: str, origin: str = "program") -> Iterator[Edit]:
        """
        Edit a document: all steps of the block are one change, sent at once.

        If the block raises, nothing is changed. ``origin`` says who edits, for undo.

        Raises:
            KeyError: The workspace was opened without a schema for it.
            BadEdit: A step is outside of the document or against its schema.
            NotEntitled: We may only read this workspace.
        """
        self.must_write()
        with self._node.document(name).edit(origin) as edit:
            yield edit
        if edit.change is not None:
            self.edited(name, edit.change)

    def edited(self, name: str, change: Change) -> None:
        """Say that a document was edited by itself, and not by :meth:`edit`."""
        self._node.edited(name, change)

    def undo(self, name: str, origin: str = "program") -> bool:
        """
        Take back the latest edit of ``origin``, and nobody else's; whether there was one.

        Only what was edited after ``document(name).track(origin)`` can be undone.

        Raises:
            NotEntitled: We may only read this workspace.
        """
        self.must_write()
        change = self._node.document(name).undo(origin)
        if change is not None:
            self._node.edited(name, change)
        return change is not None

    def must_write(self) -> None:
        """
        Make sure that this device may edit.

        Raises:
            NotEntitled: It may only read.
        """
        if self._node.role is Role.READER:
            raise NotEntitled("you may read this workspace, not write in it")

    def ordered(self, name: str, root: str) -> Ordered:
        """An ordered list in a document; ``root`` is of kind ``RECORDS``."""
        return Ordered(self._node.document(name), root, SystemRandom())

    def counter(self, name: str, root: str, counter: str) -> Counter:
        """A counter in a document; ``root`` is of kind ``MAP``."""
        return Counter(self._node.document(name), root, counter)

    # The past of a story.

    async def history(self, since: int = 0) -> list[Revision]:
        """
        What was saved in the folder of a story, by everybody, newest first.

        ``since`` is a time in milliseconds since 1970. See
        :mod:`whisker_sync.manuscript.timeline` for what can be made of it.
        """
        found = [decode(encoded) for encoded in await self._node.history(since=since)]
        return [revision for revision in found if revision is not None]

    async def restore(self, name: str, revision: Revision, *, before: bool = False) -> bool:
        """
        Bring a passage or a file of a story back as it was at a revision of the history.

        ``before``: as it was before that revision. It is an edit like any other, and what was
        there instead goes to the trash. Returns whether anything changed.

        Raises:
            NotInHistory: It was not there then.
            FolderError: A file cannot be read or written.
        """
        history = await self.history()
        return await restore_from(self._layout, history, name, revision, before=before)

    async def conflicts(self) -> list[Conflict]:
        """Places of a story that are worth a look after merges, and were not seen to yet."""
        return await find_in(self._node) if self._node.is_story else []

    async def set_milestone(self, name: str) -> None:
        """Give a story a name as it stands; returns when that is durable."""
        await self._node.set_milestone(name)

    # Who belongs.

    @property
    def members(self) -> Membership:
        """Who belongs, with which devices and roles, as this device knows it."""
        return self._node.papers.membership

    @property
    def offers(self) -> tuple[OfferStatus, ...]:
        """The invitations that were opened here, and who waits at them."""
        return self._node.offers

    async def confirm(self, who: str) -> None:
        """
        Let in who waits; ``who`` is their name or fingerprint.

        Raises:
            ActRefused: Nobody of that name waits, or our role does not let us.
        """
        await self._node.act(Confirm(who))

    async def decline(self, who: str) -> None:
        """
        Turn away who waits.

        Raises:
            ActRefused: Nobody of that name waits.
        """
        await self._node.act(Decline(who))

    async def remove(self, person: str, device: str | None = None) -> None:
        """
        Remove a person, or one of their devices; the key of the workspace changes.

        Raises:
            NotEntitled: There is no such person or device.
            ActRefused: Our role does not let us.
        """
        found = find_devices(find_person(self.members, person), device)
        await self._node.act(Remove(frozenset(member.device for member in found)))

    async def change_role(self, person: str, role: Role) -> None:
        """
        Give a person another role.

        Raises:
            NotEntitled: There is no such person.
            ActRefused: Our role does not let us.
        """
        devices = frozenset(member.device for member in find_person(self.members, person).devices)
        await self._node.act(ChangeRole(devices, role))

    async def leave(self) -> tuple[DeviceId, ...]:
        """
        Leave the workspace with this device, and be in touch with nobody any more.

        Returns the devices that have it on disk by now; the others hear it from them. Empty:
        nobody could be told.

        Raises:
            ActRefused: Nobody would be in charge then, or there is nobody else.
        """
        await self._node.act(Leave())
        return self._node.witnesses

    # The others.

    def presence(
        self, passage: str | None = None, *, document: str = STORY
    ) -> tuple[Whereabouts, ...]:
        """
        Where the others are just now; with ``passage``, tell them first that we are there.

        ``passage`` is the name of a passage of the story, or in another document whatever the
        program calls a place, of up to 64 code points; empty: nowhere any more. Who is in
        touch hears of it, at most ten times a second; it holds for five minutes, or until
        another word, and is kept nowhere. Of a story's passages it is told from saves, too.

        :class:`~whisker_sync.peer.events.PresenceChanged` says when it changes.

        Raises:
            KeyError: The workspace was opened without its story.
        """
        if passage is not None:
            place = passage
            if document == STORY and passage:
                place = id_of(self._node.story, passage)
            self._node.enter(document, place)
        return self._node.presence

    @property
    def statistics(self) -> Statistics:
        """Figures about the exchange with each device."""
        return self._node.statistics

    async def events(self) -> AsyncIterator[Event]:
        """What happens, from when the iteration begins; a slow reader misses the oldest."""
        heard = self._node.events()
        if self._node.is_story:
            heard = with_conflicts(heard, self.conflicts)
        async with aclosing(heard):
            async for event in heard:
                yield event

    @property
    def status(self) -> Status:
        """One look at everything."""
        return self._node.status

    async def until(self, condition: Callable[[Status], bool]) -> Status:
        """Wait until the status is as wanted; return it."""
        return await self._node.until(condition)

    @property
    def port(self) -> int:
        """Where other devices reach this one."""
        return self._node.port

    def connect(self, address: str) -> None:
        """
        Call ``host:port``, now and whenever it is not connected.

        Raises:
            BadSettings: It is no address.
        """
        self._node.connect(parse_address(address))

    async def use_relay(self, url: str) -> None:
        """
        Leave letters at a relay from now on, and find them there; empty: at none.

        Raises:
            BadSettings: That is no address of a relay.
        """
        if url:
            check_relay(url)
        await self._node.use_relay(url)

    async def invite(
        self, *, role: Role = Role.WRITER, seats: int = 1, minutes: int = MINUTES
    ) -> str:
        """
        A link with which somebody can ask to join, for some minutes.

        The first who asks is let in without another word; each further one (of ``seats``)
        waits for somebody to confirm them.

        Raises:
            ActRefused: Our role does not let us invite.
        """
        return (await self.open_invitation(role=role, seats=seats, minutes=minutes)).link

    async def open_invitation(
        self,
        *,
        role: Role = Role.WRITER,
        seats: int = 1,
        minutes: int = MINUTES,
        words: bool = False,
        ask: bool = False,
    ) -> Invitation:
        """
        An invitation with all that belongs to it; :meth:`withdraw` ends it before its time.

        With ``words`` it has a code to say aloud, too. With ``ask`` everybody waits for somebody
        to confirm them, the first as well.

        Raises:
            ActRefused: Our role does not let us invite.
        """
        title = title_of(load_config(self._layout).title)
        terms = Terms(title, role, seats=seats, minutes=minutes, yes=not ask)
        return await self._node.invite(terms, words=words, interface=self._interface)

    async def withdraw(self, invitation: Invitation) -> None:
        """End an invitation: nobody is let in by it any more; one that is over stays over."""
        await self._node.act(Withdraw(invitation.number))

    async def sync_now(self, seconds: float = 30.0) -> bool:
        """
        Wait until every reachable device durably has everything, and we have theirs.

        Returns whether anybody was reachable.

        Raises:
            TimeoutError: It takes longer than ``seconds``; it goes on, though.
        """
        async with asyncio.timeout(seconds):
            await self._node.look()
            try:
                async with asyncio.timeout(min(MEET_SECONDS, seconds / 2)):
                    await self._node.until(_somebody)
            except TimeoutError:
                return False
            await self._node.until(_all_have_all)
        return True


def _user(home: str | Path | None) -> User:
    return load_user(user_home(None if home is None else Path(home)))


async def _at_once(_: Host) -> bool:
    return True


def _somebody(status: Status) -> bool:
    return any(peer.connected for peer in status.peers)


def _all_have_all(status: Status) -> bool:
    return status.settled and all(peer.in_sync for peer in status.peers if peer.connected)
