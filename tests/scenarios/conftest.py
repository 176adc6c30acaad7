"""Who takes part in the scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.scenarios.authors import Author, share, start

Sharing = Callable[..., list[Author]]


@pytest.fixture
def sharing(tmp_path: Path) -> Iterator[Sharing]:
    """Makes authors of one story, whose daemons end with the test."""
    made: list[Author] = []

    def make(*names: str, title: str = "The Cave") -> list[Author]:
        place = tmp_path / title.replace(" ", "-")
        place.mkdir()
        authors = share(place, tmp_path, title, *names)
        made.extend(authors)
        return authors

    yield make
    for author in made:
        author.end()


@pytest.fixture
def pair(sharing: Sharing) -> tuple[Author, Author]:
    """Ada and Bob, who have the same story and are syncing."""
    ada, bob = sharing("ada", "bob")
    start(ada, bob)
    return ada, bob
