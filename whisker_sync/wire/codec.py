"""
Messages as bytes.

A frame is one canonical CBOR array (RFC 8949): the number of the message, then
its fields in order. No maps, no tags, no floats. Any bytes are either exactly
one message within all limits or a :exc:`~whisker_sync.errors.MalformedFrame`,
and nothing else ever comes out of :func:`decode`; a frame that says the same in
another spelling is malformed too, so that what is checked is what was sent.

A large message is compressed and cut into parts (:func:`encode` returns
several frames then); an :class:`Assembly` puts them together again.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

import cbor2

from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.record import RECORD_FORMAT, Record
from whisker_sync.revision import ID_BYTES, MAX_REVISION
from whisker_sync.shown import is_plain, plain
from whisker_sync.wire import limits
from whisker_sync.wire.messages import (
    Ack,
    Archive,
    Asset,
    Bye,
    Carried,
    Catch,
    Challenge,
    Covers,
    Greeting,
    Hello,
    Holding,
    Introduction,
    Links,
    Members,
    Message,
    Part,
    Present,
    Proof,
    Push,
    Reject,
    Rest,
    Revisions,
    Shelves,
    Standing,
    Stocked,
    Titles,
    WantAsset,
    WantRevisions,
    Welcome,
)

MAX_INT = (1 << 63) - 1

Fields = list[Any]
"""What CBOR gives us: untrusted until each field went through a check below."""


# Encoding. We trust ourselves: what we build is within the limits.


def encode(message: Message, sender: DeviceId) -> tuple[bytes, ...]:
    """
    The frames that carry ``message`` on a link.

    ``sender`` is the device that sends; records that it authored do not repeat it.
    """
    body = _dump(_fields(message, sender))
    if len(body) < limits.COMPRESS_FROM:
        return (body,)
    return tuple(_parts(body, _level(message, len(body))))


def _level(message: Message, size: int) -> int:
    """How much work compressing a message is worth."""
    if isinstance(message, Asset):
        return 0  # whoever made pictures and sounds has compressed them already
    return 1 if size >= limits.COMPRESS_QUICKLY_FROM else 6


def canonical(fields: Fields) -> bytes:
    """The one spelling of plain values, for what is hashed at both ends."""
    return _dump(fields)


def _dump(fields: Fields) -> bytes:
    return cbor2.dumps(fields, canonical=True)


def _parts(body: bytes, level: int) -> Sequence[bytes]:
    squeezed = zlib.compress(body, level)
    cuts = range(0, len(squeezed), limits.PART)
    return [
        _dump(
            [
                _PART,
                len(body),
                cut + limits.PART >= len(squeezed),
                squeezed[cut : cut + limits.PART],
            ]
        )
        for cut in cuts
    ]


def _fields(message: Message, sender: DeviceId) -> Fields:
    match message:
        case Push(through, records):
            return [5, through, [_record_fields(record, sender) for record in records]]
        case Ack(pushes):
            return [6, pushes]
        case Rest(head, fingerprint):
            return [7, head, fingerprint]
        case Catch(holdings):
            return [8, [[held.document, held.fingerprint, held.state] for held in holdings]]
        case Links(linked):
            return [9, list(linked)]
        case WantAsset(asset):
            return [10, asset]
        case Asset(asset, content):
            return [11, asset, content]
        case Reject(document, update, reason, spans):
            refused = [list(span) for span in spans[: limits.MAX_SPANS]]
            return [14, document, update, _said(reason), refused]
        case Covers(tracks):
            return [70, [list(track) for track in tracks]]
        case Carried(incarnation, base, through, cursors, assets):
            return [69, incarnation, base, through, [list(c) for c in cursors], list(assets)]
        case Stocked(lying, lacked):
            return [71, [list(each) for each in lying], list(lacked)]
        case Bye(reason):
            return [12, _said(reason)]
        case Challenge(oldest, newest, nonce):
            return [0, oldest, newest, nonce]
        case Members(digest, evidence):
            return [40, digest, evidence]
        case Proof(version, nonce, macs):
            return [1, version, nonce, list(macs)]
        case Welcome(mac, public, signature, standing):
            return [2, mac, public, signature, standing.digest, list(standing.tips)]
        case Introduction(public, signature, standing):
            return [3, public, signature, standing.digest, list(standing.tips)]
        case Hello():
            return _hello_fields(message)
        case Present(document, place):
            return [60, document, plain(place)[: limits.MAX_PLACE]]
        case Archive(total):
            return [55, total]
        case Shelves(oldest, sums):
            return [56, oldest, [list(shelf) for shelf in sums]]
        case Titles(day, ids, is_answer):
            return [57, day, list(ids), is_answer]
        case WantRevisions(ids):
            return [58, list(ids)]
        case Revisions(asked, revisions):
            return [59, asked, list(revisions)]


def _said(reason: str) -> str:
    return plain(reason)[: limits.MAX_REASON]


def _hello_fields(hello: Hello) -> Fields:
    return [
        4,
        hello.boot,
        hello.incarnation,
        hello.first,
        hello.head,
        hello.cursor_of,
        hello.cursor,
        hello.fingerprint,
        list(hello.linked),
        plain(hello.name)[: limits.MAX_NAME],
        plain(hello.person)[: limits.MAX_NAME],
        hello.port,
    ]


def _record_fields(record: Record, sender: DeviceId) -> Fields:
    short = [record.document, record.update, record.client, record.time]
    plain = record.format == RECORD_FORMAT and not record.voucher and not record.signature
    if plain and record.author == sender:
        return short
    return [*short, record.author, record.format, record.voucher, record.signature]


# Decoding. Nothing is trusted.


def decode(frame: bytes, sender: DeviceId) -> Message | Part:
    """
    The message in ``frame``, which came from ``sender``.

    Raises:
        MalformedFrame: The bytes are no message, or beyond a limit.
    """
    if len(frame) > limits.MAX_FRAME:
        raise MalformedFrame(f"{len(frame)} bytes in one frame")
    return _read(frame, sender)


def decode_greeting(frame: bytes) -> Greeting:
    """
    The message in ``frame``, which came from somebody who has proven nothing.

    Raises:
        MalformedFrame: As :func:`decode`; also for anything but a greeting, and
            for frames beyond what a greeting can need.
    """
    if len(frame) > limits.MAX_STRANGER_FRAME:
        raise MalformedFrame(f"{len(frame)} bytes before any proof")
    message = _read(frame, DeviceId(b""))
    if not isinstance(message, Greeting):
        raise MalformedFrame(f"{type(message).__name__} before any proof")
    return message


class Assembly:
    """Puts the parts of large messages together, one message at a time."""

    def __init__(self) -> None:
        self._size = 0
        self._body = bytearray()
        self._stream: Any = None

    def add(self, part: Part, sender: DeviceId) -> Message | None:
        """
        Take the next part; return the message if this was its last part.

        Raises:
            MalformedFrame: The parts do not make exactly one message.
        """
        if self._stream is None:
            self._size, self._stream = part.size, zlib.decompressobj()
        elif part.size != self._size:
            raise MalformedFrame("a part of another message")
        self._inflate(part.data)
        if not part.last:
            return None
        body, whole = bytes(self._body), self._stream.eof and not self._stream.unused_data
        self._size, self._body, self._stream = 0, bytearray(), None
        if not whole or len(body) != part.size:
            raise MalformedFrame("parts that do not make a whole message")
        _check_items(body)
        message = _read(body, sender)
        if isinstance(message, Part):
            raise MalformedFrame("a part within parts")
        return message

    def _inflate(self, data: bytes) -> None:
        # One byte more than announced is asked for, so that a lie is seen but never stored.
        room = self._size - len(self._body) + 1
        try:
            self._body += self._stream.decompress(data, room)
        except zlib.error:
            raise MalformedFrame("parts that are not compressed as they should be") from None
        if len(self._body) > self._size:
            raise MalformedFrame("parts larger than announced")


def _check_items(body: bytes) -> None:
    """
    Refuse a message of too many values, before any of them is built.

    Where each byte is a value, Python needs sixty times as much memory; a few kilobytes of
    parts would become gigabytes.
    """
    at = items = 0
    while at < len(body):
        items += 1
        if items > limits.MAX_ITEMS:
            raise MalformedFrame(f"more than {limits.MAX_ITEMS} values in one message")
        major, size = body[at] >> 5, body[at] & 31
        at += 1
        if size > 23:
            width = 1 << (size - 24)  # of lengths that do not exist, whoever reads it complains
            size, at = int.from_bytes(body[at : at + width], "big"), at + width
        if major in {2, 3}:
            at += size


def _refuse_tag(*_: object) -> NoReturn:
    raise MalformedFrame("a CBOR tag")


# cbor2 turns these tags into objects (dates, regular expressions, big numbers ...) before it asks
# its hook, and some of them cost a lot to build.
_BUILT_IN_TAGS = (
    *range(6), 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799,
)  # fmt: skip
_REFUSED_TAGS: Any = dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag)


def _read(body: bytes, sender: DeviceId) -> Message | Part:
    try:
        fields = cbor2.loads(
            body,
            max_depth=limits.MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            strict_hashable_types=True,
            tag_hook=_refuse_tag,
            semantic_decoders=_REFUSED_TAGS,
        )
    except MalformedFrame:
        raise
    except Exception as problem:  # whatever cbor2 makes of hostile bytes
        raise MalformedFrame(f"not CBOR: {type(problem).__name__}") from None
    if type(fields) is not list or not fields or type(fields[0]) is not int:
        raise MalformedFrame("not an array that begins with a number")
    reader = _READERS.get(fields[0])
    if reader is None:
        raise MalformedFrame(f"message number {fields[0]}")
    message = reader(fields[1:], sender)
    if _dump(fields) != body:
        raise MalformedFrame("not in the canonical spelling")
    return message


# One check for each kind of field. `type(x) is int` on purpose: a bool is an int to isinstance.


def _count(fields: Fields, *counts: int) -> None:
    if len(fields) not in counts:
        raise MalformedFrame(f"{len(fields)} fields")


def _number(value: object, most: int = MAX_INT) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise MalformedFrame("a number out of range")
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise MalformedFrame("a flag that is neither true nor false")
    return value


def _blob(value: object, most: int) -> bytes:
    if type(value) is not bytes or len(value) > most:
        raise MalformedFrame("bytes missing or too long")
    return value


def _exactly(value: object, *sizes: int) -> bytes:
    if type(value) is not bytes or len(value) not in sizes:
        raise MalformedFrame("bytes of the wrong length")
    return value


def _text(value: object, most: int) -> str:
    if type(value) is not str or len(value) > most:
        raise MalformedFrame("text missing or too long")
    return value


def _shown(value: object, most: int) -> str:
    """Text that people will read."""
    if is_plain(text := _text(value, most)):
        return text
    raise MalformedFrame("text that cannot be shown as it is")


def _list(value: object, most: int) -> Fields:
    if type(value) is not list or len(value) > most:
        raise MalformedFrame("a list missing or too long")
    return value


def _document(value: object) -> str:
    if name := _text(value, limits.MAX_DOCUMENT_NAME):
        return name
    raise MalformedFrame("a document without a name")


def _device(value: object) -> DeviceId:
    return DeviceId(_exactly(value, 32))


def _devices(value: object) -> tuple[DeviceId, ...]:
    return tuple(_device(item) for item in _list(value, limits.MAX_LINKED))


# One reader for each message.


def _challenge(fields: Fields, _: DeviceId) -> Challenge:
    _count(fields, 3)
    return Challenge(_number(fields[0], 255), _number(fields[1], 255), _exactly(fields[2], 32))


def _proof(fields: Fields, _: DeviceId) -> Proof:
    _count(fields, 3)
    macs = tuple(_exactly(item, 32) for item in _list(fields[2], limits.MACS))
    if len(macs) != limits.MACS:
        raise MalformedFrame("a proof with too few MACs")
    return Proof(_number(fields[0], 255), _exactly(fields[1], 32), macs)


def _welcome(fields: Fields, _: DeviceId) -> Welcome:
    _count(fields, 5)
    public, signature = _exactly(fields[1], 32), _exactly(fields[2], 64)
    return Welcome(_exactly(fields[0], 32), public, signature, _standing(*fields[3:]))


def _introduction(fields: Fields, _: DeviceId) -> Introduction:
    _count(fields, 4)
    return Introduction(_exactly(fields[0], 32), _exactly(fields[1], 64), _standing(*fields[2:]))


def _standing(digest: object, tips: object) -> Standing:
    hashes = tuple(_exactly(item, 32) for item in _list(tips, limits.MAX_TIPS))
    return Standing(_exactly(digest, 32), hashes)


def _members(fields: Fields, _: DeviceId) -> Members:
    _count(fields, 2)
    return Members(_exactly(fields[0], 32), _blob(fields[1], limits.MAX_EVIDENCE))


def _hello(fields: Fields, _: DeviceId) -> Hello:
    _count(fields, 11)
    return Hello(
        boot=_exactly(fields[0], 8),
        incarnation=Incarnation(_exactly(fields[1], 8)),
        first=_number(fields[2]),
        head=_number(fields[3]),
        cursor_of=Incarnation(_exactly(fields[4], 0, 8)),
        cursor=_number(fields[5]),
        fingerprint=_exactly(fields[6], 0, 16),
        linked=_devices(fields[7]),
        name=_shown(fields[8], limits.MAX_NAME),
        person=_shown(fields[9], limits.MAX_NAME),
        port=_number(fields[10], 65535),
    )


def _push(fields: Fields, sender: DeviceId) -> Push:
    _count(fields, 2)
    records = _list(fields[1], limits.MAX_RECORDS)
    return Push(_number(fields[0]), tuple(_record(item, sender) for item in records))


def _record(value: object, sender: DeviceId) -> Record:
    fields = _list(value, 8)
    _count(fields, 4, 8)
    document = _document(fields[0])
    update = _blob(fields[1], limits.MAX_UPDATE)
    client, time = _number(fields[2]), _number(fields[3])
    if len(fields) == 4:
        return Record(document, update, sender, client, time)
    record = Record(
        document,
        update,
        _device(fields[4]),
        client,
        time,
        _number(fields[5], 255),
        DeviceId(_exactly(fields[6], 0, 32)),
        _blob(fields[7], limits.MAX_SIGNATURE),
    )
    if len(_record_fields(record, sender)) == 4:
        raise MalformedFrame("a record in its long spelling that has a short one")
    return record


def _ack(fields: Fields, _: DeviceId) -> Ack:
    _count(fields, 1)
    return Ack(_number(fields[0]))


def _rest(fields: Fields, _: DeviceId) -> Rest:
    _count(fields, 2)
    return Rest(_number(fields[0]), _exactly(fields[1], 16))


def _catch(fields: Fields, _: DeviceId) -> Catch:
    _count(fields, 1)
    holdings = []
    for item in _list(fields[0], limits.MAX_DOCUMENTS):
        held = _list(item, 3)
        _count(held, 3)
        state = _blob(held[2], limits.MAX_STATE)
        holdings.append(Holding(_document(held[0]), _exactly(held[1], 16), state))
    return Catch(tuple(holdings))


def _links(fields: Fields, _: DeviceId) -> Links:
    _count(fields, 1)
    return Links(_devices(fields[0]))


def _want_asset(fields: Fields, _: DeviceId) -> WantAsset:
    _count(fields, 1)
    return WantAsset(_exactly(fields[0], 32))


def _asset(fields: Fields, _: DeviceId) -> Asset:
    _count(fields, 2)
    content = None if fields[1] is None else _blob(fields[1], limits.MAX_ASSET)
    return Asset(_exactly(fields[0], 32), content)


def _reject(fields: Fields, _: DeviceId) -> Reject:
    _count(fields, 4)
    reason = _shown(fields[2], limits.MAX_REASON)
    spans = tuple(_span(item) for item in _list(fields[3], limits.MAX_SPANS))
    return Reject(_document(fields[0]), _exactly(fields[1], 32), reason, spans)


def _span(value: object) -> tuple[int, int, int]:
    fields = _list(value, 3)
    _count(fields, 3)
    return _number(fields[0]), _number(fields[1]), _number(fields[2])


def _bye(fields: Fields, _: DeviceId) -> Bye:
    _count(fields, 1)
    return Bye(_shown(fields[0], limits.MAX_REASON))


def _present(fields: Fields, _: DeviceId) -> Present:
    _count(fields, 2)
    return Present(_document(fields[0]), _shown(fields[1], limits.MAX_PLACE))


def _covers(fields: Fields, _: DeviceId) -> Covers:
    _count(fields, 1)
    tracks = tuple(_track(item) for item in _list(fields[0], limits.MAX_TRACKS))
    if any(first >= second for (first, _), (second, _) in pairwise(tracks)):
        raise MalformedFrame("sessions out of order")
    return Covers(tracks)


def _track(value: object) -> tuple[bytes, int]:
    fields = _list(value, 2)
    _count(fields, 2)
    return _exactly(fields[0], 8), _number(fields[1])


def _carried(fields: Fields, _: DeviceId) -> Carried:
    _count(fields, 5)
    cursors = tuple(_cursor(item) for item in _list(fields[3], limits.MAX_CURSORS))
    _ascending([device for device, _, _ in cursors])
    assets = tuple(_exactly(item, 8) for item in _list(fields[4], limits.MAX_HELD))
    _ascending(assets)
    base, through = _number(fields[1]), _number(fields[2])
    if base > through:
        raise MalformedFrame("a bundle that ends before it begins")
    return Carried(Incarnation(_exactly(fields[0], 8)), base, through, cursors, assets)


def _stocked(fields: Fields, _: DeviceId) -> Stocked:
    _count(fields, 2)
    lying = tuple(_lying(item) for item in _list(fields[0], limits.MAX_STOCKED))
    _ascending([content for content, _ in lying])
    lacked = tuple(_exactly(item, 32) for item in _list(fields[1], limits.MAX_STOCKED))
    _ascending(lacked)
    return Stocked(lying, lacked)


def _lying(value: object) -> tuple[bytes, int]:
    fields = _list(value, 2)
    _count(fields, 2)
    return _exactly(fields[0], 32), _number(fields[1], 255)


def _cursor(value: object) -> tuple[DeviceId, Incarnation, int]:
    fields = _list(value, 3)
    _count(fields, 3)
    return _device(fields[0]), Incarnation(_exactly(fields[1], 8)), _number(fields[2])


def _part(fields: Fields, _: DeviceId) -> Part:
    _count(fields, 3)
    size = _number(fields[0])
    if size > limits.MAX_MESSAGE:
        raise MalformedFrame(f"{size} bytes in one message")
    return Part(size, _flag(fields[1]), _blob(fields[2], limits.PART))


def _archive(fields: Fields, _: DeviceId) -> Archive:
    _count(fields, 1)
    return Archive(_exactly(fields[0], 16))


def _shelves(fields: Fields, _: DeviceId) -> Shelves:
    _count(fields, 2)
    sums = []
    for item in _list(fields[1], limits.MAX_SHELVES):
        shelf = _list(item, 2)
        _count(shelf, 2)
        sums.append((_number(shelf[0]), _exactly(shelf[1], 8)))
    _ascending([day for day, _ in sums])
    return Shelves(_number(fields[0]), tuple(sums))


def _titles(fields: Fields, _: DeviceId) -> Titles:
    _count(fields, 3)
    ids = [_exactly(item, ID_BYTES) for item in _list(fields[1], limits.MAX_TITLES)]
    _ascending(ids)
    return Titles(_number(fields[0]), tuple(ids), _flag(fields[2]))


def _want_revisions(fields: Fields, _: DeviceId) -> WantRevisions:
    _count(fields, 1)
    wanted = _list(fields[0], limits.MAX_WANTED)
    return WantRevisions(tuple(_exactly(item, ID_BYTES) for item in wanted))


def _revisions(fields: Fields, _: DeviceId) -> Revisions:
    _count(fields, 2)
    revisions = _list(fields[1], limits.MAX_WANTED)
    return Revisions(_flag(fields[0]), tuple(_blob(item, MAX_REVISION) for item in revisions))


def _ascending(values: Sequence[Any]) -> None:
    if any(first >= second for first, second in pairwise(values)):
        raise MalformedFrame("a list out of order")


_PART = 13

_READERS: dict[int, Callable[[Fields, DeviceId], Message | Part]] = {
    0: _challenge,
    1: _proof,
    2: _welcome,
    3: _introduction,
    4: _hello,
    5: _push,
    6: _ack,
    7: _rest,
    8: _catch,
    9: _links,
    10: _want_asset,
    11: _asset,
    12: _bye,
    14: _reject,
    40: _members,
    55: _archive,
    56: _shelves,
    57: _titles,
    58: _want_revisions,
    69: _carried,
    59: _revisions,
    60: _present,
    70: _covers,
    71: _stocked,
    _PART: _part,
}
