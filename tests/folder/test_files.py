"""Tests for :mod:`whisker_sync.folder.files`."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whisker_sync.errors import LeftOut, UnreadableFile, UnsafePath
from whisker_sync.folder import files as files_module
from whisker_sync.folder import writers as writers_module
from whisker_sync.folder.files import Folder, Kept, Replaced, Source, content_of, sha256_of
from whisker_sync.folder.swap import exchange as really_exchange
from whisker_sync.folder.trash import INDEX, Trash
from whisker_sync.folder.writers import is_written
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import Large

CAVE = StoryPath("part/cave.twee")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("stage", "trash", "story"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def folder(place: Path) -> Folder:
    return Folder(place / "story", place / "stage", place / "trash")


@pytest.mark.skipif(sys.platform == "win32", reason="names are Unicode there")
def test_no_file_is_read_by_a_process_that_would_misread_its_name(place: Path) -> None:
    program = "import sys; from pathlib import Path; from whisker_sync.folder.files import Folder; "
    program += "place = Path(sys.argv[1]); Folder(place, place / 'stage', place / 'trash')"
    done = subprocess.run(
        [sys.executable, "-c", program, str(place)],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StrangeNames: file names are read as ascii here" in done.stderr


def sha(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def trash(place: Path) -> set[bytes]:
    return {path.read_bytes() for path in (place / "trash").iterdir() if path.name != INDEX}


def test_a_new_file_is_written_with_its_folders(folder: Folder, place: Path) -> None:
    assert folder.write(CAVE, b"dark", None) == Replaced(CAVE, b"dark")
    assert (place / "story" / CAVE).read_bytes() == b"dark"
    assert folder.read(CAVE) == b"dark"
    assert not list((place / "stage").iterdir())


def test_a_file_is_replaced_if_it_is_as_expected(folder: Folder, place: Path) -> None:
    folder.write(CAVE, b"dark", None)
    assert folder.write(CAVE, b"darker", sha(b"dark")) == Replaced(CAVE, b"darker")
    assert folder.read(CAVE) == b"darker"
    assert trash(place) == {b"dark"}
    assert not list((place / "stage").iterdir())


@pytest.mark.parametrize("expected", [None, sha(b"something else")])
def test_an_unseen_save_is_left_alone(folder: Folder, place: Path, expected: bytes | None) -> None:
    folder.write(CAVE, b"unseen", None)
    assert folder.write(CAVE, b"ours", expected) == Kept(CAVE, b"unseen")
    assert folder.write(CAVE, None, expected) == Kept(CAVE, b"unseen")
    assert folder.read(CAVE) == b"unseen"
    assert trash(place) == set()


def test_a_file_that_is_gone_is_not_made_again(folder: Folder) -> None:
    assert folder.write(CAVE, b"ours", sha(b"was there")) == Kept(CAVE, None)
    assert folder.read(CAVE) is None


def test_a_removed_file_is_in_the_trash_and_its_empty_folder_gone(
    folder: Folder, place: Path
) -> None:
    folder.write(CAVE, b"dark", None)
    assert folder.write(CAVE, None, sha(b"dark")) == Replaced(CAVE, None)
    assert list((place / "story").iterdir()) == []
    assert trash(place) == {b"dark"}


def test_a_folder_with_something_in_it_stays(folder: Folder, place: Path) -> None:
    folder.write(CAVE, b"dark", None)
    (place / "story" / "part" / "other.txt").write_text("mine")
    folder.write(CAVE, None, sha(b"dark"))
    assert (place / "story" / "part" / "other.txt").exists()


Save = Callable[[Path], object]


def in_place(path: Path) -> None:
    path.write_bytes(b"saved meanwhile")


def by_rename(path: Path) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(b"saved meanwhile")
    beside.replace(path)


@pytest.mark.parametrize("save", [in_place, by_rename])
@pytest.mark.parametrize("exchange", [True, False])
def test_a_save_in_the_last_moment_survives(
    folder: Folder, place: Path, save: Save, exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The author saves after we looked and before the file is replaced."""
    folder.write(CAVE, b"dark", None)
    real = Folder._write_beside

    def stage_then_save(self: Folder, where: Path, content: bytes, *, keep_mode: bool) -> Path:
        staged = real(self, where, content, keep_mode=keep_mode)
        save(where)
        return staged

    monkeypatch.setattr(Folder, "_write_beside", stage_then_save)
    if not exchange:
        monkeypatch.setattr(files_module, "exchange", lambda _, __: False)
    assert folder.write(CAVE, b"ours", sha(b"dark")) == Kept(CAVE, b"saved meanwhile")
    assert folder.read(CAVE) == b"saved meanwhile"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no exchange there")
def test_a_second_save_while_the_first_goes_back_survives(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(CAVE, b"dark", None)
    saves = [b"saved meanwhile", b"saved again", b"and again"]

    def save_then_exchange(staged: Path, where: Path) -> bool:
        if saves:
            beside = where.with_suffix(".new")
            beside.write_bytes(saves.pop(0))
            beside.replace(where)
        return really_exchange(staged, where)

    monkeypatch.setattr(files_module, "exchange", save_then_exchange)
    assert folder.write(CAVE, b"ours", sha(b"dark")) == Kept(CAVE, b"and again")
    assert folder.read(CAVE) == b"and again"
    assert not list((place / "stage").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no exchange there")
def test_a_file_that_is_removed_while_a_save_goes_back_stays_removed(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(CAVE, b"dark", None)
    steps: list[Save] = [in_place, Path.unlink]

    def step_then_exchange(staged: Path, where: Path) -> bool:
        steps.pop(0)(where)
        return really_exchange(staged, where)

    monkeypatch.setattr(files_module, "exchange", step_then_exchange)
    assert folder.write(CAVE, b"ours", sha(b"dark")) == Kept(CAVE, None)
    assert b"saved meanwhile" in trash(place)


@pytest.mark.parametrize("save", [in_place, by_rename])
def test_a_save_in_the_last_moment_before_a_removal_survives(
    folder: Folder, place: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(CAVE, b"dark", None)
    real, saves = Folder.read, [save]

    def read_then_save(self: Folder, path: StoryPath) -> bytes | Large | None:
        content = real(self, path)
        if saves:
            saves.pop()(place / "story" / CAVE)
        return content

    monkeypatch.setattr(Folder, "read", read_then_save)
    assert folder.write(CAVE, None, sha(b"dark")) == Kept(CAVE, b"saved meanwhile")
    assert folder.read(CAVE) == b"saved meanwhile"


@pytest.mark.parametrize("again", [b"and again", None])
def test_a_save_in_the_very_moment_of_a_removal_goes_back(
    folder: Folder, place: Path, again: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """... unless it was saved once more before it could."""
    folder.write(CAVE, b"dark", None)
    path = place / "story" / CAVE
    really_replace, really_link = Path.replace, os.link

    def save_then_replace(self: Path, target: Path) -> Path:
        if self == path:
            path.write_bytes(b"saved meanwhile")
        return really_replace(self, target)

    def save_then_link(source: Path, target: Path) -> None:
        if again is not None:
            path.write_bytes(again)
        really_link(source, target)

    monkeypatch.setattr(Path, "replace", save_then_replace)
    monkeypatch.setattr(os, "link", save_then_link)
    expected = again or b"saved meanwhile"
    assert folder.write(CAVE, None, sha(b"dark")) == Kept(CAVE, expected)
    assert path.read_bytes() == expected
    assert (b"saved meanwhile" in trash(place)) == (again is not None)
    assert not list((place / "stage").iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no exchange there")
def test_a_save_that_came_out_goes_back_before_anything_else(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor that reads ours meanwhile would write it over what its author saved."""
    folder.write(CAVE, b"dark", None)
    steps: list[Save] = [in_place, Path.exists]
    real, seen = Trash.put, []

    def step_then_exchange(staged: Path, where: Path) -> bool:
        steps.pop(0)(where)
        return really_exchange(staged, where)

    def look_then_put(self: Trash, path: str, content: bytes) -> None:
        if content == b"saved meanwhile":
            seen.append((place / "story" / CAVE).read_bytes())
        real(self, path, content)

    monkeypatch.setattr(files_module, "exchange", step_then_exchange)
    monkeypatch.setattr(Trash, "put", look_then_put)
    assert folder.write(CAVE, b"ours", sha(b"dark")) == Kept(CAVE, b"saved meanwhile")
    assert seen == [b"saved meanwhile"]


def test_what_a_killed_process_left_is_in_the_trash(folder: Folder, place: Path) -> None:
    (place / "stage" / "0123456789abcdef").write_bytes(b"a save that was about to go back")
    folder.tidy()
    assert trash(place) == {b"a save that was about to go back"}
    assert not list((place / "stage").iterdir())


def test_what_is_already_so_is_not_written(folder: Folder, place: Path) -> None:
    folder.write(CAVE, b"dark", None)
    before = (place / "story" / CAVE).stat()
    assert folder.write(CAVE, b"dark", sha(b"dark")) == Replaced(CAVE, b"dark")
    after = (place / "story" / CAVE).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are another matter there")
def test_the_mode_of_a_file_stays(folder: Folder, place: Path) -> None:
    folder.write(CAVE, b"dark", None)
    (place / "story" / CAVE).chmod(0o640)
    folder.write(CAVE, b"darker", sha(b"dark"))
    assert (place / "story" / CAVE).stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_neither_read_nor_written_nor_followed(folder: Folder, place: Path) -> None:
    outside = place / "outside"
    outside.mkdir()
    (outside / "secret.twee").write_bytes(b"secret")
    (place / "story" / "out").symlink_to(outside)
    (place / "story" / "one.twee").symlink_to(outside / "secret.twee")
    found, left_out = folder.scan()
    assert found == {}
    assert sorted(problem.path for problem in left_out) == ["one.twee", "out"]
    for name in ("out/secret.twee", "one.twee"):
        assert folder.read(StoryPath(name)) is None
        with pytest.raises(UnreadableFile):
            folder.write(StoryPath(name), b"overwritten", None)
    assert (outside / "secret.twee").read_bytes() == b"secret"


@pytest.mark.parametrize("path", ["../out", "/etc/passwd", ".git/config", ".whisker/local/key", ""])
def test_no_name_leads_out_of_the_folder(folder: Folder, path: str) -> None:
    with pytest.raises(UnsafePath):
        folder.read(StoryPath(path))
    with pytest.raises(UnsafePath):
        folder.write(StoryPath(path), b"x", None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_says_why(folder: Folder, place: Path) -> None:
    folder.write(CAVE, b"dark", None)
    (place / "story" / CAVE).chmod(0)
    with pytest.raises(UnreadableFile, match="ermission"):
        folder.read(CAVE)


def test_a_folder_under_the_name_of_a_file_is_no_file(folder: Folder, place: Path) -> None:
    (place / "story" / CAVE).mkdir(parents=True)
    assert folder.read(CAVE) is None


def test_a_file_where_a_folder_should_be_is_an_error_and_stays(folder: Folder, place: Path) -> None:
    (place / "story" / "part").write_bytes(b"a file")
    with pytest.raises(UnreadableFile):
        folder.write(CAVE, b"dark", None)
    assert (place / "story" / "part").read_bytes() == b"a file"


def test_a_scan_finds_all_files_and_names_those_left_out(folder: Folder, place: Path) -> None:
    for name in ("b.twee", "a/c.css", "a/b/d.png", "x.tmp", ".git/config", "aux.txt"):
        path = place / "story" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found, left_out = folder.scan()
    assert sorted(found) == ["a/b/d.png", "a/c.css", "b.twee"]
    assert [problem.path for problem in left_out] == ["aux.txt"]


def test_a_file_that_rules_leave_out_is_found_only_if_it_is_known(
    folder: Folder, place: Path
) -> None:
    for name in (".gitignore", "log/a.log", "log/b.log"):
        path = place / "story" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"*.log\n")
    gone = StoryPath("log/gone.log")
    found, _ = folder.scan([StoryPath("log/b.log"), gone])
    assert sorted(found) == [".gitignore", "log/b.log"]


@pytest.mark.parametrize(
    ("name", "content"), [(".env", b"x"), ("k.txt", b"-----BEGIN PRIVATE KEY")]
)
def test_what_is_private_neither_leaves_nor_is_written_over(
    folder: Folder, place: Path, name: str, content: bytes
) -> None:
    path = StoryPath(name)
    (place / "story" / name).write_bytes(content)
    assert folder.why_not(name)
    with pytest.raises(LeftOut):
        folder.write(path, b"theirs", sha(content))
    assert (place / "story" / name).read_bytes() == content
    (place / "story" / ".whisker").mkdir()
    (place / "story" / ".whisker" / "ignore").write_text(f"!{name}\n")
    assert folder.why_not(name) is None
    assert folder.read(path) == content


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.twee", None),
        ("not-there.twee", None),
        (
            "a.twee~",
            "a.twee~ is not synced: an editor or the system keeps it there for itself (*~)",
        ),
        (".git/config", "'.git/config' is not synced: .git belongs to another tool"),
        ("aux.txt", "'aux.txt' is not synced: its name is that of a device on Windows"),
    ],
)
def test_it_says_why_a_file_is_not_synced(
    folder: Folder, place: Path, name: str, why: str | None
) -> None:
    (place / "story" / "a.twee").write_text("x")
    assert folder.why_not(name) == why


@pytest.mark.parametrize("exchange", [True, False])
def test_an_editor_that_writes_in_place_while_a_file_is_replaced_is_waited_for(
    folder: Folder, place: Path, exchange: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opened the file before, and goes on after it was swapped out."""
    folder.write(CAVE, b"dark", None)
    skip_unless_writers_are_known(place)
    writing: list[Any] = []

    def open_then_exchange(staged: Path, where: Path) -> bool:
        if not writing:
            file = where.open("r+b", buffering=0)
            file.truncate()
            writing.append(file)
            threading.Timer(0.1, finish).start()
        return exchange and really_exchange(staged, where)

    def finish() -> None:
        writing[0].write(b"saved meanwhile")
        writing[0].close()

    monkeypatch.setattr(files_module, "exchange", open_then_exchange)
    assert folder.write(CAVE, b"ours", sha(b"dark")) == Kept(CAVE, b"saved meanwhile")
    assert folder.read(CAVE) == b"saved meanwhile"


def skip_unless_writers_are_known(place: Path) -> None:
    with (place / "story" / CAVE).open("rb") as file:
        if is_written(file.fileno()) is None:
            pytest.skip("this system or disk does not say who writes")


@pytest.mark.parametrize("saved_again", [False, True])
def test_what_comes_later_still_takes_its_place_unless_there_is_something_newer(
    folder: Folder, place: Path, saved_again: bool
) -> None:
    folder.write(CAVE, b"dark", None)
    skip_unless_writers_are_known(place)
    path = place / "story" / CAVE
    file = path.open("r+b", buffering=0)
    done = folder.write(CAVE, b"ours", sha(b"dark"))
    assert isinstance(done, Replaced)
    assert done.held is not None
    assert folder.look_again(done.held) == done.held, "it is still at it"
    file.truncate()
    file.write(b"saved late")
    file.close()
    if saved_again:
        by_rename(path)
        assert folder.look_again(done.held) is None
        assert (path.read_bytes(), b"saved late" in trash(place)) == (b"saved meanwhile", True)
    else:
        assert folder.look_again(done.held) == Kept(CAVE, b"saved late")
        assert path.read_bytes() == b"saved late"
        assert b"ours" in trash(place)
    assert folder.look_again(done.held) is None
    assert not list((place / "stage").iterdir())


def test_where_nobody_tells_what_was_replaced_is_looked_at_once_more(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (files_module, writers_module):
        monkeypatch.setattr(module, "is_written", lambda _: None)
    monkeypatch.setattr(files_module, "HOLD_SECONDS", 0.1)
    folder.write(CAVE, b"dark", None)
    with (place / "story" / CAVE).open("r+b", buffering=0) as file:
        done = folder.write(CAVE, b"ours", sha(b"dark"))
        assert isinstance(done, Replaced)
        assert done.held is not None
        assert folder.look_again(done.held) == done.held
        file.write(b"late")
    time.sleep(0.1)
    assert folder.look_again(done.held) == Kept(CAVE, b"late")


def test_a_file_that_is_just_being_written_is_read_when_it_is_whole(
    folder: Folder, place: Path
) -> None:
    folder.write(CAVE, b"dark", None)
    skip_unless_writers_are_known(place)
    file = (place / "story" / CAVE).open("wb", buffering=0)

    def finish() -> None:
        file.write(b"whole")
        file.close()

    threading.Timer(0.1, finish).start()
    assert folder.read(CAVE) == b"whole"


def test_what_is_large_is_never_read_as_a_whole(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "LARGE", 4)
    monkeypatch.setattr(files_module, "CHUNK", 2)
    path, small, large = StoryPath("l"), b"1234", b"12345"
    (place / "story" / "s").write_bytes(small)
    (place / "story" / "l").write_bytes(large)
    assert folder.read(StoryPath("s")) == small
    assert folder.read(path) == Large(sha(large), 5, sha(b"12") + sha(b"34") + sha(b"5"))
    assert folder.chunks(path, 1, 9) == [b"34", b"5"]
    for ours in (False, True):
        content = b"other" if ours else b"another"
        (place / "large").write_bytes(content)
        held = content_of(place / "large")
        assert isinstance(held, Large)
        source = Source(held, place / "large", ours=ours)
        expected = folder.read(path)
        assert folder.write(path, source, sha256_of(expected)) == Replaced(path, source.content)
        assert (place / "story" / "l").read_bytes() == content
        assert (place / "large").exists() != ours
    assert trash(place) == {large, b"another"}
    assert folder.write(path, None, sha(b"other")) == Replaced(path, None)


def test_a_large_file_is_read_again_only_when_it_changed(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "LARGE", 4)
    path, place_of_it = StoryPath("l"), place / "story" / "l"
    place_of_it.write_bytes(b"12345")
    os.utime(place_of_it, (1, 1))
    first = folder.read(path)
    assert folder.read(path) is first
    place_of_it.write_bytes(b"54321")
    assert sha256_of(folder.read(path)) == sha(b"54321")
    place_of_it.write_bytes(b"12345")  # perhaps within one tick of the disk's clock
    assert folder.read(path) == first


def test_what_was_being_put_together_when_a_process_died_goes(folder: Folder, place: Path) -> None:
    (place / "stage" / f"{files_module.UNFINISHED}0123").write_bytes(b"half of it")
    folder.tidy()
    assert not list((place / "stage").iterdir())
    assert trash(place) == set()


@pytest.mark.parametrize("on_disk", ["caf\u00e9.twee", "cafe\u0301.twee"])
@pytest.mark.parametrize("known", ["caf\u00e9.twee", "cafe\u0301.twee", None])
def test_where_disks_spell_accents_anew_a_file_keeps_the_name_it_is_known_by(
    folder: Folder, place: Path, on_disk: str, known: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "_RESPELLS", True)
    (place / "story" / on_disk).write_text("x")
    found, _ = folder.scan([StoryPath(known)] if known else [])
    assert list(found) == [known or "caf\u00e9.twee"]


def test_where_they_do_not_two_spellings_are_two_files(folder: Folder, place: Path) -> None:
    for name in ("caf\u00e9.twee", "cafe\u0301.twee"):
        (place / "story" / name).write_text("x")
    if len(list((place / "story").iterdir())) == 2:
        assert len(folder.scan()[0]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no exchange there")
def test_a_large_save_that_cannot_go_back_is_in_the_trash(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "LARGE", 4)
    folder.write(CAVE, b"dark", None)
    steps: list[Save] = [in_place, Path.unlink]

    def step_then_exchange(staged: Path, where: Path) -> bool:
        steps.pop(0)(where)
        return really_exchange(staged, where)

    monkeypatch.setattr(files_module, "exchange", step_then_exchange)
    assert folder.write(CAVE, b"ours", sha(b"dark")) == Kept(CAVE, None)
    assert b"saved meanwhile" in trash(place)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no exchange there")
def test_a_late_save_does_not_displace_one_that_came_in_the_last_moment(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(CAVE, b"dark", None)
    skip_unless_writers_are_known(place)
    path = place / "story" / CAVE
    with path.open("r+b", buffering=0) as file:
        done = folder.write(CAVE, b"ours", sha(b"dark"))
        assert isinstance(done, Replaced)
        assert done.held is not None
        file.write(b"late")
    saves: list[Save] = [by_rename]

    def save_then_exchange(staged: Path, where: Path) -> bool:
        if saves:
            saves.pop()(where)
        return really_exchange(staged, where)

    monkeypatch.setattr(files_module, "exchange", save_then_exchange)
    assert folder.look_again(done.held) is None
    assert path.read_bytes() == b"saved meanwhile"
    assert b"late" in trash(place)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells who writes to a file")
def test_a_glimpse_is_of_what_is_whole_just_now(
    folder: Folder, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cave = place / "story" / CAVE
    cave.parent.mkdir()
    assert folder.glimpse(CAVE) is None
    with cave.open("wb", buffering=0) as file:
        file.write(b"da")
        assert folder.glimpse(CAVE) is None
        file.write(b"rk")
    assert folder.glimpse(CAVE) == b"dark"
    monkeypatch.setattr(files_module, "LARGE", 3)
    assert folder.glimpse(CAVE) is None


def test_a_glimpse_is_of_nothing_private_and_of_no_link(folder: Folder, place: Path) -> None:
    story = place / "story"
    (story / "id.txt").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (story / "part").mkdir()
    (story / CAVE).symlink_to(story / "id.txt")
    for name in ("id.txt", CAVE, "part"):
        assert folder.glimpse(StoryPath(name)) is None
