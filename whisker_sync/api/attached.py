"""
A workspace that a daemon holds, for programs beside it.

>>> async with Workspace.attach(path) as attached:
...     print((await attached.status()).pending)

All goes over the daemon's control socket, so it is asked and awaited where an open workspace
just knows. Files are ordinary files: :meth:`Attached.files` names those of the story, and
whatever is written into them is taken in. Documents in memory are the daemon's; what needs them
raises :exc:`~whisker_sync.errors.OnlyWhenOpen`. What the daemon refuses raises
:exc:`~whisker_sync.errors.DaemonError` with its sentence.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from whisker_sync.api.authoring import restore_from
from whisker_sync.daemon import conflicts, history
from whisker_sync.daemon.control import Answer, Refusal, ask, ask_on
from whisker_sync.daemon.values import decode
from whisker_sync.errors import DaemonError, OnlyWhenOpen
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.membership import Membership
from whisker_sync.identity.offers import MINUTES
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId
from whisker_sync.manuscript.conflicts import Conflict
from whisker_sync.node.node import Invitation
from whisker_sync.node.whereabouts import Whereabouts
from whisker_sync.peer.events import Event
from whisker_sync.peer.reception import OfferStatus
from whisker_sync.peer.statistics import Figures
from whisker_sync.peer.status import Status
from whisker_sync.revision import Revision
from whisker_sync.store.layout import Layout

OF_ANOTHER_VERSION = (
    "the daemon is of another version; start it again with: whisker sync stop, then sync start"
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Figures about the exchange with each device."""

    since_start: Mapping[DeviceId, Figures]
    """Since the daemon began."""

    all_time: Mapping[DeviceId, Figures]
    """Since the workspace was made."""


class Attached:
    """A workspace that a daemon holds; made by :meth:`Workspace.attach`."""

    def __init__(self, layout: Layout) -> None:
        self.path = layout.root
        """The folder."""

        self._layout = layout

    # How it is doing.

    async def status(self) -> Status:
        """One look at everything."""
        status: Status = _read(Status, (await self._look())["status"])
        return status

    async def statistics(self) -> Exchange:
        """Figures about the exchange with each device."""
        told = await self._look()
        kind = Mapping[DeviceId, Figures]
        return Exchange(_read(kind, told["since_start"]), _read(kind, told["all_time"]))

    async def events(self) -> AsyncIterator[Event]:
        """What happens, from when the iteration begins, until the daemon ends."""
        async with aclosing(ask_on(self._layout, {"do": "events"})) as answers:
            async for answer in answers:
                if "event" in answer:
                    try:
                        event: Event = decode(Event, answer["event"])
                    except ValueError:
                        continue  # of a later version: nothing depends on it
                    yield event

    async def until(self, condition: Callable[[Status], bool]) -> Status:
        """Wait until the status is as wanted; looks when something happened."""
        async with aclosing(ask_on(self._layout, {"do": "events"})) as answers:
            async for _ in answers:
                if condition(status := await self.status()):
                    return status
        raise AssertionError("answers end with an error")

    # Files, and what became of them.

    async def files(self) -> tuple[Path, ...]:
        """The files of the story, as they lie in the folder."""
        names: tuple[str, ...] = _read(tuple[str, ...], (await self._look())["files"])
        return tuple(self.path / name for name in names)

    async def history(self, since: int = 0) -> list[Revision]:
        """What was saved, by everybody, newest first; ``since`` milliseconds since 1970."""
        return await history.read(self._layout, since)

    async def set_milestone(self, name: str) -> None:
        """Give the story a name as it stands; returns when that is durable."""
        await self._ask("milestone", name=name)

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

    async def conflicts(self, *, home: str | Path | None = None) -> list[Conflict]:
        """Places worth a look after merges; ``home`` is where the user's own settings are."""
        return await conflicts.find(self._layout, None if home is None else Path(home))

    # Who belongs.

    async def members(self) -> Membership:
        """Who belongs, with which devices and roles."""
        papers = bytes.fromhex((await self._look())["papers"])
        return Papers.trust(Evidence.decode(papers)).membership

    async def invite(
        self, *, role: Role = Role.WRITER, seats: int = 1, minutes: int = MINUTES
    ) -> str:
        """
        A link with which somebody can ask to join; see :meth:`Workspace.invite`.

        Raises:
            DaemonError: Our role does not let us invite.
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
        An invitation with all that belongs to it; see :meth:`Workspace.open_invitation`.

        Raises:
            DaemonError: Our role does not let us invite.
        """
        terms = {"role": role.name.lower(), "seats": seats, "minutes": minutes, "yes": not ask}
        told = await self._ask("invite", words=words, **terms)
        spoken = told["words"]
        return Invitation(
            int(told["number"]),
            str(told["link"]),
            None if spoken is None else str(spoken),
            str(told["relay"] or ""),
        )

    async def withdraw(self, invitation: Invitation) -> None:
        """End an invitation: nobody is let in by it any more; one that is over stays over."""
        await self._ask("withdraw", number=invitation.number)

    async def offers(self) -> tuple[OfferStatus, ...]:
        """The invitations that the daemon has opened, and who waits at them."""
        offers: tuple[OfferStatus, ...]
        offers = _read(tuple[OfferStatus, ...], (await self._look())["offers"])
        return offers

    async def confirm(self, who: str) -> None:
        """
        Let in who waits; ``who`` is their name or fingerprint.

        Raises:
            DaemonError: Nobody of that name waits.
        """
        await self._ask("confirm", who=who)

    async def decline(self, who: str) -> None:
        """
        Turn away who waits.

        Raises:
            DaemonError: Nobody of that name waits.
        """
        await self._ask("decline", who=who)

    async def remove(self, person: str, device: str | None = None) -> None:
        """
        Remove a person, or one of their devices; the key of the workspace changes.

        Raises:
            DaemonError: There is no such person or device, or our role does not let us.
        """
        await self._ask("remove", person=person, device=device)

    async def change_role(self, person: str, role: Role) -> None:
        """
        Give a person another role.

        Raises:
            DaemonError: There is no such person, or our role does not let us.
        """
        await self._ask("role", person=person, role=role.name.lower())

    async def leave(self) -> tuple[DeviceId, ...]:
        """
        Leave the workspace with this device; the last edits go to the others before.

        Returns the devices that have it on disk by now; empty: nobody could be told.

        Raises:
            DaemonError: Nobody would be in charge then, or there is nobody else.
        """
        known = (await self._ask("leave"))["known_to"]
        return tuple(DeviceId(bytes.fromhex(each["device"])) for each in known)

    # The others.

    async def presence(self, passage: str | None = None) -> tuple[Whereabouts, ...]:
        """
        Where the others are just now; with ``passage``, tell them first that we are there.

        ``passage`` is the name of a passage of the story; empty: nowhere any more. See
        :meth:`Workspace.presence`.
        """
        told = await self._ask("presence", passage=passage)
        there: tuple[Whereabouts, ...] = _read(tuple[Whereabouts, ...], told["present"])
        return there

    async def connect(self, address: str) -> None:
        """
        Have the daemon call ``host:port``, now and whenever it is not connected.

        Raises:
            DaemonError: It is no address.
        """
        await self._ask("connect", address=address)

    async def use_relay(self, url: str) -> None:
        """
        Leave letters at a relay from now on, and find them there; empty: at none.

        Raises:
            DaemonError: That is no address of a relay.
        """
        await self._ask("relay", url=url)

    async def sync_now(self, seconds: float = 30.0) -> bool:
        """
        Wait until every reachable device durably has everything, and we have theirs.

        Returns whether anybody was reachable.

        Raises:
            TimeoutError: It takes longer than ``seconds``; it goes on, though.
        """
        answer = await self._ask("now", seconds=seconds)
        if answer.get("timeout"):
            raise TimeoutError
        return not answer.get("offline", False)

    # What only an open workspace has.

    def document(self, name: str) -> NoReturn:
        """
        Nothing: documents are in the daemon's memory.

        Raises:
            OnlyWhenOpen: Always.
        """
        raise OnlyWhenOpen(f"the document {name!r}", str(self.path))

    def edit(self, name: str, origin: str = "program") -> NoReturn:
        """
        Nothing: whoever edits beside a daemon edits files.

        Raises:
            OnlyWhenOpen: Always.
        """
        del origin
        raise OnlyWhenOpen(f"editing the document {name!r}", str(self.path))

    def undo(self, name: str, origin: str = "program") -> NoReturn:
        """
        Nothing: what was edited in the daemon it takes back itself.

        Raises:
            OnlyWhenOpen: Always.
        """
        del origin
        raise OnlyWhenOpen(f"undoing an edit of {name!r}", str(self.path))

    # Private methods.

    async def _look(self) -> Answer:
        try:
            return await self._ask("look")
        except Refusal:  # it does not know how to
            raise DaemonError(OF_ANOTHER_VERSION) from None

    async def _ask(self, what: str, **details: Any) -> Answer:
        return await ask(self._layout, {"do": what, **details})


def _read(kind: Any, told: object) -> Any:
    try:
        return decode(kind, told)
    except ValueError:
        raise DaemonError(OF_ANOTHER_VERSION) from None
