"""
An invitation as a link to paste, or to show as a QR code; format 2.

Rule 1: a link opens nothing by itself. It carries a secret that is good for asking, once
and for some minutes, to be let in; then a human confirms. Whoever finds the link later,
or reads all that was ever sent, has nothing.

Rule 2: it does not say which workspace it is for. What the inviter announces on the
network while the invitation is open (:attr:`PairingKey.tag`) follows from the secret,
and says nothing to anybody else.

Rule 3: it says who confirms. An answer that is not signed by that device is refused,
whatever else its sender knows.

It says nothing to a web server either: everything stands after the ``#``.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from whisker_sync.errors import InvitationError, MalformedPaper
from whisker_sync.identity.canonical import is_showable, pack, unpack
from whisker_sync.identity.workspace import TAG_BYTES, derive
from whisker_sync.ids import Address, DeviceId

SCHEME = "whisker:join#"
FORMAT = 2
SECRET_BYTES = 16
"""Bytes of an invitation's secret: 128 bits, which nobody guesses."""

MAX_LINK = 4096
"""Characters of a link; a genuine one has about 150."""

MAX_TITLE = 200
"""Code points of a story's title."""

MAX_ADDRESSES = 16
"""Addresses in one invitation."""

MAX_HOST = 64
"""Characters of an address; an IPv6 address has up to 39, and a scope."""

MAX_RELAY = 255
"""Characters of the address of a relay."""


@dataclass(frozen=True, slots=True)
class PairingKey:
    """What an invitation comes down to, whichever way it was told."""

    key: bytes = field(repr=False)
    """What both sides prove to know; 32 bytes."""

    tag: bytes
    """What the inviter announces while the invitation is open; 8 bytes."""

    inviter: DeviceId | None = None
    """The only device that may confirm; None: nobody said which."""


@dataclass(frozen=True, slots=True)
class InvitationLink:
    """What somebody who was invited needs to know to ask to be let in."""

    secret: bytes = field(repr=False)
    """16 random bytes that only the inviter and the invited know."""

    inviter: DeviceId
    """The device that confirms."""

    title: str
    """What the story is called, as :func:`title_of` leaves it; also names the new folder."""

    addresses: tuple[Address, ...] = ()
    """Where the inviter is reachable: hints for networks without mDNS."""

    relay: str = ""
    """Where the relay of the workspace is, for those who are not on one network; empty: none."""

    def pairing_key(self) -> PairingKey:
        """What to prove, and whom to look for."""
        return key_of(self.secret, self.inviter)

    def link(self) -> str:
        """The invitation as one word to paste."""
        addresses = [[address.host, address.port] for address in self.addresses]
        fields = [FORMAT, self.secret, self.inviter, self.title, addresses, self.relay]
        return SCHEME + _spell(pack(fields))

    @classmethod
    def parse(cls, link: str) -> InvitationLink:
        """
        Read a link; spaces and line breaks that a mail program put into it do not matter.

        Raises:
            InvitationError: It is not an invitation, or one of another version.
        """
        link = "".join(link.split())
        if not link.startswith(SCHEME):
            raise InvitationError(f"it does not begin with {SCHEME}")
        if len(link) > MAX_LINK:
            raise InvitationError("it is too long")
        return _read(_unpack(link.removeprefix(SCHEME)))


def key_of(secret: bytes, inviter: DeviceId | None = None) -> PairingKey:
    """What a link with this secret comes down to."""
    tag = derive(secret, "invitation tag")[:TAG_BYTES]
    return PairingKey(derive(secret, "invitation link"), tag, inviter)


def _spell(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _unpack(text: str) -> list[object]:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        fields = unpack(packed, MAX_LINK, *range(1, 24))
        whole = _spell(packed) == text and type(fields[0]) is int
    except (binascii.Error, ValueError, MalformedPaper):
        whole = False
    if not whole:
        raise InvitationError("a part of it is missing or was changed; copy it again, whole")
    return fields


def title_of(text: str) -> str:
    """A title made fit for an invitation: one line, nothing hidden, not too long."""
    words = "".join(letter if is_showable(letter) else " " for letter in text).split()
    return " ".join(words)[:MAX_TITLE].strip()


def is_title(text: object) -> bool:
    """Whether this is a title as :func:`title_of` leaves one."""
    return type(text) is str and title_of(text) == text


def _read(fields: list[object]) -> InvitationLink:
    if fields[0] == 1:
        raise InvitationError("it was made by an older version; ask for a new one")
    if fields[0] != FORMAT:
        raise InvitationError("it was made by a newer version; upgrade whisker-sync")
    match fields[1:]:
        case [secret, inviter, title, addresses, relay]:
            return InvitationLink(
                _bytes(secret, SECRET_BYTES, "secret"),
                DeviceId(_bytes(inviter, 32, "inviter")),
                _title(title),
                _addresses(addresses),
                _relay(relay),
            )
        case _:
            raise InvitationError("it does not say what an invitation says")


def _bytes(value: object, size: int, what: str) -> bytes:
    if type(value) is not bytes or len(value) != size:
        raise InvitationError(f"its {what} is not {size} bytes long")
    return value


def _title(value: object) -> str:
    if not is_title(value):
        raise InvitationError(f"its title is not one plain line of {MAX_TITLE} letters at most")
    return str(value)


def _addresses(value: object) -> tuple[Address, ...]:
    if type(value) is not list or len(value) > MAX_ADDRESSES:
        raise InvitationError(f"it does not name {MAX_ADDRESSES} addresses at most")
    return tuple(_address(item) for item in value)


def _address(value: Sequence[object]) -> Address:
    match value:
        case [str(host), int(port)] if type(port) is int and 0 < port < 65536 and _is_ip(host):
            return Address(host, port)
        case _:
            raise InvitationError("one of its addresses is none")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return len(host) <= MAX_HOST and host.isascii() and host.isprintable()


def _relay(value: object) -> str:
    if value == "":
        return ""
    if type(value) is not str or len(value) > MAX_RELAY or not _is_url(value):
        raise InvitationError("its relay is no address that begins with https://")
    return value


def _is_url(text: str) -> bool:
    # A relay of one's own network or of a test may do without encryption: it sees none anyway.
    plain = text.isascii() and text.isprintable() and " " not in text
    return plain and text.startswith(("https://", "http://"))
