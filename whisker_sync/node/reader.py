"""What a peer asks of its journal besides writing: to read it, and to make it shorter."""

from __future__ import annotations

from collections.abc import Mapping

from whisker_sync.document import Document, Schema
from whisker_sync.errors import DiskFull, JournalError
from whisker_sync.ids import LinkId
from whisker_sync.node.running import Running
from whisker_sync.peer.effects import Compact, ReadAsset, ReadLog, ReadRevisions
from whisker_sync.peer.events import Trouble
from whisker_sync.peer.inputs import AssetRead, LogRead, RevisionsRead


class Reader:
    """See the module; ``schemas`` are those of the workspace's documents."""

    def __init__(self, running: Running, schemas: Mapping[str, Schema]) -> None:
        self._running = running
        self._schemas = schemas

    def carry_out(self, effect: ReadLog | ReadAsset | ReadRevisions | Compact) -> None:
        """Begin what the peer asks for."""
        match effect:
            case ReadLog(link, after, max_bytes):
                self._running.spawn(self._read_log(link, after, max_bytes), "read log")
            case ReadAsset(link, asset):
                self._running.spawn(self._read_asset(link, asset), "read asset")
            case ReadRevisions(link, ids):
                self._running.spawn(self._read_revisions(link, ids), "read revisions")
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

    async def _read_log(self, link: LinkId, after: int, max_bytes: int) -> None:
        writer = self._running.writer
        entries = await writer.run(writer.journal.read, after, max_bytes)
        self._running.feed(LogRead(link, tuple(entries)))

    async def _read_asset(self, link: LinkId, asset: bytes) -> None:
        writer = self._running.writer
        content = await writer.run(writer.journal.asset, asset)
        self._running.feed(AssetRead(link, asset, content))

    async def _read_revisions(self, link: LinkId, ids: tuple[bytes, ...]) -> None:
        writer = self._running.writer
        found = await writer.run(writer.journal.revisions, ids)
        self._running.feed(RevisionsRead(link, tuple(found)))
