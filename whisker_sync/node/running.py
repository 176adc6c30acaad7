"""
Running a peer: inputs go in one by one, and what it asks for goes out in that order.

An input that comes while another is handled waits for its turn, so a peer is never asked
twice at once. What is begun for it runs in tasks that end with it; when one breaks that must
not, :meth:`Running.failed` says so.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from whisker_sync.node.timing import Timing
from whisker_sync.peer.effects import Effect
from whisker_sync.peer.events import Event, Trouble
from whisker_sync.peer.inputs import FrameArrived, Input, Tick
from whisker_sync.peer.peer import Peer
from whisker_sync.peer.status import Status
from whisker_sync.store.writer import Writer

log = logging.getLogger("whisker_sync")

MAX_EVENTS = 1000
"""Events that wait for a subscriber; if it is slower, the oldest are dropped."""

REST = 5.0
"""After a look at everything, whoever waits for a status rests for so many times as long."""


class Running:
    """A peer that runs; ``carry_out`` does what it asks for."""

    writer: Writer
    """The thread that owns the journal; there from the start's first step on."""

    peer: Peer
    """The peer; there from the start's last step on."""

    def __init__(self, carry_out: Callable[[Effect], None]) -> None:
        self.timing = Timing()
        self._carry_out = carry_out
        self._inputs: deque[Input] = deque()
        self._handling = False
        self._closing = False
        self._alarm: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()
        self._subscribers: set[asyncio.Queue[Event]] = set()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_begun(self) -> bool:
        """Whether there is a peer."""
        return hasattr(self, "peer")

    def feed(self, input_: Input) -> None:
        """Tell the peer what happened, and carry out what it asks for."""
        if self._closing:
            return
        self._inputs.append(input_)
        if self._handling:
            return
        self._handling = True
        try:
            while self._inputs:
                now = self._inputs.popleft()
                began = time.perf_counter()
                effects = self.peer.handle(now, self.clock())
                if isinstance(now, FrameArrived):
                    self.timing.note(time.perf_counter() - began)
                for effect in effects:
                    self._carry_out(effect)
        except BaseException as problem:
            self.fail(problem)
            raise
        finally:
            self._handling = False
        self._set_alarm()
        self._changed.set()

    def clock(self) -> float:
        """The time by which the peer lives: seconds, from any beginning."""
        return asyncio.get_running_loop().time()

    # Waiting.

    async def until_changed(self) -> None:
        """Wait until anything happened."""
        self._changed.clear()
        await self._changed.wait()

    async def until(self, condition: Callable[[Status], bool]) -> Status:
        """Wait until the status is as wanted."""
        began = time.perf_counter()
        while not condition(status := self.peer.status()):
            took = time.perf_counter() - began
            await self.until_changed()
            await asyncio.sleep(REST * took)
            began = time.perf_counter()
        return status

    async def until_durable(self) -> None:
        """Wait until all that the peer knows is durable."""
        while not self.peer.durable:
            await self.until_changed()

    # Events.

    def tell(self, event: Event) -> None:
        """Tell an event to whoever listens."""
        if isinstance(event, Trouble):
            log.warning("%s", event.sentence)
        else:
            log.debug("%s", event)
        for queue in self._subscribers:
            if queue.qsize() >= MAX_EVENTS:
                queue.get_nowait()
            queue.put_nowait(event)

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens, from now on."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._subscribers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._subscribers.discard(queue)

    # Tasks.

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Begin something that ends with the peer, and must not break before."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def fail(self, problem: BaseException) -> None:
        """Say that something broke that must not; the first such word counts."""
        if not self._failure.done():
            log.error("%s", problem, exc_info=problem)
            self._failure.set_exception(problem)
            self._failure.exception()  # whoever cares awaits failed()

    async def failed(self) -> None:
        """Wait until something breaks that must not, and raise it."""
        await asyncio.shield(self._failure)

    def stop(self) -> None:
        """Tell the peer nothing any more."""
        self._closing = True
        if self._alarm is not None:
            self._alarm.cancel()

    async def close(self) -> None:
        """End all tasks."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def close_failure(self) -> None:
        """Nothing can break any more."""
        if not self._failure.done():
            self._failure.cancel()

    # Private methods.

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        deadline = self.peer.deadline()
        if deadline is not None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_at(max(deadline, loop.time()), self.feed, Tick())

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self.fail(problem)


def now_ms() -> int:
    """The time by the wall clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000
