"""Files that went back, in real folders: whisker_sync.node.disk and whisker_sync.peer.showing."""

from __future__ import annotations

from pathlib import Path

from tests.node.test_node import HERE, Author, in_sync, somewhere, until
from whisker_sync.ids import Address

NAMES = ("a.twee", "b.twee", "c.twee")


def passage(name: str, text: str) -> str:
    return f":: {name}\n{text}\n"


async def test_what_is_saved_over_in_a_file_that_went_back_is_in_the_trash(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    async with alice.online() as one, bob.online() as other:
        other.connect(Address(HERE, one.port))
        for author, text in ((alice, "It is dark."), (bob, "It is dark. Wind.")):
            for name in NAMES:
                (author.folder / name).write_text(passage(name, text))
            await one.look()
            await other.look()
            await in_sync(one, other)
        for name in NAMES:
            (alice.folder / name).write_text(passage(name, "It is dark."))
        await one.look()
        await until(lambda: len(one.status.went_back) == len(NAMES), one)
        for text in ("Here be dragons.", "Nobody is here."):
            (alice.folder / "a.twee").write_text(passage("a.twee", text))
            await one.look()
        await one.look()
        assert await somewhere(one, alice.layout, "dragons")
        assert "dragons" not in (bob.folder / "a.twee").read_text()
