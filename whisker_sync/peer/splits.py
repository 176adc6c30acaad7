"""
Documents that are split: another device cannot take in all of what is here.

It says so with a ``Reject``. Whoever wrote what it refuses lets go of it and writes it anew (see
:mod:`~whisker_sync.peer.rewrite`); until then, and if that does not help, the user can see that
there is a split. A fact each: ``split/ID/DOCUMENT`` with the reason, and ``rewrites/DOCUMENT``
with how often it was tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from whisker_sync.document import Span
from whisker_sync.identity.keys import fingerprint
from whisker_sync.ids import DeviceId
from whisker_sync.peer import events
from whisker_sync.peer.anew import Anew
from whisker_sync.peer.effects import Effect, Tell
from whisker_sync.peer.library import Library
from whisker_sync.peer.rewrite import CUT, fact_of
from whisker_sync.record import Record
from whisker_sync.sync.session import Declined, Session
from whisker_sync.wire.messages import Reject

MAX_REWRITES = 2
"""How often what a device cannot take in is written anew, before the two were one again."""

_SPLIT = "split/"
_REWRITES = "rewrites/"


class Splits:
    """See the module."""

    def __init__(self, library: Library, anew: Anew) -> None:
        self._library = library
        self._anew = anew
        self._refused: set[DeviceId] = set()  # of whom we put something aside, in this process

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents that are split."""
        splits = self._library.facts_below(_SPLIT)
        return tuple(sorted({name.split("/", 2)[2] for name in splits}))

    def is_known(self, device: DeviceId) -> bool:
        """Whether it was said that we and a device differ, and why."""
        return device in self._refused or bool(self._library.facts_below(_of(device)))

    def rejection(self, record: Record, teller: DeviceId, reason: str) -> Reject:
        """Say to ``teller``, from whom a record came, that it will not be taken in."""
        self._refused.add(teller)
        update = hashlib.sha256(record.update).digest()
        return Reject(record.document, update, reason, self._library.spans_refused(record))

    def declined(self, session: Session, declined: Declined) -> Iterator[Effect]:
        """Another device will not follow: until it does, the document is split."""
        library, document = self._library, declined.document
        name = _of(session.device) + document
        if document not in library.names:
            return
        if name not in library.facts:
            library.remember(name, declined.reason.encode())
            who = session.theirs.name if session.theirs is not None else ""
            yield Tell(
                events.Trouble(
                    f"{who or fingerprint(session.device)} cannot take in a change from here "
                    f"({declined.reason}); nothing is lost, but what builds on it stays here"
                )
            )
        self._withdraw(document, session.device, declined.spans)

    def are_one_again(self, device: DeviceId) -> None:
        """We and a device hold the same."""
        self._refused.discard(device)
        for name in self._library.facts_below(_of(device)):
            self._library.remember(name, None)
            self._library.remember(_REWRITES + name.split("/", 2)[2], None)

    def _withdraw(self, document: str, teller: DeviceId, spans: Sequence[Span]) -> None:
        """Let go of what is ours to let go of, and write it anew; see rewrite.py."""
        library = self._library
        cut = [span for span in spans if library.is_for_us_to_withdraw(document, span, teller)]
        tries = int(library.facts.get(_REWRITES + document, b"0"))
        if cut and tries < MAX_REWRITES and CUT + document not in library.facts:
            library.remember(_REWRITES + document, str(tries + 1).encode())
            library.remember(CUT + document, fact_of(cut))
            self._anew.after(library.due)


def _of(device: DeviceId) -> str:
    """What the names of the facts begin with that tell of splits from a device."""
    return f"{_SPLIT}{device.hex()}/"
