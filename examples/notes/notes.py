"""
Shared notes: a small program whose documents are the same on every machine of a network.

    python notes.py new DIR              make notes, and print a link for the other machine
    python notes.py join LINK DIR        take part
    python notes.py run DIR              type lines to add notes, see those of others

A note is a record under a random id, so that two people can add one at the same time;
its text is a text of its own, so that they could edit it together.
"""

import asyncio
import secrets
import sys
from pathlib import Path

from whisker_sync import Kind, Merged, PeerConnected, Root, Schema, WhiskerError, Workspace

NOTES = Schema((Root("notes", Kind.RECORDS), Root("text:*", Kind.TEXT)))


def add(workspace: Workspace, line: str) -> None:
    """Add a note."""
    note = secrets.token_hex(8)
    with workspace.edit("notes") as edit:
        edit.create("notes", note, {"by": workspace.status.person})
        edit.insert(f"text:{note}", 0, line)


def show(workspace: Workspace) -> list[str]:
    """All notes, in an order that is the same everywhere."""
    document = workspace.document("notes")
    notes = sorted(document.records("notes").items())
    return [f"{fields['by']!s}: {document.text(f'text:{note}')}" for note, fields in notes]


async def listen(workspace: Workspace) -> None:
    """Print what others do."""
    async for event in workspace.events():
        match event:
            case PeerConnected(name=name):
                print(f"-- {name} is here", flush=True)
            case Merged(local=False):
                print("--", *show(workspace), sep="\n   ", flush=True)
            case _:
                pass


async def run(directory: Path, interface: str | None = None) -> None:
    """Read lines until the input ends."""
    async with Workspace.open(
        directory, schemas={"notes": NOTES}, interface=interface
    ) as workspace:
        print(f"invite with: {await workspace.invite()}", flush=True)
        listening = asyncio.create_task(listen(workspace))
        while line := await asyncio.to_thread(sys.stdin.readline):
            add(workspace, line.strip())
        await workspace.sync_now()
        listening.cancel()


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    match arguments:
        case ["new", directory]:
            Workspace.create(directory, "Notes")
        case ["join", link, directory]:
            asyncio.run(Workspace.join(link, directory))
        case ["run", directory, *interface]:
            asyncio.run(run(Path(directory), *interface))
        case _:
            print(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except WhiskerError as problem:
        sys.exit(str(problem))
