"""
What a daemon tells programs that are attached to it: the node's own values, and its events.

What commands ask is told in the words that scripts rely on; here it is the classes
themselves, see :mod:`whisker_sync.daemon.values`.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from functools import partial

from whisker_sync.daemon.conflicts import find_in
from whisker_sync.daemon.control import Answer, Answers
from whisker_sync.daemon.noting import with_conflicts
from whisker_sync.daemon.values import encode
from whisker_sync.manuscript.schema import STORY
from whisker_sync.node.node import Node
from whisker_sync.node.whereabouts import id_of


def look(node: Node) -> Answer:
    """How the node is doing."""
    statistics = node.statistics
    return {
        "status": encode(node.status),
        "since_start": encode(statistics.since_start()),
        "all_time": encode(statistics.all_time()),
        "papers": node.papers.evidence().encode().hex(),
        "offers": encode(node.offers),
        "files": encode(node.files),
    }


def presence(node: Node, passage: object) -> Answer:
    """Where the others are; if it names a passage of the story, the user is there from now on."""
    if isinstance(passage, str):
        node.enter(STORY, id_of(node.story, passage) if passage else "")
    return {"present": encode(node.presence)}


async def events(node: Node) -> Answers:
    """What happens from here on; the first answer only says that it has begun."""
    heard = with_conflicts(node.events(), partial(find_in, node))
    async with aclosing(heard):
        first = asyncio.ensure_future(anext(heard))
        try:
            await asyncio.sleep(0)  # from here on nothing is missed
            yield {"ok": True}
            yield {"event": encode(await first)}
            async for event in heard:
                yield {"event": encode(event)}
        finally:
            first.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await first
