"""
The author's files, read and written in turn.

What was read before a write must never be told after it, or it looks as if the author had
undone what was written. So whatever reads or writes files waits in one row, and what was
read is told before the next in the row begins. What is saved over while it waits is not lost:
see :mod:`whisker_sync.node.untold`.

The content of a binary file comes from the journal or goes there first, outside of the row:
that may take long; see :mod:`whisker_sync.node.contents`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeGuard

from whisker_sync import chunks
from whisker_sync.errors import FolderError, UnsafePath
from whisker_sync.folder.files import Folder, Held, Kept, Replaced, Source
from whisker_sync.folder.watch import GRACE_SECONDS, Glimpse, Noticed, Watch
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Large, Problem, WriteAsset, WriteFile
from whisker_sync.node.announced import made_from
from whisker_sync.node.contents import Contents
from whisker_sync.node.running import Running, now_ms
from whisker_sync.node.settings import load_local, save_local
from whisker_sync.node.untold import Save, Untold, whole
from whisker_sync.peer.inputs import AssetsKept, FileKept, FilesSeen, FileStuck, FileWritten
from whisker_sync.peer.status import Status
from whisker_sync.store.layout import Layout

SEARCH_SECONDS = 10.0
"""How long we wait for all others whom we know, before one is enough."""

HANDS = 2
"""Threads that write new files."""

HANDFUL = 16
"""New files that one of them writes before the peer is told of them."""

MAX_TRIES = 5
"""How often the folder is read anew at the start, because files went while it was read."""

LATE_SECONDS = 0.2
"""How long after a write is looked for what an editor wrote into the file that was there."""

Job = WriteFile | Callable[[], Coroutine[Any, Any, None]]
"""Something that reads or writes the author's files."""

_Written = tuple[WriteFile | WriteAsset, bytes | Source | None]
"""A write, and what is written."""

_Content = bytes | Large | FolderError | None
"""What a file holds, or why it cannot be read; None: there is none."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read under a path."""

    path: StoryPath
    content: _Content
    at: float = 0.0
    """When, on a monotonic clock; nothing in it is newer."""


class Disk:
    """The files of one workspace; nothing is read before :meth:`begin`."""

    def __init__(self, layout: Layout, running: Running) -> None:
        self.folder = Folder(layout.root, layout.stage, layout.trash)
        self._layout = layout
        self._running = running
        self._watch = Watch(layout.root, self.folder)
        self._contents = Contents(layout, running, self.folder)
        self._watching = False
        self._untold = Untold()
        self._spare: list[Save] = []  # for the trash
        self._taking: dict[StoryPath, asyncio.Task[None]] = {}
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._may_go_on = asyncio.Event()

    async def begin(self, *, lost: bool) -> None:
        """
        Take in the folder, and watch it; ``lost``: what was known of the others is lost.

        In a folder that joins, that happens in the background, when the others have told us
        everything.
        """
        await asyncio.to_thread(self.folder.tidy)
        self._running.spawn(self._use_disk(), "disk")
        if load_local(self._layout).joining:
            self._running.spawn(self._begin_joined(), "join")
        elif lost:
            self._running.spawn(self._begin_joined(0.0), "join")
        else:
            await self._begin_files()

    def go_on(self) -> None:
        """Take in the files of a folder that is joined with: the user has agreed."""
        self._may_go_on.set()

    def write(self, write: WriteFile | WriteAsset) -> None:
        """Have a file written, in its turn."""
        if isinstance(write, WriteFile):
            self._watch.begin(write.path)
            self._jobs.put_nowait(write)
        else:
            self._running.spawn(self._write_asset(write), "write asset")

    def put_by(self, path: StoryPath, content: bytes) -> None:
        """Have a save that was saved over put into the trash."""
        self._spare.append((path, content))
        self._jobs.put_nowait(self._put_by_spare)

    async def until_written(self) -> None:
        """Wait until all files are written that are to be written by now."""
        done = asyncio.Event()

        async def job() -> None:
            done.set()

        self._jobs.put_nowait(job)
        await done.wait()

    async def look(self) -> None:
        """Compare the whole folder with what we know, now."""
        if not self._watching:
            return
        looked = asyncio.Event()

        async def job() -> None:
            known = set(self._watch.known())
            paths, left_out = await asyncio.to_thread(self.folder.scan, known)
            if known - set(paths):
                # Gone, just being saved, or new under another name: a moment later that is
                # clear, and both halves of a rename are told together.
                await asyncio.sleep(GRACE_SECONDS)
                paths, left_out = await asyncio.to_thread(self.folder.scan, known)
            everything, gone = known | set(paths), frozenset(known - set(paths))
            marks = {path: self.folder.mark(path) for path in everything}
            await self._see(everything, gone=gone, problems=left_out)
            for path, mark in marks.items():
                self._watch.expect(path, mark)
            looked.set()

        self._jobs.put_nowait(job)
        await looked.wait()
        if self._taking:
            await asyncio.wait(self._taking.values())
            await self.look()

    def stop(self) -> None:
        """Watch no more."""
        self._watch.stop()

    def close(self) -> None:
        """Let go of the folder."""
        self._throw_away([*self._untold.rest(), *self._spare])
        self.folder.close()

    # Beginning.

    async def _begin_files(self) -> None:
        """Take in the folder as it is, and watch it from here on."""
        known = self._running.peer.files()
        for grace in (0.0, *(GRACE_SECONDS,) * MAX_TRIES):
            # What goes while we read may get another name: both are to be told together.
            await asyncio.sleep(grace)
            _, left_out = self.folder.scan()
            found = await self._read(self._watch.prime(known))
            if all(each.content is not None for each in found):
                break
        self._tell(found, everything=True, problems=left_out)
        self._watching = True
        self._running.spawn(self._watch_files(), "watch")

    async def _begin_joined(self, seconds: float | None = None) -> None:
        """
        The same, but only when the others have told us everything, or did not in time.

        After a while one of them is enough: not all may come back.
        """
        try:
            async with asyncio.timeout(SEARCH_SECONDS):
                await self._running.until(_all_told)
        except TimeoutError:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._running.until(_somebody_told)
        await self._may_go_on.wait()
        save_local(self._layout, replace(load_local(self._layout), joining=False))
        await self._begin_files()

    async def _watch_files(self) -> None:
        async for noticed in self._watch.changes():
            await self._hold(noticed)
            if noticed.changed:
                self._jobs.put_nowait(partial(self._see, noticed.changed))

    # Reading.

    async def _hold(self, noticed: Noticed) -> None:
        """Keep what was seen, or is there now, and is told in its turn: it may be saved over."""
        at = time.monotonic()
        others = (noticed.waiting | noticed.changed) - {each.path for each in noticed.glimpses}
        now = [
            Glimpse(found.path, found.content, at)
            for found in await self._read(others)
            if isinstance(found.content, bytes)
        ]
        if late := [save for each in (*noticed.glimpses, *now) for save in self._untold.keep(each)]:
            self._jobs.put_nowait(partial(self._put_by, late))

    async def _put_by_spare(self) -> None:
        saves, self._spare = self._spare, []
        await self._put_by(saves)

    async def _put_by(self, saves: Sequence[Save]) -> None:
        """Put saves into the trash that are not told."""
        if saves:
            await asyncio.to_thread(self._throw_away, saves)

    def _throw_away(self, saves: Sequence[Save]) -> None:
        found = self._read_all([path for path, _ in saves])
        there = {each.path: each.content for each in found}
        for path, content in saves:
            if there[path] != content:
                self.folder.trash.put(path, content)

    async def _see(
        self,
        paths: Collection[StoryPath],
        *,
        gone: frozenset[StoryPath] = frozenset(),
        problems: Iterable[UnsafePath] = (),
    ) -> None:
        """
        Read files and tell the peer; those that are known to be ``gone`` are told as such.

        Each save of a file is told. What is gone and what is new is told together: it may be one
        file with another name.
        """
        together: list[_Found] = []
        later: list[_Found] = []
        for found in await self._read(paths):
            before = self._untold.take(found.path, found.at)
            saves = [_Found(found.path, save) for save in whole(before, found.content)]
            if found.content is None:
                for save in saves:
                    self._tell([save])
                together.append(found)
            else:
                first, *rest = [*saves, found]
                together.append(first)
                later += rest
        self._tell(together, gone=gone, problems=problems)
        for each in later:
            self._tell([each])
        # What went before it was clear what it was has no turn any more.
        went = [path for path in self._untold.paths() if self.folder.mark(path) is None]
        now = time.monotonic()
        await self._put_by([(path, each) for path in went for each in self._untold.take(path, now)])

    def _tell(
        self,
        found: Iterable[_Found],
        *,
        everything: bool = False,
        gone: frozenset[StoryPath] = frozenset(),
        problems: Iterable[UnsafePath] = (),
    ) -> None:
        """Tell the peer what was read."""
        seen, unreadable, told = [], [], [Problem(p.path, str(p)) for p in problems]
        for each in found:
            path, content = each.path, each.content
            if isinstance(content, FolderError):
                unreadable.append(path)
                told.append(Problem(path, str(content)))
            else:
                if isinstance(content, Large) and not self._contents.has(content):
                    unreadable.append(path)
                    self._take_in(path, content)
                    continue
                doubtful = everything or self._watch.believes_in(path)
                if content is None and doubtful and path not in gone:
                    continue  # perhaps it is just being saved: the watch waits, and tells
                read = self.folder.read_since_write(path)
                seen.append(FileSeen(path, content, read, made_from(self._layout, path, content)))
        self._running.feed(
            FilesSeen(tuple(seen), now_ms(), everything, tuple(unreadable), tuple(told))
        )

    async def _read(self, paths: Iterable[StoryPath]) -> list[_Found]:
        return await asyncio.to_thread(self._read_all, sorted(paths))

    def _read_all(self, paths: list[StoryPath]) -> list[_Found]:
        """What files hold, or why they cannot be read."""
        found: list[_Found] = []
        for path in paths:
            content: _Content
            try:
                content = self.folder.read(path)
            except FolderError as problem:
                content = problem
            found.append(_Found(path, content, time.monotonic()))
        return found

    def _take_in(self, path: StoryPath, large: Large) -> None:
        """Put the chunks of a large file into the journal, then look at it once more."""
        if path not in self._taking:
            self._taking[path] = self._running.spawn(self._keep_chunks(path, large), "take in")

    async def _keep_chunks(self, path: StoryPath, large: Large) -> None:
        try:
            kept = await self._contents.keep(path, large)
        except FolderError as problem:
            told = Problem(path, str(problem))
            self._running.feed(FilesSeen((), now_ms(), unreadable=(path,), problems=(told,)))
            return
        finally:
            del self._taking[path]
        hashes = chunks.hashes(large.list) if kept else ()
        self._running.feed(AssetsKept(hashes))
        self._jobs.put_nowait(partial(self._see, {path}))

    async def _look_again(self, held: Held) -> None:
        """Ask after a file that was replaced while somebody may have been writing to it."""
        await asyncio.sleep(LATE_SECONDS)

        async def job() -> None:
            late = await asyncio.to_thread(self.folder.look_again, held)
            if isinstance(late, Held):
                self._running.spawn(self._look_again(late), "look again")
            elif late is not None:
                self._watch.expect(late.path, self.folder.mark(late.path))
                if isinstance(late.content, Large) and not self._contents.has(late.content):
                    self._take_in(late.path, late.content)
                    return
                self._running.feed(FilesSeen((FileSeen(late.path, late.content, False),), now_ms()))

        self._jobs.put_nowait(job)

    # Writing.

    async def _use_disk(self) -> None:
        while True:
            job = await self._jobs.get()
            fresh: deque[_Written] = deque()
            while _is_fresh(job):
                fresh.append((job, job.content))
                if self._jobs.empty():
                    break
                job = self._jobs.get_nowait()
            if fresh:
                # They do not get in each other's way: while the peer is told of some, others
                # are written.
                await asyncio.gather(*(self._write_fresh(fresh) for _ in range(HANDS)))
            if not _is_fresh(job):
                await self._do(job)

    async def _write_fresh(self, fresh: deque[_Written]) -> None:
        """Write new files until none is left."""
        while fresh:
            await self._write_files([fresh.popleft() for _ in range(min(HANDFUL, len(fresh)))])

    async def _do(self, job: Job) -> None:
        if isinstance(job, WriteFile):
            await self._write_files([(job, job.content)])
        else:
            await job()

    async def _write_files(self, writes: Sequence[_Written]) -> None:
        for write, _ in writes:
            self._watch.begin(write.path)
        results = await asyncio.to_thread(lambda: [self._try_to_write(*each) for each in writes])
        for (write, _), result in zip(writes, results, strict=True):
            if isinstance(result, Replaced):
                self._watch.expect(write.path, result.mark)
            self._watch.end(write.path)
            self._answer(write, result)
            saves = self._untold.take(write.path, time.monotonic())
            await self._put_by([(write.path, save) for save in saves])

    def _try_to_write(
        self, write: WriteFile | WriteAsset, content: bytes | Source | None
    ) -> Replaced | Kept | FolderError:
        try:
            return self.folder.write(write.path, content, write.expected)
        except FolderError as problem:
            return problem

    def _answer(self, write: WriteFile | WriteAsset, result: Replaced | Kept | FolderError) -> None:
        """Tell what became of a write."""
        if isinstance(result, FolderError):
            told = Problem(write.path, str(result))
            self._running.feed(FileStuck(write.path, told, now_ms()))
        elif isinstance(result, Replaced):
            self._running.feed(FileWritten(write.path, result.content, now_ms()))
            if result.held is not None:
                self._running.spawn(self._look_again(result.held), "look again")
        elif result.content is None or (
            write.expected is None and self.folder.takes_in(write.path)
        ):
            # The author renamed it, or gave another file this name: the watch tells both halves.
            self._running.feed(FileStuck(write.path, None, now_ms()))
        elif isinstance(result.content, Large) and not self._contents.has(result.content):
            self._take_in(write.path, result.content)
            self._running.feed(FileStuck(write.path, None, now_ms()))
        else:
            self._running.feed(FileKept(write.path, result.content, now_ms()))

    async def _write_asset(self, write: WriteAsset) -> None:
        """Get the content of a binary file from the journal, and have it written in its turn."""
        try:
            content = await self._contents.of(write)
        except FolderError as problem:
            told = Problem(write.path, str(problem))
            self._running.feed(FileStuck(write.path, told, now_ms()))
            return

        async def job() -> None:
            await self._write_files([(write, content)])
            if isinstance(content, Source):
                content.file.unlink(missing_ok=True)

        self._jobs.put_nowait(job)


def _is_fresh(job: Job) -> TypeGuard[WriteFile]:
    """Whether a job writes a file that is not there yet."""
    return isinstance(job, WriteFile) and job.expected is None and job.content is not None


def _all_told(status: Status) -> bool:
    return bool(status.peers) and all(peer.in_sync for peer in status.peers)


def _somebody_told(status: Status) -> bool:
    return status.relay.told or any(peer.in_sync for peer in status.peers)
