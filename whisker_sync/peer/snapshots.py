"""
A snapshot of the mailbox: one letter in the place of all that was left before.

It is made when there is much of that, or when a device says that it misses something; by
whoever has all that the mailbox has, durably, and has left there all it has itself. Several may
be about to make one, so each leaves it to the others for a while.

It holds the story, the papers and the newest of the history, and names the blobs that are to be
kept with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from whisker_sync.identity.envelope import SESSION_BYTES, Desk
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import WorkspaceId
from whisker_sync.peer.bundling import of_history, pushes
from whisker_sync.peer.effects import PutSnapshot, ReadHistory
from whisker_sync.peer.library import Library
from whisker_sync.peer.place import NEVER, Place, soon
from whisker_sync.wire import letters
from whisker_sync.wire.messages import Members, Message, Stocked
from whisker_sync.wire.relay import MAX_SNAPSHOT_BLOBS

SNAPSHOT_ENTRIES = 500
"""Entries of a mailbox from which a snapshot replaces them."""

SNAPSHOT_BYTES = 8 << 20
"""Bytes of envelopes from which a snapshot replaces them."""

HISTORY_BYTES = 4 << 20
"""Bytes of the newest history that go into a snapshot."""

SNAPSHOT_SECONDS = 20.0
"""How long whoever wants to make a snapshot leaves it to others; up to twice as long."""


class Snapshots:
    """When a snapshot is due, and what is in it."""

    def __init__(
        self, key: DeviceKey, workspace: WorkspaceId, library: Library, dice: Random
    ) -> None:
        self._key = key
        self._workspace = workspace
        self._library = library
        self._dice = dice
        self._at = NEVER
        self._history: tuple[bytes, ...] | None = None
        self._reads_history = False
        self.stocked: tuple[Stocked, tuple[bytes, ...]] = (Stocked((), ()), ())
        """Which contents lie in the mailbox, and the ids of their blobs, to be kept with it."""

    def move(self) -> None:
        """Another mailbox is in use, which needs none yet."""
        self._at = NEVER

    def wish(self, now: float) -> None:
        """Make one, if nobody else does."""
        self._at = min(self._at, soon(now, SNAPSHOT_SECONDS, self._dice))

    def look_at(self, place: Place, now: float) -> None:
        """Make one if there is much in a mailbox."""
        entries = place.box.position - place.box.trimmed
        if entries >= SNAPSHOT_ENTRIES or place.bulk >= SNAPSHOT_BYTES:
            self.wish(now)

    def know_history(self, revisions: tuple[bytes, ...]) -> None:
        """The newest of the history was read."""
        self._history = revisions

    def deadline(self) -> float:
        """When one is to be made; never while its history is being read."""
        return NEVER if self._reads_history and self._history is None else self._at

    def make(
        self, place: Place, roster: tuple[int, bytes], papers: Members | None, now: float
    ) -> Iterator[PutSnapshot | ReadHistory]:
        """Put one in the place of all that was read, if it is time to."""
        if now < self._at:
            return
        if self._history is None:
            if not self._reads_history:
                self._reads_history = True
                yield ReadHistory(HISTORY_BYTES)
            return
        history, self._history, self._reads_history = self._history, None, False
        self._at = NEVER
        place.putting = True
        for sent in place.sent:  # whatever became of our envelopes, this holds what they did
            place.box.cover(sent.track, sent.seq)
        lying, ids = self.stocked  # whoever makes the next one must know what that is to keep
        messages: list[Message] = [] if papers is None else [papers]
        messages += [place.box.covers, lying, *pushes(self._library.missing(()))]
        messages += of_history(history)
        letter = letters.write(messages, self._key.device)
        desk = Desk(self._key, self._workspace, self._dice.randbytes(SESSION_BYTES))
        blobs = desk.close(place.box.keys, place.postmark(roster), letter)
        kept = ids[: MAX_SNAPSHOT_BLOBS - len(blobs)]
        yield PutSnapshot(place.box.keys.box, blobs, place.box.position, kept)
