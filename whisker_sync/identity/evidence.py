"""
What devices tell each other about who belongs: a bundle of signed papers, as bytes.

Rule 1: evidence proves nothing by itself. Each paper in it was signed by whom it names;
what follows for us is for :class:`~whisker_sync.identity.papers.Papers` to say.

Rule 2: the same evidence has one spelling: each list in the order of its bytes, nothing
twice, and no entry that no roster lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from whisker_sync.errors import MalformedPaper
from whisker_sync.identity.canonical import Fields, exactly, items, pack, rising, some, unpack
from whisker_sync.identity.roster import (
    WORKSPACE_BYTES,
    Departure,
    Entry,
    Notice,
    Roster,
    Ticket,
)
from whisker_sync.identity.seals import Seal
from whisker_sync.ids import WorkspaceId

EVIDENCE_FORMAT = 1

MAX_EVIDENCE = 16 * 1024 * 1024
"""Bytes of all evidence together; that of five authors has about 10,000."""

MAX_ROSTERS = 256
"""Rosters in one bundle, and the past that a device keeps."""

MAX_ENTRIES = 8192
"""Different entries in one bundle: a class of 500 in which each role changed often."""

MAX_TICKETS = 1024
"""Tickets that no owner has folded in yet."""

MAX_DEPARTURES = 512
"""Departures that no owner has folded in yet."""

MAX_SEALS = 8192
"""Sealed keys: those of the last epochs for everybody."""

MAX_NOTICES = 4096
"""Notices for devices that were removed."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Signed papers of one workspace, in no order."""

    workspace: WorkspaceId
    """Which one."""

    rosters: tuple[Roster, ...] = ()
    """Rosters with their entries."""

    tickets: tuple[Ticket, ...] = ()
    """Tickets."""

    departures: tuple[Departure, ...] = ()
    """Departures."""

    seals: tuple[Seal, ...] = ()
    """Sealed keys."""

    notices: tuple[Notice, ...] = ()
    """Notices for the removed."""

    def encode(self) -> bytes:
        """The evidence as bytes."""
        entries = {entry.encoded for roster in self.rosters for entry in roster.members}
        return pack(
            [
                EVIDENCE_FORMAT,
                self.workspace,
                sorted(entries),
                sorted({roster.encoded for roster in self.rosters}),
                sorted({ticket.encoded for ticket in self.tickets}),
                sorted({departure.encoded for departure in self.departures}),
                sorted({seal.encode() for seal in self.seals}),
                sorted({notice.encoded for notice in self.notices}),
            ]
        )

    @classmethod
    def decode(cls, data: bytes) -> Evidence:
        """
        Read evidence, and check each signature in it.

        Raises:
            MalformedPaper: It is none, beyond a limit, or one signature is wrong.
        """
        fields = unpack(data, MAX_EVIDENCE, 8)
        if fields[0] != EVIDENCE_FORMAT:
            raise MalformedPaper("a format of a newer version; upgrade whisker-sync")
        entries = [Entry.decode(item) for item in _pieces(fields[2], MAX_ENTRIES)]
        by_hash = {entry.hash: entry for entry in entries}
        evidence = cls(
            WorkspaceId(exactly(fields[1], WORKSPACE_BYTES)),
            tuple(Roster.decode(item, by_hash) for item in _pieces(fields[3], MAX_ROSTERS)),
            tuple(Ticket.decode(item) for item in _pieces(fields[4], MAX_TICKETS)),
            tuple(Departure.decode(item) for item in _pieces(fields[5], MAX_DEPARTURES)),
            tuple(Seal.decode(item) for item in _pieces(fields[6], MAX_SEALS)),
            tuple(Notice.decode(item) for item in _pieces(fields[7], MAX_NOTICES)),
        )
        evidence._check(len(entries))
        return evidence

    def _check(self, entries: int) -> None:
        if len({entry.hash for roster in self.rosters for entry in roster.members}) != entries:
            raise MalformedPaper("an entry that no roster lists")
        signed: Iterable[Roster | Ticket | Departure | Notice] = (
            *self.rosters,
            *self.tickets,
            *self.departures,
            *self.notices,
        )
        if any(paper.workspace != self.workspace for paper in signed):
            raise MalformedPaper("something of another workspace")


def _pieces(value: object, most: int) -> Fields:
    pieces = [some(item) for item in items(value, most)]
    rising(pieces)
    return pieces
