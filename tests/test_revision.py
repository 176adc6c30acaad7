"""whisker_sync.revision: what a save left, as bytes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.ids import DeviceId
from whisker_sync.revision import (
    DAY_MS,
    MAX_REVISION,
    MAX_TIME,
    MAX_VERSIONS,
    Revision,
    Version,
    decode,
    id_of,
    split,
)

DEVICE = DeviceId(b"d" * 32)
VERSION = Version("0" * 16, "a.twee", "V", "Cave", ":: Cave\nDark.\n", None)
REVISION = Revision("Ada", DEVICE, 1_700_000_000_000, "", (VERSION,))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
maybe = st.none() | texts
all_versions = st.builds(Version, texts, texts, texts, maybe, maybe, maybe)
revisions = st.builds(
    Revision,
    texts,
    st.just(DEVICE),
    st.integers(0, MAX_TIME - 1),
    texts,
    st.lists(all_versions, max_size=4).map(tuple),
)


@given(revisions)
def test_a_revision_comes_back_as_it_was(revision: Revision) -> None:
    assert decode(revision.encoded) == revision


def test_the_id_is_a_hash_of_the_bytes() -> None:
    assert REVISION.id == id_of(REVISION.encoded)
    assert replace(REVISION, person="Bob").id != REVISION.id
    assert len(REVISION.id) == 16


def test_the_day_is_that_of_the_author() -> None:
    assert replace(REVISION, time=3 * DAY_MS - 1).day == 2
    assert replace(REVISION, time=3 * DAY_MS).day == 3


@pytest.mark.parametrize(
    "change",
    [
        {0: 2},
        {1: None},
        {2: "d" * 62},
        {2: "zz"},
        {3: -1},
        {3: MAX_TIME},
        {3: 1.5},
        {3: True},
        {4: 0},
        {5: {}},
        {5: [["a", "b", "c", "d", "e"]]},
        {5: [["a", "b", "c", "d", "e", 1]]},
    ],
)
def test_other_values_are_no_revision(change: dict[int, object]) -> None:
    form = json.loads(REVISION.encoded)
    for place, value in change.items():
        form[place] = value
    assert decode(json.dumps(form, separators=(",", ":")).encode()) is None


@pytest.mark.parametrize(
    "encoded", [b"", b"[", b"\xff", b"[" * 100_000, b"null", b"[1]", b'"\\ud800"']
)
def test_other_bytes_are_no_revision(encoded: bytes) -> None:
    assert decode(encoded) is None


def test_another_spelling_is_no_revision() -> None:
    assert decode(REVISION.encoded.replace(b",", b", ", 1)) is None


def test_a_revision_may_be_exactly_as_large_as_the_limit() -> None:
    empty = len(replace(REVISION, versions=(replace(VERSION, text=""),)).encoded)
    full = replace(REVISION, versions=(replace(VERSION, text="x" * (MAX_REVISION - empty)),))
    assert decode(full.encoded) == full
    over = replace(REVISION, versions=(replace(VERSION, text="x" * (MAX_REVISION - empty + 1)),))
    assert decode(over.encoded) is None


def test_what_is_too_large_for_one_is_split() -> None:
    half = replace(VERSION, text="x" * (MAX_REVISION // 2))
    parts = split(replace(REVISION, versions=(half, half, half)))
    assert [version for part in parts for version in part.versions] == [half, half, half]
    assert len(parts) == 3


def test_too_many_versions_are_split() -> None:
    many = tuple(replace(VERSION, id=str(number)) for number in range(MAX_VERSIONS + 1))
    parts = split(replace(REVISION, versions=many))
    assert [len(part.versions) for part in parts] == [MAX_VERSIONS, 1]
    assert all(decode(part.encoded) == part for part in parts)


def test_an_ordinary_revision_is_not_split() -> None:
    assert split(REVISION) == (REVISION,)
