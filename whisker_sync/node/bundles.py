"""
Bundles as files: made by an open node, and taken in by it.

A file is written whole or not at all, for its owner to read; what came wrong is refused
before anything changes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from whisker_sync.errors import BadBundle, BadEnvelope, BadSettings, MalformedFrame
from whisker_sync.identity.keys import fingerprint
from whisker_sync.ids import DeviceId
from whisker_sync.node.node import Node
from whisker_sync.store.layout import write_private
from whisker_sync.wire.bundles import MAX_BUNDLE, Bundle


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of a bundle."""

    person: str
    """Who made it, as far as we know them."""

    changes: int
    """What of it was new here."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of making a bundle."""

    bytes: int
    left_out: int
    """Binary files, or chunks of large ones, for which there was no room."""


async def create(node: Node, path: Path, since: str | None) -> Made:
    """
    Write a bundle with everything, or with what a device lacks as far as we know.

    ``since`` is a person, a device's name, or the beginning of its id or fingerprint.

    Raises:
        BadSettings: Nobody, or more than one, is called that.
        NotEntitled: This device does not belong.
        BadBundle: The file cannot be written.
    """
    device = _device(node, since) if since is not None else None
    packed = await node.bundle(device)
    content = packed.bundle.encode()
    try:
        await asyncio.to_thread(write_private, path, content)
    except OSError as problem:
        raise BadBundle(str(path), problem.strerror or str(problem)) from None
    return Made(len(content), packed.left_out)


async def apply(node: Node, path: Path) -> Opened:
    """
    Take a bundle in; twice does no harm.

    Raises:
        BadBundle: It was damaged, or is not for this story. Nothing was changed.
    """
    try:
        bundle = Bundle.decode(await asyncio.to_thread(_read, path))
        device, changes = await node.open_bundle(bundle)
    except OSError as problem:
        raise BadBundle(str(path), problem.strerror or str(problem)) from None
    except (BadEnvelope, MalformedFrame) as problem:
        raise BadBundle(str(path), problem.problem) from None
    member = node.papers.membership.member(device)
    name = member.card.person_name if member is not None else "somebody who is no member"
    return Opened(name, changes)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BUNDLE + 1)  # one more is too much, and enough to see that


def _device(node: Node, called: str) -> DeviceId:
    found = [
        member.device
        for member in node.papers.membership.members
        if called in {member.card.person_name, member.card.device_name}
        or (len(called) >= 4 and member.device.hex().startswith(called.lower()))
        or (len(called) >= 4 and fingerprint(member.device).startswith(called.upper()))
    ]
    if len(found) != 1:
        problem = "no device is called that" if not found else "more than one device is called that"
        raise BadSettings(f"--since {called}", f"{problem}; see: whisker members")
    return found[0]
