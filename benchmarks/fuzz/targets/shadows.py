"""
What a device remembers of itself between two runs: shadows of files, the note of intent.

Both were written by ourselves, so what is damaged counts as lost, and never as an error.
"""

from __future__ import annotations

import hashlib
import zlib
from random import Random

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.mutate import mutate
from benchmarks.fuzz.target import Broken, Place, Target, Verdict
from whisker_sync.ids import DeviceId
from whisker_sync.manuscript.shadow import Page, Part, Picture, Piece, Shadow, Staged, decode
from whisker_sync.record import Record
from whisker_sync.store.intent import Intent

_WORDS = (
    *(b"[", b"]", b"{", b"}", b'"', b",", b"null", b"true", b"1", b"-1", b"1e999", b"NaN", b"[[[["),
    *(b"1.0", b"9" * 30, b"9" * 5000, b'"page"', b'"picture"', b'"raw"', b'"\\r\\n"', b"\\ud800"),
    *(b"\\u0000", b'["x0000000000000000","t"]', b'""', b"0" * 64, b" ", b"\xff", b"\0", b"\\"),
)
_ID = "00112233445566ff"


class Shadows(Target):
    """:func:`whisker_sync.manuscript.shadow.decode`."""

    def __init__(self) -> None:
        parts = (
            Part(Piece.OWN, _ID, "prologue\n"),
            Part(Piece.PASSAGE, "0" * 16, ":: A\nText é\n\n"),
            Part(Piece.HEADLESS, "1" * 16, "more\n"),
        )
        pages = [
            Page.of(parts, "\n", False),
            Page.of(parts, "\r\n", True),
            Page.of((), "raw", False),
        ]
        picture = Picture(_ID, hashlib.sha256(b"").digest(), 7)
        facts = [Shadow(pages[0], Staged(pages[1])), Shadow(None, Staged(None)), Shadow(picture)]
        facts += [Shadow(pages[1], Staged(picture)), Shadow(pages[2])]
        samples = [fact for shadow in facts if (fact := shadow.encode()) is not None]
        self._plain = [zlib.decompress(sample) for sample in samples]
        super().__init__([*samples, *kept("shadow").values()], _WORDS)

    def draw(self, dice: Random) -> bytes:
        """Changed as it is kept, or before it is packed."""
        if not dice.randrange(3):
            return super().draw(dice)
        return zlib.compress(mutate(dice, dice.choice(self._plain), self._plain, _WORDS), 1)

    def judge(self, case: int, data: bytes) -> Verdict:
        """A shadow is kept as it was recalled, and its pages are what they say."""
        shadow = decode(data)
        if shadow is None:
            return Verdict.REFUSED
        if shadow.changed():
            raise Broken("what was just recalled has changed already")
        written = Shadow(shadow.disk, shadow.staged).encode()
        if written is None:
            return Verdict.ACCEPTED
        again = decode(written)
        if again is None or (again.disk, again.staged) != (shadow.disk, shadow.staged):
            raise Broken("it says something else when it is kept again")
        if isinstance(shadow.disk, Page):
            found = hashlib.sha256(shadow.disk.data()).digest()
            if found != shadow.disk.sha256:
                raise Broken("a page is not what its digest says")
        return Verdict.ACCEPTED


class Note(Target):
    """:meth:`whisker_sync.store.intent.Intent.left_over`."""

    def __init__(self) -> None:
        self._place = Place()
        self._path = self._place.path / "intent"
        one = Record("story", b"update", DeviceId(b"a" * 32), 1, 2)
        other = Record("é", b"", DeviceId(b"b" * 32), (1 << 63) - 1, 0)
        self._written = [self._write(records) for records in ((one,), (one, other), (other,) * 3)]
        self._known = {(one,), (one, other), (other,) * 3}
        super().__init__([*self._written, bytes(100), *kept("intent").values()])

    def judge(self, case: int, data: bytes) -> Verdict:
        """It names what was noted, or nothing."""
        self._path.write_bytes(data)
        found = self._read()
        if not found:
            return Verdict.REFUSED
        if found not in self._known:
            raise Broken("records that nobody noted")
        return Verdict.ACCEPTED

    def close(self) -> None:
        """Take the file away."""
        self._place.close()

    def _write(self, records: tuple[Record, ...]) -> bytes:
        self._path.unlink(missing_ok=True)
        intent = Intent(self._path)
        intent.enter(records)
        intent.close()
        return self._path.read_bytes()[:400]

    def _read(self) -> tuple[Record, ...]:
        intent = Intent(self._path)
        try:
            return intent.left_over()
        finally:
            intent.close()
