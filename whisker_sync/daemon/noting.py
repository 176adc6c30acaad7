"""
Telling of places worth a look among the events of a story.

What they are is a function of the files, the history and what was kept, see
:mod:`whisker_sync.manuscript.conflicts`; so it is worked out again when something was merged and
nothing has followed for a moment. That may take long in a large story: most of the time
nothing is worked out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

from whisker_sync.errors import WhiskerError
from whisker_sync.manuscript.conflicts import Conflict
from whisker_sync.peer.events import ConflictNoted, Event, FileChanged, Merged

QUIET_SECONDS = 0.3
"""How long after a change is looked."""

SHARE = 0.1
"""The part of the time that may go into looking."""

Find = Callable[[], Awaitable[list[Conflict]]]


async def with_conflicts(
    heard: AsyncGenerator[Event, None], find: Find
) -> AsyncGenerator[Event, None]:
    """Events, and among them the places that were not there when the first was awaited."""
    clock = asyncio.get_running_loop().time
    pending = asyncio.ensure_future(anext(heard))
    try:
        await asyncio.sleep(0)  # from here on nothing is missed
        known = {each.id for each in await _found(find)}
        due: float | None = None
        earliest = 0.0
        while True:
            left = None if due is None else max(0.0, due - clock())
            if (await asyncio.wait({pending}, timeout=left))[0]:
                event = pending.result()
                pending = asyncio.ensure_future(anext(heard))
                if due is None and isinstance(event, Merged | FileChanged):
                    due = max(clock() + QUIET_SECONDS, earliest)
                yield event
            else:
                began, due = clock(), None
                for each in await _found(find):
                    if each.id not in known:
                        known.add(each.id)
                        yield ConflictNoted(
                            each.id, each.kind.value, each.path, each.passage, each.sentence
                        )
                earliest = clock() + (clock() - began) / SHARE
    finally:
        pending.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await pending
        await heard.aclose()


async def _found(find: Find) -> list[Conflict]:
    with suppress(WhiskerError, OSError):  # a file that is just being saved, say
        return await find()
    return []
