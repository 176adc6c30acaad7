"""
Running a peer: inputs go in one by one, and what it asks for goes out in that order.

An input that comes while another is handled waits for its turn, so a peer is never asked
twice at once. A large one is handled on a thread beside the event loop, which goes on
meanwhile: links are kept alive, and whoever asks something is answered. What is begun for the
peer runs in tasks that end with it; when one breaks that must not, :meth:`Running.failed`
says so.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from whisker_sync.document import Document
from whisker_sync.node.timing import Timing
from whisker_sync.peer.effects import Effect
from whisker_sync.peer.events import Event, Trouble
from whisker_sync.peer.inputs import FrameArrived, Input, Tick, weight
from whisker_sync.peer.peer import Peer
from whisker_sync.peer.status import Status
from whisker_sync.store.writer import Writer

log = logging.getLogger("whisker_sync")

MAX_EVENTS = 1000
"""Events that wait for a subscriber; if it is slower, the oldest are dropped."""

LARGE = 4 << 10
"""
Bytes that an input brings, from which on it is handled on the thread.

Below that it takes some milliseconds, and the way there and back would be felt in each frame.
"""

REST = 5.0
"""After a look at everything, whoever waits for a status rests for so many times as long."""


class Running:
    """A peer that runs; ``carry_out`` does what it asks for."""

    writer: Writer
    """The thread that owns the journal; there from the start's first step on."""

    def __init__(self, carry_out: Callable[[Effect], None]) -> None:
        self.timing = Timing()
        self._carry_out = carry_out
        self._loop = asyncio.get_running_loop()
        self._peer: Peer | None = None
        self._inputs: deque[Input] = deque()
        self._handling = False
        self._thread = ThreadPoolExecutor(1, "peer")
        self._apart: Future[list[Effect]] | None = None
        """What is handled on the thread just now."""

        self._lent = False
        self._closing = False
        self._alarm: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()
        self._subscribers: set[asyncio.Queue[Event]] = set()
        self._failure: asyncio.Future[None] = self._loop.create_future()

    def begin(self, peer: Peer) -> None:
        """Take the peer; nothing is fed before."""
        self._peer = peer

    @property
    def is_begun(self) -> bool:
        """Whether there is a peer."""
        return self._peer is not None

    @property
    def peer(self) -> Peer:
        """
        The peer, to look at until the next ``await``.

        What was told it since the last ``await`` is handled; the event loop stands still if it
        is not so yet. Who can, waits :meth:`until_free`.
        """
        self._catch_up()
        assert self._peer is not None
        return self._peer

    def lend(self, name: str) -> Document:
        """
        Return a document to somebody who reads and edits it whenever they want.

        From here on all inputs are handled on the event loop, whatever they weigh.
        """
        peer, self._lent = self.peer, True
        return peer.document(name)

    def feed(self, input_: Input) -> None:
        """Tell the peer what happened, and carry out what it asks for."""
        if self._closing:
            return
        self._inputs.append(input_)
        self._go_on()

    def _go_on(self) -> None:
        """Handle the inputs that wait, until one goes to the thread."""
        if self._handling or self._apart is not None:
            return
        self._handling = True
        try:
            while self._inputs:
                input_ = self._inputs.popleft()
                if weight(input_) >= LARGE and not self._lent:
                    self._hand_over(input_)
                    return
                for effect in self._handle(input_):
                    self._carry_out(effect)
        except BaseException as problem:
            self.fail(problem)
            raise
        finally:
            self._handling = False
        self._set_alarm()
        self._changed.set()

    def _hand_over(self, input_: Input) -> None:
        """Have an input handled on the thread."""
        self._apart = self._thread.submit(self._handle, input_)
        self._apart.add_done_callback(
            lambda done: self._loop.call_soon_threadsafe(self._come_back, done)
        )

    def _catch_up(self) -> None:
        """Wait for the thread, and let nothing else happen meanwhile."""
        while self._apart is not None:
            self._take_back(self._apart)
            self._go_on()

    def _come_back(self, apart: Future[list[Effect]]) -> None:
        """Go on after the thread; first, whoever waited to look at the peer may do so."""
        if apart is self._apart:  # nobody who could not wait has seen to it
            self._take_back(apart)
            self._changed.set()
            self._loop.call_soon(self._go_on)

    def _take_back(self, apart: Future[list[Effect]]) -> None:
        """Carry out what follows from what the thread has handled."""
        self._handling = True
        try:
            effects = apart.result()
            self._apart = None
            for effect in effects:
                self._carry_out(effect)
        except BaseException as problem:
            self._apart = None
            self.fail(problem)
            raise
        finally:
            self._handling = False

    def _handle(self, input_: Input) -> list[Effect]:
        assert self._peer is not None
        began = time.perf_counter()
        effects = self._peer.handle(input_, self.clock())
        if isinstance(input_, FrameArrived):
            self.timing.note(time.perf_counter() - began)
        return effects

    def clock(self) -> float:
        """The time by which the peer lives: seconds, from any beginning."""
        return self._loop.time()

    # Waiting.

    async def until_changed(self) -> None:
        """Wait until anything happened."""
        self._changed.clear()
        await self._changed.wait()

    async def until_free(self) -> None:
        """Wait until the thread has nothing in hand, if only for this moment."""
        while self._apart is not None:
            await self.until_changed()

    async def until_idle(self) -> None:
        """Wait until all is handled that the peer was told."""
        while self._apart is not None or self._inputs:
            await self.until_changed()

    async def until(self, condition: Callable[[Status], bool]) -> Status:
        """Wait until the status is as wanted."""
        await self.until_idle()
        began = time.perf_counter()
        while not condition(status := self.peer.status()):
            took = time.perf_counter() - began
            await self.until_changed()
            await asyncio.sleep(REST * took)
            await self.until_idle()
            began = time.perf_counter()
        return status

    async def until_durable(self) -> None:
        """Wait until all that the peer knows is durable."""
        await self.until_idle()
        while not self.peer.durable:
            await self.until_changed()
            await self.until_idle()

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
        """Tell the peer nothing any more; what it was told is handled."""
        self._catch_up()
        self._closing = True
        if self._alarm is not None:
            self._alarm.cancel()

    async def close(self) -> None:
        """End all tasks."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.shutdown()

    def close_failure(self) -> None:
        """Nothing can break any more."""
        if not self._failure.done():
            self._failure.cancel()

    # Private methods.

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        assert self._peer is not None
        deadline = self._peer.deadline()
        if deadline is not None and not self._closing:
            when = max(deadline, self.clock())
            self._alarm = self._loop.call_at(when, self.feed, Tick())

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self.fail(problem)


def now_ms() -> int:
    """The time by the wall clock: milliseconds since 1970."""
    return time.time_ns() // 1_000_000
