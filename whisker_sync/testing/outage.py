"""
Power failures by the thousand, and a judgement of each.

A seed makes a story: what somebody writes to a journal, compacts, closes and opens. The
production journal carries it out on a :class:`~whisker_sync.testing.power.Drive`, and a
reference of twenty lines says what the journal must hold after each chapter. Then the
power fails at each sync, in many ways, and the production journal opens what is left:

* It opens; a power failure is no damage.
* It holds what it held after the last chapter that had ended, or what it would hold
  after the one that was under way: all of what was acknowledged, and of the rest
  everything or nothing.
* It can be written to, and when the power fails during that or during the opening
  itself, the same is true again.

:func:`run` does that as often as asked, one seed one result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from whisker_sync.batch import Batch, Recalled
from whisker_sync.errors import WhiskerError
from whisker_sync.ids import DeviceId
from whisker_sync.record import Entry, Record
from whisker_sync.store.journal import Journal
from whisker_sync.testing.power import Connection, Drive, Fault, Image, Recording, images

NAME = "journal.db"

CHAPTERS = 14
"""Things that happen in one story."""

PATIENCE = 100
"""Failures after which we say that a journal does not recover."""

MAX_VIOLATIONS = 10
"""So many are enough to look into."""

AGAIN_PART = 0.03
"""How many of the images are opened, written to and struck by a second power failure."""

DEVICES = tuple(DeviceId(bytes([n]) * 32) for n in range(3))

NORMAL = {"PRAGMA synchronous = FULL": "PRAGMA synchronous = NORMAL"}
"""A seeded bug: the commit is not synced."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a journal must hold."""

    entries: tuple[Entry, ...] = ()
    snapshots: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)
    facts: Mapping[str, bytes] = field(default_factory=dict)
    assets: Mapping[bytes, bytes] = field(default_factory=dict)
    head: int = 0

    def with_batch(self, batch: Batch) -> Kept:
        """The same and what a batch adds."""
        facts = dict(self.facts)
        for name, value in batch.facts:
            facts.pop(name, None)
            if value is not None:
                facts[name] = value
        return replace(
            self,
            entries=self.entries + batch.entries,
            facts=facts,
            assets={**self.assets, **dict(batch.assets)},
            head=self.head + len(batch.entries),
        )

    def with_snapshot(self, document: str, through: int, state: bytes) -> Kept:
        """The same with a snapshot in place of the entries of a document."""
        rest = tuple(e for e in self.entries if e.record.document != document or e.seq > through)
        snapshots = {**self.snapshots, document: (through, state)}
        return replace(self, entries=rest, snapshots=snapshots)

    def documents(self) -> dict[str, tuple[bytes, ...]]:
        """What each document is loaded from."""
        found = {name: [state] for name, (_, state) in self.snapshots.items()}
        for entry in self.entries:
            found.setdefault(entry.record.document, []).append(entry.record.update)
        return {name: tuple(updates) for name, updates in found.items()}

    def differs(self, recalled: Recalled, journal: Journal) -> str | None:
        """What a journal does not hold as it must; None: nothing."""
        if recalled.head != self.head:
            return f"it ends at {recalled.head} instead of {self.head}"
        if recalled.documents != self.documents():
            return "it holds other updates"
        if recalled.tail != tuple(e for e in self.entries if e.seq >= recalled.first):
            return "its log is another"
        if recalled.facts != self.facts:
            return "it holds other facts"
        for sha256, content in self.assets.items():
            if journal.asset(sha256) != content:
                return "a binary file is not there"
        return None


@dataclass(frozen=True, slots=True)
class Chapter:
    """One thing that is done to a journal: one of ``do`` and ``reopen``."""

    kept: Kept
    """What the journal holds then."""

    do: Callable[[Journal], None] | None = None
    reopen: Callable[[], Journal] | None = None
    """The journal is closed, and opened by this."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of many power failures."""

    images: int
    """Drives that were looked at after a power failure."""

    stories: int
    """Recordings that they were made from."""

    twice: int
    """Images among them of a second power failure, after the first."""

    violations: tuple[str, ...]
    """What was wrong, in sentences; empty: nothing."""


class Story:
    """What happens to one journal; ``connect`` opens it."""

    def __init__(self, dice: Random, connect: Callable[[str], Connection]) -> None:
        self._dice = dice
        self._connect = connect

    def open(self) -> Journal:
        """Open the journal as a node does."""
        return Journal.open(Path(NAME), self._dice.randbytes(8), connect=self._connect)

    def chapters(self, kept: Kept, number: int) -> Iterator[Chapter]:
        """Draw what happens."""
        for _ in range(number):
            chapter = self._draw(kept)
            kept = chapter.kept
            yield chapter

    def _draw(self, kept: Kept) -> Chapter:
        dice = self._dice
        kind = dice.random()
        if kind < 0.12:
            return Chapter(kept, reopen=self.open)
        if kind < 0.27 and kept.head:
            return self._compact(kept)
        batches, then = [], kept
        for _ in range(dice.choice((1, 1, 1, 2, 4))):
            batches.append(self._batch(then))
            then = then.with_batch(batches[-1])

        def write(journal: Journal) -> None:
            journal.write(batches)

        return Chapter(then, write)

    def _compact(self, kept: Kept) -> Chapter:
        document, state = self._dice.choice(("story", "notes")), self._bytes()
        through = kept.head

        def compact(journal: Journal) -> None:
            journal.compact(document, through, state, b"digest", lambda _: b"digest")

        return Chapter(kept.with_snapshot(document, through, state), compact)

    def _batch(self, kept: Kept) -> Batch:
        dice = self._dice
        entries = []
        for seq in range(kept.head + 1, kept.head + 1 + dice.choice((0, 1, 1, 1, 2, 5))):
            document = dice.choice(("story", "story", "notes"))
            source, author = dice.choice(DEVICES), dice.choice(DEVICES)
            record = Record(document, self._bytes(), author, dice.getrandbits(32), seq)
            entries.append(Entry(seq, source, record))
        names = [
            dice.choice(("shadow/a", "shadow/b", "cursor/c")) for _ in range(dice.choice((0, 1, 2)))
        ]
        facts = {name: self._bytes() if dice.random() < 0.8 else None for name in names}
        assets = [self._bytes() for _ in range(dice.choice((0, 0, 0, 1)))]
        return Batch(
            tuple(entries),
            tuple(facts.items()),
            tuple((hashlib.sha256(content).digest(), content) for content in assets),
        )

    def _bytes(self) -> bytes:
        return self._dice.randbytes(int(self._dice.random() ** 4 * 12_000) + 1)


@dataclass(frozen=True, slots=True)
class Told:
    """A story that was carried out."""

    recording: Recording
    kept: tuple[Kept, ...]
    """What the journal must hold: at first, and after each chapter; a note has the index."""

    faults: int = 0
    """Writes and syncs that failed."""

    failures: tuple[str, ...] = ()
    """What the journal said of that."""


def tell(
    dice: Random,
    *,
    files: Mapping[str, bytes] | None = None,
    kept: Kept | None = None,
    chapters: int = CHAPTERS,
    fault: Fault | None = None,
    instead: Mapping[str, str] | None = None,
    too_early: bool = False,
) -> Told:
    """
    Carry out a story on a drive, from what ``files`` hold, which is ``kept``.

    With a ``fault`` what fails is tried again until it works, as the writer does.

    Two seeded bugs: ``instead`` has statements in place of others, and ``too_early``
    acknowledges what is only about to be written.

    Raises:
        AssertionError: After a failure the journal holds something else than before, or
            it does not recover.
    """
    drive = Drive(files)
    drive.fault = fault
    try:
        story = Story(dice, lambda path: drive.connect(path, instead=instead))
        held = [kept or Kept()]
        failures = Failures()
        journal = failures.overcome(story.open)
        drive.note(0)
        for chapter in story.chapters(held[0], chapters):
            if too_early:
                drive.note(len(held))
            journal = failures.carry_out(chapter, journal, held[-1])
            drive.note(len(held))
            held.append(chapter.kept)
        wrong = held[-1].differs(journal.recall(), journal)
        assert wrong is None, f"at the end {wrong}"
        return Told(drive.recording(), tuple(held), drive.faults, tuple(failures.sentences))
    finally:
        drive.close()


class Failures:
    """Tries again what fails, and sees that nothing came of it before."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def overcome(self, open_: Callable[[], Journal]) -> Journal:
        """Open a journal, sooner or later."""
        while True:
            try:
                return open_()
            except WhiskerError as problem:
                self._note(problem)

    def carry_out(self, chapter: Chapter, journal: Journal, before: Kept) -> Journal:
        """Do what a chapter says, sooner or later; the journal that is open then."""
        if chapter.reopen is not None:
            journal.close()
            return self.overcome(chapter.reopen)
        assert chapter.do is not None
        while True:
            try:
                chapter.do(journal)
            except WhiskerError as problem:
                self._note(problem)
                wrong = before.differs(journal.recall(), journal)
                assert wrong is None, f"after a failure {wrong}"
            else:
                return journal

    def _note(self, problem: WhiskerError) -> None:
        self.sentences.append(str(problem))
        assert len(self.sentences) < PATIENCE, f"it does not recover: {problem}"


def judge(told: Told, image: Image) -> tuple[str | None, Kept]:
    """Open an image; return what is wrong, and what it holds if nothing is."""
    allowed = told.kept[max(image.note, 0) : image.note + 2]
    drive = Drive(image.files)
    try:
        journal = Journal.open(Path(NAME), b"entropy!", connect=drive.connect)
        recalled = journal.recall()
        wrong = None
        for kept in reversed(allowed):
            wrong = kept.differs(recalled, journal)
            if wrong is None:
                return None, kept
    except WhiskerError as problem:
        wrong = str(problem)
    finally:
        drive.close()
    return wrong, allowed[0]


def run(
    count: int,
    seed: int,
    *,
    instead: Mapping[str, str] | None = None,
    too_early: bool = False,
) -> Report:
    """
    Judge about ``count`` images; a second failure strikes some of them.

    The seeded bugs are those of :func:`tell`. After ``MAX_VIOLATIONS`` it stops.
    """
    found: list[str] = []
    looked = stories = twice = 0
    while looked < count and len(found) < MAX_VIOLATIONS:
        stories += 1
        dice = Random(f"{seed} {stories}")
        told = tell(dice, instead=instead, too_early=too_early)
        everywhere = dice.random() < 0.2
        for image in images(told.recording, dice, per_point=3, everywhere=everywhere):
            looked += 1
            where = f"seed {seed}, story {stories}, step {image.at}"
            wrong, kept = judge(told, image)
            if wrong is not None:
                found.append(f"{where}: {wrong}")
            elif dice.random() < AGAIN_PART:
                again = tell(dice, files=image.files, kept=kept, chapters=2, instead=instead)
                # Until it is open, no note says what it holds: the same as before.
                for second in images(again.recording, dice, per_point=2):
                    looked, twice = looked + 1, twice + 1
                    wrong, _ = judge(again, second)
                    if wrong is not None:
                        found.append(f"{where}, then step {second.at}: {wrong}")
                        break
            if looked >= count or len(found) >= MAX_VIOLATIONS:
                break
    return Report(looked, stories, twice, tuple(found))


def run_faults(
    seed: int,
    *,
    full: bool,
    lasting: int = 1,
    chapters: int = 6,
    instead: Mapping[str, str] | None = None,
) -> Report:
    """
    Tell one story with each write and each sync failing in turn, ``lasting`` in a row.

    ``full``: for want of room; else because the drive fails. Then the power fails, too.
    """
    found: list[str] = []
    looked, position = 0, 0
    while len(found) < MAX_VIOLATIONS:
        where = f"seed {seed}, operation {position}"
        dice = Random(seed)
        fault = Fault(position, position + lasting - 1, full)
        try:
            told = tell(dice, chapters=chapters, fault=fault, instead=instead)
        except (AssertionError, WhiskerError) as problem:
            found.append(f"{where}: {problem}")
        else:
            if not told.faults:  # there are fewer writes and syncs than that
                break
            for image in images(told.recording, dice, per_point=1):
                looked += 1
                wrong, _ = judge(told, image)
                if wrong is not None:
                    found.append(f"{where}, power failure at step {image.at}: {wrong}")
        position += 1
    return Report(looked, position, 0, tuple(found))
