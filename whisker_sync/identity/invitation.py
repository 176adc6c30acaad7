"""
An invitation: what a co-author needs to join, as a link to paste.

The link carries the key of the workspace: whoever sees it can join. (Pairing
with a confirmation, which needs no secret in the link that outlives it, replaces
this.) It says nothing to a web server: everything stands after the ``#``.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

import cbor2

from whisker_sync.errors import InvitationError
from whisker_sync.identity.workspace import KEY_BYTES
from whisker_sync.ids import Address, WorkspaceId

SCHEME = "whisker:join#"
FORMAT = 1
MAX_LINK = 4096
"""Characters of a link; a genuine one has about 150."""

MAX_TITLE = 200
"""Code points of a story's title."""

MAX_ADDRESSES = 16
"""Addresses in one invitation."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Everything a new member needs to know."""

    workspace: WorkspaceId
    key: bytes = field(repr=False)
    """The workspace's key."""

    title: str
    """What the story is called; also the name of the folder that is made for it."""

    addresses: tuple[Address, ...] = ()
    """Where the inviter was reachable when it was written: hints for networks without mDNS."""

    def link(self) -> str:
        """The invitation as one word to paste."""
        addresses = [[address.host, address.port] for address in self.addresses[:MAX_ADDRESSES]]
        fields = [FORMAT, self.workspace, self.key, self.title[:MAX_TITLE], addresses]
        packed = cbor2.dumps(fields, canonical=True)
        return SCHEME + base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def parse(cls, link: str) -> Invitation:
        """
        Read a link; spaces and line breaks that a mail program put into it do not matter.

        Raises:
            InvitationError: It is not an invitation, or one of a newer version.
        """
        link = "".join(link.split())
        if not link.startswith(SCHEME):
            raise InvitationError(f"it does not begin with {SCHEME}")
        if len(link) > MAX_LINK:
            raise InvitationError("it is too long")
        return _read(_unpack(link.removeprefix(SCHEME)))


def _unpack(text: str) -> object:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        fields: object = cbor2.loads(packed, max_depth=4, allow_indefinite=False)
        whole = cbor2.dumps(fields, canonical=True) == packed
    except (binascii.Error, ValueError, cbor2.CBORError, RecursionError):
        whole = False
    if not whole:
        raise InvitationError("a part of it is missing or was changed; copy it again, whole")
    return fields


def _read(fields: object) -> Invitation:
    match fields:
        case [int(version), *_] if version > FORMAT:
            raise InvitationError("it was made by a newer version; upgrade whisker-sync")
        case [1, bytes(workspace), bytes(key), str(title), list(addresses)] if (
            len(workspace) == 16
            and len(key) == KEY_BYTES
            and len(title) <= MAX_TITLE
            and len(addresses) <= MAX_ADDRESSES
        ):
            hints = tuple(_address(item) for item in addresses)
            return Invitation(WorkspaceId(workspace), key, title, hints)
        case _:
            raise InvitationError("it does not say what an invitation says")


def _address(item: object) -> Address:
    match item:
        case [str(host), int(port)] if 0 < len(host) <= 255 and 0 < port < 65536:
            return Address(host, port)
        case _:
            raise InvitationError("it does not say what an invitation says")
