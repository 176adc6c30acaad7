"""
Two connections to one device, and two machines that are one device.

The first is usual: both dialled, or one started again and the old connection has not noticed.
One of the two ends, and both sides come to the same answer which. The second is a copied disk
or home folder: the copies replace each other again and again, and the user is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from whisker_sync.identity.keys import fingerprint
from whisker_sync.ids import DeviceId
from whisker_sync.peer import events
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.effects import Effect, Hangup, Tell
from whisker_sync.peer.lines import Lines
from whisker_sync.sync.handshake import Handshake
from whisker_sync.wire.messages import Hello

MAX_REPLACED = 64
"""Processes of one device that are remembered after another one replaced them."""


class Doubles:
    """See the module; ``device`` is ours."""

    def __init__(self, device: DeviceId, lines: Lines) -> None:
        self._device = device
        self._lines = lines
        self._warned: set[str] = set()  # of whom we said that there are two
        self._replaced: dict[DeviceId, dict[bytes, int]] = {}
        """For each device its processes that another one replaced, and how often they came back."""

    def greeted(self, new: Conversation) -> Iterator[Effect]:
        """Somebody said hello: end what of the connections to them is one too many."""
        theirs = _hello(new)
        for old, session in self._lines.live():
            if old is new or new.session is None or session.device != new.session.device:
                continue
            if self._is_back(old, new):
                yield from self._warn(theirs.name or fingerprint(session.device))
            loser = self._loser(old, new)
            if loser is not None:
                yield Hangup(loser.link, "there is another connection to this device")

    def left(self, device: DeviceId) -> None:
        """If the connection ended that was to replace the others, the newest of them counts."""
        rest = [c for c, session in self._lines.live() if session.device == device]
        if rest and all(conversation.superseded for conversation in rest):
            rest[-1].superseded = False

    def met_ourselves(self, handshake: Handshake) -> Iterator[Effect]:
        """Somebody has our key: we called ourselves, or there is another one of us."""
        transcripts = [conversation.handshake.transcript for conversation in self._lines]
        if transcripts.count(handshake.transcript) < 2:
            yield from self._warn("this device")

    # Private methods.

    def _warn(self, who: str) -> Iterator[Effect]:
        if who not in self._warned:
            self._warned.add(who)
            yield Tell(
                events.Trouble(
                    f"two machines say that they are {who}: probably a disk or a home folder was "
                    "copied; nothing is lost, but they only take turns. On one of them, remove "
                    "device.key from the settings folder and join again"
                )
            )

    def _is_back(self, old: Conversation, new: Conversation) -> bool:
        """
        Whether a process is back that another one had replaced, for the second time.

        Both of them run then. What one said that died can arrive late, and so can a call that
        it took; but only once, for nobody takes its next call.
        """
        assert new.session is not None
        replaced = self._replaced.setdefault(new.session.device, {})
        before, after = _hello(old).boot, _hello(new).boot
        if before == after:
            return False
        if len(replaced) < MAX_REPLACED:
            replaced.setdefault(before, 0)
        if after in replaced and new.opened > old.greeted:
            replaced[after] += 1
        return replaced.get(after, 0) > 1

    def _loser(self, old: Conversation, new: Conversation) -> Conversation | None:
        """
        Which of two connections to one device we end.

        Both sides come to the same answer: after a restart of the other side the one that
        began before is dead; if both dialled, the call of the smaller device id stays; if one
        side called twice, that side decides, for its newer call.
        """
        assert new.session is not None
        old.superseded = True
        if _hello(old).boot != _hello(new).boot:
            if new.opened >= old.opened:
                return old
            old.superseded, new.superseded = False, True
            return new
        we_dialled_old, we_dialled_new = old.candidate is not None, new.candidate is not None
        if we_dialled_old == we_dialled_new:
            return old if we_dialled_old else None
        smaller_is_ours = self._device < new.session.device
        if we_dialled_new == smaller_is_ours:
            return old
        old.superseded, new.superseded = False, True
        return new


def _hello(conversation: Conversation) -> Hello:
    assert conversation.session is not None
    assert conversation.session.theirs is not None
    return conversation.session.theirs
