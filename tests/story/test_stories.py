"""
Tests over all files of real stories.

They are found beside the checkout, or where ``WHISKER_STORIES`` says.
"""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from whisker_sync.story.codec import Decoded, decode, encode
from whisker_sync.story.kinds import is_twee
from whisker_sync.story.twee import parse, parse_header, render, rewrite
from whisker_sync.text.edits import apply, diff

BESIDE = Path(__file__).parents[3] / "shared" / "stories"
STORIES = Path(os.environ.get("WHISKER_STORIES", BESIDE))

pytestmark = pytest.mark.skipif(
    not STORIES.is_dir(), reason="no stories found: WHISKER_STORIES names their folder"
)


def texts() -> list[tuple[str, bytes, Decoded]]:
    found = []
    for path in sorted(STORIES.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if decoded := decode(data):
                found.append((str(path.relative_to(STORIES)), data, decoded))
    assert any(is_twee(path) for path, _, _ in found)
    return found


def test_every_file_is_encoded_as_it_was() -> None:
    for path, data, decoded in texts():
        assert encode(decoded.text, decoded.eol, decoded.bom) == data, path


def test_every_file_is_rendered_as_it_was() -> None:
    for path, _, decoded in texts():
        assert render(parse(decoded.text)) == decoded.text, path


def test_every_header_is_written_as_it_was() -> None:
    for path, _, decoded in texts():
        for passage in parse(decoded.text).passages:
            said = parse_header(passage.header)
            again = rewrite(passage.header, said.name, sorted(set(said.tags)), said.metadata)
            assert again == passage.header, path


def test_every_header_can_be_written_anew() -> None:
    for path, _, decoded in texts():
        for passage in parse(decoded.text).passages:
            said = parse_header(passage.header)
            anew = parse_header(rewrite("::", said.name, said.tags, said.metadata))
            assert (anew.name, set(anew.tags)) == (said.name, set(said.tags)), path
            assert anew.metadata == said.metadata, path


def test_any_story_can_become_any_other() -> None:
    stories = [decoded.text for path, _, decoded in texts() if is_twee(path)][:60]
    for one, other in pairwise(stories):
        assert apply(one, diff(one, other)) == other
