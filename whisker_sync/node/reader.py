"""What a peer asks of its journal besides writing: to read it, and to make it shorter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from whisker_sync.document import Document, Schema
from whisker_sync.errors import DiskFull, JournalError
from whisker_sync.ids import LinkId
from whisker_sync.node.running import Running
from whisker_sync.peer.bundling import ROOM, Luggage
from whisker_sync.peer.effects import Compact, ReadAsset, ReadHistory, ReadLog, ReadRevisions
from whisker_sync.peer.events import Trouble
from whisker_sync.peer.inputs import AssetRead, HistoryRead, LogRead, RevisionsRead
from whisker_sync.revision import DAY_MS, decode, id_of

HISTORY_ROOM = 64 << 20
"""Bytes of history in one bundle; the newest goes first."""

PAGE_BYTES = 4 << 20
"""Bytes of history that are read at a time."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of the journal to be carried by hand."""

    assets: tuple[tuple[bytes, bytes], ...]
    """The SHA-256 of each content, and the content."""

    revisions: tuple[bytes, ...]
    left_out: int
    """Contents for which there was no room."""


class Reader:
    """See the module; ``schemas`` are those of the workspace's documents."""

    def __init__(self, running: Running, schemas: Mapping[str, Schema]) -> None:
        self._running = running
        self._schemas = schemas

    def carry_out(
        self, effect: ReadLog | ReadAsset | ReadRevisions | ReadHistory | Compact
    ) -> None:
        """Begin what the peer asks for."""
        match effect:
            case ReadLog(link, after, max_bytes):
                self._running.spawn(self._read_log(link, after, max_bytes), "read log")
            case ReadAsset(link, asset):
                self._running.spawn(self._read_asset(link, asset), "read asset")
            case ReadRevisions(link, ids):
                self._running.spawn(self._read_revisions(link, ids), "read revisions")
            case ReadHistory(max_bytes):
                self._running.spawn(self._read_history(max_bytes), "read history")
            case Compact():
                self._running.spawn(self.compact(effect), "compact")

    async def compact(self, snapshot: Compact) -> None:
        """Let a snapshot replace what it stands for; if that fails, everything stays."""
        writer, schema = self._running.writer, self._schemas[snapshot.document]

        def verify(state: bytes) -> bytes:
            return Document.load(snapshot.document, schema, 1, [state]).digest()

        try:
            await writer.run(
                writer.journal.compact,
                snapshot.document,
                snapshot.through,
                snapshot.state,
                snapshot.digest,
                verify,
            )
        except (DiskFull, JournalError) as problem:
            # Everything is still there, and only takes more room until the next time.
            self._running.tell(Trouble(str(problem)))

    async def _read_history(self, max_bytes: int) -> None:
        writer = self._running.writer
        found = await writer.run(partial(writer.journal.history, max_bytes=max_bytes))
        self._running.feed(HistoryRead(tuple(found)))

    async def luggage(self, luggage: Luggage) -> Read:
        """Read what goes into a bundle, as much as fits: the newest of the history first."""
        revisions = await self._history(luggage.days)
        room = ROOM - sum(map(len, revisions))
        assets: list[tuple[bytes, bytes]] = []
        for asset in luggage.assets:
            content = await self._running.writer.run(self._running.writer.journal.asset, asset)
            if content is not None and len(content) <= room:
                room -= len(content)
                assets.append((asset, content))
        return Read(tuple(assets), tuple(revisions), len(luggage.assets) - len(assets))

    async def _history(self, days: frozenset[int] | None) -> list[bytes]:
        if days is not None and not days:
            return []
        writer, found, room = self._running.writer, list[bytes](), HISTORY_ROOM
        since = min(days) * DAY_MS if days is not None else 0
        after: bytes | None = None
        while room > 0:
            read = partial(writer.journal.history, since=since, after=after, max_bytes=PAGE_BYTES)
            page = await writer.run(read)
            if not page:
                break
            after = id_of(page[-1])
            for encoded in page:
                revision = decode(encoded)
                if revision is not None and (days is None or revision.day in days):
                    room -= len(encoded)
                    if room > 0:
                        found.append(encoded)
        return found

    async def _read_log(self, link: LinkId, after: int, max_bytes: int) -> None:
        writer = self._running.writer
        entries = await writer.run(writer.journal.read, after, max_bytes)
        self._running.feed(LogRead(link, tuple(entries)))

    async def _read_asset(self, link: LinkId | None, asset: bytes) -> None:
        writer = self._running.writer
        content = await writer.run(writer.journal.asset, asset)
        self._running.feed(AssetRead(link, asset, content))

    async def _read_revisions(self, link: LinkId, ids: tuple[bytes, ...]) -> None:
        writer = self._running.writer
        found = await writer.run(writer.journal.revisions, ids)
        self._running.feed(RevisionsRead(link, tuple(found)))
