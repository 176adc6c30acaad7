"""Envelopes: what they hide, what they prove, and what is none."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import BadEnvelope
from whisker_sync.identity import envelope as subject
from whisker_sync.identity.envelope import (
    MAX_PIECE,
    MAX_SEEN,
    SIZES,
    Desk,
    Envelope,
    MailKeys,
    Postmark,
    seen_of,
    track_of,
)
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import WorkspaceId


def drawn(what: str) -> bytes:
    return hashlib.sha256(what.encode()).digest()


ADA, BOB = DeviceKey(drawn("ada")), DeviceKey(drawn("bob"))
WORKSPACE = WorkspaceId(b"a workspace's id")
KEYS = MailKeys(1, drawn("epoch 1"))
FULL = seen_of([(drawn(str(number))[:8], 1 << 50) for number in range(MAX_SEEN)])


def desk(key: DeviceKey = ADA, session: str = "a session") -> Desk:
    return Desk(key, WORKSPACE, drawn(session)[:16])


def one(letter: bytes = b"a letter", postmark: Postmark | None = None) -> bytes:
    (sealed,) = desk().close(KEYS, postmark or Postmark(), letter)
    return sealed


@given(st.binary(max_size=2000), st.integers(0, 1 << 40), st.integers(0, 20))
def test_what_was_closed_is_opened(letter: bytes, missing: int, sessions: int) -> None:
    postmark = Postmark((missing, drawn("roster")), FULL[:sessions], missing)
    opened = Envelope.open(KEYS, WORKSPACE, one(letter, postmark))
    assert (opened.piece, opened.postmark, opened.device) == (letter, postmark, ADA.device)
    assert (opened.seq, opened.index, opened.count) == (1, 0, 1)


@pytest.mark.parametrize(
    "length", [0, 1, MAX_PIECE - 1, MAX_PIECE, MAX_PIECE + 1, 3 * MAX_PIECE, 3 * MAX_PIECE + 7]
)
def test_a_letter_comes_in_as_many_envelopes_as_it_needs(length: int) -> None:
    letter = os.urandom(length)
    sealed = desk().close(KEYS, Postmark((1, bytes(32)), FULL), letter)
    opened = [Envelope.open(KEYS, WORKSPACE, each) for each in sealed]
    assert b"".join(each.piece for each in opened) == letter
    assert [each.index for each in opened] == list(range(len(opened)))
    assert [each.seq for each in opened] == list(range(1, len(opened) + 1))
    assert {each.count for each in opened} == {len(opened)} == {max(1, -(-length // MAX_PIECE))}


@given(st.integers(0, MAX_PIECE))
def test_an_envelope_has_one_of_a_few_sizes(length: int) -> None:
    assert len(one(bytes(length))) in SIZES


def test_what_others_see_is_the_same_for_short_letters() -> None:
    assert len(one(b"")) == len(one(b"x" * 500)) == 1024


def test_the_envelopes_of_one_session_have_nothing_in_common_in_clear() -> None:
    there = desk()
    sealed = [there.close(KEYS, Postmark(), b"the same words")[0] for _ in range(8)]
    for at in range(0, 1024, 8):
        assert len({each[at : at + 8] for each in sealed}) == 8


def test_nothing_of_what_is_in_it_is_in_the_clear() -> None:
    sealed = one(b"the lighthouse keeper", Postmark(seen=FULL[:3]))
    for secret in (b"lighthouse", ADA.public, ADA.device, WORKSPACE, KEYS.mailbox, FULL[0][0]):
        assert secret not in sealed


@given(st.integers(0, 1023), st.integers(1, 255))
def test_a_changed_bit_is_seen_anywhere(at: int, change: int) -> None:
    sealed = bytearray(one())
    sealed[at] ^= change
    with pytest.raises(BadEnvelope):
        Envelope.open(KEYS, WORKSPACE, bytes(sealed))


@given(st.binary(max_size=3000))
def test_any_bytes_are_an_envelope_or_bad(data: bytes) -> None:
    with pytest.raises(BadEnvelope):
        Envelope.open(KEYS, WORKSPACE, data)


@pytest.mark.parametrize("size", SIZES)
def test_noise_of_the_right_size_is_bad(size: int) -> None:
    with pytest.raises(BadEnvelope, match="cannot be opened"):
        Envelope.open(KEYS, WORKSPACE, os.urandom(size))


@pytest.mark.parametrize(
    "keys", [MailKeys(2, drawn("epoch 1")), MailKeys(1, drawn("epoch 2"))], ids=["number", "key"]
)
def test_the_key_and_the_number_of_another_epoch_open_nothing(keys: MailKeys) -> None:
    with pytest.raises(BadEnvelope, match="cannot be opened"):
        Envelope.open(keys, WORKSPACE, one())


def test_the_mailbox_is_another_one_with_another_key() -> None:
    assert MailKeys(1, drawn("epoch 2")).mailbox != KEYS.mailbox
    assert MailKeys(2, drawn("epoch 1")).mailbox == KEYS.mailbox


def test_an_envelope_of_another_workspace_is_bad() -> None:
    with pytest.raises(BadEnvelope, match="another story"):
        Envelope.open(KEYS, WorkspaceId(b"another one's id"), one())


def test_a_member_cannot_write_as_another_one() -> None:
    fake = DeviceKey(drawn("bob"))
    fake.public = ADA.public
    envelope = Envelope(WORKSPACE, ADA.public, drawn("s")[:16], 1, Postmark(), 0, 1, b"")
    sealed = envelope.close(KEYS, fake)
    with pytest.raises(BadEnvelope, match="has not closed it"):
        Envelope.open(KEYS, WORKSPACE, sealed)


def test_the_content_of_one_envelope_does_not_fit_behind_the_header_of_another() -> None:
    there = desk()
    first, second = (there.close(KEYS, Postmark(), letter)[0] for letter in (b"1", b"2"))
    with pytest.raises(BadEnvelope):
        Envelope.open(KEYS, WORKSPACE, first[:88] + second[88:])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"seq": 2, "index": 1, "count": 2}, None),
        ({"index": 0, "count": 2, "piece": b"short"}, "shorter"),
        ({"count": subject.MAX_PIECES + 1}, "out of range"),
        ({"postmark": Postmark(seen=(*FULL[1:2], *FULL[0:1]))}, "out of order"),
        ({"postmark": Postmark(seen=(*FULL[0:1], *FULL[0:1]))}, "out of order"),
        ({"postmark": Postmark(seen=(*FULL, (b"\xff" * 8, 1)))}, "too long"),
        ({"postmark": Postmark((0, b"short"))}, "wrong length"),
        ({"postmark": Postmark(missing=1 << 53)}, "out of range"),
        ({"piece": bytes(MAX_PIECE + 1)}, "too long"),
    ],
)
def test_what_a_careless_member_closes_is_bad(
    change: dict[str, object], problem: str | None
) -> None:
    envelope = Envelope(WORKSPACE, ADA.public, drawn("s")[:16], 1, Postmark(), 0, 1, b"")
    sealed = replace(envelope, **change).close(KEYS, ADA)  # type: ignore[arg-type]
    if problem is None:
        assert Envelope.open(KEYS, WORKSPACE, sealed).index == 1
        return
    with pytest.raises(BadEnvelope, match=problem):
        Envelope.open(KEYS, WORKSPACE, sealed)


def test_a_piece_cannot_have_begun_before_its_session() -> None:
    envelope = Envelope(WORKSPACE, ADA.public, drawn("s")[:16], 1, Postmark(), 1, 2, b"")
    with pytest.raises(BadEnvelope, match="before its session"):
        Envelope.open(KEYS, WORKSPACE, envelope.close(KEYS, ADA))


def test_the_latest_count_where_more_was_read_than_an_envelope_says() -> None:
    many = [(number.to_bytes(8, "big"), number) for number in range(MAX_SEEN + 9)]
    assert seen_of(many) == tuple(many[9:])


def test_sessions_of_a_device_cannot_be_told_to_belong_together() -> None:
    tracks = {track_of(ADA.public, drawn(str(number))[:16]) for number in range(100)}
    assert len(tracks) == 100


def test_nothing_shows_a_key() -> None:
    assert drawn("epoch 1").hex() not in repr(KEYS)
    assert "***" in repr(KEYS)
