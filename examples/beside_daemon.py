"""
Beside the daemon: is the story safe yet, and what happens to it?

    whisker sync start
    python beside_daemon.py FOLDER

Says where the story is, then what others change, until it is interrupted.
"""

import asyncio
import sys
from contextlib import suppress

from whisker_sync import Merged, WhiskerError, Workspace


async def main(folder: str) -> None:
    """Look once, then listen."""
    async with Workspace.attach(folder) as attached:
        status = await attached.status()
        print(f"{status.pending} changes are on this machine only", flush=True)
        for path in await attached.files():
            print(f"{path.name}: {len(path.read_bytes())} bytes", flush=True)
        async for event in attached.events():
            if isinstance(event, Merged):
                print("written here" if event.local else "written elsewhere", flush=True)


if __name__ == "__main__":
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(main(sys.argv[1]))
    except WhiskerError as problem:
        sys.exit(str(problem))
