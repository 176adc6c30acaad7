"""What happened when, as lines of a file: for whoever looks into what was left of a bad run."""

from __future__ import annotations

import time
from pathlib import Path


class Diary:
    """Lines with the time of day, as the daemons' logs have it."""

    def __init__(self, place: Path) -> None:
        self._file = (place / "diary").open("a", encoding="utf-8", buffering=1)

    def note(self, who: str, what: str) -> None:
        """Write a line."""
        now = time.time()
        clock = time.strftime("%H:%M:%S", time.localtime(now))
        print(f"{clock},{int(now * 1000) % 1000:03} {who}: {what}", file=self._file)

    def close(self) -> None:
        """Write no more."""
        self._file.close()
