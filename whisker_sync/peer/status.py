"""
How a peer is doing, as a value: what ``status`` shows and programs may ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId, StoryPath, WorkspaceId
from whisker_sync.manuscript.files import Problem


@dataclass(frozen=True, slots=True)
class Ourselves:
    """Who we are, in one workspace."""

    device_key: DeviceKey
    """Which device we are; signs for it."""

    name: str
    """What the user calls this device."""

    person: str
    """What the user calls themself."""

    papers: Papers
    """Who belongs, as far as we knew when we began; the journal may know more."""

    @property
    def device(self) -> DeviceId:
        """The id of our device."""
        return self.device_key.device

    @property
    def workspace(self) -> WorkspaceId:
        """The workspace."""
        return self.papers.workspace

    def __repr__(self) -> str:
        return f"Ourselves(device={self.device.hex()[:8]}, name={self.name!r})"


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """Another device of the workspace, as far as we know."""

    device: DeviceId
    person: str
    name: str
    connected: bool
    in_sync: bool
    """It holds exactly what we hold: both compared digests at rest and nothing came since."""

    last_seen: int | None
    """Milliseconds since 1970 when we last heard from it."""

    unacked: int
    """Records of our own that it has not durably stored yet, as far as we know."""

    via: str | None
    """The address it is at, while it is connected."""


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """How it stands with the relay, which is no device."""

    url: str
    """Where it is; empty: there is none."""

    reached: bool
    """It answers, as far as we know."""

    problem: str | None
    """Why it does not answer, or does not do what it was asked; None: nothing is wrong."""

    read: bool
    """All that was left there for us was read since this process began."""

    told: bool
    """There was something, and so we know what others have left."""

    unsent: int
    """Records made here that cannot be read there yet."""

    missing: int
    """Messages that must be there and are not."""

    waiting: int
    """Binary files that are too much for it: they wait for devices to meet."""

    settled: bool
    """Nothing is under way to it or from it."""


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a peer."""

    device: DeviceId
    name: str
    person: str
    workspace: WorkspaceId
    digest: bytes
    """Digest of all documents' content; equal on converged peers."""

    documents: int
    pending: int
    """Records made here that no other device has durably stored."""

    held: int
    """Updates that wait for others which they build on."""

    quarantined: int
    """Updates that were refused and put aside."""

    peers: tuple[PeerStatus, ...]
    state_vectors: Mapping[str, Mapping[int, int]]
    """For each document: client id to its next clock."""

    problems: tuple[Problem, ...]
    """Files that are left out, and why."""

    went_back: tuple[StoryPath, ...]
    """Files that are how they were before, and wait for their author's choice."""

    not_fetched: tuple[tuple[StoryPath, int], ...]
    """Binary files that are too large to come by themselves, and their bytes."""

    trouble: str | None
    """What keeps edits from being saved just now; None: nothing does."""

    split: tuple[str, ...]
    """Documents of which some device cannot take in everything that is here."""

    outside: str | None
    """Why this device is not in touch with the others at all; None: it is a member."""

    role: Role | None
    """What this device may do; None: it is no member."""

    owner_devices: int
    """Devices that may sign rosters."""

    alone: bool
    """Others belong, and everything hangs on one owner's device: no second, no words on paper."""

    relay: RelayStatus
    settled: bool
    """Nothing is under way: all is durable here, and every connected device is in sync
    and has acknowledged everything."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a peer keeps, apart from its documents."""

    held: int
    """Updates that wait for others which they build on."""

    held_bytes: int
    """Bytes of these."""

    log_bytes: int
    """Bytes of recent updates, to be sent to whoever connects."""

    in_flight: int
    """Bytes that were given to a link and have not left yet, on the link with the most."""

    quarantined: int
    """Refused updates that are kept."""
