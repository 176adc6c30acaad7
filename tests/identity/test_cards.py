"""Tests for keys, cards and seals: :mod:`whisker_sync.identity` below the roster."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import MalformedPaper
from whisker_sync.identity.canonical import MAX_NAME, MAX_NUMBER, pack, sign_off
from whisker_sync.identity.card import MAX_CARD, Card, PersonId
from whisker_sync.identity.keys import DeviceKey, is_sound, verify
from whisker_sync.identity.seals import ENVELOPE_BYTES, Seal, commitment, hpke
from whisker_sync.ids import WorkspaceId

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
KEY, OTHER = DeviceKey(SEED), DeviceKey(b"o" * 32)
ADA = PersonId(b"ada-ada-ada-ada!")
CARD = Card.issue(KEY, "laptop", ADA, "Ada", 1_700_000_000_000)
WORKSPACE = WorkspaceId(b"w" * 16)

# Every encoding of a point whose order is at most 8: computed from the equation of the curve.
SMALL = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def test_a_signature_is_for_its_purpose_only() -> None:
    signature = KEY.sign("card", b"words")
    assert verify(KEY.public, "card", b"words", signature)
    assert not verify(KEY.public, "ticket", b"words", signature)
    assert not verify(KEY.public, "card", b"word", signature)
    assert not verify(OTHER.public, "card", b"words", signature)


def test_the_key_for_sealing_comes_from_the_same_secret() -> None:
    assert DeviceKey.load(KEY.encode()).box == KEY.box
    assert KEY.box not in {KEY.public, KEY.encode(), OTHER.box}


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("encoding", SMALL)
def test_a_key_that_anybody_could_sign_for_is_refused(encoding: str, sign: int) -> None:
    public = bytearray.fromhex(encoding)
    public[31] |= sign << 7
    assert not is_sound(bytes(public), KEY.box)
    assert is_sound(KEY.public, KEY.box)


@pytest.mark.parametrize("box", [bytes(32), b"\1" + bytes(31)])
def test_a_key_that_nothing_can_be_sealed_to_is_refused(box: bytes) -> None:
    assert not is_sound(KEY.public, box)
    forged = dataclasses.replace(CARD, box=box)
    forged = dataclasses.replace(forged, signature=KEY.sign("card", forged.body()))
    with pytest.raises(MalformedPaper, match="a key that is none"):
        Card.decode(forged.encode())


def test_a_card_comes_back_as_it_was_issued() -> None:
    assert Card.decode(CARD.encode()) == CARD
    assert CARD.device == KEY.device


@given(st.text(max_size=200), st.text(max_size=200), st.integers(0, MAX_NUMBER))
def test_any_names_make_a_card_that_everybody_accepts(one: str, two: str, created: int) -> None:
    card = Card.issue(KEY, one, ADA, two, created)
    assert Card.decode(card.encode()) == card
    assert 0 < len(card.device_name) <= MAX_NAME


def test_the_longest_names_fit() -> None:
    card = Card.issue(KEY, "\U0001f408" * 99, ADA, "\U0001f63a" * 99, MAX_NUMBER)
    assert len(card.device_name) == MAX_NAME
    assert len(card.encode()) <= MAX_CARD
    assert Card.decode(card.encode()) == card


@pytest.mark.parametrize("letter", ["\n", "\x1b", "\u202e", "\u2066", "\u200b", "\ufeff", "\x9b"])
def test_a_name_that_changes_how_others_look_is_refused(letter: str) -> None:
    assert letter not in Card.issue(KEY, f"a{letter}b", ADA, "Ada", 0).device_name
    forged = dataclasses.replace(CARD, person_name=f"Ada{letter}")
    forged = dataclasses.replace(forged, signature=KEY.sign("card", forged.body()))
    with pytest.raises(MalformedPaper, match="cannot be shown"):
        Card.decode(forged.encode())


@pytest.mark.parametrize(
    "change",
    [
        {"key": OTHER.public},
        {"box": OTHER.box},
        {"device_name": "phone"},
        {"person": PersonId(bytes(16))},
        {"person_name": "Eve"},
        {"created": 1},
        {"signature": OTHER.sign("card", CARD.body())},
        {"signature": KEY.sign("ticket", CARD.body())},
    ],
)
def test_a_card_changed_in_any_field_is_refused(change: dict[str, bytes]) -> None:
    with pytest.raises(MalformedPaper, match="did not sign"):
        Card.decode(dataclasses.replace(CARD, **change).encode())  # type: ignore[arg-type]


def test_no_bit_of_a_card_can_be_turned() -> None:
    data = CARD.encode()
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MalformedPaper):
            Card.decode(bytes(changed))


@pytest.mark.parametrize(
    "fields",
    [
        [1, KEY.public, KEY.box, "laptop", ADA, "Ada"],
        [2, KEY.public, KEY.box, "laptop", ADA, "Ada", 0],
        [True, KEY.public, KEY.box, "laptop", ADA, "Ada", 0],
        [1, KEY.public, KEY.box, "laptop", ADA, "Ada", -1],
        [1, KEY.public, KEY.box, "laptop", ADA, "Ada", MAX_NUMBER + 1],
        [1, KEY.public, KEY.box, "laptop", ADA, "Ada", 1.0],
        [1, KEY.public, KEY.box, "", ADA, "Ada", 0],
        [1, KEY.public, KEY.box, "   ", ADA, "Ada", 0],
        [1, KEY.public, KEY.box, "l" * (MAX_NAME + 1), ADA, "Ada", 0],
        [1, KEY.public, KEY.box, b"laptop", ADA, "Ada", 0],
        [1, KEY.public[:31], KEY.box, "laptop", ADA, "Ada", 0],
        [1, KEY.public, KEY.box, "laptop", ADA[:8], "Ada", 0],
        {1: 2},
    ],
    ids=range(13),
)
def test_a_signed_card_of_another_shape_is_refused(fields: list[object]) -> None:
    body = pack(fields)
    with pytest.raises(MalformedPaper):
        Card.decode(sign_off(body, KEY.sign("card", body)))


def test_only_the_device_opens_what_was_sealed_for_it() -> None:
    seal = Seal.close(WORKSPACE, 3, b"k" * 32, KEY.device, KEY.box, hpke)
    assert len(seal.envelope) == ENVELOPE_BYTES
    assert Seal.decode(seal.encode()) == seal
    assert seal.open(WORKSPACE, KEY) == b"k" * 32
    assert seal.open(WORKSPACE, OTHER) is None


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 4},
        {"commitment": commitment(b"x" * 32)},
        {"device": OTHER.device},
        {"envelope": bytes(ENVELOPE_BYTES)},
    ],
)
def test_a_seal_for_something_else_does_not_open(change: dict[str, bytes]) -> None:
    seal = Seal.close(WORKSPACE, 3, b"k" * 32, KEY.device, KEY.box, hpke)
    assert dataclasses.replace(seal, **change).open(WORKSPACE, KEY) is None  # type: ignore[arg-type]
    assert seal.open(WorkspaceId(b"x" * 16), KEY) is None


def test_a_sealed_key_that_is_not_the_promised_one_is_not_taken() -> None:
    def liar(box: bytes, info: bytes, _: bytes) -> bytes:
        return hpke(box, info, b"another key of 32 bytes, no more")

    assert (
        Seal.close(WORKSPACE, 3, b"k" * 32, KEY.device, KEY.box, liar).open(WORKSPACE, KEY) is None
    )


@given(st.binary(max_size=300))
def test_no_bytes_make_a_card_or_a_seal_but_their_own(data: bytes) -> None:
    with pytest.raises(MalformedPaper):
        Card.decode(data)
    with pytest.raises(MalformedPaper):
        Seal.decode(data)
