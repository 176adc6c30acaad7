"""
The journal of one device: every update it knows, what it must remember, binary files.

One SQLite file, one connection, one thread. What :meth:`Journal.write` returned from is
durable, and what raises has changed nothing. A row that is not as it was written is never
returned as if it were well: opening says :exc:`JournalDamaged`, and the file stays as it is; of
the history and of binary files, which the others have, too, it is passed over. Nothing of a
document is ever deleted but by :meth:`Journal.compact`, and only after the snapshot that replaces
it was read back and verified.

Each part knows one thing::

    journal.py        what is done together: recalled, written, compacted, begun anew
    log.py            entries and snapshots under one seal
    history.py        revisions
    journal_file.py   the file: how it is opened, its transactions, its errors
    checksums.py      whether a row is as it was written

Facts and contents of binary files are a table each and no more; they are kept here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from whisker_sync.batch import CONFIDENTIAL, Batch, Recalled
from whisker_sync.errors import DiskFull, JournalError
from whisker_sync.ids import Incarnation
from whisker_sync.record import Entry
from whisker_sync.revision import Revision
from whisker_sync.store.checksums import blob, row_checksum
from whisker_sync.store.history import History
from whisker_sync.store.journal_file import Connect, JournalFile, connect
from whisker_sync.store.log import Log
from whisker_sync.store.store import HISTORY_FROM

GENERATIONS = 2
"""Snapshots kept of each document: the newest and the one before it."""


class Journal:
    """An open journal; all calls from one thread."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file
        self._log = Log(file)
        self._history = History(file)

    @classmethod
    def open(cls, path: Path, entropy: bytes, *, connect: Connect = connect) -> Journal:
        """
        Open a journal, or make one; ``entropy`` is 8 random bytes for a new one's incarnation.

        Raises:
            JournalBusy: Another process has it open.
            JournalDamaged: It does not hold what was written. Nothing was changed.
            JournalTooNew: A newer version wrote it.
            DiskFull: There is no room for a new one.
        """
        file = JournalFile(path, connect)
        journal = cls(file)
        try:
            with file.guarded():
                file.prepare(entropy)
                journal._log.load()
        except BaseException:
            file.let_go()
            raise
        return journal

    # Reading.

    def recall(self) -> Recalled:
        """
        Everything that is kept, to start from.

        Raises:
            JournalDamaged: A row does not hold what was written.
        """
        with self._file.guarded():
            tail = self._log.all()
            documents: dict[str, list[bytes]] = {}
            covered: dict[str, int] = {}
            for document, through, state in self._log.snapshots():
                documents[document] = [state]
                covered[document] = through
            for entry in tail:
                if entry.seq > covered.get(entry.record.document, 0):
                    documents.setdefault(entry.record.document, []).append(entry.record.update)
            facts = self._facts()
            if not self._log.is_sealed:
                raise self._file.damaged("some of what was written is missing")
            for name in self._lost_assets(facts):
                del facts[name]  # so it is asked for again
            incarnation = Incarnation(self._file.meta("incarnation"))
            revisions = self._history.times()
        first = self._log.first(tail)
        return Recalled(
            incarnation=incarnation,
            head=self._log.head,
            first=first,
            facts=facts,
            documents={name: tuple(updates) for name, updates in documents.items()},
            tail=tuple(entry for entry in tail if entry.seq >= first),
            revisions=revisions,
            history_from=int(facts.get(HISTORY_FROM, b"0")),
        )

    @property
    def head(self) -> int:
        """The newest position."""
        return self._log.head

    def read(self, after: int, max_bytes: int) -> list[Entry]:
        """
        Consecutive entries after a position, about ``max_bytes`` of updates.

        Empty if the entry right after the position is not in the log any more.
        """
        found: list[Entry] = []
        with self._file.guarded():
            for entry in self._log.after(after):
                if entry.seq != after + 1 or max_bytes <= 0:
                    break
                found.append(entry)
                after += 1
                max_bytes -= len(entry.record.update)
        return found

    def asset(self, sha256: bytes) -> bytes | None:
        """The content of a binary file; None if it is not kept, or not as it was."""
        query = "SELECT content FROM asset WHERE sha256 = ?"
        with self._file.guarded():
            for (content,) in self._file.rows(query, (sha256,)):
                if hashlib.sha256(content).digest() == sha256:
                    return blob(content)
        return None

    def revisions(self, ids: Iterable[bytes]) -> list[bytes | None]:
        """The revisions with these ids, encoded; None: not kept, or not as it was."""
        with self._file.guarded():
            return [self._history.get(id_) for id_ in ids]

    def history(
        self, *, since: int = 0, after: bytes | None = None, max_bytes: int | None = None
    ) -> list[bytes]:
        """
        Revisions from a time on (milliseconds since 1970), newest first, encoded.

        Of the same time, in the order of their ids. About ``max_bytes`` of them, at least
        one; ``after`` is the id of the last one that was read before.
        """
        with self._file.guarded():
            return self._history.read(since, after, max_bytes)

    def check(self) -> list[str]:
        """What is wrong with the file, in sentences; empty: nothing is."""
        found = []
        try:
            with self._file.guarded():
                rows = self._file.rows("PRAGMA integrity_check")
                found += [f"SQLite says: {line}" for (line,) in rows if line != "ok"]
                self.recall()
                for sha256, content in self._file.rows("SELECT sha256, content FROM asset"):
                    if hashlib.sha256(blob(content)).digest() != blob(sha256):
                        found.append(f"the binary file {sha256.hex()} is not as it was written")
                for id_ in self._history.spoiled():
                    found.append(f"the revision {id_.hex()} is not as it was written")
        except (JournalError, DiskFull) as problem:
            found.append(str(problem))
        return found

    # Writing.

    def write(self, batches: Sequence[Batch]) -> None:
        """
        Make batches durable, all or none.

        Raises:
            DiskFull: There is no room; nothing was written, and it may be tried again.
            JournalDamaged: The disk fails; nothing was written.
        """
        with self._unless_it_fails():
            head = self._log.head
            for batch in batches:
                self._log.write(batch.entries)
                self._write_facts(batch.facts)
                self._write_assets(batch.assets)
                self._history.write(batch.revisions)
            if self._log.head != head:
                self._log.write_head()
        if any(_forgets_a_secret(batch) for batch in batches):
            self._file.shrink()  # until then it is in the WAL, and in pages that nobody needs

    def refill(
        self,
        entries: Sequence[Entry],
        snapshots: Mapping[str, tuple[int, bytes, bytes]],
        facts: Mapping[str, bytes],
        assets: Iterable[tuple[bytes, bytes]],
        revisions: Iterable[Revision],
        head: int,
    ) -> None:
        """
        Fill a new journal with what was saved from another one, all or nothing.

        ``entries`` ascend and may have gaps. ``snapshots`` has for each document the
        position, the state and its digest. If ``head`` lies beyond the last entry, then
        nothing of the log counts as complete, and others compare documents instead.

        Raises:
            DiskFull, JournalDamaged: As :meth:`write`.
        """
        with self._unless_it_fails():
            for entry in entries:
                self._log.head = entry.seq - 1
                self._log.write((entry,))
            for document, (through, state, digest) in snapshots.items():
                self._log.write_snapshot(document, through, state, digest)
            self._write_facts(facts.items())
            self._write_assets(assets)
            self._history.write(revisions)
            self._log.head = head
            self._log.write_head()

    def renew(self, entropy: bytes) -> Incarnation:
        """
        Begin a new life with what is here; ``entropy`` is 8 random bytes.

        Raises:
            JournalError, DiskFull: It could not be written.
        """
        with self._file.guarded(), self._file.transaction():
            self._file.set_meta("incarnation", entropy[:8])
        return Incarnation(entropy[:8])

    def restart(
        self, document: str, state: bytes, digest: bytes, batch: Batch, entropy: bytes
    ) -> None:
        """
        Begin a document anew: this state, then the batch, in a new life of the journal.

        All of it or nothing. What was there before stays in an older snapshot at most.

        Raises:
            JournalDamaged, DiskFull: Nothing was changed.
        """
        with self._unless_it_fails():
            self._log.write_snapshot(document, self._log.head, state, digest)
            self._log.drop("log WHERE document = ?", (document,))
            self._log.write(batch.entries)
            self._write_facts(batch.facts)
            self._history.write(batch.revisions)
            self._log.write_head()
            self._file.set_meta("incarnation", entropy[:8])

    def compact(
        self,
        document: str,
        through: int,
        state: bytes,
        digest: bytes,
        verify: Callable[[bytes], bytes],
    ) -> None:
        """
        Replace the entries of a document up to a position by a snapshot.

        The snapshot is read back first, and ``verify`` must find ``digest`` in it.

        Raises:
            JournalDamaged: It does not; nothing was changed.
            DiskFull: There is no room; nothing was changed.
        """
        with self._unless_it_fails():
            self._log.write_snapshot(document, through, state, digest)
            newest = {name: kept for name, _, kept in self._log.snapshots()}
            if verify(newest[document]) != digest:
                raise self._file.damaged(f"the snapshot of {document!r} came back changed")
            self._log.drop("log WHERE document = ? AND seq <= ?", (document, through))
            self._log.drop(
                "snapshot WHERE document = ?1 AND through NOT IN "
                "(SELECT through FROM snapshot WHERE document = ?1 ORDER BY through DESC LIMIT ?2)",
                (document, GENERATIONS),
            )
            self._log.write_head()
        self._file.shrink()  # the snapshot is safe

    def thin(self, before: int, keep: int) -> int:
        """
        Let go of old history: whole days, the oldest first, all of them before a time.

        As long as the history has no more than ``keep`` bytes everything stays, however old
        a clock that may be wrong makes it; milestones stay in any case. Returns how many
        revisions went. From then on what is older is not taken in any more.

        Raises:
            JournalDamaged, DiskFull: As :meth:`write`; nothing was changed.
        """
        with self._unless_it_fails():
            gone, edge = self._history.thin(before, keep)
            if edge is not None:
                self._write_facts([(HISTORY_FROM, str(edge + 1).encode())])
        return gone

    def forget_assets(self, assets: Sequence[bytes]) -> None:
        """
        Remove contents of binary files, by their SHA-256; what is not here is not missed.

        Raises:
            JournalDamaged, DiskFull: As :meth:`write`; nothing was changed.
        """
        with self._unless_it_fails():
            gone = [(asset,) for asset in assets]
            self._file.run_for_each("DELETE FROM asset WHERE sha256 = ?", gone)

    def close(self) -> None:
        """
        Close the file; at rest it is one file. Closing twice is fine.

        What :meth:`write` returned from is safe whatever happens here: if the disk fails,
        the next opening only looks at the whole file first.
        """
        self._file.close()

    # Private methods.

    def _facts(self) -> dict[str, bytes]:
        facts = {}
        for name, value, checksum in self._file.rows("SELECT name, value, checksum FROM fact"):
            self._file.check(checksum, f"the fact {name!r}", "fact", name, value)
            facts[name] = value
        return facts

    def _write_facts(self, facts: Iterable[tuple[str, bytes | None]]) -> None:
        for name, value in facts:
            if value is None:
                self._file.run("DELETE FROM fact WHERE name = ?", (name,))
            else:
                row = (name, value, row_checksum("fact", name, value))
                self._file.run("INSERT OR REPLACE INTO fact VALUES (?, ?, ?)", row)

    def _write_assets(self, assets: Iterable[tuple[bytes, bytes]]) -> None:
        self._file.run_for_each("INSERT OR IGNORE INTO asset VALUES (?, ?)", assets)

    def _lost_assets(self, facts: Iterable[str]) -> list[str]:
        """Facts that say that a binary file is here which is not."""
        here = self._file.rows("SELECT sha256 FROM asset")
        kept = {f"asset/{blob(sha256).hex()}" for (sha256,) in here}
        return [name for name in facts if name.startswith("asset/") and name not in kept]

    @contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        """Write; if that fails, everything is as before, here and on disk."""
        with self._log.as_before(), self._file.guarded(), self._file.transaction():
            yield


def _forgets_a_secret(batch: Batch) -> bool:
    return any(value is None and name.startswith(CONFIDENTIAL) for name, value in batch.facts)
