"""Tests for :mod:`whisker_sync.node.home`."""

from __future__ import annotations

from pathlib import Path

import pytest

from whisker_sync.daemon.process import start, stop
from whisker_sync.node.home import HOME, passed_on
from whisker_sync.node.settings import load_user, make_workspace


def test_a_process_in_another_directory_finds_the_same_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert passed_on({HOME: "settings", "LANG": "C"}) == {HOME: str(tmp_path / "settings")}
    assert passed_on({HOME: "/settings"}) == {HOME: "/settings"}
    assert passed_on({HOME: ""}) == passed_on({}) == {}


def test_a_daemon_takes_a_relative_home_from_where_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME, "settings")
    user = load_user(Path("settings"), person="Ada")
    layout = make_workspace(tmp_path / "story", "The Cave", user)
    assert start(layout, ["--interface", "127.0.0.1"])["pid"]
    try:
        assert not (layout.root / "settings").exists()
        assert list(Path("settings", "stories").iterdir())
    finally:
        stop(layout)
