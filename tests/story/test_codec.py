"""Tests of :mod:`whisker_sync.story.codec`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.story.codec import Decoded, Eol, decode, encode

BOM = b"\xef\xbb\xbf"
texts = st.lists(
    st.one_of(st.sampled_from(["\n", "\r\n", "\r", "a", "\u2028", "\ufeff"]), st.text())
)


@given(st.one_of(st.binary(), texts.map("".join).map(str.encode)), st.booleans())
def test_what_is_decoded_is_encoded_to_the_same_bytes(data: bytes, bom: bool) -> None:
    data = BOM + data if bom else data
    match decode(data):
        case Decoded(text, eol, bom_found):
            assert encode(text, eol, bom_found) == data
            assert eol == "raw" or "\r" not in text
        case None:
            assert b"\0" in data or data.decode(errors="replace").encode() != data


@pytest.mark.parametrize(
    ("data", "text", "eol"),
    [
        (b"", "", "\n"),
        (b"a", "a", "\n"),
        (b"a\nb\n", "a\nb\n", "\n"),
        (b"a\r\nb\r\n", "a\nb\n", "\r\n"),
        (b"a\rb\r", "a\nb\n", "\r"),
        (b"a\r\r", "a\n\n", "\r"),
        (b"a\nb\r\n", "a\nb\r\n", "raw"),
        (b"a\rb\r\n", "a\rb\r\n", "raw"),
        (b"a\n\rb", "a\n\rb", "raw"),
        (b"a\r\r\n", "a\r\r\n", "raw"),
    ],
)
@pytest.mark.parametrize("bom", [False, True])
def test_line_ends_of_one_kind_are_a_fact_about_the_file(
    data: bytes, text: str, eol: Eol, bom: bool
) -> None:
    assert decode(BOM + data if bom else data) == Decoded(text, eol, bom)


def test_a_second_byte_order_mark_is_text() -> None:
    assert decode(BOM + BOM + b"a") == Decoded("\ufeffa", "\n", bom=True)


@pytest.mark.parametrize("data", [b"\x89PNG\r\n", b"a\0b", "a".encode("utf-16"), b"\xed\xa0\x80"])
def test_what_is_not_utf_8_or_has_nul_is_not_text(data: bytes) -> None:
    assert decode(data) is None


def test_a_merge_into_mixed_line_ends_changes_none_of_them() -> None:
    found = decode(b"a\r\nb\n")
    assert found is not None

    assert encode(f"{found.text}new\n", found.eol, found.bom) == b"a\r\nb\nnew\n"


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_a_file_with_one_kind_of_line_ends_keeps_to_it(eol: Eol) -> None:
    """Also for lines that a merge brought from a file where they are mixed."""
    data = encode("a\r\nb\rc\n", eol, bom=False)

    assert data == eol.join(["a", "b", "c", ""]).encode()
    assert decode(data) == Decoded("a\nb\nc\n", eol, bom=False)
