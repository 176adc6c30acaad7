"""
A journal in memory: durable as long as the program runs that has it, and quick.

For workspaces of which nothing is to be left, and as the shortest thing that is a
:class:`~whisker_sync.store.store.Store`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile

from whisker_sync.batch import Batch, Recalled
from whisker_sync.errors import JournalDamaged
from whisker_sync.ids import Incarnation
from whisker_sync.record import Entry
from whisker_sync.revision import DAY_MS, decode
from whisker_sync.store.store import HISTORY_FROM


class MemoryJournal:
    """See the module; its :meth:`open` is to be given to ``Workspace.open`` as ``store``."""

    def __init__(self) -> None:
        self._life = Incarnation(b"")
        self._head = 0
        self._log: list[Entry] = []
        self._snapshots: dict[str, tuple[int, bytes]] = {}
        self._facts: dict[str, bytes] = {}
        self._assets: dict[bytes, bytes] = {}
        self._revisions: dict[bytes, tuple[int, bytes]] = {}

    def open(self, entropy: bytes) -> MemoryJournal:
        """Itself, with all that is in it."""
        self._life = self._life or Incarnation(entropy[:8])
        return self

    @property
    def head(self) -> int:
        """See :class:`whisker_sync.store.store.Store`, as for all that follows."""
        return self._head

    def recall(self) -> Recalled:
        """See there."""
        documents: dict[str, list[bytes]] = {}
        for document, (_, state) in self._snapshots.items():
            documents[document] = [state]
        for entry in self._log:
            documents.setdefault(entry.record.document, []).append(entry.record.update)
        first = self._first()
        return Recalled(
            incarnation=self._life,
            head=self._head,
            first=first,
            facts=dict(self._facts),
            documents={name: tuple(updates) for name, updates in documents.items()},
            tail=tuple(entry for entry in self._log if entry.seq >= first),
            revisions={id_: time for id_, (time, _) in self._revisions.items()},
            history_from=int(self._facts.get(HISTORY_FROM, b"0")),
        )

    def read(self, after: int, max_bytes: int) -> list[Entry]:
        """See there."""
        found: list[Entry] = []
        start = after
        for entry in (entry for entry in self._log if entry.seq > start):
            if entry.seq != after + 1 or max_bytes <= 0:
                break
            found.append(entry)
            after += 1
            max_bytes -= len(entry.record.update)
        return found

    def asset(self, sha256: bytes) -> bytes | None:
        """See there."""
        return self._assets.get(sha256)

    def revisions(self, ids: Iterable[bytes]) -> list[bytes | None]:
        """See there."""
        return [self._revisions[id_][1] if id_ in self._revisions else None for id_ in ids]

    def history(
        self, *, since: int = 0, after: bytes | None = None, max_bytes: int | None = None
    ) -> list[bytes]:
        """See there."""
        order = sorted((-time, id_) for id_, (time, _) in self._revisions.items() if time >= since)
        ids = [id_ for _, id_ in order]
        if after is not None:
            ids = ids[ids.index(after) + 1 :] if after in ids else []
        found: list[bytes] = []
        for id_ in ids:
            content = self._revisions[id_][1]
            if max_bytes is not None and (max_bytes := max_bytes - len(content)) < 0 and found:
                break
            found.append(content)
        return found

    def write(self, batches: Sequence[Batch]) -> None:
        """See there."""
        entries = [entry for batch in batches for entry in batch.entries]
        expected = range(self._head + 1, self._head + 1 + len(entries))
        assert [entry.seq for entry in entries] == list(expected), "positions have no gaps"
        for batch in batches:
            self._write(batch)

    def compact(
        self,
        document: str,
        through: int,
        state: bytes,
        digest: bytes,
        verify: Callable[[bytes], bytes],
    ) -> None:
        """See there."""
        if verify(state) != digest:
            raise JournalDamaged("memory", f"the snapshot of {document!r} is not what it should be")
        self._snapshots[document] = through, state
        self._forget(document, through)

    def restart(
        self, document: str, state: bytes, digest: bytes, batch: Batch, entropy: bytes
    ) -> None:
        """See there; the ``digest`` is for those who read it back from somewhere."""
        self._snapshots[document] = self._head, state
        self._forget(document, self._head)
        self._write(batch)
        self.renew(entropy)

    def renew(self, entropy: bytes) -> Incarnation:
        """See there."""
        self._life = Incarnation(entropy[:8])
        return self._life

    def forget_assets(self, assets: Sequence[bytes]) -> None:
        """Remove contents of binary files."""
        for asset in assets:
            self._assets.pop(asset, None)

    def thin(self, before: int, keep: int) -> int:
        """See there."""
        room = sum(len(content) for _, content in self._revisions.values())
        old = sorted((time // DAY_MS, id_) for id_, (time, _) in self._revisions.items())
        last, gone = None, 0
        for day, id_ in takewhile(lambda each: each[0] < before // DAY_MS, old):
            if room <= keep and day != last:
                break
            last, content = day, self._revisions[id_][1]
            revision = decode(content)
            if revision is None or not revision.milestone:
                del self._revisions[id_]
                room -= len(content)
                gone += 1
        if last is not None:
            self._facts[HISTORY_FROM] = str(last + 1).encode()
        return gone

    def close(self) -> None:
        """Keep everything, for whoever opens it next."""

    def _write(self, batch: Batch) -> None:
        for entry in batch.entries:
            self._log.append(entry)
            self._head = entry.seq
        for name, value in batch.facts:
            if value is None:
                self._facts.pop(name, None)
            else:
                self._facts[name] = value
        self._assets.update(batch.assets)
        for revision in batch.revisions:
            self._revisions[revision.id] = revision.time, revision.encoded

    def _forget(self, document: str, through: int) -> None:
        self._log = [
            entry for entry in self._log if entry.record.document != document or entry.seq > through
        ]

    def _first(self) -> int:
        """From where on nothing is missing in the log."""
        first = self._head + 1
        for entry in reversed(self._log):
            if entry.seq != first - 1:
                break
            first = entry.seq
        return first
