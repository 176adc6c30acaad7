"""Each limit of a frame at its edge: exactly so much is taken, and one more is not."""

from __future__ import annotations

import cbor2
import pytest

from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import DeviceId
from whisker_sync.record import Record
from whisker_sync.wire import limits
from whisker_sync.wire.codec import Assembly, Fields, canonical, decode, decode_greeting, encode
from whisker_sync.wire.messages import (
    Asset,
    Catch,
    Covers,
    Holding,
    Members,
    Message,
    Part,
    Push,
    Shelves,
    Titles,
    WantRevisions,
)

SENDER = DeviceId(b"s" * 32)


def arrives(*fields: object) -> bool:
    """Whether a message of these fields is taken."""
    try:
        decode(canonical(list(fields)), SENDER)
    except MalformedFrame:
        return False
    return True


def carries(message: Message) -> bool:
    """Whether a message is taken that may need several frames."""
    assembly = Assembly()
    try:
        for frame in encode(message, SENDER):
            part = decode(frame, SENDER)
            assert isinstance(part, Part)
            whole = assembly.add(part, SENDER)
    except MalformedFrame:
        return False
    return whole == message


def assert_edge(fields: Fields, too_much: Fields) -> None:
    """See that the first is taken and the second is not."""
    assert arrives(*fields)
    assert not arrives(*too_much)


def reject(document: str, reason: str, spans: int) -> Fields:
    return [14, document, b"u" * 32, reason, [[1, 2, 3]] * spans]


def hello(*, linked: int = 0, name: str = "", person: str = "") -> Fields:
    devices = [b"d" * 32] * linked
    return [4, b"b" * 8, b"i" * 8, 1, 0, b"", 0, b"", devices, name, person, 0]


def record(name: str = "d", signature: int = 0) -> Fields:
    return [name, b"u", 1, 2, b"a" * 32, 1, b"", b"s" * signature]


def test_a_frame_has_so_many_bytes() -> None:
    # The message itself is none, and that is what is complained of up to the limit.
    with pytest.raises(MalformedFrame, match="CBOR"):
        decode(b"\xff" * limits.MAX_FRAME, SENDER)
    with pytest.raises(MalformedFrame, match="bytes in one frame"):
        decode(b"\xff" * (limits.MAX_FRAME + 1), SENDER)


def test_a_frame_of_a_stranger_has_so_many_bytes() -> None:
    with pytest.raises(MalformedFrame, match="CBOR"):
        decode_greeting(b"\xff" * limits.MAX_STRANGER_FRAME)
    with pytest.raises(MalformedFrame, match="before any proof"):
        decode_greeting(b"\xff" * (limits.MAX_STRANGER_FRAME + 1))


def test_a_part_has_so_many_bytes() -> None:
    assert_edge([13, 9, True, b"x" * limits.PART], [13, 9, True, b"x" * (limits.PART + 1)])


def test_a_message_of_parts_has_so_many_bytes() -> None:
    assert_edge([13, limits.MAX_MESSAGE, True, b""], [13, limits.MAX_MESSAGE + 1, True, b""])


def test_a_message_of_parts_has_so_many_values() -> None:
    def push(values: int) -> Push:
        # A push has 3 values of its own; each short record has 5, with its list.
        short, long = divmod(values - 3, 5)
        assert long == 0
        return Push(1, (Record("d", b"u", SENDER, 1, 2),) * short)

    limit = limits.MAX_ITEMS // 5 * 5 - 2
    assert limit + 5 > limits.MAX_ITEMS
    with pytest.raises(MalformedFrame, match="a list missing or too long"):
        assemble(push(limit))  # it has too many records, but not too many values
    with pytest.raises(MalformedFrame, match="values in one message"):
        assemble(push(limit + 5))


def assemble(message: Message) -> None:
    assembly = Assembly()
    for frame in encode(message, SENDER):
        part = decode(frame, SENDER)
        assert isinstance(part, Part)
        assembly.add(part, SENDER)


def test_lists_lie_so_deep_within_each_other() -> None:
    def nested(depth: int) -> bytes:
        value: object = "x"
        for _ in range(depth):
            value = [value]
        return cbor2.dumps(value)

    with pytest.raises(MalformedFrame, match="begins with a number"):
        decode(nested(limits.MAX_DEPTH), SENDER)
    with pytest.raises(MalformedFrame, match="not CBOR"):
        decode(nested(limits.MAX_DEPTH + 1), SENDER)


def test_an_update_has_so_many_bytes() -> None:
    def push(size: int) -> Push:
        return Push(1, (Record("d", bytes(size), SENDER, 1, 2),))

    assert carries(push(limits.MAX_UPDATE))
    assert not carries(push(limits.MAX_UPDATE + 1))


def test_a_push_has_so_many_records() -> None:
    def push(count: int) -> Push:
        return Push(1, (Record("d", b"u", SENDER, 1, 2),) * count)

    assert carries(push(limits.MAX_RECORDS))
    assert not carries(push(limits.MAX_RECORDS + 1))


def test_a_catch_has_so_many_documents() -> None:
    def catch(count: int) -> Catch:
        return Catch((Holding("d", b"f" * 16, b""),) * count)

    assert carries(catch(limits.MAX_DOCUMENTS))
    assert not carries(catch(limits.MAX_DOCUMENTS + 1))


def test_a_state_vector_has_so_many_bytes() -> None:
    def catch(size: int) -> Catch:
        return Catch((Holding("d", b"f" * 16, bytes(size)),))

    assert carries(catch(limits.MAX_STATE))
    assert not carries(catch(limits.MAX_STATE + 1))


def test_a_binary_file_has_so_many_bytes() -> None:
    assert carries(Asset(b"h" * 32, bytes(limits.MAX_ASSET)))
    assert not carries(Asset(b"h" * 32, bytes(limits.MAX_ASSET + 1)))


def test_the_name_of_a_document_has_so_many_letters() -> None:
    longest = "é" * limits.MAX_DOCUMENT_NAME
    assert_edge([5, 1, [record(longest)]], [5, 1, [record(longest + "é")]])
    assert_edge(reject(longest, "", 0), reject(longest + "é", "", 0))


def test_a_name_has_so_many_letters_and_only_such_as_can_be_shown() -> None:
    longest = "é" * limits.MAX_NAME
    assert_edge(hello(name=longest), hello(name=longest + "é"))
    assert_edge(hello(person=longest), hello(person=longest + "é"))
    assert not arrives(*hello(name="\x1b[2J"))
    assert not arrives(*hello(person="ada\u202e"))


def test_a_reason_has_so_many_letters_and_only_such_as_can_be_shown() -> None:
    longest = "é" * limits.MAX_REASON
    assert_edge([12, longest], [12, longest + "é"])
    assert_edge(reject("d", longest, 0), reject("d", longest + "é", 0))
    assert not arrives(12, "gone\nERROR all is lost")
    assert not arrives(*reject("d", "\x1b[2J", 0))


def test_a_device_is_linked_to_so_many() -> None:
    most = limits.MAX_LINKED
    assert_edge(hello(linked=most), hello(linked=most + 1))
    assert_edge([9, [b"d" * 32] * most], [9, [b"d" * 32] * (most + 1)])


def test_a_place_has_so_many_letters_and_only_such_as_can_be_shown() -> None:
    most = limits.MAX_PLACE
    assert_edge([60, "story", "x" * most], [60, "story", "x" * (most + 1)])
    assert_edge([60, "story", "x"], [60, "story", "\x1b"])


def test_a_signature_has_so_many_bytes() -> None:
    most = limits.MAX_SIGNATURE
    assert_edge([5, 1, [record(signature=most)]], [5, 1, [record(signature=most + 1)]])


def test_a_refusal_names_so_many_pieces() -> None:
    assert_edge(reject("d", "", limits.MAX_SPANS), reject("d", "", limits.MAX_SPANS + 1))


def ids(count: int, size: int = 16) -> tuple[bytes, ...]:
    return tuple(i.to_bytes(size, "big") for i in range(count))


def test_a_history_has_so_many_days() -> None:
    def shelves(days: int) -> Shelves:
        return Shelves(0, tuple((day, b"sums sum") for day in range(days)))

    assert carries(shelves(limits.MAX_SHELVES))
    assert not carries(shelves(limits.MAX_SHELVES + 1))


def test_a_day_has_so_many_titles() -> None:
    assert carries(Titles(1, ids(limits.MAX_TITLES), is_answer=False))
    assert not carries(Titles(1, ids(limits.MAX_TITLES + 1), is_answer=False))


def test_so_many_revisions_are_asked_for_or_brought_at_once() -> None:
    most = limits.MAX_WANTED
    assert carries(WantRevisions(ids(most)))
    assert not carries(WantRevisions(ids(most + 1)))
    assert_edge([59, True, [b"r"] * most], [59, True, [b"r"] * (most + 1)])


def test_a_snapshot_stands_in_for_so_many_sessions() -> None:
    def covers(count: int) -> Covers:
        return Covers(tuple((track, 1) for track in ids(count, 8)))

    assert carries(covers(limits.MAX_TRACKS))
    assert not carries(covers(limits.MAX_TRACKS + 1))


def test_a_letter_says_of_so_many_contents_that_they_lie_there_or_do_not() -> None:
    most = limits.MAX_STOCKED
    lying = [[each, 1] for each in ids(most + 1, 32)]
    assert_edge([71, lying[:most], []], [71, lying, []])
    assert_edge([71, [], list(ids(most, 32))], [71, [], list(ids(most + 1, 32))])


def test_a_bundle_says_so_much_of_what_its_maker_holds() -> None:
    def carried(cursors: int, assets: int) -> Fields:
        held = [[each, b"i" * 8, 1] for each in ids(cursors, 32)]
        return [69, b"i" * 8, 0, 1, held, list(ids(assets, 8))]

    assert_edge(carried(limits.MAX_CURSORS, 0), carried(limits.MAX_CURSORS + 1, 0))
    assert_edge(carried(0, limits.MAX_HELD), carried(0, limits.MAX_HELD + 1))
    assert not arrives(69, b"i" * 8, 2, 1, [], [])


def test_a_proof_has_so_many_macs_and_no_fewer() -> None:
    macs = [b"m" * 32] * limits.MACS
    assert_edge([1, 1, b"n" * 32, macs], [1, 1, b"n" * 32, [*macs, b"m" * 32]])
    assert not arrives(1, 1, b"n" * 32, macs[1:])


def test_a_device_knows_so_many_rosters_that_none_follows() -> None:
    def introduction(tips: int) -> Fields:
        return [3, b"p" * 32, b"s" * 64, b"d" * 32, [b"t" * 32] * tips]

    assert_edge(introduction(limits.MAX_TIPS), introduction(limits.MAX_TIPS + 1))


def test_what_says_who_belongs_has_so_many_bytes() -> None:
    assert carries(Members(b"d" * 32, bytes(limits.MAX_EVIDENCE)))
    assert not carries(Members(b"d" * 32, bytes(limits.MAX_EVIDENCE + 1)))
