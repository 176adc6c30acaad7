"""
What a member carries to another by hand: letters, as a bundle.

Rule 1: a bundle holds what the journal has, who belongs, and as much of the contents of binary
files and of the history as fits. It is what a relay would carry, closed in a session of its own,
so it may be opened twice, in any order, and by every member.

Rule 2: whoever opens one believes it as much as a letter: the signature says who made it, and
the rosters say whether that device belongs.

Rule 3: each bundle says what its maker holds. So one that goes back is a receipt, and the next
one is smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from whisker_sync.errors import BadEnvelope
from whisker_sync.identity.envelope import Desk, MailKeys, Postmark
from whisker_sync.ids import WorkspaceId
from whisker_sync.peer.library import Library
from whisker_sync.record import Record
from whisker_sync.sync.mailbox import Letter, open_letters
from whisker_sync.wire import letters
from whisker_sync.wire.bundles import Bundle
from whisker_sync.wire.limits import MAX_RECORDS, MAX_WANTED
from whisker_sync.wire.messages import Asset, Message, Push, Revisions

ROOM = 128 << 20
"""Bytes of binary files and history in one bundle, about; what is beyond has to wait."""

LETTER_BYTES = 4 << 20
"""Bytes of what one letter of a bundle carries, about, unless one thing alone has more."""

_ROOM = 1 << 20
"""Bytes of entries that are taken from the journal at a time, about."""


@dataclass(frozen=True, slots=True)
class Luggage:
    """What of the journal is to be read for a bundle, apart from its records."""

    assets: tuple[bytes, ...]
    """Contents that the story needs, lists of large files first; as they are known by SHA-256."""

    days: frozenset[int] | None
    """Days since 1970 of which the history is to go along; None: all."""


def pack(desk: Desk, keys: MailKeys, parcels: Iterable[Sequence[Message]]) -> Bundle:
    """Close letters with these messages each; ``desk`` is of a session of its own."""
    envelopes: list[bytes] = []
    for messages in parcels:
        envelopes += desk.close(keys, Postmark(), letters.write(messages, desk.device))
    return Bundle(keys.mailbox, tuple(envelopes))


def parcels(
    first: Sequence[Message],
    records: Sequence[Record],
    assets: Iterable[tuple[bytes, bytes]],
    revisions: Sequence[bytes],
) -> Iterator[list[Message]]:
    """What goes into which letter: records and what is small first, then what may be large."""
    yield [*first, *pushes(records)]
    whole: list[tuple[Message, int]] = [
        (Asset(sha256, content), len(content)) for sha256, content in assets
    ]
    whole += [(news, sum(map(len, news.revisions))) for news in of_history(revisions)]
    letter: list[Message] = []
    room = LETTER_BYTES
    for message, size in whole:
        if letter and size > room:
            yield letter
            letter, room = [], LETTER_BYTES
        letter.append(message)
        room -= size
    if letter:
        yield letter


def of_history(revisions: Sequence[bytes]) -> Iterator[Revisions]:
    """Revisions as messages of letters."""
    few: list[bytes] = []
    room = LETTER_BYTES
    for encoded in revisions:
        if few and (len(few) == MAX_WANTED or len(encoded) > room):
            yield Revisions(asked=False, revisions=tuple(few))
            few, room = [], LETTER_BYTES
        few.append(encoded)
        room -= len(encoded)
    if few:
        yield Revisions(asked=False, revisions=tuple(few))


def unpack(bundle: Bundle, known: Iterable[MailKeys], workspace: WorkspaceId) -> tuple[Letter, ...]:
    """
    The letters in a bundle, in their order.

    Raises:
        BadEnvelope: It is of another story, or of an epoch whose key is not ``known``.
        MalformedFrame: It carries no letter.
    """
    for keys in known:
        if keys.mailbox == bundle.mailbox:
            return open_letters(keys, workspace, bundle.envelopes)
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
