"""
What a command prints.

Sentences for people on standard output, problems on standard error, or one JSON object
for programs. No meaning by colour or position alone: where something is shown
nicely on a terminal, ``--plain`` says the same, one fact on each line.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from typing import Any

from whisker_sync.shown import harmless

VERSION = 1
"""Of the JSON objects; changes only when a field changes its meaning."""


@dataclass(slots=True)
class Output:
    """How this run prints; set by the options that all commands share."""

    json: bool = False
    quiet: bool = False
    plain: bool = field(
        default_factory=lambda: bool(
            os.environ.get("WHISKER_PLAIN") or os.environ.get("ACCESSIBLE")
        )
    )

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
            _print(sentence, sys.stdout)

    def give(self, answer: str) -> None:
        """Print what was asked for: also when the rest is quiet."""
        if not self.json:
            _print(answer, sys.stdout)

    def data(self, values: dict[str, Any]) -> None:
        """Print the JSON object for programs, if they asked for it."""
        if self.json:
            _print(json.dumps({"v": VERSION, **values}, ensure_ascii=True), sys.stdout)

    def problem(self, sentence: str, code: int) -> None:
        """Print what went wrong."""
        if self.json:
            self.data({"error": {"code": code, "sentence": sentence}})
        else:
            _print(f"whisker: {sentence}", sys.stderr)


def _any_set(*names: str) -> bool:
    return any(os.environ.get(name) for name in names)


def _print(text: str, stream: Any) -> None:
    """Print, with ``?`` for what the terminal does not have, or would act upon."""
    encoding = stream.encoding or "utf-8"
    stream.write(harmless(text).encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()


OUTPUT = Output()
"""The output of this run."""
