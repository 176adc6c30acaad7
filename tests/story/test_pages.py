"""Tests for :mod:`whisker_sync.story.pages`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.story import twine_html
from whisker_sync.story.codec import decode, encode
from whisker_sync.story.pages import to_page, to_passages
from whisker_sync.story.story import Passage, Story

NAME = st.text(
    alphabet=st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=12
)
TEXT = st.text(alphabet=st.sampled_from(list(":\\ \n[]{}<>&\"'ab\u2028ü")), max_size=40)


def page(*passages: Passage, start: str = "") -> str:
    return twine_html.write(Story("A", passages, start, "X"), "Twine", "2")


@given(st.lists(st.builds(Passage, NAME, TEXT, st.just(("x",)), st.just("1,2")), max_size=4))
def test_a_page_as_passages_is_the_page_or_is_refused(passages: list[Passage]) -> None:
    text = f"<html>\n:: head\n{page(*passages)}\n\\:: tail</html>\n"
    found = to_passages(text)
    assert found is None or to_page(found) == text
    data = text.encode()
    decoded = decode(data, "a.html")
    if decoded is not None:
        assert encode(decoded.text, decoded.eol, decoded.bom) == data


@given(TEXT)
def test_whatever_an_author_writes_in_a_passage_can_be_told_apart_again(text: str) -> None:
    whole = page(Passage("A", text), Passage("B", text), start="B")
    found = to_passages(whole)
    assert found is not None
    assert to_page(found) == whole


@given(st.text(alphabet=st.sampled_from(list(':<!- passages"\\\n{}[]x')), max_size=80))
def test_any_text_makes_some_page(text: str) -> None:
    assert isinstance(to_page(text), str)


def test_a_page_is_spelled_like_twee() -> None:
    text = page(Passage("Cave [x]", ":: no\ndark & wet", ("a", "b"), "1,2"), start="Cave [x]")
    found = to_passages(f"<html>\n{text}\n</html>\n")
    assert found is not None
    head, passages = found.split(":: Cave", 1)
    assert 'startnode="passage:Cave [x]"' in head
    assert passages == (' \\[x\\] [a b] {"position":"1,2","size":"100,100"}\n\\:: no\ndark & wet\n')


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda text: text.replace('pid="2"', 'pid="3"'),
        lambda text: text.replace("tags=", "Tags="),
        lambda text: text + text,
        lambda text: text.replace("</tw-passagedata><", "</tw-passagedata> <", 1),
        lambda text: text.replace("&amp;", "&nbsp;"),
        lambda text: text.replace("\n", "\r\n"),
        lambda _: "<p>Hello</p>",
    ],
)
def test_what_twine_would_not_write_is_a_text(spoilt: object) -> None:
    assert callable(spoilt)
    text = page(Passage("A", "a & b\n"), Passage("B", "b"), Passage("C", "c"))
    assert to_passages(text) is not None
    assert to_passages(spoilt(text)) is None


def test_only_a_file_that_is_called_so_is_a_page() -> None:
    data = page(Passage("A", "a")).encode()
    kinds = {path: decode(data, path) for path in ("a.html", "A.HTM", "a.twee", "")}
    assert {path: found and found.eol for path, found in kinds.items()} == {
        "a.html": "html", "A.HTM": "html", "a.twee": "\n", "": "\n",
    }  # fmt: skip
