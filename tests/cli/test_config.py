"""``whisker sync config``: what can be set, and what there is nothing to set about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.terminal import Person

pytestmark = pytest.mark.waits
URL = "https://relay.example.org/mail"


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    person = Person(tmp_path, "ada")
    person.run("init", str(person.folder), inside=False)
    return person


def test_a_relay_and_a_name_are_set_shown_and_unset(ada: Person) -> None:
    home = ada.folder.parent / "home-ada" / "settings.toml"
    home.write_text("# mine\n" + home.read_text())
    assert ada.json("sync", "config")["url"] is None
    set_ = ada.json("sync", "config", "--url", URL + "/", "--device-name", "kitchen laptop")
    assert set_ == {
        "v": 1, "url": URL, "device_name": "kitchen laptop", "fetch_up_to": None,
        "plain": False,
    }  # fmt: skip
    assert ada.json("sync", "config") == set_
    assert home.read_text().startswith("# mine\n")
    shown = ada.run("sync", "config").stdout
    assert URL in shown
    assert "kitchen laptop" in shown
    unset = ada.json("sync", "config", "--unset-url", "--unset-device-name")
    assert unset["url"] is None
    assert unset["device_name"] != "kitchen laptop"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--strategy", "last_write_wins"), "merged word by word"),
        (("--strategy", "nonsense"), "merged word by word"),
        (("--key", "secret"), "takes no key"),
        (("--transport", "carrier-pigeon"), "carrier-pigeon"),
        (("--interval", "abc"), "abc"),
        (("--interval", "0"), "0"),
        (("--bogus",), "--bogus"),
        (("--url", "not an address"), "not an address"),
        (("--url", URL, "--unset-url"), "opposite"),
        (("--device-name", " "), "kitchen laptop"),
        (("--import",), "no such file"),
    ],
)
def test_what_has_no_meaning_is_refused_with_the_reason(
    ada: Person, options: tuple[str, ...], sentence: str
) -> None:
    done = ada.run("sync", "config", *options)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert ada.json("sync", "config")["url"] is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--strategy", "auto_merge"), "The others see"),
        (("--transport", "websocket"), "no transport to choose"),
        (("--interval", "60000"), "no interval to set"),
    ],
)
def test_what_is_needless_says_so(ada: Person, options: tuple[str, ...], sentence: str) -> None:
    done = ada.run("sync", "config", *options)
    assert done.returncode == 0
    assert sentence in done.stdout


def test_settings_of_the_original_are_taken_over(ada: Person) -> None:
    settings = {
        "url": URL,
        "api_key": "secret",
        "transport": "http",
        "sync_interval": 60000,
        "device_name": "old laptop",
        "conflict_strategy": "last_write_wins",
    }
    (ada.folder / ".whisker-sync-config.json").write_text(json.dumps(settings))
    done = ada.run("sync", "config", "--import")
    assert done.returncode == 0, done.stderr
    assert "takes no key" in done.stdout
    assert "transport, sync_interval, conflict_strategy" in done.stdout
    assert "secret" not in done.stdout
    assert ada.json("sync", "config") == {
        "v": 1, "url": URL, "device_name": "old laptop", "fetch_up_to": None,
            "plain": False,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", "{", '{"url": "carrier pigeon"}'])
def test_settings_of_the_original_that_make_no_sense_change_nothing(ada: Person, text: str) -> None:
    (ada.folder / ".whisker-sync-config.json").write_text(text)
    assert ada.run("sync", "config", "--import").returncode == 2
    assert ada.json("sync", "config")["url"] is None


def test_who_always_wants_plain_words_says_so_once_even_without_a_story(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    assert ada.run("sync", "config", "--always-plain", inside=False).returncode == 0
    ada.run("init", str(ada.folder), inside=False)
    assert ada.json("sync", "config")["plain"] is True
    assert ada.json("sync", "config", "--unset-always-plain")["plain"] is False
    assert ada.json("sync", "config")["plain"] is False


def test_what_is_no_settings_file_does_not_keep_commands_from_printing(tmp_path: Path) -> None:
    ada = Person(tmp_path, "ada")
    home = Path(ada.environment["WHISKER_HOME"])
    home.mkdir()
    (home / "settings.toml").write_text("plain = = true")

    assert "formats" in ada.run("formats", inside=False).stdout.lower()
    assert ada.run("init", str(ada.folder), inside=False).returncode != 0
