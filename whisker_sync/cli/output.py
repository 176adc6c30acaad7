"""
What a command prints.

Sentences for people on standard output, problems on standard error, or one JSON object
for programs. No meaning by colour or position alone: where something is shown
nicely on a terminal, ``--plain`` says the same, one fact on each line. Only on a terminal
are sentences broken into lines.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, BinaryIO

VERSION = 1
"""Of the JSON objects; changes only when a field changes its meaning."""

COLUMNS = 80
"""Of a terminal that does not say how many it has."""


@dataclass(slots=True)
class Output:
    """How this run prints; set by the options that all commands share."""

    json: bool = False
    quiet: bool = False
    _plain: bool | None = None

    @property
    def plain(self) -> bool:
        """Whether the user wants one fact on each line: said now, by the system, or for good."""
        if self._plain is None:
            said = os.environ.get("WHISKER_PLAIN") or os.environ.get("ACCESSIBLE")
            self._plain = bool(said) or _is_saved()
        return self._plain

    @plain.setter
    def plain(self, plain: bool) -> None:
        self._plain = plain

    @property
    def fancy(self) -> bool:
        """Whether this is a terminal whose user likes boxes and colours."""
        return (
            not self.plain
            and not self.json
            and not self.quiet
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
            and sys.stdout.isatty()
        )

    @property
    def interactive(self) -> bool:
        """Whether somebody can be asked."""
        return not self.json and sys.stdin.isatty() and sys.stdout.isatty()

    def say(self, sentence: str) -> None:
        """Print a sentence for people."""
        if not self.json and not self.quiet:
            self._print(sentence, sys.stdout)

    def give(self, answer: str) -> None:
        """Print what was asked for: also when the rest is quiet."""
        if not self.json:
            self._print(answer, sys.stdout)

    def copy(self, text: str) -> None:
        """Print what was asked for and is to be copied: it is never broken into lines."""
        if not self.json:
            _print(text, sys.stdout)

    def data(self, values: dict[str, Any]) -> None:
        """Print the JSON object for programs, if they asked for it."""
        if self.json:
            import json

            _print(json.dumps({"v": VERSION, **values}, ensure_ascii=True), sys.stdout)

    def problem(self, sentence: str, code: int) -> None:
        """Print what went wrong."""
        if self.json:
            self.data({"error": {"code": code, "sentence": sentence}})
        else:
            self._print(f"whisker: {sentence}", sys.stderr)

    def content(self, file: BinaryIO) -> None:
        """
        Print a file: byte for byte into a file or another program.

        A terminal gets its text, with ``?`` for what the terminal would act upon.
        """
        if sys.stdout.isatty():
            from io import TextIOWrapper

            for line in TextIOWrapper(file, "utf-8", "replace"):
                _print(line.removesuffix("\n"), sys.stdout)
            return
        while block := file.read(1 << 20):
            sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()

    def _print(self, text: str, stream: Any) -> None:
        if self.plain:
            text = text.expandtabs(4)
        elif stream.isatty():
            from whisker_sync.cli.lines import wrapped

            columns = columns_of(stream)
            text = "\n".join(part for line in text.split("\n") for part in wrapped(line, columns))
        _print(text, stream)


def _is_saved() -> bool:
    from whisker_sync.api.home import likes_plain, user_home

    return likes_plain(user_home())


def columns_of(stream: Any) -> int:
    """How wide a terminal is; what is none counts as one that does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or COLUMNS
    except (OSError, ValueError):
        return COLUMNS


def _print(text: str, stream: Any) -> None:
    """Print, with ``?`` for what the terminal does not have, or would act upon."""
    from whisker_sync.api.shown import harmless
    from whisker_sync.cli.lines import simple

    stream.write(simple(harmless(text), stream.encoding or "utf-8") + "\n")
    stream.flush()


OUTPUT = Output()
"""The output of this run."""
