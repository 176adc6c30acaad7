"""
The folder as a process sees it and writes in it, as in ``folder/watch.py`` and ``node/disk.py``.

Changes are noticed a moment later, several at once. What is gone counts as removed only if it is
still gone after a while; what may be the other half of a rename waits for that. Reading and
writing take turns: what was read before a write is told before the answer to it.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from random import Random

from whisker_sync.errors import DiskFull
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Problem, WriteAsset, WriteFile
from whisker_sync.peer.inputs import FileKept, FilesSeen, FileStuck, FileWritten, Input
from whisker_sync.testing.disk import Disk
from whisker_sync.testing.timers import Timers
from whisker_sync.testing.writer import Writer

GRACE_SECONDS = 0.2
"""How long a file must be gone before it counts as removed; as there."""


class Watcher:
    """What a process knows of a folder, and what it does there."""

    def __init__(
        self,
        folder: dict[StoryPath, bytes],
        disk: Disk,
        clock: Callable[[], int],
        dice: Random,
        timers: Timers,
        writer: Writer,
        contents: Callable[[WriteAsset], bytes],
        tell: Callable[[Input], None],
    ) -> None:
        """``contents`` are looked up in the journal, in the turn of its ``writer``."""
        self._folder = folder
        self._disk = disk
        self._clock = clock
        self._dice = dice
        self._timers = timers
        self._writer = writer
        self._contents = contents
        self._tell = tell
        self._jobs: deque[Callable[[], None]] = deque()
        self._working = False
        self._changed: set[StoryPath] = set()
        self._known: set[StoryPath] = set()
        self._gone: dict[StoryPath, float] = {}
        self._looking = False
        self._watching = False

    @property
    def is_idle(self) -> bool:
        """Nothing is on its way between process and folder."""
        return not (self._jobs or self._working or self._changed or self._gone or self._looking)

    def begin(self) -> None:
        """Look at everything, and notice what changes from now on."""
        files = tuple(FileSeen(path, content) for path, content in sorted(self._folder.items()))
        self._known = set(self._folder)
        self._watching = True
        self._tell(FilesSeen(files, self._clock(), everything=True))

    # What the author does.

    def notice(self, path: StoryPath) -> None:
        """Hear from the system that something happened to a file."""
        if self._watching:
            self._changed.add(path)
            self._look_after(self._timers.wait(0.005, 0.06))

    def _look_after(self, seconds: float) -> None:
        if not self._looking:
            self._looking = True
            self._timers.after(seconds, self._look)

    def _look(self) -> None:
        """Find what changed; what is gone counts only when it still is after a moment."""
        self._looking = False
        now = self._timers.now
        for path in sorted(self._changed):
            if path not in self._folder:
                self._gone.setdefault(path, now + GRACE_SECONDS)
        for path in [path for path in self._gone if path in self._folder]:
            del self._gone[path]
        due = {path for path, until in self._gone.items() if until <= now}
        ready = {path for path in self._changed if path not in self._gone}
        # Not told before the removal that may belong to it: together they are a rename.
        waiting = ready - self._known if self._gone.keys() - due else set()
        ready = ready - waiting | due
        self._changed = waiting
        for path in due:
            del self._gone[path]
        if self._gone:
            self._look_after(GRACE_SECONDS / 2)
        self._known = (self._known | ready) & set(self._folder)
        if ready:
            self._take_turns(lambda: self._read(ready))

    def _read(self, paths: set[StoryPath]) -> None:
        files = tuple(FileSeen(path, self._folder.get(path)) for path in sorted(paths))
        seen = FilesSeen(files, self._clock())
        self._timers.within(0.0001, 0.002, lambda: self._done(seen))

    # What the process writes.

    def write(self, write: WriteFile | WriteAsset) -> None:
        """Replace a file when it is its turn."""
        self._take_turns(lambda: self._prepare(write))

    def _prepare(self, write: WriteFile | WriteAsset) -> None:
        match write:
            case WriteFile(_, content, _):
                self._timers.within(0.0005, 0.01, lambda: self._replace(write, content))
            case WriteAsset():
                self._writer.submit(lambda: self._fetched(write))

    def _fetched(self, write: WriteAsset) -> None:
        content = self._contents(write)
        assert _sha256(content) == write.asset, f"the content of {write.path} is not here"
        self._timers.within(0.0005, 0.01, lambda: self._replace(write, content))

    def _replace(self, write: WriteFile | WriteAsset, content: bytes | None) -> None:
        """Replace a file if it holds what is expected, and say a moment later what came of it."""
        path, found = write.path, self._folder.get(write.path)
        if _sha256(found) != write.expected:
            answer: Input = FileKept(path, found, self._clock())
            if found is None or write.expected is None:
                answer = FileStuck(path, None, self._clock())
        elif self._disk.is_full and found != content:
            answer = FileStuck(path, Problem(path, str(DiskFull(path))), self._clock())
        else:
            if content is None:
                self._folder.pop(path, None)
            else:
                self._folder[path] = content
            answer = FileWritten(path, content, self._clock())
            if self._dice.random() < 0.3:
                self.notice(path)  # watchers see what we write ourselves, now and then
        self._timers.within(0.0001, 0.002, lambda: self._done(answer))

    # Turns.

    def _take_turns(self, job: Callable[[], None]) -> None:
        """Reading and writing follow one another: what was read before a write is told before."""
        self._jobs.append(job)
        self._next_job()

    def _next_job(self) -> None:
        if not self._working and self._jobs:
            self._working = True
            self._jobs.popleft()()

    def _done(self, result: Input) -> None:
        """Tell what came of a job; then the next one may begin."""
        self._tell(result)
        if not self._timers.is_over:
            self._working = False
            self._next_job()


def _sha256(content: bytes | None) -> bytes | None:
    return None if content is None else hashlib.sha256(content).digest()
