"""
A map that several people fill in, each of whom can take back what they did themselves.

    python shared_map.py

Two people in one program, over real sockets on this machine: both edit, one takes back.
"""

import asyncio
import tempfile
from pathlib import Path

from whisker_sync import Kind, Root, Schema, Workspace

SCHEMAS = {"plan": Schema((Root("places", Kind.MAP),))}
HERE = "127.0.0.1"


async def until(workspace: Workspace, name: str, value: object) -> None:
    """Wait until a place has a description, whoever wrote it."""
    news = workspace.events()
    while workspace.document("plan").value("places", name) != value:
        await anext(news)


async def main() -> None:
    """Ada and Bob name places."""
    with tempfile.TemporaryDirectory() as directory:
        here = Path(directory)
        Workspace.create(here / "ada", "Plan", home=here / "home-ada")
        async with Workspace.open(
            here / "ada", schemas=SCHEMAS, lan=False, interface=HERE, home=here / "home-ada"
        ) as ada:
            link = await ada.invite()
            await Workspace.join(link, here / "bob", lan=False, home=here / "home-bob")
            async with Workspace.open(
                here / "bob", schemas=SCHEMAS, lan=False, interface=HERE, home=here / "home-bob"
            ) as bob:
                await play(ada, bob)


async def play(ada: Workspace, bob: Workspace) -> None:
    """Both write; Ada takes back what is hers, and Bob's stays."""
    ada.document("plan").track("ada")
    with ada.edit("plan", origin="ada") as edit:
        edit.set("places", "north", "a lighthouse")
    with bob.edit("plan") as edit:
        edit.set("places", "south", "a harbour")
    await asyncio.gather(until(ada, "south", "a harbour"), until(bob, "north", "a lighthouse"))
    print("both have", bob.document("plan").values("places"))
    ada.undo("plan", origin="ada")
    await until(bob, "north", None)
    print("Ada took hers back:", bob.document("plan").values("places"))


if __name__ == "__main__":
    asyncio.run(main())
