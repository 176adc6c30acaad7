"""
A process that appends to a mailbox until it is killed, and says what was acknowledged.

``python -m whisker_sync.testing.appender MODULE:FUNCTION URL MAILBOX SEED`` opens a store,
and prints the id of each entry in hexadecimal, one a line, after the store said that it is
durable. :mod:`whisker_sync.testing.mailboxes` starts and kills it.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import time
from itertools import count

from whisker_sync.ids import MailboxId
from whisker_sync.wire.relay import Entry

WRITERS = 8
"""How many append at a time."""


async def append(factory: str, url: str, mailbox: MailboxId, seed: int) -> None:
    """Append for ever."""
    module, _, function = factory.partition(":")
    numbers = count()
    async with getattr(importlib.import_module(module), function)(url) as store:

        async def write() -> None:
            for number in numbers:
                name = seed.to_bytes(8, "big") + number.to_bytes(8, "big")
                await store.append(mailbox, Entry(name, bytes(number % 999)), time.time(), 1 << 40)
                os.write(1, name.hex().encode() + b"\n")  # unbuffered, and whole

        await asyncio.gather(*(write() for _ in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(
        append(sys.argv[1], sys.argv[2], MailboxId(bytes.fromhex(sys.argv[3])), int(sys.argv[4]))
    )
