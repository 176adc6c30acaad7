"""
Does the world find bugs? Some are planted, and it has to.

Each is a mistake that somebody could make, put into the production code for the time of
one test. What is not found within ``WORLDS`` worlds is not looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from whisker_sync.batch import Recalled
from whisker_sync.document import Document, Hold, Kind, Root, Schema, engine, hold
from whisker_sync.document.ledger import Ledger, Missing
from whisker_sync.errors import EngineFailure
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.ingest import Found
from whisker_sync.manuscript.manuscript import Manuscript
from whisker_sync.manuscript.shadow import Content
from whisker_sync.peer import library
from whisker_sync.peer.library import Library
from whisker_sync.store.journal import Journal
from whisker_sync.sync.session import Outcome, Session
from whisker_sync.testing import random_history
from whisker_sync.wire.messages import Rest

WORLDS = 300
"""Worlds in which a planted bug must show; most need fewer than ten."""

Plant = Callable[[pytest.MonkeyPatch], None]


def diff_against_live(patch: pytest.MonkeyPatch) -> None:
    """Take what the document shows for what the author started from."""

    def base(
        self: Manuscript, path: StoryPath, what: Found, gone: Mapping[StoryPath, Content]
    ) -> Content | None:
        shadow = self._shadows.get(path)
        known = shadow is not None and shadow.disk is not None
        return self._view.content(path) if known else None

    patch.setattr(Manuscript, "_base", base)


def send_before_durable(patch: pytest.MonkeyPatch) -> None:
    """Send what was read from a file before it is on disk."""

    def update_sendable(self: Library) -> None:
        self._from_files.clear()
        self.sendable = self.head

    patch.setattr(Library, "_update_sendable", update_sendable)


def lose_the_tail(patch: pytest.MonkeyPatch) -> None:
    """Forget the last record of each document when the journal is opened."""
    recall = Journal.recall

    def shorter(self: Journal) -> Recalled:
        whole = recall(self)
        documents = {name: updates[:-1] for name, updates in whole.documents.items()}
        return replace(whole, documents=documents)

    patch.setattr(Journal, "recall", shorter)


def no_gate(patch: pytest.MonkeyPatch) -> None:
    """Give the engine what builds on something that is not here."""
    admit = Ledger.admit

    def admit_all(self: Ledger, parsed: Any, *, ours: bool = False) -> Any:
        try:
            return admit(self, parsed, ours=ours)
        except Missing as missing:
            for client, clock in missing.needs.items():
                self.clocks[client] = max(clock, self.clocks.get(client, 0))
                self._starts.setdefault(client, [0])
                self._places.setdefault(client, [next(iter(self._interned.values()))])
            return admit(self, parsed, ours=ours)

    patch.setattr(Ledger, "admit", admit_all)


def no_comparing(patch: pytest.MonkeyPatch) -> None:
    """Believe at rest that both sides hold the same."""

    def believe(self: Session, ours: Rest, theirs: Rest) -> list[Outcome]:
        return self._match(theirs.head, ours.head)

    patch.setattr(Session, "_compare", believe)


def promise_before_commit(patch: pytest.MonkeyPatch) -> None:
    """Acknowledge what came before it is durable."""
    acknowledge = Session.acknowledge

    def at_once(self: Session, committed: int) -> list[Outcome]:
        return acknowledge(self, 1 << 60)

    patch.setattr(Session, "acknowledge", at_once)


def keep_the_client_id(patch: pytest.MonkeyPatch) -> None:
    """Make edits under the same client id after each start."""

    def same(self: Library, document: Document) -> int:
        return int.from_bytes(self._device[:4], "big")

    def begin(self: Library, name: str, schema: Schema, updates: Iterable[bytes]) -> None:
        client = int.from_bytes(self._device[:4], "big")
        self._documents[name] = Document.load(name, schema, client, updates)
        self._holds[name] = Hold()

    patch.setattr(Library, "_fresh_client", same)
    patch.setattr(Library, "_open", begin)


def hold_without_bound(patch: pytest.MonkeyPatch) -> None:
    """Keep whatever is not ready, however much it is; and ask nobody for what is missing."""
    patch.setattr(hold, "MAX_HELD", 1 << 30)
    patch.setattr(Session, "ask", lambda *_: [])


def compact_what_is_not_safe(patch: pytest.MonkeyPatch) -> None:
    """Replace the log by snapshots while something is held or not yet on disk."""
    patch.setattr(library, "COMPACT_ENTRIES", 4)
    compactable = Library.compactable

    def forget_held(self: Library, acked: int) -> list[tuple[str, int, bytes, bytes]]:
        held = self._holds
        self._holds = {name: Hold() for name in held}
        durable, self.durable = self.durable, self.head
        try:
            return compactable(self, 1 << 60)
        finally:
            self.durable = durable

    patch.setattr(Library, "compactable", forget_held)


PLANTS: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        compact_what_is_not_safe,
        diff_against_live,
        hold_without_bound,
        keep_the_client_id,
        lose_the_tail,
        no_comparing,
        no_gate,
        promise_before_commit,
        send_before_durable,
    )
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(WORLDS):
        history = random_history(seed, replicas=(2, 3), operations=30)
        with monkeypatch.context() as patch:
            PLANTS[name](patch)
            wrong = history.judge().wrong
        if wrong and not history.judge().wrong:
            print(f"in world {seed}: {wrong[0][-200:]}")
            return
    pytest.fail(f"{WORLDS} worlds, and nobody noticed")


def panic() -> None:
    """Have the engine do what its authors did not expect."""
    document = Document("notes", Schema((Root("tags", Kind.MAP),)), 7)
    tags = document.engine.root("tags", Kind.MAP)
    document.engine.write("test", [lambda: tags.__setitem__("far", 1 << 64)])


def test_catching_only_exceptions_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineFailure):
        panic()

    @contextmanager
    def only_exceptions(doing: str) -> Iterator[None]:
        try:
            yield
        except Exception as failure:
            raise EngineFailure(doing, str(failure)) from None

    monkeypatch.setattr(engine, "guarded", only_exceptions)
    with pytest.raises(BaseException, match=r".") as raised:
        panic()
    assert not isinstance(raised.value, Exception)
