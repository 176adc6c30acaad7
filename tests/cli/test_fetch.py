"""``whisker fetch`` and what a device is told to fetch by itself, with two daemons."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.cli.terminal import LOOPBACK, Person

FILM = Random(7).randbytes(3 << 20)


def test_a_large_file_comes_when_it_is_asked_for_and_goes_on_after_a_restart(
    pair: tuple[Person, Person],
) -> None:
    ada, bob = pair
    assert bob.json("sync", "config", "--fetch-up-to", "1")["fetch_up_to"] == 1
    (ada.folder / "film.mp4").write_bytes(FILM)
    (ada.folder / "icon.png").write_bytes(FILM[:1000])
    for person in (ada, bob, ada, bob):
        assert person.run("sync", "now").returncode == 0
    assert (bob.folder / "icon.png").read_bytes() == FILM[:1000]
    assert not (bob.folder / "film.mp4").exists()
    assert bob.json("fetch")["not_fetched"] == [{"path": "film.mp4", "size": len(FILM)}]
    assert "1 large file is not fetched" in bob.run("sync", "status").stdout
    assert "not fetched, as you set it" in bob.json("sync", "status", "film.mp4")["why"]
    assert bob.run("fetch", "moon.mp4").returncode == 2
    ada.run("sync", "stop")
    waiting = bob.run("fetch", "film.mp4", "--timeout", "1")
    assert (waiting.returncode, "goes on" in waiting.stdout) == (75, True)
    bob.run("sync", "stop")
    bob.start()
    ada.start()
    assert bob.run("fetch", "film.mp4").returncode == 0
    assert (bob.folder / "film.mp4").read_bytes() == FILM
    assert bob.json("fetch")["not_fetched"] == []


def test_what_was_not_fetched_comes_when_the_limit_goes(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    bob.run("sync", "stop")
    bob.run("sync", "config", "--fetch-up-to", "0")
    bob.start()
    (ada.folder / "icon.png").write_bytes(FILM[:1000])
    for person in (ada, bob):
        assert person.run("sync", "now").returncode == 0
    assert not (bob.folder / "icon.png").exists()
    assert bob.json("sync", "config", "--unset-fetch-up-to")["fetch_up_to"] is None
    assert bob.run("sync", "now").returncode == 0
    assert (bob.folder / "icon.png").read_bytes() == FILM[:1000]
    bad = bob.run("sync", "config", "--fetch-up-to", "1", "--unset-fetch-up-to")
    assert bad.returncode == 2


def test_who_joins_may_say_before_anything_comes_how_large_it_may_be(
    pair: tuple[Person, Person], tmp_path: Path
) -> None:
    ada, _ = pair
    (ada.folder / "film.mp4").write_bytes(FILM)
    assert ada.run("sync", "now").returncode == 0
    link = ada.json("invite", "--yes")["link"]
    cleo = Person(tmp_path, "cleo")
    try:
        joined = cleo.run(
            *("join", "-", str(cleo.folder), "--interface", LOOPBACK, "--fetch-up-to", "1"),
            inside=False,
            given=link + "\n",
        )
        assert joined.returncode == 0, joined.stderr
        assert (cleo.folder / "story.twee").read_bytes() == (ada.folder / "story.twee").read_bytes()
        assert cleo.json("fetch")["not_fetched"] == [{"path": "film.mp4", "size": len(FILM)}]
        assert cleo.json("sync", "config")["fetch_up_to"] == 1
    finally:
        cleo.end()
