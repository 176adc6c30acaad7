"""
A machine that only keeps a copy: everything that the others write is durable here, too.

    python backup.py join LINK DIR     take part, once
    python backup.py run DIR           keep a copy, until Ctrl-C

What is opened without schemas is a story; its files are in the folder.
"""

import asyncio
import sys
from pathlib import Path

from whisker_sync import FileChanged, PeerConnected, SyncCompleted, Trouble, WhiskerError, Workspace


async def run(directory: Path, interface: str | None = None) -> None:
    """Say who comes, and when both hold the same."""
    async with Workspace.open(directory, interface=interface) as workspace:
        names: dict[bytes, str] = {}
        async for event in workspace.events():
            match event:
                case PeerConnected(device=device, name=name):
                    names[device] = name
                case SyncCompleted(device):
                    held = workspace.status.digest.hex()[:8]
                    print(f"the same as {names.get(device, '?')}: {held}", flush=True)
                case FileChanged(path):
                    print(f"wrote {path}", flush=True)
                case Trouble(sentence):
                    print(f"trouble: {sentence}", file=sys.stderr, flush=True)
                case _:
                    pass


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    match arguments:
        case ["join", link, directory]:
            asyncio.run(Workspace.join(link, directory))
        case ["run", directory, *interface]:
            asyncio.run(run(Path(directory), *interface))
        case _:
            print(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        pass
    except WhiskerError as problem:
        sys.exit(str(problem))
