"""
Tests of :mod:`whisker_sync.story.links.brackets`.

The table is what each format's newest version did in a browser.
"""

from __future__ import annotations

import pytest

from whisker_sync.story.links import brackets
from whisker_sync.story.links.brackets import MAX_LINK, Reader

SUGARCUBE, HARLOWE = brackets.sugarcube, brackets.harlowe
CHAPBOOK, SNOWMAN, TWINE = brackets.chapbook, brackets.snowman, brackets.twine
READERS = (SUGARCUBE, HARLOWE, CHAPBOOK, SNOWMAN, TWINE)
NO_LINK = "(no link)"
NO_NAME = "(no name)"


def target(reader: Reader, text: str) -> str:
    found = reader(text, 0, len(text))
    if found is None:
        return NO_LINK
    reference, end = found
    assert end <= len(text)
    if reference is None:
        return NO_NAME
    assert text[reference.start : reference.end] == reference.target
    return reference.target


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("[[A]]", ("A", "A", "A", "A", "A")),
        ("[[x|A]]", ("A", "A", "A", "A", "A")),
        ("[[x->A]]", ("A", "A", "A", "A", "A")),
        ("[[A<-x]]", ("A", "A", "A", "x", "A")),
        ("[[x|y->A]]", ("y->A", "A", "y->A", NO_LINK, "A")),
        ("[[x->y|A]]", ("y|A", "A", "A", NO_LINK, "y|A")),
        ("[[x->y->A]]", ("y->A", "A", "y->A", NO_LINK, "A")),
        ("[[A<-x->B]]", ("A", "B", "B", NO_LINK, "B")),
        ("[[x<-y|A]]", ("x", "A", "A", NO_LINK, "x")),
        ("[[ x -> A ]]", ("A", " A ", " A ", " A ", " A ")),
        ("[[x->A][$v to 1]]", ("A", "x->A][$v to 1", "A][$v to 1", NO_LINK, "A")),
        ("[[x->$t]]", (NO_NAME, NO_NAME, "$t", "$t", NO_NAME)),
        ("[[x->https://e.com/]]", (NO_NAME, "https://e.com/", NO_NAME, "https://e.com/", NO_NAME)),
        ("[[a\nb]]", (NO_LINK, "a\nb", NO_LINK, "a\nb", NO_LINK)),
    ],
)
def test_each_format_reads_brackets_in_its_own_way(text: str, targets: tuple[str, ...]) -> None:
    assert tuple(target(reader, text) for reader in READERS) == targets


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[["a->b" he said->A]]', "A"),
        ('[[a "b->A]]', NO_LINK),
        ("[[a [b] c->A]]", "A"),
        ("[[a]b]]", NO_LINK),
        ("[[A][$x to [1, 2]]]", "A"),
        ("[[A", NO_LINK),
        ("[[]]", NO_NAME),
        ("[img[cave.png][A]]", "A"),
        ("[<img[a title|cave.png][A][$x to 1]]", "A"),
        ("[>IMG[cave.png]]", NO_NAME),
    ],
)
def test_sugarcube_reads_quotes_brackets_and_images(text: str, name: str) -> None:
    assert target(SUGARCUBE, text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[[A]b]]", "A]b"),
        ("[[[A]]", NO_LINK),
        ("[[->A]]", NO_NAME),
        ("[[x->]]", NO_NAME),
        ("[[A<-]]", "A"),
        ("[[]]", NO_LINK),
    ],
)
def test_harlowe_reads_odd_links(text: str, name: str) -> None:
    assert target(HARLOWE, text) == name


@pytest.mark.parametrize("text", ["[[|A]]", "[[x|]]", "[[->A]]", "[[A<-]]"])
def test_chapbook_sees_no_link_where_a_part_is_empty(text: str) -> None:
    assert target(CHAPBOOK, text) == NO_LINK


@pytest.mark.parametrize("reader", READERS)
def test_a_link_has_a_greatest_length(reader: Reader) -> None:
    name = "A" * (MAX_LINK - 4)

    assert target(reader, f"[[{name}]]") == name
    assert target(reader, f"[[{name}A]]") == NO_LINK
