"""
The journal's database after its disk did something to it.

A damaged file gives an error of ours, or a journal of which every row that comes back
is one that was written. Rows may be gone only where the file says so: see
:meth:`Database.judge`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from benchmarks.fuzz.corpus import kept
from benchmarks.fuzz.mutate import mutate
from benchmarks.fuzz.target import Broken, Place, Target, Verdict
from whisker_sync.batch import Batch, Recalled
from whisker_sync.errors import JournalDamaged, JournalTooNew
from whisker_sync.ids import DeviceId
from whisker_sync.record import Entry, Record
from whisker_sync.store.journal import Journal

_ENTROPY = b"incarnat"
_ADA, _BOB = DeviceId(b"a" * 32), DeviceId(b"b" * 32)
_PAGE = 4096
_PICTURE = Random(3).randbytes(6000)
_STATES = {4: b"state one " * 300, 8: b"state two " * 400}
_NOTES = b"all notes"
_FACTS = {f"shadow/file-{n}.twee": Random(n).randbytes(30 * n) for n in range(12)}


def _entry(seq: int) -> Entry:
    document = "notes" if seq % 5 == 0 else "story"
    update = Random(seq).randbytes(seq * 9 % 120)
    voucher, signature = (_BOB, b"s" * 64) if seq % 4 == 0 else (DeviceId(b""), b"")
    author = _BOB if seq % 3 == 0 else _ADA
    return Entry(seq, author, Record(document, update, author, seq, 1, 1, voucher, signature))


_ENTRIES = {seq: _entry(seq) for seq in range(1, 41)}


class Database(Target):
    """:meth:`whisker_sync.store.journal.Journal.open`, and what one can do behind it."""

    def __init__(self) -> None:
        self._place = Place()
        self._path = self._place.path / "journal.db"
        clean, torn = _clean(self._path), _unclean(self._path)
        super().__init__([clean, torn, *kept("journal").values()])

    def draw(self, dice: Random) -> bytes:
        """Bytes changed where they are, more often than moved: disks do not insert."""
        data = dice.choice(self.samples if not dice.randrange(9) else self.samples[:2])
        match dice.randrange(6):
            case kind if not kind or len(data) < _PAGE:
                return mutate(dice, data, self.samples)
            case 1:  # a page in the place of another, or of nothing
                pages = [data[at : at + _PAGE] for at in range(0, len(data), _PAGE)]
                other = dice.choice(pages) if dice.randrange(2) else bytes(_PAGE)
                pages[dice.randrange(len(pages))] = other
                return b"".join(pages)
            case 2:  # the beginning of a page says where everything else on it is
                return _scratch(dice, data, dice.randrange(0, len(data), _PAGE), 120)
            case _:
                return _scratch(dice, data, 0, len(data))

    def judge(self, case: int, data: bytes) -> Verdict:
        """All that comes back was written, and what is wrong is said as an error of ours."""
        self._put(data)
        try:
            journal = Journal.open(self._path, b"another!")
        except (JournalDamaged, JournalTooNew) as problem:
            str(problem)
            return Verdict.REFUSED
        try:
            return _use(journal)
        finally:
            with suppress(JournalDamaged):
                journal.close()

    def close(self) -> None:
        """Take the file away."""
        self._place.close()

    def _put(self, data: bytes) -> None:
        for name in ("journal.db-wal", "journal.db-shm"):
            self._path.with_name(name).unlink(missing_ok=True)
        self._path.write_bytes(data)


def _use(journal: Journal) -> Verdict:
    """Read all there is, then go on writing."""
    with suppress(JournalDamaged):
        if journal.asset(hashlib.sha256(_PICTURE).digest()) not in {None, _PICTURE}:
            raise Broken("a binary file came back changed")
    complaints = journal.check()
    try:
        recalled = journal.recall()
        for entry in journal.read(0, 1 << 20) + journal.read(30, 1 << 20):
            if entry != _ENTRIES.get(entry.seq):
                raise Broken(f"entry {entry.seq} came back changed")
    except JournalDamaged:
        if not complaints:
            raise Broken("what is damaged looks well when it is checked") from None
        return Verdict.REFUSED
    fresh = recalled.head == 0 and not recalled.tail and not recalled.documents
    if not fresh:
        _compare(recalled)
        if recalled.head != len(_ENTRIES):
            raise Broken(f"the head is {recalled.head}")
        if recalled.incarnation != _ENTROPY:
            raise Broken("it calls itself by another incarnation")
    head = recalled.head + 1
    _attempt(lambda: journal.write([Batch((Entry(head, _ADA, _entry(3).record),))]))
    _attempt(lambda: journal.compact("notes", head, b"whole", b"d", lambda _: b"d"))
    return Verdict.ACCEPTED


def _compare(recalled: Recalled) -> None:
    """Rows that were not written are worse than an error, and so are rows that are gone."""
    for entry in recalled.tail:
        if entry != _ENTRIES.get(entry.seq):
            raise Broken(f"entry {entry.seq} came back changed")
    for name, value in recalled.facts.items():
        if _FACTS.get(name) != value:
            raise Broken(f"the fact {name!r} came back changed")
    known = {entry.record.update for entry in _ENTRIES.values()} | {*_STATES.values(), _NOTES}
    for name, updates in recalled.documents.items():
        if not known.issuperset(updates):
            raise Broken(f"the document {name!r} came back changed")
    if recalled.documents.keys() != {"story", "notes"}:
        raise Broken("a document is gone, and nobody says so")


def _attempt(call: Callable[[], None]) -> None:
    with suppress(JournalDamaged):
        call()


def _scratch(dice: Random, data: bytes, start: int, size: int) -> bytes:
    """Change a few bytes of a stretch where they are."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = start + dice.randrange(max(1, min(size, len(data) - start)))
        match dice.randrange(4):
            case 0:
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                changed[at] = dice.choice((0, 1, 2, 127, 128, 255))
            case 2:
                changed[at] = dice.randrange(256)
            case _:
                size = dice.choice((2, 16, 512))
                changed[at : at + size] = dice.randbytes(min(size, len(changed) - at))
    return bytes(changed)


def _write(path: Path) -> Journal:
    path.unlink(missing_ok=True)
    journal = Journal.open(path, _ENTROPY)
    for first in range(1, 41, 4):
        entries = tuple(_ENTRIES[seq] for seq in range(first, first + 4))
        facts = tuple((name, value) for name, value in _FACTS.items())
        picture = (hashlib.sha256(_PICTURE).digest(), _PICTURE)
        journal.write([Batch(entries, facts[first % 12 :] or facts, (picture,))])
        if first + 3 in _STATES:
            journal.compact("story", first + 3, _STATES[first + 3], b"d", lambda _: b"d")
    return journal


def _clean(path: Path) -> bytes:
    """The file after its process ended as it should."""
    _write(path).close()
    return path.read_bytes()


def _unclean(path: Path) -> bytes:
    """The file after its process died; compacting has put all of it into one file."""
    journal = _write(path)
    journal.compact("notes", len(_ENTRIES), _NOTES, b"d", lambda _: b"d")
    left = path.read_bytes()
    journal.close()
    return left
