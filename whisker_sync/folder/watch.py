"""
Noticing that the author saved something.

The system's notifications are quick and not reliable: they miss files in folders that
were just made, they stop when limits are reached, they die with a folder that is made
anew. So they only make us look; what changed is found by comparing times and sizes, on
each notification near it, and of everything every half minute.

A file that is gone may be in the middle of being saved: it counts as gone when it still
is after a moment. Until then new files and others that are gone wait, too: one of them
may be the same under another name, and only if both are told together does anybody see
that. What waits may be saved over meanwhile, so it is told at once that it waits; and what was
notified is read in the thread that hears of it, as whoever waits for the loop may come too late.

While we write files ourselves the system tells of each of them, and of each new folder. What
looks as we left it, and folders, are looked at together when we are done. A file that we are
about to write, and somebody has saved, will be found when we try; until then it waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from watchfiles._rust_notify import RustNotify

from whisker_sync.errors import UnsafePath
from whisker_sync.folder.files import Folder, Mark, spelling
from whisker_sync.folder.ignore import PERSONAL_NAME, RULES_NAME, SHARED_NAME
from whisker_sync.ids import StoryPath
from whisker_sync.paths import accept

STORE_NAME = ".whisker"
"""Where most of what is notified is our own doing."""

LOOK_SECONDS = 30.0
"""How often everything is compared, whatever was notified."""

FIRST_LOOK_SECONDS = 0.1
"""How soon everything is compared for the first time."""

GRACE_SECONDS = 0.2
"""How long a file must be gone before it counts as removed."""

PATIENCE_SECONDS = 2.0
"""How long a file that counts as removed waits at most while others vanish, one by one."""

STOPPED_SECONDS = 0.5
"""If nobody has looked for so long, the process was busy or stopped, or the machine slept, and
nothing can be said of how long a file has been gone."""

BURST_SECONDS = 2.0
"""How long what can wait does so at most, while we write files ourselves."""

STEP_MS = 2
"""How often it is looked whether the system has told anything, while somebody is saving."""

IDLE_STEP_MS = 20
"""The same when nobody has saved for :data:`BUSY_SECONDS`: each look costs some of a battery."""

BUSY_SECONDS = 30.0
"""How long after a save the next one is expected."""

DEBOUNCE_MS = 15
"""How long it collects what follows in quick succession; a save that comes then hides the first."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a file held when the system had just told of it."""

    path: StoryPath
    content: bytes
    at: float
    """When it began to be read, on a monotonic clock."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was noticed in one moment."""

    changed: frozenset[StoryPath] = frozenset()
    """Files that were saved, made or removed together."""

    waiting: frozenset[StoryPath] = frozenset()
    """
    Files, saved a moment ago, that count as changed later: new ones when it is clear what they
    are, and others when we have tried to write there.
    """

    glimpses: tuple[Glimpse, ...] = ()
    """What some of all these held, oldest first; they may have been saved over since."""


class Watch:
    """
    Watches one folder.

    What is told may turn out to be no change, because it is as we wrote it; that is for
    others to see.
    """

    def __init__(self, root: Path, folder: Folder, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._root = root
        self._folder = folder
        self._look_seconds = look_seconds
        self._marks: dict[StoryPath, Mark] = {}
        self._gone: dict[StoryPath, float] = {}  # and when that is certain
        self._waiting: dict[StoryPath, Mark | None] = {}  # new, while others are gone
        self._ours: set[StoryPath] = set()  # about to be written by us
        self._owed: set[Path] = set()  # to be looked at when we are done
        self._owed_since = 0.0
        self._glimpses: list[Glimpse] = []  # of files that are not told yet
        self._stop = asyncio.Event()
        self._wake: asyncio.Queue[set[Path] | None] = asyncio.Queue()

    def prime(self, known: Iterable[StoryPath] = ()) -> list[StoryPath]:
        """
        Note how all files are now, and return them: changes are told from here on.

        ``known`` is what is synced already, whatever the rules say by now.
        """
        self._marks, _ = self._folder.scan(known)
        return sorted(self._marks)

    def known(self) -> list[StoryPath]:
        """The files that were there when we last looked."""
        return sorted(self._marks)

    def believes_in(self, path: StoryPath) -> bool:
        """Whether a file was there when we last looked; if it is gone, that will be told."""
        return path in self._marks

    def expect(self, path: StoryPath, mark: Mark | None) -> None:
        """
        Note how we left a file, when we wrote it ourselves.

        The mark is from before it was put into place: what the author does the moment
        after differs from it, even if nobody notifies.
        """
        if mark is None:
            self._marks.pop(path, None)
        else:
            self._marks[path] = mark

    def begin(self, path: StoryPath) -> None:
        """Note that we are going to write a file ourselves; :meth:`end` follows."""
        self._ours.add(path)

    def end(self, path: StoryPath) -> None:
        """Note that we are done with a file, and look whether it is as :meth:`expect` was told."""
        self._ours.discard(path)
        if self._folder.mark(path) != self._marks.get(path):
            self._owed.add(self._root / path)
        if self._owed and not self._ours:
            self._wake.put_nowait(set())

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()
        self._wake.put_nowait(None)

    async def changes(self) -> AsyncIterator[Noticed]:
        """What happens to the files, from now on."""
        notifications = asyncio.ensure_future(self._notify())
        clock = asyncio.get_running_loop().time
        # Nobody says when notifications begin, and what is saved before is not told: so at
        # first everything is compared often, then less and less.
        patience = FIRST_LOOK_SECONDS
        looked = clock()
        try:
            while not self._stop.is_set():
                near = await self._next(GRACE_SECONDS / 2 if self._gone else patience)
                if self._stop.is_set():
                    return
                if near is None and not self._gone:
                    patience = min(2 * patience, self._look_seconds)
                in_our_way = self._in_our_way(near or ())
                near = self._without_ours(near, clock())
                changed = self._compare(near)
                if self._gone or not changed <= self._marks.keys():
                    # What is new and what is gone may be halves of one rename, and only one
                    # of them may have been notified just now.
                    changed |= self._compare(None)
                now = clock()
                if now > looked + STOPPED_SECONDS:
                    self._gone = dict.fromkeys(self._gone, now + GRACE_SECONDS)
                looked = now
                noticed = self._sort_out(changed, now, in_our_way)
                if noticed != Noticed():
                    yield noticed
        finally:
            self._stop.set()
            notifications.cancel()

    def _sort_out(self, changed: set[StoryPath], now: float, in_our_way: set[StoryPath]) -> Noticed:
        """Which of the files that are not as they were count as changed, and which wait."""
        gone, before = self._gone, self._waiting
        for path in [path for path in changed if self._folder.mark(path) is None]:
            gone.setdefault(path, now + GRACE_SECONDS)
        for path in [path for path in gone if not self._is_gone(path)]:
            del gone[path]
        due = {path for path, until in gone.items() if until <= now}
        ready = changed - gone.keys()
        self._waiting = {}
        if gone.keys() - due and now < min(gone.values()) + PATIENCE_SECONDS:
            # A rename is a file that is new and one that is gone. Told apart, they would be
            # a copy and a removal: all of these wait until it is clear of each of them.
            due = set()
            self._waiting = {path: self._folder.mark(path) for path in ready - self._marks.keys()}
        ready = (ready - self._waiting.keys()) | due
        for path in ready:
            gone.pop(path, None)
            self.expect(path, self._folder.mark(path))
        saved = {path for path, mark in self._waiting.items() if mark != before.get(path)}
        waiting = saved | in_our_way - ready
        return Noticed(frozenset(ready), frozenset(waiting), self._seen_of(ready | waiting))

    def _seen_of(self, paths: set[StoryPath]) -> tuple[Glimpse, ...]:
        """Hand out what was seen of files, and forget what was seen of those that are as before."""
        seen = tuple(each for each in self._glimpses if each.path in paths)
        rest = [each for each in self._glimpses if each.path not in paths]
        self._glimpses = [
            each for each in rest if self._folder.mark(each.path) != self._marks.get(each.path)
        ]
        return seen

    def _is_gone(self, path: StoryPath) -> bool:
        """Tell whether a file is not there any more, and it was not us who removed it."""
        return path in self._marks and self._folder.mark(path) is None

    async def _next(self, seconds: float) -> set[Path] | None:
        """The places of the next notifications; None: there were none for so long."""
        try:
            async with asyncio.timeout(seconds):
                near = await self._wake.get()
        except TimeoutError:
            return None
        near = set(near or ())
        while not self._wake.empty():
            near |= self._wake.get_nowait() or set()
        return near

    async def _notify(self) -> None:
        """Pass on what the system notifies; if it cannot, everything is compared each second."""
        while not self._stop.is_set():
            try:
                with (
                    RustNotify(
                        [str(self._root)],
                        debug=False,
                        force_polling=False,
                        poll_delay_ms=0,
                        recursive=True,
                        ignore_permission_denied=False,
                    ) as watcher,
                    # A thread of its own: it waits there all day, and the loop has only a few.
                    ThreadPoolExecutor(1, "watch") as thread,
                ):
                    await self._pass_on(watcher, thread)
            except (OSError, RuntimeError):
                self._look_seconds = min(self._look_seconds, 1.0)
            await asyncio.sleep(1.0)  # the folder went away, or there are too many watches

    async def _pass_on(self, watcher: RustNotify, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(thread, self._listen, watcher, loop)
        except asyncio.CancelledError:
            self._stop.set()  # or the thread would be waited for
            raise

    def _listen(self, watcher: RustNotify, loop: asyncio.AbstractEventLoop) -> None:
        """Look at once at what the system tells, whatever the loop is busy with; then tell it."""
        busy_until = time.monotonic() + BUSY_SECONDS
        while not self._stop.is_set():
            step = STEP_MS if time.monotonic() < busy_until else IDLE_STEP_MS
            told = watcher.watch(DEBOUNCE_MS, step, 1000, self._stop)
            if isinstance(told, str):  # nothing for a second, or it is over
                continue
            near = {Path(path) for _, path in told if self._concerns(path)}
            if near:
                busy_until = time.monotonic() + BUSY_SECONDS
                glimpses = [self._glimpse(place) for place in near]
                loop.call_soon_threadsafe(self._heard, near, glimpses)

    def _heard(self, near: set[Path], glimpses: Iterable[Glimpse | None]) -> None:
        self._glimpses += [each for each in glimpses if each is not None]
        self._wake.put_nowait(near)

    def _glimpse(self, place: Path) -> Glimpse | None:
        at, path = time.monotonic(), self._path_of(place)
        content = None if path is None else self._folder.glimpse(path)
        return None if path is None or content is None else Glimpse(path, content, at)

    def _concerns(self, path: str) -> bool:
        try:
            place = Path(path)
            relative = spelling(place.relative_to(self._root).as_posix(), self._marks)
        except ValueError:
            return False
        if relative in self._marks or relative == PERSONAL_NAME:
            return True
        if relative.split("/", 1)[0].casefold() == STORE_NAME:
            return False
        return self._folder.takes_in(relative, is_folder=place.is_dir())

    def _without_ours(self, near: set[Path] | None, now: float) -> set[Path] | None:
        """Put off what can wait until we have written our files."""
        if near is None:
            return None
        if self._ours:
            waits = {place for place in near if self._can_wait(place)}
            if waits and not self._owed:
                self._owed_since = now
            self._owed |= waits
            if now < self._owed_since + BURST_SECONDS:
                return near - waits
        near = near | self._owed
        self._owed = set()
        return near

    def _in_our_way(self, near: Iterable[Path]) -> set[StoryPath]:
        """Which files somebody has saved that we are about to write."""
        known = {path for place in near if self._ours for path in self._known_as(place)}
        marks = {path: self._folder.mark(path) for path in known & self._ours}
        return {p for p, mark in marks.items() if mark not in {None, self._marks.get(p)}}

    def _can_wait(self, place: Path) -> bool:
        if place.is_dir():
            return True
        known = self._known_as(place)
        return bool(known) and all(map(self._looks_as_we_left_it, known))

    def _looks_as_we_left_it(self, path: StoryPath) -> bool:
        return path in self._ours or self._folder.mark(path) == self._marks.get(path)

    def _compare(self, near: set[Path] | None) -> set[StoryPath]:
        """
        Which files may not be as they were; ``near`` limits where to look.

        A file that was notified counts, even if time and size are the same: two saves
        within one tick of the disk's clock look alike.
        """
        named = {path for place in near or () for path in self._known_as(place)}
        if near is None or any(place.is_dir() or self._is_rules(place) for place in near):
            found, _ = self._folder.scan(self._marks)
            # What we are about to write may have got another name just before.
            everything = (found.keys() | self._marks.keys()) - (self._ours & found.keys())
            named |= {path for path in everything if found.get(path) != self._marks.get(path)}
        return {
            path for path in named if path in self._marks or self._folder.mark(path) is not None
        }

    def _is_rules(self, place: Path) -> bool:
        """Tell whether files may be taken in by now that were left out before."""
        return place.name == RULES_NAME or place in {
            self._root / SHARED_NAME,
            self._root / PERSONAL_NAME,
        }

    def _path_of(self, place: Path) -> StoryPath | None:
        try:
            return accept(spelling(place.relative_to(self._root).as_posix(), self._marks))
        except (ValueError, UnsafePath):
            return None

    def _known_as(self, place: Path) -> set[StoryPath]:
        if (path := self._path_of(place)) is None:
            return set()
        if path not in self._marks and not place.is_dir() and not self._folder.takes_in(path):
            return set()
        if path in self._marks:
            return {path}
        # It may have been a folder: then all that was in it is gone.
        below = {known for known in self._marks if known.startswith(path + "/")}
        return {path} | below
