"""
Signed papers as bytes: one spelling for each meaning.

Rule 1: what is signed is deterministic CBOR (RFC 8949): arrays, numbers, bytes and text
only; no maps, tags, floats or flags. Bytes that say the same in another spelling are
refused, so that what was checked is what was signed.

Rule 2: any bytes are either exactly one paper within all limits or a
:exc:`~whisker_sync.errors.MalformedPaper`; nothing else ever comes out of a decoder.

Rule 3: what is valid here is valid everywhere and for ever. No check asks for the version
of Python or of Unicode, for the time, or for anything but the bytes: two devices that
judged one paper differently would never agree again.

A signed paper is an array of two strings of bytes: the body, itself such an array, and the
Ed25519 signature over ``"whisker-sync/1 " purpose 00 body``. The purpose keeps a signature
from being shown as one for something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

import cbor2

from whisker_sync.errors import MalformedPaper
from whisker_sync.shown import is_plain, plain

MAX_NAME = 64
"""Code points of a name of a device or of a person."""

MAX_NUMBER = (1 << 53) - 1
"""The greatest number in a paper: every language can hold it."""

SIGNATURE_BYTES = 64
"""Bytes of an Ed25519 signature."""

_DEPTH = 4

Fields = list[Any]
"""What CBOR gives us: untrusted until each field went through a check below."""


def domain(purpose: str) -> bytes:
    """What stands before the bytes that are signed or hashed for one purpose."""
    return b"whisker-sync/1 " + purpose.encode() + b"\0"


def pack(fields: Fields) -> bytes:
    """Fields in the one spelling they have."""
    return cbor2.dumps(fields, canonical=True)


def unpack(data: bytes, most: int, *counts: int) -> Fields:
    """
    The fields of an array; ``most`` bytes and one of ``counts`` fields.

    Raises:
        MalformedPaper: It is none, or not in the one spelling.
    """
    if len(data) > most:
        raise MalformedPaper(f"{len(data)} bytes, where {most} are the limit")
    try:
        fields = cbor2.loads(
            data,
            max_depth=_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
            tag_hook=_refuse_tag,
            semantic_decoders=_REFUSED_TAGS,
        )
    except MalformedPaper:
        raise
    except Exception as problem:  # whatever cbor2 makes of hostile bytes
        raise MalformedPaper(f"not CBOR: {type(problem).__name__}") from None
    if type(fields) is not list or len(fields) not in counts:
        raise MalformedPaper("not an array of as many fields as it must have")
    if not _is_plain(fields) or pack(fields) != data:
        raise MalformedPaper("not in the one spelling it has")
    return fields


def _is_plain(value: object) -> bool:
    # By exact type: a flag is a number to isinstance, and NaN is unequal to itself.
    if type(value) is list:
        return all(_is_plain(item) for item in value)
    return type(value) in {int, bytes, str}


def _refuse_tag(*_: object) -> NoReturn:
    raise MalformedPaper("a CBOR tag")


# cbor2 makes objects of these tags before it asks its hook, and some cost a lot to build.
_BUILT_IN_TAGS = (
    *range(6), 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799,
)  # fmt: skip
_REFUSED_TAGS: Any = dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag)


def sign_off(body: bytes, signature: bytes) -> bytes:
    """A signed paper: its body and the signature."""
    return pack([body, signature])


def signed(data: bytes, most: int) -> tuple[bytes, bytes]:
    """The body and the signature (not verified yet) of a paper, or :exc:`MalformedPaper`."""
    body, signature = unpack(data, most, 2)
    return blob(body, most), exactly(signature, SIGNATURE_BYTES)


# One check for each kind of field.


def number(value: object, most: int = MAX_NUMBER) -> int:
    """A number from 0 to ``most``, or :exc:`MalformedPaper`."""
    if type(value) is not int or not 0 <= value <= most:
        raise MalformedPaper("a number out of range")
    return value


def exactly(value: object, *sizes: int) -> bytes:
    """Bytes of one of these lengths, or :exc:`MalformedPaper`."""
    if type(value) is not bytes or len(value) not in sizes:
        raise MalformedPaper("bytes of the wrong length")
    return value


def blob(value: object, most: int) -> bytes:
    """Bytes, or :exc:`MalformedPaper`."""
    if type(value) is not bytes or len(value) > most:
        raise MalformedPaper("bytes missing or too long")
    return value


def some(value: object) -> bytes:
    """Bytes that a reader of their own will measure, or :exc:`MalformedPaper`."""
    if type(value) is not bytes:
        raise MalformedPaper("bytes missing")
    return value


def items(value: object, most: int) -> Fields:
    """A list, or :exc:`MalformedPaper`."""
    if type(value) is not list or len(value) > most:
        raise MalformedPaper("a list missing or too long")
    return value


def rising(values: Iterable[Any]) -> None:
    """Refuse a list whose order is not the one it must have, or that repeats itself."""
    before = None
    for value in values:
        if before is not None and not before < value:
            raise MalformedPaper("a list out of order")
        before = value


def name(value: object) -> str:
    """A name that can be shown, or :exc:`MalformedPaper`."""
    if type(value) is not str or not value.strip(" ") or not is_showable(value):
        raise MalformedPaper("a name that cannot be shown")
    return value


def is_showable(text: str) -> bool:
    """Whether a name is within its limits and holds nothing that changes how others look."""
    return len(text) <= MAX_NAME and is_plain(text)


def showable(text: str) -> str:
    """A name made fit to be shown: what cannot be is left out, and the rest cut."""
    return " ".join(plain(text).split())[:MAX_NAME].strip() or "nameless"
