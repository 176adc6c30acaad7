"""
A small world of authors with folders, for the tests of the manuscript.

Each author has a document, a manuscript, a folder that is a dictionary, and a
journal that is two more. Writes are carried out late, with compare-and-swap, as
a real folder does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from random import Random

from whisker_sync import chunks
from whisker_sync.document import Applied, Document, Hold, Nothing, NotReady
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Outcome, WriteAsset, WriteFile
from whisker_sync.manuscript.manuscript import Manuscript
from whisker_sync.manuscript.schema import STORY_SCHEMA


def sha256(content: bytes | None) -> bytes | None:
    """Return the SHA-256 of a file; None: there is none."""
    return None if content is None else hashlib.sha256(content).digest()


class Author:
    """Somebody who writes, with everything on their machine."""

    def __init__(self, client: int, dice: Random | None = None) -> None:
        self.dice = dice or Random(client)
        self.document = Document("story", STORY_SCHEMA, client)
        self.facts: dict[str, bytes] = {}
        self.assets: dict[bytes, bytes] = {}
        self.folder: dict[StoryPath, bytes] = {}
        self.reported: dict[StoryPath, bytes] = {}
        self.updates: dict[bytes, None] = {}
        self.hold: Hold[bytes] = Hold()
        self.writes: list[WriteFile | WriteAsset] = []
        self.replaced: list[bytes] = []
        """What is in the trash of a real folder: what writes replaced or removed, and more."""

        self.problems: list[str] = []
        self.outcomes = 0
        self.now = 0.0
        self.at: int | None = None
        """Milliseconds since 1970, on the author's clock."""

        self.manuscript = Manuscript(self.document, self.facts, self.dice)

    # What the author does.

    def save(self, path: str, content: str | bytes | None) -> Outcome:
        """Save, or remove, one file, and have it noticed at once."""
        self.put(path, content)
        return self.notice()

    def put(self, path: str, content: str | bytes | None) -> None:
        """Save a file without anybody noticing yet."""
        if content is None:
            self.folder.pop(StoryPath(path), None)
        else:
            data = content.encode() if isinstance(content, str) else content
            self.folder[StoryPath(path)] = data

    def notice(self) -> Outcome:
        """Report all files that changed since the last report."""
        paths = [
            path
            for path in sorted(self.folder.keys() | self.reported.keys())
            if self.folder.get(path) != self.reported.get(path)
        ]
        self.reported = dict(self.folder)
        seen = [FileSeen(path, self.folder.get(path)) for path in paths]
        self._happened(self.manuscript.overtaken(seen, self.now, self.at))
        return self._happened(self.manuscript.saw(seen, self.now, self.at))

    def text(self, path: str) -> str:
        """Return a text file from the folder."""
        return self.folder[StoryPath(path)].decode()

    # What the machine does.

    def _happened(self, outcome: Outcome) -> Outcome:
        self.outcomes += outcome != Outcome()
        for name, fact in outcome.facts:
            if fact is None:
                self.facts.pop(name, None)
            else:
                self.facts[name] = fact
        self.assets.update(outcome.assets)
        for large in outcome.larges:
            parts = chunks.hashes(large.list)
            self.assets[large.sha256] = b"".join(self.assets[part] for part in parts)
        if outcome.change:
            self.updates[outcome.change.update] = None
        self.writes += outcome.writes
        self.replaced += [each.content for each in outcome.trash]
        self.problems += [problem.sentence for problem in outcome.problems]
        return outcome

    def write(self, count: int | None = None) -> None:
        """Carry out writes that were asked for, all or only so many."""
        while self.writes and count != 0:
            count = None if count is None else count - 1
            write = self.writes.pop(0)
            found = self.folder.get(write.path)
            if sha256(found) != write.expected:
                if found is None or write.expected is None:
                    # It may be half of a rename: the watcher tells both halves in a moment.
                    self._happened(self.manuscript.stuck(write.path, self.now))
                else:
                    seen = [FileSeen(write.path, found)]
                    self._happened(self.manuscript.overtaken(seen, self.now, self.at))
                    self._happened(self.manuscript.kept(write.path, found, self.now))
                    self.reported[write.path] = found
                self.notice()
                continue
            match write:
                case WriteFile(content=content):
                    pass
                case WriteAsset(asset=asset):
                    content = self.assets[asset]
            if found is not None:
                self.replaced.append(found)
            self.put(write.path, content)
            self.reported.pop(write.path, None)
            if content is not None:
                self.reported[write.path] = content
            self._happened(self.manuscript.wrote(write.path, content, self.now))

    def hear(self, updates: Iterable[bytes]) -> None:
        """Receive updates, in whatever order."""
        for update in updates:
            if update in self.updates:
                continue
            match self.document.merge(update, "network"):
                case Applied(touched):
                    self.updates[update] = None
                    self._happened(self.manuscript.merged(touched))
                case NotReady(missing):
                    self.hold.add(update, update, missing)
                    continue
                case Nothing():
                    continue
                case refused:
                    raise AssertionError(refused)
            released, touched = self.hold.release(self.document, "network")
            self.updates |= dict.fromkeys(released)
            if touched:
                self._happened(self.manuscript.merged(touched))

    def fetch(self, others: Iterable[Author]) -> None:
        """Get the binary contents that the files need from whoever has them."""
        larges = {asset for asset, _, _ in self.manuscript.larges()}
        for asset in sorted(self.manuscript.assets() | larges):
            for other in others:
                if asset in other.assets:
                    self.assets[asset] = other.assets[asset]
                    self._happened(self.manuscript.wanted_writes_for(asset))
                    break

    def crash(self) -> None:
        """Lose everything that is not in the journal or the folder; start again."""
        self.writes.clear()
        self.manuscript = Manuscript(self.document, self.facts, self.dice)
        self.resume()
        for asset in sorted(self.assets.keys() & self.manuscript.assets()):
            self._happened(self.manuscript.wanted_writes_for(asset))

    def resume(self, *, again: bool = False) -> Outcome:
        """Look at the whole folder, as at the start."""
        self.reported = dict(self.folder)
        seen = [FileSeen(path, content) for path, content in sorted(self.folder.items())]
        return self._happened(self.manuscript.resume(seen, self.now, again=again))


def exchange(*authors: Author) -> None:
    """Let everybody hear everything, and write, until nothing more happens."""
    for _ in range(50):
        before = sum(author.outcomes for author in authors)
        for author in authors:
            author.notice()
            author.write()
            for other in authors:
                if other is not author:
                    other.hear(list(author.updates))
            author.fetch(authors)
            author.write()
        if before == sum(author.outcomes for author in authors):
            return
    raise AssertionError("the authors never come to rest")


def pair(*files: tuple[str, str | bytes]) -> tuple[Author, Author]:
    """Return two authors who have the same files."""
    alice, bob = Author(1), Author(2)
    for path, content in files:
        alice.put(path, content)
    alice.notice()
    exchange(alice, bob)
    assert alice.folder == bob.folder
    return alice, bob
