"""Bundles as files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import MalformedFrame
from whisker_sync.ids import MailboxId
from whisker_sync.wire import bundles
from whisker_sync.wire.bundles import Bundle

MAILBOX = MailboxId(b"m" * 32)
BUNDLE = Bundle(MAILBOX, (b"first envelope", b"second"))
DATA = BUNDLE.encode()


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5))
def test_what_was_written_is_read(envelopes: list[bytes]) -> None:
    bundle = Bundle(MAILBOX, tuple(envelopes))
    assert Bundle.decode(bundle.encode()) == bundle


@pytest.mark.parametrize("length", range(len(DATA)))
def test_a_bundle_that_was_cut_anywhere_is_none(length: int) -> None:
    with pytest.raises(MalformedFrame):
        Bundle.decode(DATA[:length])


@pytest.mark.parametrize("at", range(len(DATA)))
def test_a_bundle_that_was_changed_anywhere_is_none(at: int) -> None:
    changed = bytearray(DATA)
    changed[at] ^= 1
    with pytest.raises(MalformedFrame):
        Bundle.decode(bytes(changed))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (DATA[:-1], "its end is missing"),
        (DATA[:60], "its end is missing"),
        (DATA[:-40] + b"X" + DATA[-39:], "changed on the way"),
        (DATA + b"more", "changed on the way"),
        (b"PK\x03\x04 a zip file", "no bundle"),
        (b"", "no bundle"),
    ],
)
def test_damage_is_named(data: bytes, problem: str) -> None:
    with pytest.raises(MalformedFrame, match=problem):
        Bundle.decode(data)


def test_a_bundle_beyond_the_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_BUNDLE", len(DATA))
    assert Bundle.decode(DATA) == BUNDLE
    monkeypatch.setattr(bundles, "MAX_BUNDLE", len(DATA) - 1)
    with pytest.raises(MalformedFrame, match="more than"):
        Bundle.decode(DATA)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_bundle_or_malformed(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        Bundle.decode(bundles.MAGIC + data)
