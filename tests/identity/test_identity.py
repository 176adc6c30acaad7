"""Tests for the modules of :mod:`whisker_sync.identity`."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import BadSettings, InvitationError
from whisker_sync.identity.invitation import MAX_ADDRESSES, MAX_LINK, SCHEME, Invitation
from whisker_sync.identity.keys import DeviceKey, device_of, fingerprint, verify
from whisker_sync.identity.workspace import derive, discovery_tag, is_tag_of
from whisker_sync.ids import Address, DeviceId, WorkspaceId

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


addresses = st.lists(
    st.builds(Address, st.text(min_size=1, max_size=40), st.integers(1, 65535)),
    max_size=MAX_ADDRESSES,
).map(tuple)
invitations = st.builds(
    Invitation,
    st.binary(min_size=16, max_size=16).map(WorkspaceId),
    st.binary(min_size=32, max_size=32),
    st.text(max_size=60),
    addresses,
)
EXAMPLE = Invitation(WorkspaceId(b"w" * 16), SEED, "The Cave", (Address("192.0.2.7", 4711),))


@given(invitations)
def test_a_link_says_what_was_invited_to(invitation: Invitation) -> None:
    assert Invitation.parse(invitation.link()) == invitation


def test_a_mail_program_may_break_a_link() -> None:
    link = EXAMPLE.link()
    assert Invitation.parse(f"  {link[:40]}\r\n {link[40:]}\n") == EXAMPLE


def test_an_invitation_does_not_show_the_key() -> None:
    assert repr(SEED) not in repr(EXAMPLE)


@given(st.data())
def test_a_changed_link_is_refused_or_means_the_same_fields(data: st.DataObject) -> None:
    link = list(EXAMPLE.link())
    place = data.draw(st.integers(0, len(link) - 1))
    link[place] = data.draw(st.characters())
    try:
        Invitation.parse("".join(link))
    except InvitationError as problem:
        assert "cannot be used" in str(problem)


@pytest.mark.parametrize("size", range(len(SCHEME), 90, 7))
def test_a_link_that_was_not_copied_whole_is_refused(size: int) -> None:
    with pytest.raises(InvitationError):
        Invitation.parse(EXAMPLE.link()[:size])


def test_an_overlong_link_is_refused() -> None:
    with pytest.raises(InvitationError, match="too long"):
        Invitation.parse(SCHEME + "A" * MAX_LINK)


def test_a_newer_link_asks_for_an_upgrade() -> None:
    import base64

    import cbor2

    packed = base64.urlsafe_b64encode(cbor2.dumps([2, "something else"])).decode().rstrip("=")
    with pytest.raises(InvitationError, match="upgrade"):
        Invitation.parse(SCHEME + packed)
