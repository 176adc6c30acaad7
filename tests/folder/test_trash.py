"""Tests for :mod:`whisker_sync.folder.trash`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from whisker_sync.errors import NotInTrash
from whisker_sync.folder import trash as trash_module
from whisker_sync.folder.trash import INDEX, Trash


@pytest.fixture
def trash(tmp_path: Path) -> Trash:
    (tmp_path / "trash").mkdir()
    return Trash(tmp_path / "trash")


def again(tmp_path: Path) -> Trash:
    """The same trash, as another process sees it."""
    return Trash(tmp_path / "trash")


def name(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_version_is_found_by_the_beginning_of_its_name(trash: Trash, tmp_path: Path) -> None:
    trash.put("cave.twee", b"dark")
    trash.put("b.twee", b"light")
    found = again(tmp_path).find(name(b"dark")[:8])
    assert (found.path, found.size) == ("cave.twee", 4)
    assert trash.place_of(found).read_bytes() == b"dark"


@pytest.mark.parametrize("start", ["", "zz", "0" * 64])
def test_what_is_not_there_is_not_found(trash: Trash, start: str) -> None:
    trash.put("cave.twee", b"dark")
    trash.put("cave.twee", b"darker")
    with pytest.raises(NotInTrash):
        trash.find(start)


def test_a_file_moves_into_it(trash: Trash, tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "old").write_bytes(b"dark")
        trash.take("cave.twee", tmp_path / "old")
        assert not (tmp_path / "old").exists()
    assert [each.path for each in trash.versions()] == ["cave.twee"]


def test_the_newest_comes_first_and_one_content_may_have_been_in_two_places(trash: Trash) -> None:
    for path, content in (("a", b"1"), ("b", b"1"), ("a", b"2"), ("a", b"1")):
        trash.put(path, content)
    assert [(each.path, each.sha256) for each in trash.versions()] == [
        ("a", name(b"1")), ("a", name(b"2")), ("b", name(b"1")),
    ]  # fmt: skip


def test_it_is_bounded_and_forgets_the_oldest(
    trash: Trash, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash_module, "MAX_BYTES", 3000)
    for i in range(20):
        trash.put("cave.twee", bytes([i]) * 500)
    assert [each.sha256 for each in trash.versions()] == [
        name(bytes([i]) * 500) for i in range(19, 13, -1)
    ]
    trash = again(tmp_path)
    trash.put("large", b"x" * 5000)
    assert [each.path for each in trash.versions()] == ["large"], "the newest always stays"


def test_what_is_old_goes(trash: Trash, monkeypatch: pytest.MonkeyPatch) -> None:
    trash.put("a", b"old")
    monkeypatch.setattr(trash_module, "MAX_SECONDS", -1.0)
    trash.put("a", b"new")
    assert [each.sha256 for each in trash.versions()] == [name(b"new")]


def test_the_index_stays_small(
    trash: Trash, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trash_module, "MAX_SPARE_LINES", 10)
    for i in range(100):
        trash.put("a", b"%d" % (i % 2))
    assert len((tmp_path / "trash" / INDEX).read_text().splitlines()) <= 13
    assert len(trash.versions()) == 2


def test_what_the_index_does_not_name_is_there_all_the_same(trash: Trash, tmp_path: Path) -> None:
    trash.put("a", b"1")
    index = tmp_path / "trash" / INDEX
    index.write_text(index.read_text()[:20] + '\n{"path": 7}\n[]\nnull\n')
    (found,) = again(tmp_path).versions()
    assert (found.path, found.sha256) == ("", name(b"1"))
