"""
What a decoder must look like to be fuzzed.

A target draws cases and judges them. It knows what its decoder promises: which
errors it may raise, and what must be true of whatever it returns. All other
exceptions are violations, whoever raises them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random

from benchmarks.fuzz.mutate import mutate


class Verdict(Enum):
    """What a decoder said of a case, as it may."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class Broken(Exception):
    """A decoder broke a promise; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A case whose violation was found later than it was judged."""

    case: int
    data: bytes
    problem: str


class Target(ABC):
    """A decoder under test; ``words`` are bytes that its format is made of."""

    def __init__(self, samples: Sequence[bytes], words: Sequence[bytes] = ()) -> None:
        self.samples = list(samples)
        """What cases are made from: valid ones first of all, and those of the corpus."""

        self.words = words

    def draw(self, dice: Random) -> bytes:
        """A case; it depends on the dice and the samples only."""
        return mutate(dice, dice.choice(self.samples), self.samples, self.words)

    @abstractmethod
    def judge(self, case: int, data: bytes) -> Verdict:
        """
        Give a case to the decoder.

        Raises:
            Broken: A promise was broken.
        """

    def follow_up(self, *, last: bool) -> Iterator[Suspect]:
        """Violations that are found apart from judging; called now and then, and at the end."""
        return iter(())

    def followed_up(self) -> int:
        """How many cases were looked at again apart from judging."""
        return 0

    def leftovers(self) -> dict[str, bytes]:
        """Files that one needs beside a violating input to see it again."""
        return {}

    def close(self) -> None:  # noqa: B027 - most have nothing
        """Take away what was made on disk."""


class Place:
    """A directory of a target's own, for decoders that read files."""

    def __init__(self) -> None:
        from tempfile import TemporaryDirectory

        self._directory = TemporaryDirectory(prefix="whisker-fuzz-")
        self.path = Path(self._directory.name)

    def close(self) -> None:
        """Take it away."""
        self._directory.cleanup()
