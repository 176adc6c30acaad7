"""
Where people are: told from the user's saves, and said of the others in words.

A save that touches one passage tells where its author is. One that touches several tells
nothing: it may be a formatter, or another program.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from whisker_sync.document import Document, Touch
from whisker_sync.ids import DeviceId
from whisker_sync.manuscript.schema import BODY, NAME, PASSAGES, STORY
from whisker_sync.peer.presence import Here
from whisker_sync.peer.status import PeerStatus


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where another device's user is just now."""

    device: DeviceId
    person: str
    name: str
    """Of the device."""

    document: str
    place: str
    """The id of a passage, or what a program calls a place."""

    passage: str
    """The name of the passage by now; of other documents than a story: the place."""


def place_of(touched: Collection[Touch]) -> str | None:
    """The id of the passage that a save touched; None: of none, or of several."""
    found = {root.removeprefix(BODY) for root, _ in touched if root.startswith(BODY)}
    found = found or {key for root, key in touched if root == PASSAGES and key is not None}
    return found.pop() if len(found) == 1 else None


def id_of(story: Document, passage: str) -> str:
    """The id of the passage that is called so; what it is called, if there is none."""
    for id_, record in story.records(PASSAGES).items():
        if record.get(NAME) == passage:
            return id_
    return passage


def in_words(
    places: Iterable[Here], peers: Iterable[PeerStatus], document: Callable[[str], Document]
) -> Iterator[Whereabouts]:
    """Where the others are, with their names."""
    known = {peer.device: peer for peer in peers}
    for here in places:
        peer = known.get(here.device)
        if peer is not None:
            name = here.place if here.document != STORY else _name(document(STORY), here.place)
            yield Whereabouts(here.device, peer.person, peer.name, here.document, here.place, name)


def _name(story: Document, id_: str) -> str:
    record = story.record(PASSAGES, id_) or {}
    return str(record.get(NAME) or "")
