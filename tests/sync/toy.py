"""
A library of words, and a wire between two sessions: sync without a CRDT engine.

A toy document is a set of words; an update is one word. Everything else is as
in :class:`whisker_sync.peer.library.Library`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from whisker_sync.ids import DeviceId, Incarnation
from whisker_sync.record import Entry, Record
from whisker_sync.sync.session import News, Outcome, ReadOn, Session
from whisker_sync.wire.messages import Hello, Holding, Message


class Toy:
    """The words that one device knows."""

    def __init__(self, name: str) -> None:
        self.device = DeviceId(name.encode() * 32)
        self.incarnation = Incarnation(name.encode() * 8)
        self.first = 1
        self.durable = 0
        self.sendable_until: int | None = None
        self.log: list[Entry] = []
        self.in_memory = 0  # entries up to here are on disk only
        self.waits = False

    @property
    def head(self) -> int:
        return len(self.log)

    @property
    def sendable(self) -> int:
        return self.head if self.sendable_until is None else self.sendable_until

    @property
    def tellable(self) -> int:
        return self.durable

    @property
    def at_rest(self) -> bool:
        return self.durable == self.head and not self.waits

    @property
    def words(self) -> set[str]:
        return {entry.record.update.decode() for entry in self.log}

    def write(self, *words: str, source: DeviceId | None = None) -> None:
        for word in words:
            if word not in self.words:
                record = Record("toy", word.encode(), source or self.device, 0, 0)
                self.log.append(Entry(self.head + 1, source or self.device, record))
        self.durable = self.head

    def entries(self, after: int, room: int) -> Sequence[Entry] | None:
        if after < self.in_memory:
            return None
        found = []
        for entry in self.log[after : self.sendable]:
            if room <= 0:
                break
            found.append(entry)
            room -= len(entry.record.update)
        return found

    def fingerprint(self) -> bytes:
        return hashlib.blake2b("\n".join(sorted(self.words)).encode(), digest_size=16).digest()

    def holdings(self) -> tuple[Holding, ...]:
        return (Holding("toy", self.fingerprint(), "\n".join(sorted(self.words)).encode()),)

    def missing(self, holdings: Sequence[Holding]) -> tuple[Record, ...]:
        theirs = set(holdings[0].state.decode().split("\n"))
        lacking = sorted(self.words - theirs)
        return tuple(Record("toy", word.encode(), self.device, 0, 0) for word in lacking)

    def coalesce(self, records: Sequence[Record]) -> tuple[Record, ...]:
        return tuple(records)


class End:
    """One end of a conversation: a toy, its session, and what happened."""

    def __init__(self, toy: Toy, other: Toy, cursor: int | None = None, boot: bytes = b"") -> None:
        self.toy = toy
        hello = Hello(
            boot=boot or toy.incarnation,
            incarnation=toy.incarnation,
            first=toy.first,
            head=toy.head,
            cursor_of=other.incarnation if cursor is not None else Incarnation(b""),
            cursor=cursor or 0,
            fingerprint=toy.fingerprint() if toy.at_rest else b"",
            linked=(),
            name="",
            person="",
            port=0,
        )
        self.session = Session(other.device, hello, 0.0)
        self.outcomes: list[Outcome] = []
        self.said: list[Message] = []


class Wire:
    """Two ends; time stands still but in :meth:`wait`."""

    def __init__(self, left: End, right: End) -> None:
        self.ends = (left, right)
        self.now = 0.0
        self.under_way: tuple[list[Message], list[Message]] = (
            [right.session.ours],
            [left.session.ours],
        )

    def run(self) -> list[tuple[str, Message]]:
        """Carry messages until nobody says anything; return all that was carried."""
        carried: list[tuple[str, Message]] = []
        while True:
            for here in (0, 1):
                self._speak(here)
            if not any(self.under_way):
                return carried
            for here in (0, 1):
                arrived, self.under_way[here][:] = list(self.under_way[here]), []
                for message in arrived:
                    carried.append(("<>"[here], message))
                    end = self.ends[here]
                    self._do(here, end.session.receive(message, end.toy, self.now))

    def wait(self, seconds: float = 0.5) -> list[tuple[str, Message]]:
        """Let time pass, then run."""
        self.run()
        self.now += seconds
        return self.run()

    def _speak(self, here: int) -> None:
        end = self.ends[here]
        session, toy = end.session, end.toy
        self._do(here, session.acknowledge(1))
        self._do(here, session.pump(toy, self.now))
        self._do(here, session.rest(toy, self.now))
        if self.now >= session.answer_due:
            self._do(here, session.ask(toy, self.now))

    def _do(self, here: int, outcomes: list[Outcome]) -> None:
        end = self.ends[here]
        for outcome in outcomes:
            match outcome:
                case News(number, through, records):
                    words = [record.update.decode() for record in records]
                    before = end.toy.head
                    end.toy.write(*words, source=end.session.device)
                    if end.toy.head > before:
                        end.session.stir(self.now)
                    end.session.cursor = max(end.session.cursor, through)
                    end.session.settle(number, 1)
                case ReadOn(after):
                    found = end.toy.log[after : after + 2] if after >= end.toy.first - 1 else []
                    self._do(here, end.session.resume(found, end.toy, self.now))
                case _ if isinstance(outcome, Message):
                    end.said.append(outcome)
                    self.under_way[1 - here].append(outcome)
                case _:
                    end.outcomes.append(outcome)
