"""Tests for :mod:`whisker_sync.node.node`: real folders, journals and sockets, on loopback."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.admission import let_in
from whisker_sync.errors import BadSettings, WorkspaceBusy
from whisker_sync.folder import watch as watch_module
from whisker_sync.folder.files import Folder
from whisker_sync.folder.trash import Trash
from whisker_sync.ids import Address, StoryPath
from whisker_sync.manuscript.files import Large
from whisker_sync.manuscript.schema import STORY
from whisker_sync.node.node import Node
from whisker_sync.node.running import MAX_EVENTS
from whisker_sync.node.settings import load_user, make_workspace
from whisker_sync.peer.events import Trouble
from whisker_sync.store.layout import Layout

HERE = "127.0.0.1"
GROTTO = StoryPath("grotto.twee")
CAVE = ":: Cave\nIt is dark here.\n\n:: Way out\nLight!\n"
SECONDS = 20


class Author:
    """Somebody with a folder and settings of their own."""

    def __init__(self, place: Path, name: str, inviter: Author | None = None) -> None:
        self.name = name
        self.folder = place / name
        self.home = place / f"home-{name}"
        self.user = load_user(self.home, person=name)
        if inviter is None:
            self.layout = make_workspace(self.folder, "The Cave", self.user)
        else:
            self.layout = let_in(inviter.user, inviter.layout, self.user, self.folder)

    @classmethod
    def pair(cls, place: Path) -> tuple[Author, Author]:
        alice = cls(place, "alice")
        return alice, alice.invite(place, "bob")

    def invite(self, place: Path, name: str) -> Author:
        return Author(place, name, self)

    @asynccontextmanager
    async def online(self, *, lan: bool = False) -> AsyncIterator[Node]:
        node = await Node.open(self.layout, self.user, lan=lan, interface=HERE)
        try:
            yield node
        finally:
            await node.close()

    def files(self) -> dict[str, bytes]:
        return files(self.layout)


def files(layout: Layout) -> dict[str, bytes]:
    found = {}
    for path in sorted(layout.root.rglob("*")):
        relative = path.relative_to(layout.root).as_posix()
        if path.is_file() and not relative.startswith(".whisker"):
            found[relative] = path.read_bytes()
    return found


async def until(condition: Callable[[], bool], *nodes: Node) -> None:
    """Wait until something is so; looks each time that one of the nodes was told something."""
    async with asyncio.timeout(SECONDS):
        while not condition():
            waits = [asyncio.ensure_future(node._running._changed.wait()) for node in nodes]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=0.05)
            for node, wait in zip(nodes, waits, strict=True):
                wait.cancel()
                node._running._changed.clear()


async def in_sync(*nodes: Node) -> None:
    async with asyncio.timeout(SECONDS):
        for node in nodes:
            await node.until(
                lambda s: s.settled and len([p for p in s.peers if p.in_sync]) == len(nodes) - 1
            )


async def test_a_save_appears_in_the_other_folder(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "before.twee").write_text(":: Before\nwas there\n")
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await until(lambda: "before.twee" in bob.files(), a, b)
        (alice.folder / "cave.twee").write_text(CAVE)
        await until(lambda: bob.files().get("cave.twee") == CAVE.encode(), a, b)
        (bob.folder / "cave.twee").write_text(CAVE.replace("dark", "pitch dark"))
        await until(lambda: b"pitch" in alice.files()["cave.twee"], a, b)
        await in_sync(a, b)  # from then on it is known that she read what she removes
        (alice.folder / "cave.twee").unlink()
        await until(lambda: "cave.twee" not in bob.files(), a, b)
        await in_sync(a, b)
        assert a.status.digest == b.status.digest


async def test_a_look_takes_both_halves_of_a_rename_together(tmp_path: Path) -> None:
    alice, _ = Author.pair(tmp_path)
    (alice.folder / "cave.twee").write_text(CAVE)
    async with alice.online() as node:
        before = set(node.document(STORY).roots())
        (alice.folder / "cave.twee").rename(alice.folder / "grotto.twee")
        (alice.folder / "grotto.twee").write_text(CAVE.replace("dark", "pitch dark"))
        await node.look()
        (alice.folder / "grotto.twee").rename(alice.folder / "cave.twee")
        await node.look()
        assert set(node.document(STORY).roots()) == before


async def test_a_rename_while_the_folder_is_read_at_the_start_is_a_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = Author.pair(tmp_path)
    old, new = alice.folder / "cave.twee", alice.folder / "grotto.twee"
    old.write_text(CAVE)
    async with alice.online() as node:
        before = set(node.document(STORY).roots())
    read = Folder.read

    def read_late(folder: Folder, path: StoryPath) -> bytes | Large | None:
        if old.exists():
            old.rename(new)
        return read(folder, path)

    monkeypatch.setattr(Folder, "read", read_late)
    async with alice.online() as node:
        assert node._running.peer.files() == ("grotto.twee",)
        assert set(node.document(STORY).roots()) == before
    assert alice.files() == {"grotto.twee": CAVE.encode()}


async def somewhere(node: Node, layout: Layout, word: str) -> bool:
    """Whether a word is in the files, in the trash, or in the history."""
    trash = Trash(layout.trash)
    kept = [trash.place_of(version).read_bytes() for version in trash.versions()]
    kept += [*files(layout).values(), *await node.history()]
    return any(word.encode() in content for content in kept)


def untold(node: Node, path: StoryPath) -> list[bytes]:
    return [seen.content for seen in node._disk._untold._saves.get(path, [])]


@asynccontextmanager
async def just_renamed(alice: Author) -> AsyncIterator[Node]:
    """A node that knows of a save of a new file, and not yet whether that is the one that went."""
    old, new = alice.folder / "cave.twee", alice.folder / GROTTO
    old.write_text(CAVE)
    async with alice.online() as node:
        old.rename(new)
        new.write_text(CAVE.replace("dark", "pitch dark"))
        await until(lambda: b"pitch" in b"".join(untold(node, GROTTO)), node)
        yield node


async def test_what_is_saved_over_while_it_is_unclear_whether_it_was_renamed_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "GRACE_SECONDS", 0.8)
    alice, _ = Author.pair(tmp_path)
    new = alice.folder / GROTTO
    async with just_renamed(alice) as node:
        before = set(node.document(STORY).roots())
        new.write_text(CAVE.replace("Light!", "Light at last!"))  # opened before
        await until(lambda: node._running.peer.files() == (GROTTO,), node)
        await node.look()
        assert set(node.document(STORY).roots()) == before
        assert b"at last" in new.read_bytes()
        assert await somewhere(node, alice.layout, "pitch")


async def test_what_goes_before_it_is_clear_what_it_is_is_in_the_trash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "GRACE_SECONDS", 0.8)
    alice, _ = Author.pair(tmp_path)
    new = alice.folder / GROTTO
    async with just_renamed(alice) as node:
        new.unlink()
        await until(lambda: node._running.peer.files() == (), node)
        await node.look()
        assert await somewhere(node, alice.layout, "pitch")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells who writes to a file")
async def test_what_is_saved_over_before_the_loop_comes_to_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _ = Author.pair(tmp_path)
    cave, is_read = alice.folder / "cave.twee", threading.Event()
    glimpse = Folder.glimpse

    def glimpse_and_say(folder: Folder, path: StoryPath) -> bytes | None:
        content = glimpse(folder, path)
        if b"pitch" in (content or b""):
            is_read.set()
        return content

    monkeypatch.setattr(Folder, "glimpse", glimpse_and_say)
    cave.write_text(CAVE)
    async with alice.online() as node, asyncio.timeout(SECONDS):
        while not is_read.is_set():  # nobody says when the system begins to notify
            await node.look()
            cave.write_text(CAVE.replace("dark", "pitch dark"))
            is_read.wait(0.1)
        cave.write_text(CAVE)
        await node.look()
        assert await somewhere(node, alice.layout, "pitch")


async def test_what_is_written_in_pieces_while_it_waits_is_told_as_one_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "GRACE_SECONDS", 0.8)
    alice, _ = Author.pair(tmp_path)
    old, new = alice.folder / "cave.twee", alice.folder / "grotto.twee"
    old.write_text(CAVE)
    async with alice.online() as node:
        before = set(node.document(STORY).roots())
        old.unlink()
        new.write_text(CAVE[:3])
        await until(lambda: bool(untold(node, GROTTO)), node)
        new.write_text(CAVE)
        await until(lambda: node._running.peer.files() == ("grotto.twee",), node)
        assert set(node.document(STORY).roots()) == before


async def test_they_find_each_other_on_the_network(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "cave.twee").write_text(CAVE)
    async with alice.online(lan=True) as a, bob.online(lan=True) as b:
        await until(lambda: alice.files() == bob.files(), a, b)
        await in_sync(a, b)


async def test_edits_made_while_nothing_ran_are_merged(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "cave.twee").write_text(CAVE)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
    (alice.folder / "cave.twee").write_text(CAVE.replace("dark", "pitch dark"))
    (bob.folder / "cave.twee").write_text(CAVE.replace("Light!", "Light at last!"))
    (bob.folder / "map.png").write_bytes(bytes(range(256)))
    async with alice.online() as a, bob.online() as b:
        await in_sync(a, b)
        await until(lambda: alice.files() == bob.files(), a, b)
    merged = CAVE.replace("dark", "pitch dark").replace("Light!", "Light at last!")
    assert alice.files() == {"cave.twee": merged.encode(), "map.png": bytes(range(256))}


async def test_a_file_that_is_saved_as_it_is_was_saved_too(tmp_path: Path) -> None:
    """That is the only trace of a passage cut from an old text which a co-author had moved."""
    alice, bob = Author.pair(tmp_path)
    way_out = ":: Way out\nLight!\n"
    (alice.folder / "cave.twee").write_text(CAVE)
    (alice.folder / "end.twee").write_text(":: End\nIt is over.\n\n")
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
        (bob.folder / "cave.twee").write_text(CAVE.replace(way_out, ""))
        (bob.folder / "end.twee").write_text(f":: End\nIt is over.\n\n{way_out}")
        await until(lambda: b"Way out" in alice.files()["end.twee"], a, b)
        await in_sync(a, b)
        (alice.folder / "cave.twee").write_bytes(alice.files()["cave.twee"])
        await a.look()
        (alice.folder / "other.twee").write_text(way_out)
        await until(lambda: b"Way out" not in bob.files()["end.twee"], a, b)
        await in_sync(a, b)
        assert alice.files() == bob.files()
        assert b"".join(bob.files().values()).count(b"Light!") == 1


async def test_a_third_device_gets_everything_from_whoever_is_there(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    carol = alice.invite(tmp_path, "carol")
    (alice.folder / "cave.twee").write_text(CAVE)
    async with bob.online() as b:
        async with alice.online() as a:
            b.connect(Address(HERE, a.port))
            await in_sync(a, b)
        async with carol.online() as c:
            c.connect(Address(HERE, b.port))
            await until(lambda: carol.files() == alice.files(), b, c)


async def test_a_workspace_is_open_once(tmp_path: Path) -> None:
    alice, _ = Author.pair(tmp_path)
    async with alice.online():
        with pytest.raises(WorkspaceBusy):
            await Node.open(alice.layout, alice.user, lan=False)
    async with alice.online():
        pass


async def test_the_port_stays_the_same(tmp_path: Path) -> None:
    alice, _ = Author.pair(tmp_path)
    async with alice.online() as a:
        port = a.port
    async with alice.online() as a:
        assert a.port == port


async def test_a_file_that_cannot_be_read_is_reported_and_not_removed(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "cave.twee").write_text(CAVE)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await in_sync(a, b)
    (alice.folder / "cave.twee").unlink()
    (alice.folder / "cave.twee").symlink_to("/etc/hostname")
    (alice.folder / "what?.twee").write_text(":: What")
    async with alice.online() as a, bob.online() as b:
        await in_sync(a, b)
        sentences = [problem.sentence for problem in a.status.problems]
        assert [s for s in sentences if "link to another place" in s]
        assert [s for s in sentences if "Windows" in s]


async def test_a_damaged_setting_is_one_sentence(tmp_path: Path) -> None:
    alice, _ = Author.pair(tmp_path)
    alice.layout.config.write_text("id = 'broken")
    with pytest.raises(BadSettings, match=r"config\.toml cannot be used"):
        await Node.open(alice.layout, alice.user, lan=False)


async def test_a_copied_folder_is_another_device_only_with_another_home(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "cave.twee").write_text(CAVE)
    async with alice.online() as a:
        await a.until(lambda s: s.settled)
    shutil.rmtree(bob.folder)
    shutil.copytree(alice.folder, bob.folder)
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        (bob.folder / "cave.twee").write_text(CAVE.replace("dark", "pitch dark"))
        (alice.folder / "cave.twee").write_text(CAVE.replace("Light!", "Light at last!"))
        await until(
            lambda: alice.files() == bob.files() and b"pitch" in alice.files()["cave.twee"], a, b
        )
        assert b"at last" in alice.files()["cave.twee"]


async def test_rules_say_what_is_taken_in_and_never_take_back(tmp_path: Path) -> None:
    alice, bob = Author.pair(tmp_path)
    (alice.folder / "a.log").write_text("a log that is shared")
    (alice.folder / ".env").write_text("PASSWORD=1")
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await until(lambda: "a.log" in bob.files(), a, b)
        (alice.folder / ".gitignore").write_text("*.log\n")
        (alice.folder / "b.log").write_text("a log that is not")
        await until(lambda: ".gitignore" in bob.files(), a, b)
    (alice.folder / "a.log").write_text("edited while nobody looked")
    async with alice.online() as a, bob.online() as b:
        b.connect(Address(HERE, a.port))
        await until(lambda: bob.files().get("a.log") == b"edited while nobody looked", a, b)
        await in_sync(a, b)
        assert set(bob.files()) == {".gitignore", "a.log"}
        (alice.folder / ".gitignore").write_text("")
        await until(lambda: "b.log" in bob.files(), a, b)
    assert ".env" not in bob.files()


async def test_who_listens_slowly_misses_the_oldest_events_only(tmp_path: Path) -> None:
    alice, _ = Author.pair(tmp_path)
    async with alice.online() as node:
        events = node.events()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        for i in range(MAX_EVENTS + 1):
            node._tell(Trouble(str(i)))
        assert await first == Trouble("1")  # the 0th had to make room
        for i in range(2, MAX_EVENTS + 1):
            assert await anext(events) == Trouble(str(i))
        await events.aclose()
