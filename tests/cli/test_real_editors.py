"""
Editors as people use them, in a terminal, while a co-author writes in the same file.

Each is started in tmux, with and without the settings of ``docs/howto/editors.md``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import Person

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "editors.md").read_text("utf-8")
BOBS, ADAS = "Bob hears the wind.", "Ada sees a light."

pytestmark = [
    pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux"),
    pytest.mark.timeout(120),
]


def setting(language: str) -> str:
    """The settings of the page in a language, as they stand there."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


class Terminal:
    """A terminal with a program in it."""

    def __init__(self, place: Path, command: list[str]) -> None:
        self._tmux = ["tmux", "-S", str(place / "tmux"), "-f", "/dev/null"]
        self._run("new-session", "-d", "-x", "100", "-y", "30", *command)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, check=False, timeout=20
        )
        return done.stdout

    def type(self, *keys: str) -> None:
        """Press keys; texts of one key's name are that key."""
        for key in keys:
            self._run("send-keys", key)

    def write(self, text: str) -> None:
        """Type a text as it is."""
        self._run("send-keys", "-l", text)

    def until(self, text: str, seconds: float = 15.0) -> None:
        """Wait until something is on the screen."""
        until(lambda: text in self._run("capture-pane", "-p"), seconds, text)

    def close(self) -> None:
        self._run("kill-server")


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.fixture
def open_in(
    pair: tuple[Person, Person], tmp_path: Path
) -> Iterator[Callable[..., tuple[Terminal, Path]]]:
    """Open Ada's story in an editor."""
    opened: list[Terminal] = []

    def start(*command: str) -> tuple[Terminal, Path]:
        if shutil.which(command[0]) is None:
            pytest.skip(f"there is no {command[0]}")
        place = pair[0].folder / "story.twee"
        opened.append(Terminal(tmp_path, [*command, str(place)]))
        opened[-1].until("It is dark here.")
        return opened[-1], place

    yield start
    for terminal in opened:
        terminal.close()


def bob_writes(pair: tuple[Person, Person], place: Path) -> None:
    theirs = pair[1].folder / "story.twee"
    theirs.write_text(theirs.read_text().replace("The wind is cold.", f"Cold. {BOBS}"))
    until(lambda: BOBS in place.read_text(), 15, "Bob's words are in Ada's file")


def both_are_everywhere(pair: tuple[Person, Person]) -> None:
    def are() -> bool:
        texts = [(person.folder / "story.twee").read_text() for person in pair]
        return texts[0] == texts[1] and BOBS in texts[0] and ADAS in texts[0]

    until(are, 20, "both texts are in both files")
    text = (pair[0].folder / "story.twee").read_text()
    assert (text.count(BOBS), text.count(ADAS)) == (1, 1)
    names = {path.name for path in pair[1].folder.iterdir()}
    assert names == {"story.twee", ".whisker"}


def test_vim_as_it_comes_asks_and_whatever_is_said_both_texts_are_there(
    pair: tuple[Person, Person], open_in: Callable[..., tuple[Terminal, Path]]
) -> None:
    vim, place = open_in("vim", "-u", "NONE", "-N")
    vim.type("G", "o")
    vim.write(ADAS)
    vim.type("Escape")
    bob_writes(pair, place)
    vim.write(":w")
    vim.type("Enter")
    vim.until("Do you really want to write to it")
    vim.write("y")
    both_are_everywhere(pair)


def test_vim_with_our_settings_shows_what_arrives_and_asks_nothing(
    pair: tuple[Person, Person],
    open_in: Callable[..., tuple[Terminal, Path]],
    tmp_path: Path,
) -> None:
    (tmp_path / "vimrc").write_text(setting("vim"))
    vim, place = open_in("vim", "-N", "-u", str(tmp_path / "vimrc"))
    bob_writes(pair, place)
    vim.until(BOBS)
    vim.type("G", "o")
    vim.write(ADAS)
    vim.type("Escape")
    vim.write(":w")
    vim.type("Enter")
    both_are_everywhere(pair)


def test_emacs_as_it_comes_asks_and_whatever_is_said_both_texts_are_there(
    pair: tuple[Person, Person], open_in: Callable[..., tuple[Terminal, Path]]
) -> None:
    emacs, place = open_in("emacs", "-nw", "-Q")
    emacs.type("M->")
    emacs.write(ADAS)
    emacs.until(ADAS)
    bob_writes(pair, place)
    emacs.type("C-x", "C-s")
    emacs.until("Save anyway? (yes or no)")
    emacs.write("yes")
    emacs.type("Enter")
    both_are_everywhere(pair)


def test_emacs_with_our_settings_shows_what_arrives_and_asks_nothing(
    pair: tuple[Person, Person], open_in: Callable[..., tuple[Terminal, Path]]
) -> None:
    emacs, place = open_in("emacs", "-nw", "-Q", "--eval", setting("elisp"))
    bob_writes(pair, place)
    emacs.until(BOBS)
    emacs.type("M->")
    emacs.write(ADAS)
    emacs.type("C-x", "C-s")
    both_are_everywhere(pair)
