"""Contents of binary files, sealed for a mailbox: the same for all members, noise for others."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisker_sync.errors import BadEnvelope
from whisker_sync.identity.contents import MAX_CONTENT, ContentKeys, pieces_of
from whisker_sync.identity.envelope import MAX_PIECE, SIZES, MailKeys

KEYS = ContentKeys(MailKeys(1, b"k" * 32))
OTHERS = ContentKeys(MailKeys(2, b"o" * 32))
PICTURE = b"picture" * 50_000


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


@pytest.mark.parametrize("size", [0, 1, MAX_PIECE, MAX_PIECE + 1, MAX_CONTENT])
def test_a_content_comes_back_whole(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    closed = KEYS.close(content)
    assert len(closed) == pieces_of(size)
    assert KEYS.pieces(sha(content), closed[0]) == len(closed)
    assert KEYS.open(sha(content), closed) == content
    assert {len(piece) for piece in closed} <= set(SIZES)
    assert KEYS.ids(sha(content), len(closed)) == tuple(piece[:16] for piece in closed)


def test_a_content_may_have_a_mebibyte_and_no_more() -> None:
    with pytest.raises(AssertionError):
        KEYS.close(bytes(MAX_CONTENT + 1))


def test_whoever_seals_it_the_pieces_are_the_same() -> None:
    again = ContentKeys(MailKeys(1, b"k" * 32))
    assert again.close(PICTURE) == KEYS.close(PICTURE)


def test_in_another_epoch_nothing_tells_that_it_is_the_same_content() -> None:
    ours, theirs = KEYS.close(PICTURE), OTHERS.close(PICTURE)
    assert not {piece[:16] for piece in ours} & {piece[:16] for piece in theirs}
    assert not any(PICTURE[:20] in piece or sha(PICTURE) in piece for piece in ours)
    with pytest.raises(BadEnvelope):
        OTHERS.open(sha(PICTURE), ours)


@given(st.data())
@settings(max_examples=40)
def test_a_relay_cannot_change_a_byte(data: st.DataObject) -> None:
    closed = list(KEYS.close(PICTURE))
    which = data.draw(st.integers(0, len(closed) - 1))
    piece = bytearray(closed[which])
    piece[data.draw(st.integers(0, len(piece) - 1))] ^= data.draw(st.integers(1, 255))
    closed[which] = bytes(piece)
    with pytest.raises(BadEnvelope):
        KEYS.open(sha(PICTURE), closed)


def test_swapped_missing_and_foreign_pieces_make_no_content() -> None:
    closed = KEYS.close(PICTURE)
    other = KEYS.close(PICTURE[::-1])
    for wrong in (closed[::-1], closed[:1], (closed[0], other[1]), (*closed, closed[0]), ()):
        with pytest.raises(BadEnvelope):
            KEYS.open(sha(PICTURE), wrong)
    with pytest.raises(BadEnvelope):
        KEYS.pieces(sha(PICTURE), other[0])
    with pytest.raises(BadEnvelope):
        KEYS.pieces(sha(PICTURE), b"")


def test_its_keys_show_nothing() -> None:
    assert "***" in repr(KEYS)
