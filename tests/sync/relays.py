"""An imagined relay for tests, honest or not, and devices that leave letters at it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from whisker_sync.identity.envelope import Desk, MailKeys, Postmark
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.ids import Incarnation, WorkspaceId
from whisker_sync.record import Record
from whisker_sync.sync.mailbox import Letter, Mailbox, Outcome, Snapshot
from whisker_sync.wire import letters
from whisker_sync.wire.messages import Message, Push
from whisker_sync.wire.relay import ID_BYTES, Entry, Page

WORKSPACE = WorkspaceId(b"a workspace's id")


def drawn(what: str) -> bytes:
    return hashlib.sha256(what.encode()).digest()


KEYS = MailKeys(1, drawn("epoch 1"))


@dataclass
class Log:
    """The log of one mailbox; whoever wants a dishonest relay changes it."""

    incarnation: Incarnation = field(default=Incarnation(b"life one"))
    entries: list[bytes] = field(default_factory=list)
    trimmed: int = 0
    snapshot: Snapshot | None = None

    def page(self, after: int, most: int = 3) -> Page:
        head = len(self.entries)
        start = min(max(after, self.trimmed), head) + 1
        bodies = self.entries[start - 1 : start - 1 + most]
        entries = tuple(Entry(body[:ID_BYTES], body) for body in bodies)
        return Page(self.incarnation, self.trimmed + 1, head, start, entries)

    def keep(self, blobs: tuple[bytes, ...], covers: int) -> None:
        """Keep a snapshot and trim what it stands in for."""
        self.snapshot = Snapshot(self.incarnation, covers, blobs)
        self.trimmed = max(self.trimmed, covers)


class Author:
    """A device that leaves numbered letters and reads those of others."""

    def __init__(self, name: str, log: Log) -> None:
        self.name, self.log = name, log
        self.key = DeviceKey(drawn(name))
        self.sessions = 0
        self.words: list[str] = []
        self.read: list[str] = []
        self.problems: list[Outcome] = []
        self.mailbox = Mailbox(KEYS, WORKSPACE)
        self.begin()

    def begin(self) -> None:
        """A new session, as after a restart."""
        self.sessions += 1
        session = drawn(f"{self.name} {self.sessions}")[:16]
        self.desk = Desk(self.key, WORKSPACE, session)
        self.mailbox = Mailbox(KEYS, WORKSPACE, self.mailbox.remember())

    @property
    def postmark(self) -> Postmark:
        return Postmark(seen=self.mailbox.seen, missing=self.mailbox.missing)

    def write(self, word: str, size: int = 0) -> None:
        self.words.append(word)
        noise = Random(word).randbytes(size)
        record = Record("story", word.encode() + b"\0" + noise, self.key.device, 1, 2)
        self.leave(Push(0, (record,)))

    def leave(self, *messages: Message) -> None:
        letter = letters.write(messages, self.key.device)
        self.log.entries += self.desk.close(KEYS, self.postmark, letter)
        self.mailbox.expect(self.desk.track, self.desk.seq)

    def fetch(self) -> None:
        """Read to the end, with a snapshot where it is needed."""
        for _ in range(100):
            self.absorb(self.mailbox.take(self.log.page(self.mailbox.position)))
            if self.mailbox.needs_snapshot:
                self.absorb(self.mailbox.take_snapshot(self.log.snapshot))
            if self.mailbox.at_end:
                return
        raise AssertionError("never at the end")

    def absorb(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Letter):
                self.read += words_in(outcome)
            else:
                self.problems.append(outcome)

    def compact(self) -> None:
        """Leave a snapshot of everything that was read."""
        words = dict.fromkeys(self.read + self.words)
        records = [Record("story", word.encode(), self.key.device, 0, 0) for word in words]
        self.sessions += 1
        desk = Desk(self.key, WORKSPACE, drawn(f"{self.name} {self.sessions}")[:16])
        messages = (self.mailbox.covers, Push(0, tuple(records)))
        letter = letters.write(messages, self.key.device)
        self.log.keep(desk.close(KEYS, self.postmark, letter), self.mailbox.position)


def words_in(letter: Letter) -> list[str]:
    return [
        record.update.partition(b"\0")[0].decode()
        for message in letter.messages
        if isinstance(message, Push)
        for record in message.records
    ]
