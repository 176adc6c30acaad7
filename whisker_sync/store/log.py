"""
The updates of a journal: entries, numbered without gaps, and snapshots in place of old ones.

Every row carries a checksum over its key and content; one that does not match is never
returned as if it were well. A *seal* over all of them, written with each transaction, says
whether one is missing. So nothing goes from here but by :meth:`Log.drop`, which takes it out of
the seal. Positions and the seal are in memory, too, and must go back with a transaction that
fails: :meth:`Log.as_before` is for that.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from whisker_sync.ids import DeviceId
from whisker_sync.record import Entry, Record
from whisker_sync.store.checksums import blob, entry_checksum, row_checksum
from whisker_sync.store.journal_file import JournalFile


class Log:
    """See the module; ``head`` is the newest position."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._devices: dict[bytes, int] = {}
        self._seal = 0
        self.head = 0

    def load(self) -> None:
        """
        Learn from the file how far it has come, and the numbers of devices.

        Raises:
            JournalDamaged: It does not say so as it was written.
        """
        head = self._file.meta("head")
        self.head, self._seal = (int.from_bytes(part, "big") for part in (head[:8], head[8:]))
        known = self._file.rows("SELECT id, key FROM device")
        self._devices = {blob(key): id_ for id_, key in known}

    @contextmanager
    def as_before(self) -> Iterator[None]:
        """If what is done within fails, know again what was known before."""
        head, seal, devices = self.head, self._seal, dict(self._devices)
        try:
            yield
        except BaseException:
            self.head, self._seal, self._devices = head, seal, devices
            raise

    # Reading.

    def all(self) -> tuple[Entry, ...]:
        """
        Every entry, in order.

        Raises:
            JournalDamaged: One is not as it was written.
        """
        return tuple(self._entries("SELECT * FROM log ORDER BY seq"))

    def after(self, position: int) -> Iterator[Entry]:
        """
        The entries after a position, in order; there may be a gap before the first.

        Raises:
            JournalDamaged: One is not as it was written.
        """
        return self._entries("SELECT * FROM log WHERE seq > ? ORDER BY seq", (position,))

    def first(self, tail: Sequence[Entry]) -> int:
        """From where on nothing is missing; ``tail`` are all entries."""
        first = self.head + 1
        for entry in reversed(tail):
            if entry.seq != first - 1:
                break
            first = entry.seq
        return first

    def snapshots(self) -> Iterator[tuple[str, int, bytes]]:
        """
        The newest snapshot of each document: its name, the position, the state.

        Raises:
            JournalDamaged: One is not as it was written.
        """
        newest: dict[str, tuple[Any, ...]] = {}
        columns = "document, through, state, digest, checksum"
        # All rows in their order, and no search: in a damaged table that may pass a row by.
        for row in self._file.rows(f"SELECT {columns} FROM snapshot"):
            if row[0] not in newest or row[1] > newest[row[0]][1]:
                newest[row[0]] = row
        for document, through, packed, digest, checksum in newest.values():
            what = f"the snapshot of {document!r}"
            self._file.check(checksum, what, "snapshot", document, through, packed, digest)
            try:
                yield document, through, zlib.decompress(packed)
            except zlib.error:
                raise self._file.damaged(f"{what} cannot be unpacked") from None

    @property
    def is_sealed(self) -> bool:
        """Whether all is there that was written."""
        seal = 0
        for table in ("log", "snapshot"):
            for (checksum,) in self._file.rows(f"SELECT checksum FROM {table}"):
                seal ^= int.from_bytes(checksum, "big")
        return seal == self._seal

    # Writing, within a transaction; then :meth:`write_head` is due.

    def write(self, entries: Iterable[Entry]) -> None:
        """Add entries, the first at the next position."""
        rows = []
        for entry in entries:
            assert entry.seq == self.head + 1, "positions in a journal have no gaps"
            self.head = entry.seq
            record = entry.record
            rows.append(
                (
                    entry.seq,
                    record.document,
                    self._number(entry.source),
                    self._number(record.author),
                    record.client,
                    record.time,
                    record.format,
                    self._number(record.voucher) if record.voucher else None,
                    record.signature or None,
                    record.update,
                    self._sealing(entry_checksum(entry)),
                )
            )
        self._file.run_for_each("INSERT INTO log VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)

    def write_snapshot(self, document: str, through: int, state: bytes, digest: bytes) -> None:
        """Add a snapshot, in place of one of the same position."""
        self.drop("snapshot WHERE document = ? AND through = ?", (document, through))
        packed = zlib.compress(state, 6)
        checksum = self._sealing(row_checksum("snapshot", document, through, packed, digest))
        row = (document, through, packed, digest, checksum)
        self._file.run("INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)", row)

    def drop(self, rows: str, arguments: tuple[Any, ...]) -> None:
        """Delete rows of the log or snapshots, given as table and condition."""
        for (checksum,) in self._file.rows(f"SELECT checksum FROM {rows}", arguments):
            self._sealing(checksum)
        self._file.run(f"DELETE FROM {rows}", arguments)

    def write_head(self) -> None:
        """Write how far the journal has come, and the seal."""
        sealed = self.head.to_bytes(8, "big") + self._seal.to_bytes(8, "big")
        self._file.set_meta("head", sealed)

    # Private methods.

    def _sealing(self, checksum: bytes) -> bytes:
        """Take a row into the seal, or out of it."""
        self._seal ^= int.from_bytes(checksum, "big")
        return checksum

    def _number(self, device: bytes) -> int:
        known = self._devices.get(device)
        if known is None:
            known = self._devices[device] = len(self._devices) + 1
            self._file.run("INSERT INTO device VALUES (?, ?)", (known, device))
        return known

    def _entries(self, query: str, arguments: tuple[Any, ...] = ()) -> Iterator[Entry]:
        keys = {id_: DeviceId(key) for key, id_ in self._devices.items()}
        for row in self._file.rows(query, arguments):
            seq, document, source, author, client, time, form, voucher, signature, update, sum_ = (
                row
            )
            try:
                entry = Entry(
                    seq,
                    keys[source],
                    Record(
                        document,
                        blob(update),
                        keys[author],
                        client,
                        time,
                        form,
                        keys[voucher] if voucher is not None else DeviceId(b""),
                        blob(signature or b""),
                    ),
                )
                intact = entry_checksum(entry) == sum_
            except (KeyError, TypeError, ValueError, AttributeError, struct.error):
                intact = False
            if not intact:
                raise self._file.damaged(f"entry {seq} is not as it was written")
            yield entry
