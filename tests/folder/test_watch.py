"""Tests for :mod:`whisker_sync.folder.watch`: real files, real notifications."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path

import pytest

from whisker_sync.errors import UnsafePath
from whisker_sync.folder import watch as watch_module
from whisker_sync.folder.files import Folder, Mark, Replaced
from whisker_sync.folder.watch import Noticed, Watch
from whisker_sync.ids import StoryPath

pytestmark = pytest.mark.alone


class Eye:
    """A watch, and what it told so far."""

    def __init__(self, root: Path, look_seconds: float = 30.0) -> None:
        (root / ".whisker").mkdir()
        self.folder = Folder(root, root / ".whisker", root / ".whisker")
        self.watch = Watch(root, self.folder, look_seconds=look_seconds)
        self.watch.prime()
        self.told: set[StoryPath] = set()
        self._noticed: AsyncIterator[Noticed] = self.watch.changes()

    async def noticed(self) -> Noticed:
        """What is noticed next."""
        return await anext(self._noticed)

    async def changed(self) -> frozenset[StoryPath]:
        """The next files that count as changed."""
        while not (changed := (await self.noticed()).changed):
            pass
        return changed

    async def until(self, *paths: str) -> None:
        """Wait until all of these were told."""
        async with asyncio.timeout(20):
            while not set(paths) <= self.told:
                self.told |= await self.changed()
        self.told -= {StoryPath(path) for path in paths}

    async def ready(self, root: Path) -> None:
        """Wait until the system notifies."""
        (root / "ready.twee").write_text("x")
        await self.until("ready.twee")


async def eye_on(root: Path) -> Eye:
    eye = Eye(root)
    await eye.ready(root)
    return eye


async def test_a_new_a_changed_and_a_removed_file_are_told(tmp_path: Path) -> None:
    eye = await eye_on(tmp_path)
    path = tmp_path / "cave.twee"
    path.write_text("dark")
    await eye.until("cave.twee")
    path.write_text("darker")
    await eye.until("cave.twee")
    path.unlink()
    await eye.until("cave.twee")
    eye.watch.stop()


async def test_a_watch_waits_in_a_thread_of_its_own_and_not_in_one_of_the_loop(
    tmp_path: Path,
) -> None:
    eyes = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        eyes.append(await eye_on(tmp_path / str(number)))
    names = [thread.name for thread in threading.enumerate()]
    assert sum(name.startswith("watch") for name in names) == 3
    for eye in eyes:
        eye.watch.stop()


async def test_a_save_by_rename_is_never_told_as_a_removal(tmp_path: Path) -> None:
    path = tmp_path / "cave.twee"
    path.write_text("dark")
    eye = await eye_on(tmp_path)
    path.rename(tmp_path / "cave.twee~")
    path.with_suffix(".tmp").write_text("darker")
    path.with_suffix(".tmp").rename(path)
    await eye.until("cave.twee")
    assert path.read_text() == "darker"
    eye.watch.stop()


async def test_files_in_folders_made_at_once_are_told(tmp_path: Path) -> None:
    eye = await eye_on(tmp_path)
    names = [f"a{i}/b/c/d{i}.twee" for i in range(20)]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("x")
    await eye.until(*names)
    eye.watch.stop()


async def test_all_files_of_a_removed_folder_are_told(tmp_path: Path) -> None:
    import shutil

    (tmp_path / "part" / "one").mkdir(parents=True)
    (tmp_path / "part" / "one" / "a.twee").write_text("a")
    (tmp_path / "part" / "b.twee").write_text("b")
    eye = await eye_on(tmp_path)
    shutil.rmtree(tmp_path / "part")
    await eye.until("part/one/a.twee", "part/b.twee")
    eye.watch.stop()


async def test_without_notifications_looking_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    eye = Eye(tmp_path, look_seconds=0.05)
    monkeypatch.setattr(eye.watch, "_concerns", lambda _: False)  # the system says nothing
    task = asyncio.ensure_future(eye.until("cave.twee"))
    await asyncio.sleep(0)
    (tmp_path / "cave.twee").write_text("dark")
    await task
    eye.watch.stop()


async def test_what_editors_leave_beside_is_not_told(tmp_path: Path) -> None:
    eye = await eye_on(tmp_path)
    for name in ("a.twee~", ".a.twee.swp", "x.tmp"):
        (tmp_path / name).write_text("x")
    (tmp_path / "last.twee").write_text("x")
    await eye.until("last.twee")
    assert not eye.told
    eye.watch.stop()


async def test_a_file_is_told_when_a_rule_that_left_it_out_goes(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "a.log").write_text("x")
    eye = await eye_on(tmp_path)
    (tmp_path / ".gitignore").write_text("")
    await eye.until(".gitignore", "a.log")
    (tmp_path / "b.log").write_text("x")
    await eye.until("b.log")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "c.log").write_text("x")
    await eye.until(".gitignore")
    (tmp_path / "b.log").write_text("what is known stays known")
    await eye.until("b.log")
    assert not eye.told
    eye.watch.stop()


async def test_both_halves_of_a_rename_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "cave.twee"
    path.write_text("dark")
    eye = await eye_on(tmp_path)
    path.rename(tmp_path / "cavern.twee")
    async with asyncio.timeout(20):
        assert await eye.changed() == {"cave.twee", "cavern.twee"}
    eye.watch.stop()


async def test_each_save_of_a_new_file_is_told_while_it_waits_whether_it_was_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "GRACE_SECONDS", 0.8)
    path = tmp_path / "cave.twee"
    path.write_text("dark")
    eye = await eye_on(tmp_path)
    path.rename(tmp_path / "cavern.twee")
    async with asyncio.timeout(20):
        assert (await eye.noticed()).waiting == {"cavern.twee"}
        (tmp_path / "cavern.twee").write_text("darker")
        assert (await eye.noticed()).waiting == {"cavern.twee"}
        assert await eye.changed() == {"cave.twee", "cavern.twee"}
    eye.watch.stop()


@pytest.mark.parametrize("victims", [0, 3, 100])
async def test_a_rename_is_told_as_one_whatever_else_happens(tmp_path: Path, victims: int) -> None:
    """Another file is saved, and others are removed, each time that something was told."""
    path, other = tmp_path / "cave.twee", tmp_path / "other.twee"
    doomed = [tmp_path / f"doomed-{i}.twee" for i in range(victims)]
    for each in (path, other, *doomed):
        each.write_text("dark")
    eye = await eye_on(tmp_path)
    path.rename(tmp_path / "cavern.twee")
    told: frozenset[StoryPath] = frozenset()
    async with asyncio.timeout(20):
        while not told & {"cave.twee", "cavern.twee"}:
            other.write_text("light")
            if doomed:
                doomed.pop().unlink()
            told = await eye.changed()
    assert {"cave.twee", "cavern.twee"} <= told
    eye.watch.stop()


async def test_a_rename_is_told_as_one_by_a_process_that_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is stopped another file has been gone for long, and one is renamed."""
    monkeypatch.setattr(watch_module, "PATIENCE_SECONDS", 0.1)
    path, other = tmp_path / "cave.twee", tmp_path / "other.twee"
    path.write_text("dark")
    other.write_text("light")
    eye = await eye_on(tmp_path)
    real, stops = eye.watch._next, [watch_module.STOPPED_SECONDS + 0.1]

    def be_stopped() -> None:
        path.rename(tmp_path / "cavern.twee")
        time.sleep(stops.pop())

    async def wait(seconds: float) -> set[Path] | None:
        near = await real(seconds)
        if stops and seconds < watch_module.GRACE_SECONDS:  # it knows of the one that is gone
            be_stopped()
        return near

    monkeypatch.setattr(eye.watch, "_next", wait)
    other.unlink()
    async with asyncio.timeout(20):
        assert await eye.changed() == {"cave.twee", "cavern.twee", "other.twee"}
    eye.watch.stop()


async def test_a_rename_is_told_as_one_by_a_process_that_was_stopped_while_it_took_in_another_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "PATIENCE_SECONDS", 0.1)
    path, other, third = (tmp_path / f"{name}.twee" for name in ("cave", "other", "third"))
    for each in (path, other, third):
        each.write_text("dark")
    eye = await eye_on(tmp_path)
    stop = partial(time.sleep, watch_module.STOPPED_SECONDS + 0.1)
    other.unlink()
    third.write_text("light")
    async with asyncio.timeout(20):
        assert await eye.changed() == {"third.twee"}
        path.rename(tmp_path / "cavern.twee")
        stop()
        assert await eye.changed() == {"cave.twee", "cavern.twee", "other.twee"}
    eye.watch.stop()


async def test_a_rename_of_which_one_half_is_notified_late_is_told_as_one(tmp_path: Path) -> None:
    path = tmp_path / "cave.twee"
    path.write_text("dark")
    eye = await eye_on(tmp_path)
    path.rename(tmp_path / "cavern.twee")
    eye.watch._wake.put_nowait({tmp_path / "cavern.twee"})
    async with asyncio.timeout(20):
        assert await eye.changed() == {"cave.twee", "cavern.twee"}
    eye.watch.stop()


async def test_a_rename_of_a_file_that_we_are_about_to_write_is_told_as_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cave.twee"
    path.write_text("dark")
    eye = await eye_on(tmp_path)
    eye.watch.begin(StoryPath("cave.twee"))
    path.rename(tmp_path / "cavern.twee")
    async with asyncio.timeout(20):
        assert await eye.changed() == {"cave.twee", "cavern.twee"}
    eye.watch.stop()


@pytest.mark.parametrize("next_moment", ["removed", "saved"])
async def test_what_the_author_does_the_moment_after_our_write_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, next_moment: str
) -> None:
    eye = Eye(tmp_path, look_seconds=0.05)
    monkeypatch.setattr(eye.watch, "_concerns", lambda _: False)  # the system says nothing
    path = StoryPath("cave.twee")
    ours = eye.folder.write(path, b"dark", None)
    assert isinstance(ours, Replaced)
    if next_moment == "removed":
        (tmp_path / path).unlink()
    else:
        (tmp_path / path).write_text("darker")
    eye.watch.expect(path, ours.mark)
    await eye.until(path)
    eye.watch.stop()


async def test_our_own_write_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    eye = Eye(tmp_path, look_seconds=0.05)
    monkeypatch.setattr(eye.watch, "_concerns", lambda _: False)
    ours = eye.folder.write(StoryPath("cave.twee"), b"dark", None)
    assert isinstance(ours, Replaced)
    eye.watch.expect(ours.path, ours.mark)
    (tmp_path / "last.twee").write_text("x")
    await eye.until("last.twee")
    assert not eye.told
    eye.watch.stop()


async def write_all(eye: Eye, paths: list[StoryPath]) -> None:
    """Write files as the node does: all are announced before the first is written."""
    for path in paths:
        eye.watch.begin(path)
    for path in paths:
        written = await asyncio.to_thread(eye.folder.write, path, b"ours", None)
        assert isinstance(written, Replaced)
        eye.watch.expect(path, written.mark)
        eye.watch.end(path)


def count_scans(eye: Eye, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the whole folder is compared from now on."""
    scans: list[float] = []
    scan = eye.folder.scan

    def noted(known: Iterable[StoryPath] = ()) -> tuple[dict[StoryPath, Mark], list[UnsafePath]]:
        scans.append(time.monotonic())
        return scan(known)

    monkeypatch.setattr(eye.folder, "scan", noted)
    return scans


async def test_a_folder_that_we_fill_is_compared_when_we_are_done_and_not_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    eye = await eye_on(tmp_path)
    scans = count_scans(eye, monkeypatch)
    paths = [StoryPath(f"part {i // 10}/page {i}.twee") for i in range(200)]
    (tmp_path / "last").mkdir()
    writing = asyncio.ensure_future(write_all(eye, paths))
    task = asyncio.ensure_future(eye.until("last/theirs.twee"))
    await writing
    (tmp_path / "last" / "theirs.twee").write_text("the author's")
    await task
    assert len(scans) <= 6, "200 files in 20 new folders"
    assert all((tmp_path / path).read_bytes() == b"ours" for path in paths)
    eye.watch.stop()


async def test_what_the_author_saves_while_we_write_is_told(tmp_path: Path) -> None:
    (tmp_path / "theirs.twee").write_text("dark")
    eye = await eye_on(tmp_path)
    eye.watch.begin(StoryPath("ours.twee"))  # and it takes its time
    (tmp_path / "theirs.twee").write_text("darker")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "theirs.twee").write_text("bright")
    await eye.until("theirs.twee", "new/theirs.twee")
    eye.watch.stop()


async def test_what_is_saved_where_we_are_about_to_write_waits(tmp_path: Path) -> None:
    path = tmp_path / "cave.twee"
    path.write_text("dark")
    eye = await eye_on(tmp_path)
    eye.watch.begin(StoryPath("cave.twee"))
    path.write_text("darker")
    async with asyncio.timeout(20):
        assert (await eye.noticed()).waiting == {"cave.twee"}
        eye.watch.end(StoryPath("cave.twee"))
        assert await eye.changed() == {"cave.twee"}
    eye.watch.stop()


async def test_what_the_author_saves_over_a_write_of_ours_is_told_when_it_is_done(
    tmp_path: Path,
) -> None:
    eye = await eye_on(tmp_path)
    path = StoryPath("cave.twee")
    eye.watch.begin(path)
    written = await asyncio.to_thread(eye.folder.write, path, b"ours", None)
    (tmp_path / path).write_text("the author's")
    task = asyncio.ensure_future(eye.until(path))
    await asyncio.sleep(0)
    assert isinstance(written, Replaced)
    eye.watch.expect(path, written.mark)
    eye.watch.end(path)
    await task
    eye.watch.stop()


async def test_nothing_waits_longer_for_our_writes_than_it_may(tmp_path: Path) -> None:
    eye = await eye_on(tmp_path)
    path = StoryPath("cave.twee")
    eye.watch.begin(path)  # the disk hangs, and meanwhile the author makes the file
    began = time.monotonic()

    async def saves() -> None:
        for number in range(100):
            (tmp_path / path).write_text(f"saved {number} times")
            await asyncio.sleep(0.1)

    saving = asyncio.ensure_future(saves())
    await eye.until(path)
    assert watch_module.BURST_SECONDS - 0.2 < time.monotonic() - began < 10
    saving.cancel()
    eye.watch.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells who writes to a file")
async def test_what_was_notified_is_told_as_it_was_just_then(tmp_path: Path) -> None:
    eye = await eye_on(tmp_path)
    path = tmp_path / "cave.twee"
    path.write_text("dark")
    async with asyncio.timeout(20):
        while not (glimpses := (await eye.noticed()).glimpses):
            pass
    assert [(each.path, each.content) for each in glimpses] == [("cave.twee", b"dark")]
    eye.watch.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells who writes to a file")
async def test_what_we_wrote_ourselves_is_seen_and_forgotten(tmp_path: Path) -> None:
    eye = await eye_on(tmp_path)
    path = StoryPath("cave.twee")
    eye.watch.begin(path)
    written = await asyncio.to_thread(eye.folder.write, path, b"ours", None)
    assert isinstance(written, Replaced)
    eye.watch.expect(path, written.mark)
    eye.watch.end(path)
    (tmp_path / "other.twee").write_text("theirs")
    await eye.until("other.twee")
    assert eye.watch._glimpses == []
    eye.watch.stop()
