"""
Random authors with habits, in many small worlds.

Every word that an author types exists once in the world, so it can be said of
each whether it got lost or doubled. ``WHISKER_WORLDS`` sets how many worlds.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.manuscript.world import Author, exchange
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Outcome
from whisker_sync.manuscript.manuscript import Manuscript

WORLDS = int(os.environ.get("WHISKER_WORLDS", "150"))
STEPS = 40

WORD = re.compile(r"w\d+x")
HEADER = re.compile(r"(?m)^::")


@dataclass
class World:
    """Some authors, and what is known about every word."""

    seed: int
    dice: Random = field(init=False)
    authors: list[Author] = field(init=False)
    typed: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    names: int = 0

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.authors = [
            Author(1_000 * self.seed + i + 1, Random(self.dice.random()))
            for i in range(self.dice.randint(2, 4))
        ]

    # Words.

    def words(self, count: int) -> str:
        new = [f"w{len(self.typed) + i}x" for i in range(count)]
        self.typed.update(new)
        return " ".join(new)

    def name(self) -> str:
        self.names += 1
        return f"Passage {self.names}"

    def passage(self) -> str:
        tags = self.dice.choice(["", "", " [dark]", " [dark cold]", ' {"position":"1,2"}'])
        paragraphs = [self.words(self.dice.randint(3, 9)) for _ in range(self.dice.randint(0, 3))]
        return f":: {self.name()}{tags}\n" + "".join(f"{p}\n" for p in paragraphs) + "\n"

    def erase(self, before: str, after: str) -> None:
        self.erased |= set(WORD.findall(before)) - set(WORD.findall(after))

    # What authors do.

    def act(self, author: Author) -> None:
        texts = [p for p in sorted(author.folder) if p.endswith((".twee", ".css"))]
        stories = [p for p in texts if p.endswith(".twee")]
        if not stories:
            return self.make(author)
        kind = self.dice.choices(["make", "picture", "file", "story"], [4, 4, 9, 71])[0]
        if kind == "make":
            return self.make(author)
        if kind == "picture":
            return self.picture(author)
        if kind == "file":
            whole = self.dice.choices([self.style, self.remove, self.rename], [4, 2, 3])[0]
            return whole(author, self.dice.choice(texts))
        inside = self.dice.choices(
            [self.edit, self.header, self.shuffle, self.grow, self.shrink, self.move],
            [40, 8, 5, 10, 5, 3],
        )[0]
        return inside(author, self.dice.choice(stories))

    def change(self, author: Author, path: StoryPath, after: str) -> None:
        self.erase(author.text(path), after)
        author.put(path, after)

    def edit(self, author: Author, path: StoryPath) -> None:
        lines = author.text(path).split("\n")
        bodies = [i for i, line in enumerate(lines) if line.strip("\ufeff\r") and "::" not in line]
        if not bodies:
            return
        i = self.dice.choice(bodies)
        words = lines[i].split(" ")
        at = self.dice.randrange(len(words) + 1)
        cut = self.dice.choice([0, 0, 0, 1, 1, 2])
        new = self.words(self.dice.randint(1, 3)).split(" ") if self.dice.random() < 0.85 else []
        end = "\r" if lines[i].endswith("\r") else ""
        words = [word.rstrip("\r") for word in words]
        words[at : at + cut] = new
        lines[i] = " ".join(words) + end
        self.change(author, path, "\n".join(lines))

    def _cut(self, author: Author, path: StoryPath) -> list[str]:
        text = author.text(path)
        starts = [match.start() for match in HEADER.finditer(text)]
        ends = [*starts[1:], len(text)] if starts else []
        return [text[: starts[0]] if starts else text] + [
            text[start:end] for start, end in zip(starts, ends, strict=True)
        ]

    def header(self, author: Author, path: StoryPath) -> None:
        pieces = self._cut(author, path)
        if len(pieces) > 1:
            i = self.dice.randrange(1, len(pieces))
            _, _, rest = pieces[i].partition("\n")
            tags = self.dice.choice(["", " [warm]", " [dark warm]", ' [dark] {"size":"3,4"}'])
            same = re.match(r"::\s*([^\[{\r\n]*)", pieces[i])
            assert same is not None
            name = self.name() if self.dice.random() < 0.5 else same[1].strip()
            pieces[i] = f":: {name}{tags}\n{rest}"
            self.change(author, path, "".join(pieces))

    def shuffle(self, author: Author, path: StoryPath) -> None:
        first, *rest = self._cut(author, path)
        if len(rest) > 1:
            moved = rest.pop(self.dice.randrange(len(rest)))
            rest.insert(self.dice.randrange(len(rest) + 1), moved)
            self.change(author, path, self._join(first, rest))

    @staticmethod
    def _join(first: str, rest: list[str]) -> str:
        return first + "".join(
            piece if piece.endswith("\n") or i == len(rest) - 1 else piece + "\n"
            for i, piece in enumerate(rest)
        )

    def grow(self, author: Author, path: StoryPath) -> None:
        first, *rest = self._cut(author, path)
        rest.insert(self.dice.randrange(len(rest) + 1), self.passage())
        if first and not first.endswith("\n"):
            first += "\n"
        self.change(author, path, self._join(first, rest))

    def shrink(self, author: Author, path: StoryPath) -> None:
        first, *rest = self._cut(author, path)
        if rest:
            del rest[self.dice.randrange(len(rest))]
            self.change(author, path, self._join(first, rest))

    def style(self, author: Author, path: StoryPath) -> None:
        text = author.text(path)
        match self.dice.randrange(4):
            case 0:
                text = text.replace("\r\n", "\n").replace("\n", "\r\n")
            case 1:
                text = text.replace("\r\n", "\n")
            case 2:
                text = text.removeprefix("\ufeff") if text[:1] == "\ufeff" else "\ufeff" + text
            case _:
                text = re.sub(r"(w\d+x) (w\d+x)", r"\1\n\2", text)
        author.put(path, text)

    def make(self, author: Author) -> None:
        folder = self.dice.choice(["", "", "part/"])
        number = self.dice.randrange(4)
        if self.dice.random() < 0.3:
            path = f"{folder}look{number}.css"
            if path not in author.folder:
                author.put(path, f"/* {self.words(5)} */\n")
            return
        path = f"{folder}story{number}.twee"
        if path not in author.folder:
            start = f"{self.words(2)}\n" if self.dice.random() < 0.3 else ""
            passages = [self.passage() for _ in range(self.dice.randint(1, 4))]
            author.put(path, start + "".join(passages))

    def remove(self, author: Author, path: StoryPath) -> None:
        self.erase(author.text(path), "")
        author.put(path, None)

    def rename(self, author: Author, path: StoryPath) -> None:
        stem, _, suffix = path.rpartition(".")
        target = StoryPath(f"{stem}{self.dice.choice('abc')}.{suffix}")
        if target not in author.folder:
            author.put(target, author.folder[path])
            author.put(path, None)

    def move(self, author: Author, path: StoryPath) -> None:
        others = [p for p in sorted(author.folder) if p.endswith(".twee") and p != path]
        first, *rest = self._cut(author, path)
        if others and rest:
            target = self.dice.choice(others)
            moved = rest.pop(self.dice.randrange(len(rest)))
            start, *pieces = self._cut(author, target)
            pieces.insert(self.dice.randrange(len(pieces) + 1), moved)
            if start and not start.endswith("\n"):
                start += "\n"
            author.put(path, self._join(first, rest))
            author.put(target, self._join(start, pieces))
            author.notice()  # Cut and paste arrive together; apart they are a later chapter.

    def picture(self, author: Author) -> None:
        path = f"image{self.dice.randrange(3)}.png"
        if path in author.folder and self.dice.random() < 0.3:
            author.put(path, None)
        else:
            author.put(path, b"\x89PNG\0" + self.dice.randbytes(20))

    # The world.

    def run(self) -> None:
        self.authors[0].put("story0.twee", "".join(self.passage() for _ in range(4)))
        self.authors[0].notice()
        if self.dice.random() < 0.8:
            exchange(*self.authors)
        for _ in range(STEPS):
            author = self.dice.choice(self.authors)
            author.now += self.dice.choice([0.1, 1.0, 30.0])
            match self.dice.randrange(10):
                case 0 | 1 | 2 | 3 | 4:
                    self.act(author)
                    if self.dice.random() < 0.8:
                        author.notice()
                case 5 | 6:
                    author.write(self.dice.choice([1, 2, None]))
                case 7 | 8:
                    other = self.dice.choice([each for each in self.authors if each is not author])
                    updates = list(other.updates)
                    self.dice.shuffle(updates)
                    author.hear(updates[: self.dice.randint(1, len(updates))] if updates else ())
                    author.fetch([other])
                case _ if self.dice.random() < 0.3:
                    author.crash()
                case _:
                    author.notice()
        exchange(*self.authors)

    def verdict(self) -> tuple[list[str], list[str]]:
        """Return the words that are lost and those that are there twice."""
        found = Counter(
            word
            for path, content in self.authors[0].folder.items()
            if not path.endswith(".png")
            for word in WORD.findall(content.decode())
        )
        lost = [w for w in sorted(self.typed - self.erased) if not found[w]]
        return lost, [word for word, count in found.items() if count > 1]


def run(seed: int) -> World:
    """Run one world to its end and check what must hold in every world."""
    world = World(seed)
    world.run()
    first, *others = world.authors
    for other in others:
        assert other.folder == first.folder, seed
        assert other.document.digest() == first.document.digest(), seed
    for author in world.authors:
        told = [each for each in author.problems if "at the same time" not in each]
        assert not told, seed
        folder = [FileSeen(path, content) for path, content in author.folder.items()]
        assert author.manuscript.resume(folder, author.now) == Outcome(), seed
        stranger = Manuscript(author.document, {}, Random(seed))
        met = stranger.resume(folder, 0.0)
        assert met.change is None, seed
        assert met.writes == (), seed
    return world


def test_every_world_comes_to_rest_with_equal_folders_and_no_word_lost_or_doubled() -> None:
    typed = 0
    bad: dict[int, tuple[list[str], list[str]]] = {}
    for seed in range(WORLDS):
        world = run(seed)
        typed += len(world.typed)
        if any(verdict := world.verdict()):
            bad[seed] = verdict
    lost = sum(len(words) for words, _ in bad.values())
    doubled = sum(len(words) for _, words in bad.values())
    print(f"{WORLDS} worlds, {typed} words: {lost} lost, {doubled} doubled, in {len(bad)} worlds")
    print({seed: (len(words), len(twice)) for seed, (words, twice) in bad.items()})
    assert not bad
