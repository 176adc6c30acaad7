"""Tests for :mod:`whisker_sync.identity.link` and :mod:`whisker_sync.identity.spoken`."""

from __future__ import annotations

import base64

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import InvitationError, UnknownWord
from whisker_sync.identity.link import (
    MAX_ADDRESSES,
    MAX_LINK,
    MAX_RELAY,
    MAX_TITLE,
    SCHEME,
    InvitationLink,
    is_title,
    title_of,
)
from whisker_sync.identity.spoken import MAX_CODE, MAX_NAMEPLATE, SpokenCode, read_invitation
from whisker_sync.identity.words import WORDS, to_number
from whisker_sync.ids import Address, DeviceId

SECRET, INVITER = bytes(range(16)), DeviceId(bytes(range(32)))
EXAMPLE = InvitationLink(
    SECRET, INVITER, "The Cave", (Address("192.0.2.7", 4711), Address("fe80::1%eth0", 4711))
)
FIELDS: list[object] = [2, SECRET, INVITER, "The Cave", [["192.0.2.7", 4711]], ""]

links = st.builds(
    InvitationLink,
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=32, max_size=32).map(DeviceId),
    st.text(max_size=300).map(title_of),
    st.lists(
        st.builds(Address, st.ip_addresses().map(str), st.integers(1, 65535)),
        max_size=MAX_ADDRESSES,
    ).map(tuple),
    st.sampled_from(["", "https://relay.example/", "http://[::1]:8080"]),
)


def spelt(fields: object) -> str:
    packed = cbor2.dumps(fields, canonical=True)
    return SCHEME + base64.urlsafe_b64encode(packed).decode().rstrip("=")


@given(links)
def test_a_link_says_what_it_was_made_of(link: InvitationLink) -> None:
    assert InvitationLink.parse(link.link()) == link
    assert len(link.link()) <= MAX_LINK


def test_a_link_is_short_enough_for_a_small_qr_code() -> None:
    assert len(EXAMPLE.link()) < 170


def test_a_mail_program_may_break_a_link() -> None:
    link = EXAMPLE.link()
    assert InvitationLink.parse(f" {link[:50]}\r\n {link[50:]}\n") == EXAMPLE


def test_a_link_shows_its_secret_to_nobody_who_prints_it() -> None:
    assert repr(SECRET) not in repr(EXAMPLE)
    assert repr(EXAMPLE.pairing_key().key) not in repr(EXAMPLE.pairing_key())


def test_a_link_pins_who_confirms() -> None:
    assert EXAMPLE.pairing_key().inviter == INVITER


def test_what_is_announced_tells_neither_secret_nor_key() -> None:
    invited = EXAMPLE.pairing_key()
    assert len(invited.tag) == 8
    assert invited.tag not in invited.key
    assert invited.tag not in SECRET
    other = InvitationLink(bytes(16), INVITER, "The Cave").pairing_key()
    assert (other.tag, other.key) != (invited.tag, invited.key)


@given(st.data())
def test_a_changed_link_is_refused_or_is_a_link(data: st.DataObject) -> None:
    link = list(EXAMPLE.link())
    place = data.draw(st.integers(0, len(link) - 1))
    link[place] = data.draw(st.characters())
    try:
        parsed = InvitationLink.parse("".join(link))
    except InvitationError as problem:
        assert "cannot be used" in str(problem)
    else:
        assert parsed.link() == "".join("".join(link).split())


@pytest.mark.parametrize("size", range(len(SCHEME), len(EXAMPLE.link()), 7))
def test_a_link_that_was_not_copied_whole_is_refused(size: int) -> None:
    with pytest.raises(InvitationError, match="missing or was changed"):
        InvitationLink.parse(EXAMPLE.link()[:size])


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("https://example.org/#abc", "does not begin with whisker:join#"),
        (SCHEME + "A" * MAX_LINK, "too long"),
        (SCHEME, "missing"),
        (SCHEME + "not base64!", "missing"),
        (spelt({1: 2}), "missing"),
        (spelt([]), "missing"),
        (spelt(["2"]), "missing"),
        (spelt([3, "something else"]), "newer version; upgrade"),
        (spelt([0]), "newer version"),
        (spelt([2, SECRET]), "does not say what an invitation says"),
        (spelt([*FIELDS[:1], SECRET[1:], *FIELDS[2:]]), "secret is not 16 bytes"),
        (spelt([*FIELDS[:2], "me", *FIELDS[3:]]), "inviter is not 32 bytes"),
        (spelt([*FIELDS[:3], "a\x1b[2J", *FIELDS[4:]]), "title is not one plain line"),
        (spelt([*FIELDS[:3], "a" * (MAX_TITLE + 1), *FIELDS[4:]]), "title is not one"),
        (spelt([*FIELDS[:3], 7, *FIELDS[4:]]), "title is not one"),
        (spelt([*FIELDS[:4], "192.0.2.7", ""]), "16 addresses at most"),
        (spelt([*FIELDS[:4], [["192.0.2.7", 1]] * 17, ""]), "16 addresses at most"),
        (spelt([*FIELDS[:4], [["192.0.2.7", 0]], ""]), "one of its addresses is none"),
        (spelt([*FIELDS[:4], [["localhost", 80]], ""]), "one of its addresses is none"),
        (spelt([*FIELDS[:4], [["fe80::1%" + "e" * 99, 80]], ""]), "one of its addresses"),
        (spelt([*FIELDS[:4], ["192.0.2.7"], ""]), "one of its addresses is none"),
        (spelt([*FIELDS[:4], [7], ""]), "one of its addresses is none"),
        (spelt([*FIELDS[:5], "ftp://relay.example"]), "relay is no address"),
        (spelt([*FIELDS[:5], "https://" + "a" * MAX_RELAY]), "relay is no address"),
        (spelt([*FIELDS[:5], "https://a b"]), "relay is no address"),
        (spelt([*FIELDS[:5], 7]), "relay is no address"),
    ],
)
def test_each_thing_that_is_wrong_with_a_link_has_its_sentence(link: str, sentence: str) -> None:
    with pytest.raises(InvitationError, match=sentence) as refused:
        InvitationLink.parse(link)
    assert len(str(refused.value)) < 150


def test_a_link_of_the_old_format_asks_for_a_new_one() -> None:
    packed = cbor2.dumps([1, bytes(16), bytes(32), "The Cave", []])
    old = SCHEME + base64.urlsafe_b64encode(packed).decode().rstrip("=")
    with pytest.raises(InvitationError, match="older version; ask for a new one"):
        InvitationLink.parse(old)


def test_a_link_in_another_spelling_is_refused() -> None:
    link = EXAMPLE.link()
    with pytest.raises(InvitationError):
        InvitationLink.parse(link + "=")
    # The last letter of this one carries bits that say nothing; they must be zero.
    odd = InvitationLink(SECRET, INVITER, "The Cave1").link()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for other in letters:
        if other != odd[-1]:
            with pytest.raises(InvitationError):
                InvitationLink.parse(odd[:-1] + other)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The  Cave\n", "The Cave"),
        ("\u202eevaC", "evaC"),
        ("a\x1b[2Jb", "a [2Jb"),
        ("é" * 300, "é" * 200),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_a_title_is_one_plain_line(text: str, title: str) -> None:
    assert title_of(text) == title
    assert is_title(title)


@given(st.text())
def test_a_title_made_fit_is_fit(text: str) -> None:
    assert is_title(title_of(text))


# Codes to say aloud.

CODE = SpokenCode(7, ("otter", "velvet", "amber", "kite"))


@given(st.binary(min_size=32, max_size=32))
def test_a_code_is_read_as_it_is_written(entropy: bytes) -> None:
    code = SpokenCode.draw(entropy)
    assert 1 <= code.nameplate <= MAX_NAMEPLATE
    assert set(code.words) <= set(WORDS)
    assert SpokenCode.parse(str(code)) == code


def test_codes_are_drawn_from_all_there_are() -> None:
    most = SpokenCode.draw(((99 * 1296**4) - 1).to_bytes(32, "big"))
    assert (most.nameplate, to_number(most.words)) == (99, 1296**4 - 1)
    least = SpokenCode.draw((99 * 1296**4).to_bytes(32, "big"))
    assert (least.nameplate, to_number(least.words)) == (1, 0)


@pytest.mark.parametrize(
    "text",
    ["7-otter-velvet-amber-kite", " 7 Otter velvet AMBER kite ", "7, otter, velvet amber-kite"],
)
def test_how_a_code_is_typed_does_not_matter(text: str) -> None:
    assert SpokenCode.parse(text) == CODE


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not a number and four words"),
        ("7", "not a number and four words"),
        ("7-otter-velvet-amber", "not a number and four words"),
        ("7-otter-velvet-amber-kite-kite", "not a number and four words"),
        ("7-otter-velvet-amber-kite" + " " * MAX_CODE, "not a number and four words"),
        ("otter-velvet-amber-kite-7", "does not begin with a number from 1 to 99"),
        ("0-otter-velvet-amber-kite", "does not begin with a number from 1 to 99"),
        ("100-otter-velvet-amber-kite", "does not begin with a number from 1 to 99"),
        ("٧-otter-velvet-amber-kite", "does not begin with a number from 1 to 99"),
    ],
)
def test_each_thing_that_is_wrong_with_a_code_has_its_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvitationError, match=sentence):
        SpokenCode.parse(text)


def test_a_slip_in_a_code_is_named() -> None:
    with pytest.raises(UnknownWord, match="did you mean “velvet”"):
        SpokenCode.parse("7-otter-velvte-amber-kite")


def test_a_code_does_not_show_its_words() -> None:
    assert "otter" not in repr(CODE)


def test_a_code_is_stretched_and_its_words_are_not_announced() -> None:
    invited = CODE.stretch()
    assert (len(invited.key), len(invited.tag), invited.inviter) == (32, 8, None)
    other = SpokenCode(7, ("otter", "velvet", "amber", "zebra")).stretch()
    assert other.tag == invited.tag
    assert other.key != invited.key
    assert SpokenCode(8, CODE.words).stretch().key != invited.key


def test_a_link_and_a_code_are_told_apart() -> None:
    assert read_invitation(EXAMPLE.link()) == EXAMPLE
    assert read_invitation("7 otter velvet amber kite") == CODE
    with pytest.raises(InvitationError, match="does not begin with whisker:join#"):
        read_invitation("https://example.org/")
    with pytest.raises(InvitationError, match="not a number and four words"):
        read_invitation("let me in")
