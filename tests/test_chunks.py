"""Tests for :mod:`whisker_sync.chunks`."""

from __future__ import annotations

import hashlib

import pytest

from whisker_sync.chunks import CHUNK, cut, fits, hashes, id_of, list_of
from whisker_sync.ids import DeviceId
from whisker_sync.wire.codec import encode
from whisker_sync.wire.messages import Asset


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_content_is_its_chunks_in_order(size: int) -> None:
    content = bytes(size)
    chunks = list(cut(content))
    list_ = list_of(cut(content))
    assert b"".join(chunks) == content
    assert hashes(list_) == tuple(hashlib.sha256(chunk).digest() for chunk in chunks)
    assert fits(list_, size)
    assert not fits(list_, size + CHUNK)
    assert not fits(list_[:-1] if list_ else b"x", size)
    assert id_of(list_) == hashlib.sha256(list_).digest()


def test_a_chunk_is_one_frame() -> None:
    assert len(encode(Asset(b"x" * 32, bytes(CHUNK)), DeviceId(b"d" * 32))) == 1
