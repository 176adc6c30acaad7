"""
The keys of a workspace that one device knows: what to send with, and what to understand.

Each *epoch* has a key. The one in use follows from the papers; older ones stay readable, for
what was sent with them and for devices that were away while the key was changed.

A value: made anew whenever the papers change, never changed itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Epoch
from whisker_sync.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one workspace that one device knows; does not show them."""

    workspace: WorkspaceId
    """Which workspace."""

    epoch: Epoch
    """The epoch to send in, whether we have its key or not."""

    held: tuple[tuple[Epoch, bytes], ...] = field(repr=False)
    """The epochs whose key we have, each with its key; the one to send in first, then the
    newest first."""

    tips: tuple[bytes, ...]
    """Hashes of the rosters that this follows from, rising."""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """All keys that we have, the one to send with first."""
        return tuple(key for _, key in self.held)

    @property
    def key(self) -> bytes | None:
        """The key to send with; None: nobody has sealed it for us yet."""
        if self.held and self.held[0][0] == self.epoch:
            return self.held[0][1]
        return None


def key_ring(papers: Papers, device: DeviceKey) -> KeyRing:
    """The keys that ``device`` finds in papers; opens its envelopes, some 0.2 ms each."""
    now = papers.membership
    opened = papers.keys(device)
    newest_first = sorted(
        now.readable, key=lambda epoch: (epoch != now.epoch, -epoch.number, epoch.commitment)
    )
    held = tuple(
        (epoch, opened[epoch.commitment]) for epoch in newest_first if epoch.commitment in opened
    )
    return KeyRing(papers.workspace, now.epoch, held, tuple(sorted(papers.tips)))
