"""whisker_sync.manuscript.shadow alone."""

from __future__ import annotations

import zlib

from hypothesis import example, given
from hypothesis import strategies as st

from whisker_sync.manuscript.limits import MAX_VERSION_BYTES, MAX_VERSIONS
from whisker_sync.manuscript.shadow import Page, Part, Picture, Piece, Shadow, Staged, decode

an_id = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")
pages = st.builds(
    Page.of,
    st.lists(st.builds(Part, st.sampled_from(Piece), an_id, st.text())).map(tuple),
    st.sampled_from(["\n", "\r\n", "\r", "raw"]),
    st.booleans(),
)
pictures = st.builds(Picture, an_id, st.binary(min_size=32, max_size=32), st.integers(0, 2**40))
contents = st.none() | pages | pictures


@given(contents, st.none() | contents.map(Staged))
def test_a_shadow_is_recalled_as_it_was_kept(disk: Page | None, staged: Staged | None) -> None:
    fact = Shadow(disk, staged).encode()
    if disk is None and staged is None:
        assert fact is None
        return
    assert fact is not None
    recalled = decode(fact)
    assert recalled is not None
    assert (recalled.disk, recalled.staged) == (disk, staged)
    assert not recalled.changed()


@given(st.binary())
@example(zlib.compress(b"[" * 100_000))
@example(zlib.compress(b"null"))
@example(zlib.compress(b'[1,["picture","../../etc","00",5],null,[]]'))
@example(zlib.compress(b'[1,["page","\\n",false,"00",[]],null,[]]'))
@example(zlib.compress(b'[1,["page","\\n",1,"00",[]],null,[]]'))
@example(zlib.compress(b"[2,null,null,[]]"))
@example(zlib.compress(b'[1,["page","\\n",false,"00",[["x0000000000000000",5]]],null,[]]'))
@example(zlib.compress(b'[1,["page","\\n",false,"00",[["q0000000000000000","t"]]],null,[]]'))
@example(zlib.compress(b"[1,null,null,[]]") + b"x")
def test_what_is_damaged_is_as_good_as_lost(fact: bytes) -> None:
    assert decode(fact) is None


def test_a_shadow_cut_short_is_lost() -> None:
    fact = Shadow(Page.of((Part(Piece.OWN, "0" * 16, "text"),), "\n", bom=False)).encode()
    assert fact is not None
    for end in range(len(fact)):
        assert decode(fact[:end]) is None


def test_an_answer_belongs_to_the_oldest_write_with_its_content() -> None:
    one, two = (Picture("0" * 16, bytes([n]) * 32, 1) for n in (1, 2))
    shadow = Shadow()
    shadow.ask(one)
    shadow.settle()
    shadow.ask(two)
    assert shadow.waiting
    assert not shadow.refused()
    assert shadow.waiting
    assert shadow.answered(two.sha256)
    assert not shadow.waiting


def page(text: str) -> Page:
    return Page.of((Part(Piece.OWN, "0" * 16, text),), "\n", bom=False)


def test_a_file_that_went_and_came_back_may_still_be_shown_as_it_was() -> None:
    old, new = page("one"), page("two")
    shadow = Shadow(disk=old)
    for content in (None, new):
        shadow.staged = Staged(content)
        shadow.landed()
    assert shadow.earlier == (old,)
    assert shadow.stood == ()


def test_a_file_that_went_may_still_be_shown_when_another_has_its_name() -> None:
    old = page("one")
    other = Page.of(
        (Part(Piece.OWN, "f" * 16, ""), Part(Piece.PASSAGE, "e" * 16, "two")), "\n", bom=False
    )
    shadow = Shadow(disk=old)
    for content in (None, other):
        shadow.staged = Staged(content)
        shadow.landed()
    assert shadow.earlier == ()
    assert shadow.stood == (old,)


def other(text: str) -> Page:
    parts = (Part(Piece.OWN, "f" * 16, ""), Part(Piece.PASSAGE, "e" * 16, text))
    return Page.of(parts, "\n", bom=False)


def gone(*contents: Page | None) -> Shadow:
    shadow = Shadow(disk=contents[0])
    for content in contents[1:]:
        shadow.staged = Staged(content)
        shadow.landed()
    return shadow


def test_of_two_files_that_went_from_under_one_name_both_may_still_be_shown() -> None:
    old, new, newer = page("one"), other("two"), other("three")
    assert gone(old, None, new, newer, None).stood == (old, new, newer)
    assert gone(old, None, page("two"), None).stood == (old, page("two"))


def test_of_files_that_went_the_last_versions_are_kept() -> None:
    versions = [other(str(i)) for i in range(MAX_VERSIONS)]
    assert gone(page("one"), None, *versions[1:], None).stood == (page("one"), *versions[1:])
    shadow = gone(page("one"), None, *versions, None)
    assert shadow.stood == tuple(versions)
    half = "x" * (MAX_VERSION_BYTES // 2)
    assert len(gone(page(half), None, other(half), None).stood) == 2
    assert gone(page(half), None, other(half + "x"), None).stood == (other(half + "x"),)
    whole = other(2 * half + "x")
    assert gone(page("one"), None, whole, None).stood == (whole,)
