"""
The story as files: what the author saved becomes entries, and what others wrote becomes writes.

What a file means is for :class:`~whisker_sync.manuscript.manuscript.Manuscript` to say. Here its
answers are kept, and carried out in the right order: a file of the author is changed only when all
that the change rests on is durable.

A device whose user may only read shows the story in the same way, and takes nothing in; see
:mod:`~whisker_sync.peer.reading`.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from random import Random

from whisker_sync import chunks
from whisker_sync.document import LARGE_DOCUMENT, MAX_DOCUMENT, Touch
from whisker_sync.ids import DeviceId, LinkId, StoryPath
from whisker_sync.manuscript import back
from whisker_sync.manuscript.files import (
    FileSeen,
    Large,
    Outcome,
    Problem,
    PutInTrash,
    WriteAsset,
    WriteFile,
    is_lost,
)
from whisker_sync.manuscript.manuscript import Manuscript
from whisker_sync.manuscript.schema import STORY
from whisker_sync.manuscript.shadow import PREFIX as SHADOW
from whisker_sync.peer import events
from whisker_sync.peer.assets import Assets
from whisker_sync.peer.effects import Effect, Tell
from whisker_sync.peer.inputs import (
    Chosen,
    FileKept,
    FilesSeen,
    FileStuck,
    FileWritten,
    Milestone,
)
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import Lines
from whisker_sync.peer.put_back import RESTORED
from whisker_sync.peer.reading import sort
from whisker_sync.peer.status import Ourselves
from whisker_sync.peer.telling import Telling
from whisker_sync.revision import Revision
from whisker_sync.sync.session import Came
from whisker_sync.wire.messages import Asset

STUCK_SECONDS = 10.0
"""How long after a file could not be written that is tried again."""

BACK_SECONDS = 0.5
"""How long a file that went back waits for others that do, counted from the last one."""

MAX_BACK_SECONDS = 10.0
"""How long it waits at most."""


class Showing:
    """See the module; without ``files`` nothing is shown, and documents are all there is."""

    def __init__(
        self,
        ourselves: Ourselves,
        library: Library,
        lines: Lines,
        telling: Telling,
        dice: Random,
        *,
        files: bool,
    ) -> None:
        self.assets = Assets(library, lines)
        """The contents of binary files."""

        self.at = 0
        """What an input said last: milliseconds since 1970, for display."""

        self._self = ourselves
        self._library = library
        self._lines = lines
        self._telling = telling
        self._manuscript: Manuscript | None = None
        if files:
            self._manuscript = Manuscript(
                library.document(STORY), library.facts_below(SHADOW), dice, ourselves.person
            )
        self._resumed = not files
        self._waiting: deque[tuple[int, WriteFile | WriteAsset]] = deque()
        self._open_writes: set[str] = set()  # asked for and not answered
        self._written: set[bytes] = set()  # what a reader's files were made to hold
        self._stuck_until: float | None = None  # when a write that failed is asked for again
        self._stuck: set[StoryPath] = set()  # files of which a write failed
        self._problems: dict[str, Problem] = {}
        self._returned: dict[StoryPath, FileSeen] = {}
        """Files that went back, and what was seen since, until it is clear how many they are."""

        self._returned_since = 0.0
        self._overtaken: list[FileSeen] = []
        """Saves of files that were saved once more before these were taken in."""

        self._returned_until: float | None = None
        """When that is clear; None: no file is waited for, and nothing is kept."""

    # What is known.

    @property
    def at_rest(self) -> bool:
        """All is durable, complete and in the files: what others may take for "in sync"."""
        return (
            self._library.at_rest
            and not self.assets.under_way
            and not self._waiting
            and not self._open_writes
            and self._returned_until is None
        )

    @property
    def resumed(self) -> bool:
        """Whether all files were seen since the process began."""
        return self._resumed

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Files that are left out, and why."""
        return tuple(self._problems.values())

    @property
    def went_back(self) -> tuple[StoryPath, ...]:
        """Files of which nothing is made until their author has chosen; see manuscript/back.py."""
        return () if self._manuscript is None else self._manuscript.went_back

    def hashes(self) -> dict[StoryPath, bytes]:
        """The SHA-256 of each file of the story, whether it is in the folder or not."""
        shown = {} if self._manuscript is None else self._manuscript.shown()
        return {path: content.sha256 for path, content in shown.items()}

    def files(self) -> tuple[StoryPath, ...]:
        """The files that are synced, as far as they were on disk when we last looked."""
        return () if self._manuscript is None else self._manuscript.known()

    def deadline(self) -> float:
        """When something is to be asked for again."""
        never = float("inf")
        return min(
            self.assets.deadline() or never,
            self._stuck_until or never,
            self._returned_until or never,
        )

    # What the author did.

    def saw(self, seen: FilesSeen, now: float, *, reads: bool) -> Iterator[Effect]:
        """Take in what was found in the folder; who only ``reads`` changes nothing by it."""
        if self._manuscript is None:
            return
        if not reads and not seen.everything:
            yield from self._go_ahead(seen, now, self._manuscript)
        if reads:
            seen = yield from self._read_only(seen, self._manuscript)
        elif self._waits_for_more(seen, now, self._manuscript):
            yield from self._keep_returned(seen.files, self._manuscript)
            for problem in seen.problems:
                yield from self._note_problem(problem)
            return
        before = self._manuscript.went_back
        if seen.everything:
            again = RESTORED in self._library.facts
            outcome = self._manuscript.resume(
                seen.files, now, seen.unreadable, at=seen.at, again=again
            )
            self._library.remember(RESTORED, None)
            self._resumed = True
        else:
            outcome = self._manuscript.saw(seen.files, now, seen.at)
        for file in seen.files:
            self._problems.pop(file.path, None)
        for problem in seen.problems:
            yield from self._note_problem(problem)
        yield from self._taken(outcome, before, seen.at, now)

    def _taken(
        self, outcome: Outcome, before: tuple[StoryPath, ...], at: int, now: float
    ) -> Iterator[Effect]:
        """Follow up what was seen in the folder."""
        assert self._manuscript is not None
        yield from self._absorb(outcome, at, now)
        yield from self._offer(self.assets.want(self._manuscript), now)
        if self._manuscript.went_back and not before:
            yield Tell(events.Trouble(back.sentence(self._manuscript.went_back)))

    def _go_ahead(self, seen: FilesSeen, now: float, manuscript: Manuscript) -> Iterator[Effect]:
        """Take in what waits of files that were saved once more: else nobody would have seen it."""
        before = manuscript.went_back
        outcome = manuscript.overtaken(seen.files, now, seen.at)
        if outcome != Outcome():
            yield from self._taken(outcome, before, seen.at, now)

    def _waits_for_more(self, seen: FilesSeen, now: float, manuscript: Manuscript) -> bool:
        """Keep what was seen for a moment, if it may be the first files of an old commit."""
        if seen.everything:
            self._returned, self._returned_until, self._overtaken = {}, None, []
            return False
        goes_back = manuscript.goes_back(seen.files)
        if self._returned_until is None:
            if not goes_back:
                return False
            self._returned_since = now
        if goes_back:
            self._returned_until = min(now + BACK_SECONDS, self._returned_since + MAX_BACK_SECONDS)
        return True

    def _keep_returned(
        self, files: Iterable[FileSeen], manuscript: Manuscript
    ) -> Iterator[PutInTrash]:
        """Keep what was seen; what it is saved over is taken in later, and at hand until then."""
        for file in files:
            before = self._returned.get(file.path, file)
            if is_lost(before.content, file.content) and not manuscript.goes_back([before]):
                self._overtaken.append(before)
                yield from _for_trash(before)
            self._returned[file.path] = file

    def look_at_returned(self, now: float) -> Iterator[Effect]:
        """Take in what was kept: by now all that went back together has done so."""
        if self._manuscript is None or self._returned_until is None or now < self._returned_until:
            return
        files, self._returned, self._returned_until = self._returned, {}, None
        overtaken, self._overtaken = self._overtaken, []
        for together in (*((file,) for file in overtaken), tuple(files.values())):
            seen = FilesSeen(together, self.at)
            yield from self._go_ahead(seen, now, self._manuscript)
            before = self._manuscript.went_back
            outcome = self._manuscript.saw(together, now, self.at, since=self._returned_since)
            yield from self._taken(outcome, before, self.at, now)

    def choose(self, chosen: Chosen, now: float) -> Iterator[Effect]:
        """Do with the files that went back what their author wants."""
        if self._manuscript is None:
            return
        take = self._manuscript.bring_newest if chosen.newest else self._manuscript.share_older
        yield from self._absorb(take(now, chosen.at), chosen.at, now)
        yield from self._offer(self.assets.want(self._manuscript), now)

    def _read_only(
        self, seen: FilesSeen, manuscript: Manuscript
    ) -> Generator[Effect, None, FilesSeen]:
        """Leave of what was seen only what is as the story has it; a reader changes nothing."""
        shown = manuscript.shown()
        found = sort(seen.files, shown, self._written)
        for write in found.writes:
            if isinstance(write, WriteFile) and write.content is not None:
                self._written.add(hashlib.sha256(write.content).digest())
            self._waiting.append((self._library.due, write))
        for problem in found.problems:
            yield from self._note_problem(problem)
        unreadable = {*seen.unreadable, *found.others}
        if seen.everything:  # what is missing was removed, and comes back
            here = {file.path for file in seen.files}
            gone = [path for path in manuscript.known() if path not in here | unreadable]
            again = sort([FileSeen(path, None) for path in gone], shown, ())
            self._waiting.extend((self._library.due, write) for write in again.writes)
            unreadable |= set(again.others)
        return replace(seen, files=found.as_shown, unreadable=tuple(sorted(unreadable)))

    def set_milestone(self, milestone: Milestone) -> None:
        """File the story as it stands, under a name."""
        if self._manuscript is not None:
            me, stand = self._self, self._manuscript.stand()
            self._telling.file(Revision(me.person, me.device, milestone.at, milestone.name, stand))

    # Which binary files come.

    def fetch_up_to(self, size: int | None, now: float) -> Iterator[Effect]:
        """Let binary files up to a size come by themselves; None: all."""
        if self._manuscript is not None:
            self._manuscript.fetch_up_to(size)
            yield from self._offer(self.assets.want(self._manuscript), now)

    def fetch(self, paths: Iterable[StoryPath], now: float) -> Iterator[Effect]:
        """Let some come that are larger."""
        if self._manuscript is not None:
            yield from self._absorb(self._manuscript.fetch(paths), self.at, now)
            yield from self._offer(self.assets.want(self._manuscript), now)

    @property
    def not_fetched(self) -> tuple[tuple[StoryPath, int], ...]:
        """Binary files that are not here because they are too large to come by themselves."""
        found = {} if self._manuscript is None else self._manuscript.not_fetched()
        return tuple(sorted(found.items()))

    # What is written.

    def release_writes(self) -> Iterator[Effect]:
        """Change files, as far as what that rests on is durable."""
        while self._waiting and self._waiting[0][0] <= self._library.committed:
            write = self._waiting.popleft()[1]
            # A binary file whose content has not come yet is written when it comes.
            if not isinstance(write, WriteAsset) or self.assets.is_here(write):
                self._open_writes.add(write.path)
                yield write

    def forget_writes(self) -> None:
        """Change no more files: what that rested on is withdrawn."""
        self._waiting.clear()

    def answered(
        self, answer: FileWritten | FileKept | FileStuck, now: float, *, reads: bool
    ) -> Iterator[Effect]:
        """Hear what became of a change of a file."""
        self._open_writes.discard(answer.path)
        if self._manuscript is None:
            return
        match answer:
            case FileWritten(path, content, at):
                if not reads:
                    self._problems.pop(path, None)
                if self._stuck_until is not None:
                    self._stuck_until = now  # there is room again
                # What was seen before is not there any more: the write found what it expected.
                if (before := self._returned.pop(path, None)) is not None:
                    yield from _for_trash(before)
                outcome = self._manuscript.wrote(path, content, now)
                yield Tell(events.FileChanged(path))
            case FileKept(path, content, at) if reads or self._is_returning(path, content):
                outcome = self._manuscript.stuck(path, now)
                yield from self._absorb(outcome, at, now)
                seen = FilesSeen((FileSeen(path, content),), at)
                yield from self.saw(seen, now, reads=reads)
                return
            case FileKept(path, content, at):
                seen = FilesSeen((FileSeen(path, content),), at)
                yield from self._go_ahead(seen, now, self._manuscript)
                outcome = self._manuscript.kept(path, content, now)
            case FileStuck(path, problem, at):
                outcome = self._manuscript.stuck(path, now)
                if problem is not None:
                    self._stuck_until = now + STUCK_SECONDS
                    self._stuck.add(path)
                    yield from self._note_problem(problem)
        yield from self._absorb(outcome, at, now)

    def _is_returning(self, path: StoryPath, content: bytes | Large | None) -> bool:
        assert self._manuscript is not None
        seen = FileSeen(path, content)
        return self._returned_until is not None or self._manuscript.goes_back([seen])

    def ask_for_stuck(self, now: float) -> Iterator[Effect]:
        """Ask for writes again that failed: there may be room by now, and nobody says so."""
        if self._manuscript is None or self._stuck_until is None or now < self._stuck_until:
            return
        self._stuck_until = None
        outcome = self._manuscript.merged(())
        wanted = {write.path for write in outcome.writes} | self._open_writes
        wanted |= {write.path for _, write in self._waiting}
        for path in self._stuck - wanted:
            self._problems.pop(path, None)  # what should have been written is there by now
        self._stuck &= wanted
        yield from self._absorb(outcome, self.at, now)

    # What others did.

    def changed(
        self, document: str, touched: frozenset[Touch], author: DeviceId, now: float
    ) -> Iterator[Effect]:
        """Follow up a change that did not come from the files."""
        yield from self._announce(document, touched, author, now)
        if document == STORY and self._manuscript is not None and self._resumed:
            yield from self._absorb(self._manuscript.merged(touched), self.at, now)
            yield from self._offer(self.assets.want(self._manuscript), now)

    def needed(self) -> tuple[bytes, ...]:
        """The contents of binary files that the story consists of and that are here."""
        return () if self._manuscript is None else tuple(self.assets.needed(self._manuscript))

    def asset_brought(self, brought: Asset, now: float) -> Iterator[Effect]:
        """A letter brought the content of a binary file."""
        yield from self._offer(self.assets.bring(brought, self._manuscript), now)

    def asset_came(self, link: LinkId, came: Came, now: float) -> Iterator[Effect]:
        """Take a content that somebody sent, and write it if the story has it."""
        yield from self._offer(self.assets.take(link, came, self._manuscript, now), now)

    # Private methods.

    def _offer(self, ready: Iterable[bytes], now: float) -> Iterator[Effect]:
        """Tell the manuscript that contents can be written."""
        for asset in ready:
            assert self._manuscript is not None
            yield from self._absorb(self._manuscript.wanted_writes_for(asset), 0, now)

    def _absorb(self, outcome: Outcome, at: int, now: float) -> Iterator[Effect]:
        library, me = self._library, self._self
        if outcome.change is not None:
            library.wrote(STORY, outcome.change, at, from_file=True)
        self.assets.saved(asset for asset, _ in outcome.assets)
        self.assets.saved(large.sha256 for large in outcome.larges)
        for asset, content in outcome.assets:
            library.keep(asset, content)
        for large in outcome.larges:
            library.keep_list(large.list)
            library.note_kept(chunks.hashes(large.list))
        for name, value in outcome.facts:
            library.remember(name, value)
        yield from outcome.trash
        self._waiting.extend((library.due, write) for write in outcome.writes)
        for problem in outcome.problems:
            yield from self._note_problem(problem)
        if outcome.versions:
            self._telling.file(Revision(me.person, me.device, at, "", outcome.versions))
        if outcome.change is not None:
            yield from self._announce(STORY, outcome.change.touched, me.device, now)

    def _announce(
        self, document: str, touched: frozenset[Touch], author: DeviceId, now: float
    ) -> Iterator[Effect]:
        self._lines.stir(now)
        if self._library.has_become_large(document):
            yield Tell(
                events.Trouble(
                    f"with all that was ever deleted, {document!r} has more than "
                    f"{LARGE_DOCUMENT >> 20} MiB; beyond {MAX_DOCUMENT >> 20} MiB others cannot "
                    "take in more of it"
                )
            )
        local = author == self._self.device
        yield Tell(events.Merged(document, author, touched, local=local))

    def _note_problem(self, problem: Problem) -> Iterator[Effect]:
        if self._problems.get(problem.path) != problem:
            self._problems[problem.path] = problem
            yield Tell(events.Trouble(problem.sentence))


def _for_trash(seen: FileSeen) -> Iterator[PutInTrash]:
    """Have a save put into the trash, if it is small enough to be at hand."""
    if isinstance(seen.content, bytes):
        yield PutInTrash(seen.path, seen.content)
