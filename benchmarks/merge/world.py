"""
A world of random authors with habits, and what is known about every word in it.

Every word that somebody types exists once in its world, so of each it can be said what
became of it. The devices are production manuscripts and documents with folders; authors
have editors that keep old text, clipboards, formatters, and their own ways of working.

What happens is a value: a list of steps, each of which brings its own dice and numbers its
own words. So any of them can be left out, and the others still do what they did.

What an author deletes is what the editor showed and the save has not; a buffer that is
older than the file deletes nothing. Words that go to the clipboard are not deleted.

Who copies a passage and removes it later removes what they see by then: what a co-author
joined to it since goes for good, and what a co-author split off from it they leave, and have
it twice. So has who pastes a passage into a file that shows it already.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import pairwise
from random import Random

from tests.manuscript.world import Author, exchange
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import Outcome
from whisker_sync.manuscript.formatters import recall
from whisker_sync.story.similarity import words

STEPS = 60
"""What happens in one world, until all come together at last."""

ON_AGAIN = 0.35
"""How often a device that is off is on again before the next step of its author."""

ACTIONS = {
    "edit": 30,
    "retitle": 5,
    "shuffle": 4,
    "grow": 8,
    "shrink": 4,
    "carry": 3,
    "cut": 3,
    "copy": 3,
    "split": 3,
    "join": 3,
    "wrap": 3,
    "style": 2,
    "both": 2,
    "make": 3,
    "remove": 1,
    "rename": 2,
}
"""What authors do, and how often; each author likes some of it more than the rest."""

WORD = re.compile(r"w\d+x")
GLUED = re.compile(r"w\d+xw\d+x")
HEADER = re.compile(r"(?m)^::")
MARK = "\ufeff"
"""The byte order mark at the beginning of some files."""


@dataclass(frozen=True, slots=True)
class Machines:
    """How the devices of a world behave."""

    slow: float = 0.1
    """
    How often what came waits for one of the steps in which a disk writes; else it is there at
    once. A real folder has it within some hundredths of a second. Later than its author saves
    next, a tenth of a second to ten seconds on, is a disk under load, a file that another program
    holds, a lid that closed.
    """

    off: float = 0.04
    """
    How often one is off from a step of its author on: who works on, and when it is on again it
    finds what the folder holds by then.
    """

    blind: float = 0.0
    """
    How often one that is on has not looked before the next step of its author. A real one reads
    each save within some hundredths of a second, and tells of each one.
    """


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens."""

    number: int
    """Words and names that are made in it begin with this."""

    writer: int
    kind: str
    """One of ``ACTIONS``, or what the machine does: notice, write, hear, crash."""

    seed: float
    """Of its dice."""

    later: float = 0.0
    """Seconds since the writer's last step."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the words of a world."""

    lost: frozenset[str]
    """Words that nobody deleted and that are not in the folder."""

    gone: frozenset[str]
    """Those of them that are not even in the trash or in the history."""

    doubled: frozenset[str]
    glued: int
    """Pairs of words without a blank between."""


class Writer(Author):
    """Somebody with an editor, a clipboard and habits."""

    def __init__(self, client: int, dice: Random) -> None:
        super().__init__(client, dice)
        self.stale = dice.choice([0.0, 0.1, 0.5])
        """How often they go on in an editor that did not load the file again."""

        self.is_off = False
        """Their device sees, hears and writes nothing."""

        self.buffers: dict[StoryPath, str] = {}
        self.errand: Callable[[], None] | None = None
        """The other half of something begun, done before anything else."""

    def notice(self) -> Outcome:
        """Have the device look at the folder, if it is on."""
        return Outcome() if self.is_off else super().notice()

    def write(self, count: int | None = None) -> None:
        """Have it write, if it is on."""
        if not self.is_off:
            super().write(count)

    def switch_on(self) -> None:
        """Have the device find what was done meanwhile."""
        if self.is_off:
            self.is_off = False
            self.crash()


class World:
    """Some authors, and what is known about every word."""

    def __init__(
        self,
        seed: int,
        *,
        actions: Iterable[str] = ACTIONS,
        plain: bool = False,
        machines: Machines = Machines(),
        steps: Sequence[Step] | None = None,
    ) -> None:
        """``steps``: just these, of those that the seed would draw."""
        self.seed = seed
        self.dice = dice = Random(seed)
        self.actions = [action for action in ACTIONS if action in set(actions)]
        self.suffix = ".txt" if plain else ".twee"
        self.machines = machines
        self.writers = [
            Writer(1_000 * seed + i + 1, Random(dice.random())) for i in range(dice.randint(2, 4))
        ]
        self.meets = dice.random() < 0.9
        """All have the first files before anybody does anything."""

        self.steps = self._draw(dice) if steps is None else steps
        self.typed: list[str] = []
        self.erased: set[str] = set()
        self.copied: set[str] = set()
        """Words that somebody put into the world a second time on purpose."""

        self.saves = 0
        self.stale = 0
        self.diary: list[str] = []
        self._number = 0
        self._words = 0
        self._names = 0

    def _draw(self, dice: Random) -> list[Step]:
        likings = [
            [ACTIONS[each] * dice.choice([0.3, 1.0, 3.0]) for each in self.actions]
            for _ in self.writers
        ]
        steps: list[Step] = []
        for number in range(1, STEPS + 1):
            writer = dice.randrange(len(self.writers))
            later = dice.choice([0.1, 1.0, 10.0])
            action = dice.choices(self.actions, likings[writer])[0]
            kinds = [action, "write", "hear", "crash", "notice"]
            kind = dice.choices(kinds, [50, 20, 20, 2, 8])[0]
            steps.append(Step(number, writer, kind, dice.random(), later))
        return steps

    # Words.

    def words(self, count: int) -> str:
        """Return words that are nowhere else."""
        first = 1_000 * self._number + self._words
        self._words += count
        words = [f"w{first + i}x" for i in range(count)]
        self.typed += words
        return " ".join(words)

    def name(self) -> str:
        """Return a name that no other passage has."""
        self._names += 1
        return f"Passage {self._number}{'abcdefghijklmnopqrstuvwxyz'[self._names - 1]}"

    def passage(self) -> str:
        """Return a passage that is nowhere else."""
        tags = self.dice.choice(["", "", " [dark]", " [dark cold]", ' {"position":"1,2"}'])
        count = self.dice.choice([0, 1, 1, 2, 3])
        paragraphs = [self.words(self.dice.randint(3, 12)) for _ in range(count)]
        return f":: {self.name()}{tags}\n" + "".join(f"{p}\n" for p in paragraphs) + "\n"

    # Editors.

    def open(self, writer: Writer, path: StoryPath) -> str:
        """Return what the editor shows: the file, or what it held when it was opened."""
        file = self.shown(writer, path) if path in writer.folder else None
        buffer = writer.buffers.get(path)
        if buffer is not None and (file is None or self.dice.random() < writer.stale):
            self.stale += buffer != file
            return buffer
        assert file is not None
        writer.buffers[path] = file
        return file

    def shown(self, writer: Writer, path: StoryPath) -> str:
        """Return what an editor makes of a file: byte order mark and line ends are not shown."""
        return plain(writer.text(path))

    def save(self, writer: Writer, path: StoryPath, before: str, after: str) -> None:
        """Save what was made of the text that the editor had shown."""
        if before != after:
            self.erased |= set(WORD.findall(before)) - set(WORD.findall(after))
            self.put(writer, path, after)

    def put(self, writer: Writer, path: StoryPath, text: str) -> None:
        """Save a text from which nothing was deleted."""
        self.saves += 1
        writer.buffers[path] = text
        before = writer.text(path) if path in writer.folder else ""
        self.leave(writer, path, in_style_of(before, text))

    def leave(self, writer: Writer, path: StoryPath, content: str | bytes | None) -> None:
        """Change the folder, or remove a file with None."""
        before = writer.text(path) if path in writer.folder else ""
        was = writer.folder.get(path)
        writer.put(path, content)
        if was is not None and was == writer.folder.get(path):
            writer.reported.pop(path, None)  # A file that is saved as it is was saved, too.
        after = writer.text(path) if path in writer.folder else ""
        self.diary.append(f"   {path}{'' if after else ' is removed'}")
        lines = unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
        self.diary += [f"      {line}" for line in lines if line[:2] not in {"--", "++", "@@"}]

    def story(self, writer: Writer) -> StoryPath | None:
        """Return one of the stories in the folder."""
        stories = [path for path in sorted(writer.folder) if path.endswith(self.suffix)]
        return self.dice.choice(stories) if stories else None

    def inside(self, writer: Writer, change: Callable[[list[str]], None]) -> None:
        """Let somebody change the pieces of a story: what is before all passages, and each."""
        ghosts = sorted(writer.buffers.keys() - writer.folder.keys())
        if ghosts and self.dice.random() < writer.stale / 4:
            path = self.dice.choice(ghosts)
        elif (story := self.story(writer)) is not None:
            path = story
        else:
            self.make(writer)
            return
        before = self.open(writer, path)
        pieces = cut(before)
        change(pieces)
        self.save(writer, path, before, glue(pieces))

    # What authors do inside of a file.

    def edit(self, writer: Writer) -> None:
        """Write some words, in place of others."""

        def change(pieces: list[str]) -> None:
            at = self.dice.randrange(len(pieces))
            header, newline, body = ("", "", pieces[at]) if at == 0 else pieces[at].partition("\n")
            lines = body.split("\n")
            line = self.dice.randrange(len(lines))
            if at == 0 and not body:
                return
            words = lines[line].split(" ")
            start = self.dice.randrange(len(words) + 1)
            count = self.dice.choice([0, 0, 0, 1, 1, 2, 5])
            new = self.dice.choice([0, 1, 1, 2, 3, 8])
            words[start : start + count] = self.words(new).split(" ") if new else []
            lines[line] = " ".join(words)
            pieces[at] = header + (newline or "\n" * (at > 0)) + "\n".join(lines)

        self.inside(writer, change)

    def retitle(self, writer: Writer) -> None:
        """Give a passage other tags, and perhaps another name."""

        def change(pieces: list[str]) -> None:
            if len(pieces) == 1:
                return
            at = self.dice.randrange(1, len(pieces))
            header, newline, rest = pieces[at].partition("\n")
            tags = self.dice.choice(["", " [warm]", " [dark warm]", ' [dark] {"size":"3,4"}'])
            name = header.removeprefix("::").partition("[")[0].partition("{")[0].strip()
            if self.dice.random() < 0.6:
                name = self.name()
            pieces[at] = f":: {name}{tags}{newline}{rest}"

        self.inside(writer, change)

    def shuffle(self, writer: Writer) -> None:
        """Move a passage within its file."""

        def change(pieces: list[str]) -> None:
            if len(pieces) > 2:
                moved = pieces.pop(self.dice.randrange(1, len(pieces)))
                pieces.insert(self.dice.randrange(1, len(pieces) + 1), moved)

        self.inside(writer, change)

    def grow(self, writer: Writer) -> None:
        """Add a passage."""
        self.inside(
            writer,
            lambda pieces: pieces.insert(self.dice.randrange(1, len(pieces) + 1), self.passage()),
        )

    def shrink(self, writer: Writer) -> None:
        """Delete a passage."""

        def change(pieces: list[str]) -> None:
            if len(pieces) > 1:
                del pieces[self.dice.randrange(1, len(pieces))]

        self.inside(writer, change)

    def split(self, writer: Writer) -> None:
        """Type a header line into running text."""

        def change(pieces: list[str]) -> None:
            places = [i for i in range(1, len(pieces)) if len(WORD.findall(pieces[i])) > 1]
            if not places:
                return
            at = self.dice.choice(places)
            words = [match.start() for match in WORD.finditer(pieces[at])][1:]
            place = self.dice.choice(words)
            gap = self.dice.choice(["\n", "\n\n"])
            head = pieces[at][:place].rstrip(" ")
            gap = gap[1:] if head.endswith("\n") else gap
            pieces[at] = f"{head}{gap}:: {self.name()}\n{pieces[at][place:]}"

        self.inside(writer, change)

    def join(self, writer: Writer) -> None:
        """Remove a header line."""

        def change(pieces: list[str]) -> None:
            if len(pieces) > 2:
                at = self.dice.randrange(2, len(pieces))
                pieces[at] = pieces[at].partition("\n")[2]

        self.inside(writer, change)

    def wrap(self, writer: Writer) -> None:
        """Have a formatter break lines, or join them again."""

        def change(pieces: list[str]) -> None:
            broken = self.dice.random() < 0.5
            for at in range(1, len(pieces)):
                header, newline, body = pieces[at].partition("\n")
                if broken:
                    body = re.sub(r"(w\d+x) (w\d+x)", r"\1\n\2", body)
                else:
                    body = re.sub(r"(?<=x)\n(?=w)", " ", body)
                pieces[at] = header + newline + body

        self.inside(writer, change)

    # What authors do with several files.

    def carry(self, writer: Writer) -> None:
        """Cut a passage and paste it into another file, and save both at once."""
        if (errand := self._take(writer)) is not None:
            errand()

    def cut(self, writer: Writer) -> None:
        """Cut a passage, save, and paste it into another file a little later."""
        if (errand := self._take(writer)) is not None:
            writer.notice()
            writer.errand = errand

    def _take(self, writer: Writer) -> Callable[[], None] | None:
        if (path := self.story(writer)) is None:
            return None
        pieces = cut(self.open(writer, path))
        if len(pieces) < 3:
            return None
        moved = pieces.pop(self.dice.randrange(1, len(pieces)))
        self.put(writer, path, glue(pieces))
        return lambda: self._paste(writer, self._rework(moved), path)

    def _rework(self, passage: str) -> str:
        """Change a passage where it was pasted, or before it was cut, and do not save between."""
        places = [match.span() for match in WORD.finditer(passage)]
        if not places or self.dice.random() < 0.6:
            return passage
        start, end = self.dice.choice(places)
        kept = passage[start:end]
        if self.dice.random() < 0.3:
            self.erased.add(kept)
            kept = ""
        return f"{passage[:start]}{kept} {self.words(self.dice.randint(1, 4))}{passage[end:]}"

    def copy(self, writer: Writer) -> None:
        """Paste a passage into another file, save, and remove it where it was a little later."""
        if (path := self.story(writer)) is None:
            return
        pieces = cut(self.shown(writer, path))
        if len(pieces) < 3:
            return
        moved = self.dice.choice(pieces[1:])
        header = moved.partition("\n")[0]
        self._paste(writer, self._rework(moved), path)
        writer.notice()

        def remove() -> None:
            there = cut(self.shown(writer, path)) if path in writer.folder else []
            same = [i for i, each in enumerate(there) if i and each.partition("\n")[0] == header]
            # Of two with this header they remove the one that they have copied.
            at = max(same, key=lambda i: len(common(there[i], moved)), default=0)
            if not at or len(there) < 3 or (WORD.search(moved) and not common(there[at], moved)):
                self.copied |= set(WORD.findall(moved))
                return
            # What was not there yet when it was copied goes for good.
            self.erased |= set(WORD.findall(there[at])) - set(WORD.findall(moved))
            del there[at]
            # What they leave, because it was split off meanwhile, they see in both files.
            self.copied |= common(moved, glue(there))
            self.put(writer, path, glue(there))

        writer.errand = remove

    def _paste(self, writer: Writer, passage: str, source: StoryPath) -> None:
        others = [p for p in sorted(writer.folder) if p.endswith(self.suffix) and p != source]
        if not others:
            new = [StoryPath(f"clip{number}{self.suffix}") for number in range(3)]
            self.put(writer, self.dice.choice([path for path in new if path != source]), passage)
            return
        target = self.dice.choice(others)
        pieces = cut(self.shown(writer, target))
        # Who pastes into a file what they see there already wants it twice.
        self.copied |= common(passage, writer.text(target))
        pieces.insert(self.dice.randrange(1, len(pieces) + 1), passage)
        self.put(writer, target, glue(pieces))

    def both(self, writer: Writer) -> None:
        """Let a change arrive in two folders by another way: two that pull from one place."""
        if (path := self.story(writer)) is None:
            return
        others = [
            each
            for each in self.writers
            if each is not writer and each.folder.get(path) == writer.folder[path]
        ]
        if others:
            other = self.dice.choice(others)
            before = self.shown(writer, path)
            pieces = cut(before)
            if self.dice.random() < 0.5 or len(pieces) < 2:
                pieces.insert(self.dice.randrange(1, len(pieces) + 1), self.passage())
            else:
                at = self.dice.randrange(1, len(pieces))
                words = [match.start() for match in WORD.finditer(pieces[at])]
                place = self.dice.choice(words) if words else len(pieces[at])
                pieces[at] = f"{pieces[at][:place]}{self.words(4)} {pieces[at][place:]}"
            for each in (writer, other):
                self.put(each, path, glue(pieces))
            if not self.machines.blind:
                other.notice()

    # Whole files.

    def style(self, writer: Writer) -> None:
        """Turn line ends or the byte order mark."""
        if (path := self.story(writer)) is not None:
            text = writer.text(path)
            match self.dice.randrange(3):
                case 0:
                    text = in_style_of("\r\n", plain(text))
                case 1:
                    text = text.replace("\r\n", "\n")
                case _:
                    text = text.removeprefix(MARK) if text[:1] == MARK else MARK + text
            self.saves += 1
            writer.buffers[path] = plain(text)
            self.leave(writer, path, text)

    def make(self, writer: Writer) -> None:
        """Make a file."""
        folder = self.dice.choice(["", "", "part/"])
        path = StoryPath(f"{folder}story{self.dice.randrange(4)}{self.suffix}")
        if path not in writer.folder:
            start = f"{self.words(3)}\n" if self.dice.random() < 0.3 else ""
            passages = [self.passage() for _ in range(self.dice.randint(1, 4))]
            self.put(writer, path, start + "".join(passages))

    def remove(self, writer: Writer) -> None:
        """Remove a file."""
        if (path := self.story(writer)) is not None:
            self.erased |= set(WORD.findall(writer.text(path)))
            writer.buffers.pop(path, None)
            self.leave(writer, path, None)

    def rename(self, writer: Writer) -> None:
        """Give a file another name."""
        if (path := self.story(writer)) is not None:
            if path not in writer.reported:
                writer.notice()  # Between making a file and giving it a name one has looked.
            target = StoryPath(
                path.removesuffix(self.suffix) + self.dice.choice("abc") + self.suffix
            )
            if target not in writer.folder and len(target) < 40:
                self.leave(writer, target, writer.text(path))
                self.leave(writer, path, None)
                if path in writer.buffers:
                    writer.buffers[target] = writer.buffers.pop(path)

    # The world.

    def act(self, writer: Writer, action: str) -> None:
        """Let somebody do something; what was begun is ended first."""
        if writer.errand is not None:
            errand, writer.errand = writer.errand, None
            self.diary.append(f"   instead of {action}: the rest of what was begun")
            errand()
            return
        do: Callable[[Writer], None] = getattr(self, action)
        do(writer)

    def run(self) -> None:
        """Let everything happen, and bring all together in the end."""
        first = self.writers[0]
        self._begin(0, self.seed)
        for i in range(2):
            start = "".join(self.passage() for _ in range(4))
            self.put(first, StoryPath(f"story{i}{self.suffix}"), start)
        first.notice()
        if self.meets:
            exchange(*self.writers)
        for step in self.steps:
            self.diary.append(f"{step.number}. {step.writer}: {step.kind}")
            self._begin(step.number, step.seed)
            self._do(step, self.writers[step.writer])
        for i, writer in enumerate(self.writers):
            self._begin(STEPS + 1 + i, self.seed)
            writer.switch_on()
            writer.notice()
            if writer.errand is not None:
                self.act(writer, "")
        exchange(*self.writers)

    def _begin(self, number: int, seed: float) -> None:
        self.dice = Random(seed)
        for writer in self.writers:
            writer.dice.seed(
                f"{writer.document.client} {number} {seed}"
            )  # of the ids that it draws
        self._number, self._words, self._names = number, 0, 0

    def _do(self, step: Step, writer: Writer) -> None:
        writer.now += step.later
        self._switch(step, writer)
        match step.kind:
            case "notice" | "write" | "hear" | "crash" if writer.is_off:
                return
            case "notice":
                writer.notice()
            case "write":
                writer.write(self.dice.choice([1, 2, None]))
            case "hear":
                other = self.dice.choice([each for each in self.writers if each is not writer])
                updates = list(other.updates)
                self.dice.shuffle(updates)
                if self.dice.random() < 0.5:
                    updates = updates[: self.dice.randint(0, len(updates))]
                writer.hear(updates)
            case "crash":
                writer.crash()
            case action:
                noticed = self.dice.random() >= self.machines.blind
                self.act(writer, action)
                if noticed:
                    writer.notice()
        if self.dice.random() >= self.machines.slow:
            writer.write()

    def _switch(self, step: Step, writer: Writer) -> None:
        """Switch a device off or on before a step, or leave it as it is."""
        chance = Random(f"{step.seed} off").random()
        if writer.is_off:
            if chance < ON_AGAIN:
                self.diary.append("   the device is on again")
                writer.switch_on()
        elif chance < self.machines.off:
            self.diary.append("   the device is off")
            writer.is_off = True

    def judge(self) -> Verdict:
        """Say what became of the words; refuse folders that differ."""
        first, *others = self.writers
        for other in others:
            if _read(other, (first, other)) != _read(first, (first, other)):
                raise AssertionError(f"world {self.seed}: the folders differ")
        texts = [content.decode() for content in first.folder.values()]
        found = Counter(word for text in texts for word in WORD.findall(text))
        lost = {word for word in self.typed if word not in self.erased and not found[word]}
        kept = [update for writer in self.writers for update in writer.updates]
        kept += [old for writer in self.writers for old in writer.replaced]
        return Verdict(
            lost=frozenset(lost),
            gone=frozenset(w for w in lost if not any(w.encode() in each for each in kept)),
            doubled=frozenset(w for w, n in found.items() if n > 1 and w not in self.copied),
            glued=sum(len(GLUED.findall(text)) for text in texts),
        )


def _read(writer: Writer, both: Iterable[Writer]) -> dict[StoryPath, bytes | list[str]]:
    """
    Return what a folder holds: bytes, and only words where one of two lets formatters be.

    Whose tools format a passage in another way for the third time keeps it as it is.
    """
    left = {each.path for one in both for each in recall(one.facts).values()}
    return {
        path: words(content.decode().removeprefix(MARK)) if path in left else content
        for path, content in writer.folder.items()
    }


def common(one: str, other: str) -> set[str]:
    """Return the words that are in both."""
    return set(WORD.findall(one)) & set(WORD.findall(other))


def plain(content: str) -> str:
    """Return what an editor shows of a file."""
    return content.removeprefix(MARK).replace("\r\n", "\n")


def in_style_of(content: str, text: str) -> str:
    """Return what an editor saves of a text that it has read from a file."""
    mark = MARK if content.startswith(MARK) else ""
    return mark + (text.replace("\n", "\r\n") if "\r\n" in content else text)


def cut(text: str) -> list[str]:
    """Return what is before all passages, and each passage."""
    starts = [match.start() for match in HEADER.finditer(text)]
    ends = [*starts, len(text)]
    return [text[: ends[0]], *(text[a:b] for a, b in pairwise(ends))]


def glue(pieces: Sequence[str]) -> str:
    """Return a text of pieces, each of which ends its last line if another follows."""
    text = ""
    for piece in pieces:
        text += piece if not text or text.endswith("\n") or not piece else "\n" + piece
    return text
