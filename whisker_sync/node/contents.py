"""
The content of binary files, between the author's folder and the journal.

Small ones are one asset; a large one is a list of chunks, of which only a few are in memory
at any time.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from whisker_sync import chunks
from whisker_sync.batch import Batch
from whisker_sync.errors import DiskFull, FolderError, UnreadableFile
from whisker_sync.folder.files import UNFINISHED, Folder, Source
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import Large, WriteAsset
from whisker_sync.node.running import Running
from whisker_sync.store.layout import Layout

CHUNKS_AT_ONCE = 16
"""Chunks of a large file that are in memory and become durable together."""


class Contents:
    """See the module."""

    def __init__(self, layout: Layout, running: Running, folder: Folder) -> None:
        self._stage = layout.stage
        self._running = running
        self._folder = folder

    def has(self, large: Large) -> bool:
        """Whether a large file is in the journal, or too large for it."""
        if large.size > chunks.MAX_BYTES:
            return True
        return all(self._running.peer.has(chunk) for chunk in chunks.hashes(large.list))

    async def keep(self, path: StoryPath, large: Large) -> bool:
        """Keep all chunks of a file; False: it is not as it was any more."""
        hashes = chunks.hashes(large.list)
        for first in range(0, len(hashes), CHUNKS_AT_ONCE):
            wanted = hashes[first : first + CHUNKS_AT_ONCE]
            found = await asyncio.to_thread(self._folder.chunks, path, first, len(wanted))
            assets = tuple(zip(wanted, found, strict=False))
            if len(found) != len(wanted) or not await asyncio.to_thread(_are_whole, assets):
                return False
            assets = tuple(each for each in assets if not self._running.peer.has(each[0]))
            await self._running.writer.run(
                self._running.writer.journal.write, [Batch(assets=assets)]
            )
        return True

    async def of(self, write: WriteAsset) -> bytes | Source:
        """
        What is to be written; of a large file, where it lies whole.

        Raises:
            FolderError: It is not whole in the journal, or there is no room for it.
        """
        if not write.list:
            return await self._recall_asset(write, write.asset)
        part = self._stage / f"{UNFINISHED}{secrets.token_hex(8)}"
        try:
            return await self._assemble(write, part)
        except FolderError:
            part.unlink(missing_ok=True)
            raise

    async def _assemble(self, write: WriteAsset, part: Path) -> Source:
        """Put a large file together, chunk by chunk."""
        sha256, size, hashes = hashlib.sha256(), 0, self._running.peer.chunks(write.list)
        try:
            with part.open("xb") as file:
                for asset in hashes:
                    chunk = await self._recall_asset(write, asset)
                    sha256.update(chunk)
                    size += len(chunk)
                    await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(_sync, file)
        except OSError as problem:
            if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(write.path) from None
            raise UnreadableFile(write.path, problem.strerror or str(problem)) from None
        if sha256.digest() != write.asset:
            raise UnreadableFile(write.path, "its chunks do not make up what they should")
        return Source(Large(write.asset, size, b"".join(hashes)), part, ours=True)

    async def _recall_asset(self, write: WriteAsset, asset: bytes) -> bytes:
        content = await self._running.writer.run(self._running.writer.journal.asset, asset)
        if content is None:
            raise UnreadableFile(write.path, "its content was damaged in the journal")
        return content


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _are_whole(assets: tuple[tuple[bytes, bytes], ...]) -> bool:
    return all(hashlib.sha256(content).digest() == sha256 for sha256, content in assets)
