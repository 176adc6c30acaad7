"""
The history in a journal: revisions, each found by the hash of its content.

The others have it, too, so a revision that is not as it was written is passed over and no
damage of the journal; it is outside of the seal. Old days may go (:meth:`History.thin`), only
when there is much of it, and never a milestone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from itertools import dropwhile

from whisker_sync.revision import DAY_MS, MAX_REVISION, Revision, decode, id_of
from whisker_sync.store.checksums import blob
from whisker_sync.store.journal_file import JournalFile

LEVEL = 4
"""How much work compressing a revision is worth: with 6 a first sync of a large story waits
for it, and saves one byte in twenty."""


class History:
    """See the module."""

    def __init__(self, file: JournalFile) -> None:
        self._file = file

    def times(self) -> dict[bytes, int]:
        """The id of each revision, and its time in milliseconds since 1970."""
        filed = self._file.rows("SELECT id, time FROM revision")
        return {blob(id_): time for id_, time in filed if isinstance(time, int)}

    def get(self, id_: bytes) -> bytes | None:
        """A revision, encoded; None: not kept, or not as it was."""
        for (packed,) in self._file.rows("SELECT content FROM revision WHERE id = ?", (id_,)):
            return unpack_revision(id_, packed)
        return None

    def read(self, since: int, after: bytes | None, max_bytes: int | None) -> list[bytes]:
        """See :meth:`whisker_sync.store.journal.Journal.history`."""
        found: list[bytes] = []
        query = "SELECT id, time FROM revision WHERE time >= ? ORDER BY time DESC, id"
        rows = iter(list(self._file.rows(query, (since,))))
        if after is not None:
            rows = dropwhile(lambda row: row[0] != after, rows)
            next(rows, None)
        for id_, _ in rows:
            content = self.get(blob(id_))
            if content is None:
                continue
            if max_bytes is not None and (max_bytes := max_bytes - len(content)) < 0 and found:
                break
            found.append(content)
        return found

    def spoiled(self) -> list[bytes]:
        """The ids of revisions that are not as they were written."""
        ids = [blob(id_) for (id_,) in self._file.rows("SELECT id FROM revision")]
        return [id_ for id_ in ids if self.get(id_) is None]

    # Writing, within a transaction.

    def write(self, revisions: Iterable[Revision]) -> None:
        """Keep revisions; what is kept already stays."""
        for revision in revisions:
            self._file.run(
                "INSERT OR IGNORE INTO revision VALUES (?, ?, ?)",
                (revision.id, revision.time, zlib.compress(revision.encoded, LEVEL)),
            )

    def thin(self, before: int, keep: int) -> tuple[int, int | None]:
        """
        Let go of whole days before a time, the oldest first, until ``keep`` bytes are left.

        How many revisions went, and the last day of them; None: none was looked at.
        """
        ((room,),) = self._file.rows("SELECT coalesce(sum(length(content)), 0) FROM revision")
        gone = 0
        query = "SELECT id, time, length(content) FROM revision WHERE time < ? ORDER BY time"
        start_of_day = before // DAY_MS * DAY_MS
        edge = None
        for id_, time, length in list(self._file.rows(query, (start_of_day,))):
            if room <= keep and edge != time // DAY_MS:
                break
            edge = time // DAY_MS
            if not self._is_milestone(id_):
                self._file.run("DELETE FROM revision WHERE id = ?", (id_,))
                room -= length
                gone += 1
        return gone, edge

    def _is_milestone(self, id_: bytes) -> bool:
        encoded = self.get(id_)
        revision = None if encoded is None else decode(encoded)
        return revision is not None and bool(revision.milestone)


def unpack_revision(id_: object, packed: object) -> bytes | None:
    """The revision in a row, encoded; None: it is not the one of this id."""
    try:
        inflate = zlib.decompressobj()
        encoded = inflate.decompress(blob(packed), MAX_REVISION + 1)
    except (zlib.error, TypeError):
        return None
    return encoded if id_of(encoded) == id_ else None
