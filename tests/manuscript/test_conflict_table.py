"""Each kind of conflict that is listed, made by two authors who save: who, when, both texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.manuscript.world import Author, exchange
from whisker_sync.ids import DeviceId, StoryPath
from whisker_sync.manuscript.conflicts import Conflict, conflicts
from whisker_sync.manuscript.formatters import ROUNDS
from whisker_sync.manuscript.formatters import recall as stand_offs
from whisker_sync.manuscript.kept import recall
from whisker_sync.manuscript.manuscript import Manuscript
from whisker_sync.paths import accept
from whisker_sync.revision import Revision
from whisker_sync.story.files import read
from whisker_sync.story.kinds import is_twee
from whisker_sync.story.rename import format_of
from whisker_sync.story.wellformed import is_checked

NOON = 1_763_812_800_000  # 22 November 2025, 12.00 in UTC
MINUTE = 60_000

CAVE = (
    ':: StoryData\n{"ifid": "X", "start": "Start"}\n\n'
    ":: Start\nGo to the [[Cave]]. The wind is cold today.\n\n:: Cave\nIt is dark in here.\n"
)
PNG = b"\x89PNG\x0d\x0a\x1a\x0a\x00"


@dataclass
class Desk:
    """Two people who share a story, and what their history says."""

    ada: Author
    bob: Author
    revisions: list[Revision] = field(default_factory=list)
    minutes: int = 0

    def save(self, who: str, path: str, content: str | bytes | None) -> None:
        """Save a file; each save is a minute later than the last one."""
        self.minutes += 1
        author = {"Ada": self.ada, "Bob": self.bob}[who]
        author.put(path, content)
        at = NOON + self.minutes * MINUTE
        author.at = at
        outcome = author.notice()
        if outcome.versions:
            device = DeviceId(who.encode() * 10 + b"..")
            self.revisions.append(Revision(who, device, at, "", outcome.versions))

    def meet(self) -> None:
        exchange(self.ada, self.bob)

    def listed(self, who: str) -> list[Conflict]:
        author = {"Ada": self.ada, "Bob": self.bob}[who]
        story = [read(p, c) for p, c in sorted(author.folder.items()) if is_twee(p)]
        kept = recall(list(author.facts.items())).values()
        checked = {str(p): c.decode() for p, c in author.folder.items() if is_checked(p)}
        apart = stand_offs(author.facts).values()
        return conflicts(
            story, author.folder, self.revisions, kept, format_of(story), who, checked, apart
        )


def desk() -> Desk:
    authors = []
    for number, person in enumerate(("Ada", "Bob"), 1):
        author = Author(number)
        author.manuscript = Manuscript(author.document, author.facts, author.dice, person)
        authors.append(author)
    made = Desk(authors[0], authors[1])
    made.save("Ada", "a.twee", CAVE)
    made.save("Ada", "map.png", PNG + b"old")
    made.save("Ada", "data.json", '{"rooms": 1}\n')
    made.meet()
    return made


def both(made: Desk, path: str, ours: str | bytes, theirs: str | bytes) -> None:
    """Ada and Bob save a file at the same time; then they meet."""
    made.save("Ada", path, ours)
    made.save("Bob", path, theirs)
    made.meet()


def same_name(made: Desk) -> None:
    both(made, "a.twee", CAVE + "\n:: Hall\nIt is wide.\n", CAVE + "\n:: Hall\nIt is high.\n")


def deleted(made: Desk) -> None:
    gone = CAVE.replace(":: Cave\nIt is dark in here.\n", "")
    both(made, "a.twee", gone.replace("[[Cave]]", "Cave"), CAVE + "\n:: End\nTo the [[Cave]].\n")


def renamed(made: Desk) -> None:
    made.save("Ada", "a.twee", CAVE.replace("[[Cave]]", "east").replace(":: Cave", ":: Grotto"))
    made.meet()
    made.save("Bob", "a.twee", made.bob.text("a.twee") + "\n:: End\nTo the [[Cave]].\n")
    made.meet()


def start(made: Desk) -> None:
    ours, theirs = (CAVE.replace('"start": "Start"', f'"start": "{n}"') for n in ("Cave", "End"))
    both(made, "a.twee", ours, theirs)


def sentence(made: Desk) -> None:
    both(
        made,
        "a.twee",
        CAVE.replace("The wind is cold today.", "The wind is icy today."),
        CAVE.replace("The wind is cold today.", "The wind is cold and wet."),
    )


def picture(made: Desk) -> None:
    both(made, "map.png", PNG + b"Ada's", PNG + b"Bob's")


def data(made: Desk) -> None:
    both(made, "data.json", '{"rooms": 1, "doors": 2}\n', '{"rooms": 1, "doors": 3}\n')


def broken(made: Desk) -> None:
    """Two changes that are too entangled to take one of them out again."""
    made.save("Ada", "map.svg", "<svg><g/></svg>\n")
    made.meet()
    both(made, "map.svg", "<svg><g><a/></g></svg>\n", "<svg><g>b</g></svg>\n")


def kept(made: Desk) -> None:
    made.save("Ada", "a.twee", CAVE.replace("dark in here.", "dark in here. Something breathes."))
    made.meet()
    made.save("Bob", "a.twee", CAVE.replace("wind is cold", "wind is bitter"))
    made.meet()


def clash(made: Desk) -> None:
    made.save("Ada", "Moor.txt", "Fog.\n")
    made.save("Bob", "moor.txt", "Mist.\n")
    made.meet()


def formatted(made: Desk) -> None:
    """Ada's tool writes double quotes, and Bob's single ones."""
    made.save("Ada", "a.twee", CAVE.replace("dark", '"dark"'))
    made.meet()
    for _ in range(ROUNDS + 1):
        made.save("Bob", "a.twee", made.bob.text("a.twee").replace('"dark"', "'dark'"))
        made.meet()
        made.save("Ada", "a.twee", made.ada.text("a.twee").replace("'dark'", '"dark"'))
        made.meet()


TABLE: list[tuple[Callable[[Desk], None], str, set[tuple[str, int, str]]]] = [
    (same_name, "same name", {("Ada", 4, "It is wide."), ("Bob", 5, "It is high.")}),
    (deleted, "dead link", {("Bob", 5, "[[Cave]]"), ("Ada", 4, "It is dark in here.")}),
    (renamed, "dead link", {("Bob", 5, "[[Cave]]"), ("Ada", 4, "Grotto")}),
    (start, "start", {("Ada", 4, "Cave"), ("Bob", 5, "End")}),
    (
        sentence,
        "sentence",
        {("Ada", 4, "The wind is icy today."), ("Bob", 5, "The wind is cold and wet.")},
    ),
    (
        picture,
        "beside",
        {("Ada", 4, "map (Ada, 22 Nov 12.04).png"), ("Bob", 5, "map.png")},
    ),
    (
        data,
        "beside",
        {("Ada", 4, "data (Ada, 22 Nov 12.04).json"), ("Bob", 5, "data.json")},
    ),
    (
        broken,
        "broken",
        {("Ada", 5, "<svg><g><a/></g></svg>"), ("Bob", 6, "<svg><g>b</g></svg>")},
    ),
    (
        kept,
        "kept",
        {
            ("Bob", 5, "It is dark in here."),
            ("Ada", 4, "It is dark in here. Something breathes."),
        },
    ),
    (
        formatted,
        "format",
        {("Bob", 5, "It is 'dark' in here."), ("Ada", 8, 'It is "dark" in here.')},
    ),
    (clash, "clash", {("Ada", 4, "Moor.txt"), ("Bob", 5, "moor.txt")}),
]


@pytest.mark.parametrize(
    ("make", "kind", "sides"), TABLE, ids=lambda each: getattr(each, "__name__", "")
)
def test_each_kind_says_who_when_and_both_texts(
    make: Callable[[Desk], None], kind: str, sides: set[tuple[str, int, str]]
) -> None:
    made = desk()
    assert made.listed("Bob") == []
    make(made)
    for who in {"kept": ["Bob"], "format": ["Ada"]}.get(kind, ["Ada", "Bob"]):
        (conflict,) = [each for each in made.listed(who) if each.kind.value == kind]
        found = {
            (side.person, ((side.time or 0) - NOON) // MINUTE, side.text) for side in conflict.sides
        }
        assert found == sides


def test_who_takes_one_of_two_files_away_has_seen_to_it() -> None:
    made = desk()
    picture(made)
    beside = next(path for path in made.bob.folder if "(" in path)
    assert accept(beside) == StoryPath("map (Ada, 22 Nov 12.04).png")
    made.save("Bob", beside, None)
    made.meet()
    assert made.listed("Ada") == made.listed("Bob") == []
