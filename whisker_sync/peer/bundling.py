"""
What a member carries to another by hand: one letter, as a bundle.

Rule 1: a bundle holds what the journal has, and who belongs; not the contents of binary
files. It is the same letter that a relay would carry, closed in a session of its own, so it
may be opened twice, in any order, and by every member.

Rule 2: whoever opens one believes it as much as a letter: the signature says who made it, and
the rosters say whether that device belongs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whisker_sync.errors import BadEnvelope
from whisker_sync.identity.envelope import Desk, MailKeys, Postmark
from whisker_sync.ids import WorkspaceId
from whisker_sync.peer.library import Library
from whisker_sync.record import Record
from whisker_sync.sync.mailbox import Letter, open_letter
from whisker_sync.wire import letters
from whisker_sync.wire.bundles import Bundle
from whisker_sync.wire.limits import MAX_RECORDS
from whisker_sync.wire.messages import Members, Message, Push

_ROOM = 1 << 20
"""Bytes of entries that are taken from the journal at a time, about."""


def pack(desk: Desk, keys: MailKeys, sender: Members, records: Sequence[Record]) -> Bundle:
    """Close records and what is known of who belongs; ``desk`` is of a session of its own."""
    messages: list[Message] = [sender, *pushes(records)]
    letter = letters.write(messages, desk.device)
    return Bundle(keys.mailbox, desk.close(keys, Postmark(), letter))


def unpack(bundle: Bundle, known: Iterable[MailKeys], workspace: WorkspaceId) -> Letter:
    """
    The letter in a bundle.

    Raises:
        BadEnvelope: It is of another story, or of an epoch whose key is not ``known``.
        MalformedFrame: It carries no letter.
    """
    for keys in known:
        if keys.mailbox == bundle.mailbox:
            return open_letter(keys, workspace, bundle.envelopes)
    raise BadEnvelope("it is of another story, or was made with a key that is not here")


def records_since(library: Library, acked: int) -> tuple[Record, ...]:
    """What the journal has behind a position; all that the documents hold, if it is 0."""
    records: list[Record] = []
    while acked and acked < library.head:
        entries = library.entries(acked, _ROOM)
        if not entries:  # on disk only: everything is simpler, and does no harm
            return library.missing(())
        records += [entry.record for entry in entries]
        acked = entries[-1].seq
    return library.coalesce(records) if acked else library.missing(())


def pushes(records: Sequence[Record]) -> list[Push]:
    """Records as messages of a letter."""
    cuts = range(0, len(records), MAX_RECORDS)
    return [Push(0, tuple(records[cut : cut + MAX_RECORDS])) for cut in cuts]
