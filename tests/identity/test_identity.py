"""Tests for the modules of :mod:`whisker_sync.identity`."""

from __future__ import annotations

import hashlib

import pytest

from whisker_sync.errors import BadSettings
from whisker_sync.identity.keys import DeviceKey, device_of, fingerprint, verify
from whisker_sync.identity.workspace import derive, discovery_tag, is_tag_of
from whisker_sync.ids import DeviceId

# RFC 8032, section 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


def test_a_device_is_the_hash_of_its_public_key() -> None:
    assert DeviceKey.load(SEED).device == hashlib.sha256(PUBLIC).digest()


def test_a_key_comes_back_as_it_was_kept() -> None:
    key = DeviceKey.generate(SEED)
    assert DeviceKey.load(key.encode()).device == key.device


def test_a_damaged_key_is_refused() -> None:
    with pytest.raises(BadSettings, match="31 bytes"):
        DeviceKey.load(SEED[1:])


def test_a_key_does_not_show_itself() -> None:
    key = DeviceKey.load(SEED)
    assert SEED.hex() not in repr(key)
    assert key.fingerprint in repr(key)


def test_a_signature_counts_for_one_message_one_purpose_and_one_device() -> None:
    key = DeviceKey.load(SEED)
    assert key.public == PUBLIC
    assert key.device == device_of(PUBLIC)
    signature = key.sign("purpose", b"message")
    assert verify(PUBLIC, "purpose", b"message", signature)
    assert not verify(PUBLIC, "purpose", b"massage", signature)
    assert not verify(PUBLIC, "another", b"message", signature)
    assert not verify(DeviceKey.load(PUBLIC).public, "purpose", b"message", signature)


@pytest.mark.parametrize(
    ("signature", "public"),
    [(b"", PUBLIC), (b"x" * 64, PUBLIC), (b"x" * 64, b""), (b"x" * 64, b"\xff" * 32)],
)
def test_what_is_no_signature_or_no_key_proves_nothing(signature: bytes, public: bytes) -> None:
    assert not verify(public, "purpose", b"message", signature)


def test_a_fingerprint_has_five_groups_of_four() -> None:
    shown = fingerprint(DeviceId(bytes(range(32))))
    assert [len(group) for group in shown.split("-")] == [4] * 5
    assert not set("018") & set(shown)


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert derive(SEED, "handshake") != derive(SEED, "discovery") != SEED


def test_a_tag_changes_with_the_hour_and_the_workspace() -> None:
    tag = discovery_tag(SEED, 500_000)
    assert len(tag) == 8
    assert tag == discovery_tag(SEED, 500_000)
    assert tag not in {discovery_tag(SEED, 500_001), discovery_tag(PUBLIC, 500_000)}


@pytest.mark.parametrize("hour", [-1, 0, 500_000])
def test_members_know_a_tag_by_a_clock_that_is_an_hour_off_at_most(hour: int) -> None:
    tag = discovery_tag(SEED, hour)
    known = [off for off in range(-3, 4) if is_tag_of(SEED, tag, hour + off)]
    assert known == [-1, 0, 1]
    assert not is_tag_of(PUBLIC, tag, hour)
    assert not is_tag_of(SEED, tag[:-1], hour)
