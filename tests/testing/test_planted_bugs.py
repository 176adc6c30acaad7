"""
Does the world find bugs? Some are planted, and it has to.

Each is a mistake that somebody could make, put into the production code for the time of
one test. What is not found within ``WORLDS`` worlds is not looked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

import pytest

from whisker_sync.batch import Recalled
from whisker_sync.document import Document, Hold, Kind, Rejected, Root, Schema, engine, hold
from whisker_sync.document.ledger import Ledger, Missing
from whisker_sync.errors import EngineFailure
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import passage_edits
from whisker_sync.manuscript.files import FileSeen, WriteFile
from whisker_sync.manuscript.lineage import Lineage
from whisker_sync.manuscript.manuscript import Manuscript
from whisker_sync.manuscript.saves import Found, Moment
from whisker_sync.manuscript.shadow import Content
from whisker_sync.peer import library, poison
from whisker_sync.peer.effects import Effect
from whisker_sync.peer.inputs import Input, StoreTrouble
from whisker_sync.peer.library import Library
from whisker_sync.peer.peer import Peer
from whisker_sync.peer.put_back import PutBack
from whisker_sync.peer.showing import Showing
from whisker_sync.record import Record
from whisker_sync.store.journal import Journal
from whisker_sync.store.log import Log
from whisker_sync.sync import session
from whisker_sync.sync.session import Outcome, Session
from whisker_sync.testing import History, World, bounds, random_history
from whisker_sync.testing.bounds import MAX_VAIN_QUESTIONS
from whisker_sync.testing.histories import (
    Boot,
    Crash,
    Deliver,
    Fill,
    Operation,
    Part,
    Wait,
    Write,
)
from whisker_sync.text.edits import diff
from whisker_sync.wire.messages import Hello, Rest

WORLDS = 300
"""Worlds in which a planted bug must show; most need fewer than ten."""

SMALL_WORLDS = 12
"""Worlds in which there are no bugs, but limits are reached."""

Plant = Callable[[pytest.MonkeyPatch], None]


def diff_against_live(patch: pytest.MonkeyPatch) -> None:
    """Take what the document shows for what the author started from."""

    def base(
        self: Lineage,
        seen: FileSeen,
        what: Found,
        gone: Mapping[StoryPath, Content],
        when: Moment,
    ) -> Content | None:
        known = seen.path in self._disk.contents()
        return self._view.content(seen.path) if known else None

    patch.setattr(Lineage, "base", base)


def send_before_durable(patch: pytest.MonkeyPatch) -> None:
    """Send what was read from a file before it is on disk; on slow disks."""

    def update_sendable(self: Library) -> None:
        self._from_files.clear()
        self.sendable = self.head

    patch.setattr(Library, "_update_sendable", update_sendable)
    take_long(patch)


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
    """Acknowledge what came before it is durable; on slow disks, so that it matters sooner."""
    acknowledge = Session.acknowledge

    def at_once(self: Session, committed: int) -> list[Outcome]:
        return acknowledge(self, 1 << 60)

    patch.setattr(Session, "acknowledge", at_once)
    take_long(patch)


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
    """Keep whatever is not ready, however much it is."""
    _hold_anything(patch)
    patch.setattr(hold, "MAX_HELD", 1)


def count_what_is_held_and_not_its_bytes(patch: pytest.MonkeyPatch) -> None:
    """Keep whatever is not ready, however large it is."""
    _hold_anything(patch)
    patch.setattr(hold, "MAX_HELD_BYTES", 20)


def _hold_anything(patch: pytest.MonkeyPatch) -> None:
    def add(self: Hold[Any], update: bytes, item: Any, missing: Mapping[int, int]) -> None:
        self._held.append(hold._Held(update, item, missing))
        self.size += len(update)

    patch.setattr(Hold, "add", add)


def never_let_go_of_what_waits(patch: pytest.MonkeyPatch) -> None:
    """Do not look again at what was not ready when it came."""
    patch.setattr(Hold, "release", lambda *_: ([], frozenset()))


def believe_that_nothing_waits(patch: pytest.MonkeyPatch) -> None:
    """The same, and call that being at rest."""
    never_let_go_of_what_waits(patch)
    patch.setattr(Library, "_note_whether_it_waits", lambda self: None)


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


def recall_less_than_there_was(patch: pytest.MonkeyPatch) -> None:
    """Open a document without what was made here since the last snapshot."""
    recall = Journal.recall

    def others_only(self: Journal) -> Recalled:
        whole = recall(self)
        documents = {name: updates[:1] for name, updates in whole.documents.items()}
        return replace(whole, documents=documents)

    patch.setattr(Journal, "recall", others_only)


def ask_for_everything_again(patch: pytest.MonkeyPatch) -> None:
    """Believe at rest, a few times, to lack something."""
    match, doubts = Session._match, Counter[int]()

    def doubt(self: Session, their_head: int, our_head: int) -> list[Outcome]:
        said = match(self, their_head, our_head)
        doubts[id(self)] += 1
        self.behind = doubts[id(self)] < 2 * MAX_VAIN_QUESTIONS
        return said

    patch.setattr(Session, "_match", doubt)


def answer_with_everything_again(patch: pytest.MonkeyPatch) -> None:
    """The same, and answer with all there is, whatever the other side has."""
    ask_for_everything_again(patch)
    missing = Library.missing
    patch.setattr(Library, "missing", lambda self, _: missing(self, ()))


def send_without_looking_at_the_window(patch: pytest.MonkeyPatch) -> None:
    """Give a link all that there is, however slow it is."""
    make_rooms_small(patch)

    def wants_more(self: Session, library: Any) -> bool:
        return self._sent is not None and self._sent < library.sendable and not self._reading

    patch.setattr(Session, "_wants_more", wants_more)


def keep_the_whole_log(patch: pytest.MonkeyPatch) -> None:
    """Never let go of recent updates in memory."""
    make_rooms_small(patch)
    patch.setattr(Library, "_trim", lambda _: None)


def trip_over_a_faster_author(patch: pytest.MonkeyPatch) -> None:
    """Do not expect that a file may hold something else than what was to be replaced."""

    def kept(*_: object) -> Any:
        raise KeyError("what is there")

    patch.setattr(Manuscript, "kept", kept)


def lose_a_write(patch: pytest.MonkeyPatch) -> None:
    """Take a file for written that nobody was asked to write, now and then."""
    release, writes = Showing.release_writes, count()

    def all_but_some(self: Showing) -> Iterator[Effect]:
        for write in release(self):
            if next(writes) % 5 or not isinstance(write, WriteFile):
                yield write
            else:
                self._open_writes.discard(write.path)

    patch.setattr(Showing, "release_writes", all_but_some)


def suspect_whoever_knows_us(patch: pytest.MonkeyPatch) -> None:
    """Take a journal for put back if others hold as much of it as there is; once."""
    suspected: list[Hello] = []

    def is_older(self: PutBack, ours: Hello, theirs: Hello) -> bool:
        if theirs.cursor_of == ours.incarnation and theirs.cursor >= self._library.head > 0:
            suspected.append(theirs)
        return suspected == [theirs]

    patch.setattr(PutBack, "_is_older", is_older)


def refuse_now_and_then(patch: pytest.MonkeyPatch) -> None:
    """Refuse an update of others that is all right, and take it the next time."""
    merge, updates = Document.merge, count(1)

    def moody(self: Document, update: bytes, origin: str) -> Any:
        return merge(self, update, origin) if next(updates) % 9 else Rejected("not today")

    patch.setattr(Document, "merge", moody)


def let_the_last_one_win(patch: pytest.MonkeyPatch) -> None:
    """Make of the live text what was saved, whatever others wrote in it meanwhile."""
    patch.setattr(passage_edits, "rebase", lambda _base, saved, live: diff(live, saved))


def forget_to_unseal(patch: pytest.MonkeyPatch) -> None:
    """Replace the log by snapshots, and leave what went in the seal."""
    patch.setattr(library, "COMPACT_ENTRIES", 4)

    def drop(self: Log, rows: str, arguments: tuple[Any, ...]) -> None:
        self._file.run(f"DELETE FROM {rows}", arguments)

    patch.setattr(Log, "drop", drop)


def never_be_out_of_trouble(patch: pytest.MonkeyPatch) -> None:
    """Do not hear that the journal can be written again."""
    react = Peer._react

    def deaf(self: Peer, input_: Input, now: float) -> Iterator[Effect]:
        return iter(()) if input_ == StoreTrouble(None) else react(self, input_, now)

    patch.setattr(Peer, "_react", deaf)


def never_be_done_with_a_problem(patch: pytest.MonkeyPatch) -> None:
    """Do not notice that a file could be written after all."""
    answered = Showing.answered

    def still(self: Showing, answer: Any, now: float, *, reads: bool) -> Iterator[Effect]:
        problems = dict(self._problems)
        yield from answered(self, answer, now, reads=reads)
        self._problems = problems | self._problems

    patch.setattr(Showing, "answered", still)
    take_long(patch)


def ring_for_nothing(patch: pytest.MonkeyPatch) -> None:
    """Ask to be woken for a write that failed, and hear only every tenth alarm."""
    ask, alarms = Showing.ask_for_stuck, count(1)

    def ask_for_stuck(self: Showing, now: float) -> Iterator[Effect]:
        is_due = self._stuck_until is not None and now >= self._stuck_until
        return iter(()) if is_due and next(alarms) % 10 else ask(self, now)

    patch.setattr(Showing, "ask_for_stuck", ask_for_stuck)
    take_long(patch)


def make_rooms_small(patch: pytest.MonkeyPatch) -> None:
    """Worlds are small, and so must be the limits that are to be reached in them."""
    patch.setattr(session, "WINDOW", 600)
    patch.setattr(session, "PUSH_BYTES", 300)
    patch.setattr(library, "LOG_BYTES", 2_500)
    patch.setattr(bounds, "SLACK", 2_000)


def take_long(patch: pytest.MonkeyPatch) -> None:
    """Whatever takes a while takes as long as it may, so that much can happen in between."""
    patch.setattr(World, "wait", lambda _self, _least, most: most)


SAID: dict[Plant, str] = {
    believe_that_nothing_waits: "updates back",
    count_what_is_held_and_not_its_bytes: "bytes that wait",
    diff_against_live: "words are lost",
    forget_to_unseal: "some of what was written is missing",
    hold_without_bound: "updates that wait",
    lose_a_write: " differs between ",
    never_be_done_with_a_problem: " still says: ",
    never_be_out_of_trouble: "is still in trouble",
    never_let_go_of_what_waits: "never quiet",
    no_comparing: "hold different documents",
    let_the_last_one_win: "words are lost",
    refuse_now_and_then: "updates of the others",
    ring_for_nothing: "times in a row to be woken, for nothing",
    send_before_durable: "words are there twice",
    suspect_whoever_knows_us: " says: the journal is older",
    answer_with_everything_again: "times with all that it lacked",
    ask_for_everything_again: "and lacked nothing",
    keep_the_whole_log: "bytes of its log in memory",
    lose_the_tail: "recalls something else than it had",
    promise_before_commit: "promised",
    recall_less_than_there_was: "recalls something else than it had",
    send_without_looking_at_the_window: "bytes on their way",
    trip_over_a_faster_author: "KeyError: 'what is there'",
}
"""What must be said of a bug by the one check that is there for it; of others, anything."""

PLANTS: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        *SAID,
        compact_what_is_not_safe,
        keep_the_client_id,
        no_gate,
    )
}


def everything(seed: int) -> History:
    """Anything may happen."""
    return random_history(seed, replicas=(2, 3), operations=30)


def crashes(seed: int) -> History:
    """One writes, and the other dies in the moment in which it hears of that."""
    dice, operations = Random(seed), list[Operation]()
    for _ in range(8):
        dying = Crash(1, fuse=dice.randrange(1, 20))
        operations += [Write(0), dying, Wait(40), Boot(1), Wait(700)]
    return History(seed, 2, tuple(operations))


def saves(seed: int) -> History:
    """One writes, and dies in the moment in which others may hear of that."""
    dice, operations = Random(seed), list[Operation]()
    for _ in range(8):
        moment = Wait(dice.randrange(60, 90))
        operations += [Write(0), moment, Crash(0), Wait(200), Boot(0), Wait(700)]
    return History(seed, 2, tuple(operations))


def full_disks(seed: int) -> History:
    """One writes, and the other has no room for that."""
    dice, operations = Random(seed), list[Operation]()
    for _ in range(8):
        operations += [Write(0), Wait(dice.randrange(100, 160)), Fill(1, 5_000), Wait(60_000)]
    return History(seed, 2, tuple(operations))


def holes(seed: int) -> History:
    """One writes, and what the other hears of that has holes."""
    heard: tuple[Operation, ...] = (Write(0), Deliver(1), Wait(50))
    return History(seed, 2, (Part(1), *heard * 8))


HISTORIES: dict[Plant, Callable[[int], History]] = {
    believe_that_nothing_waits: holes,
    count_what_is_held_and_not_its_bytes: holes,
    hold_without_bound: holes,
    never_be_done_with_a_problem: full_disks,
    never_be_out_of_trouble: full_disks,
    never_let_go_of_what_waits: holes,
    promise_before_commit: crashes,
    ring_for_nothing: full_disks,
    send_before_durable: saves,
}
"""What must happen for a bug to show, if anything else would take long."""


def test_small_rooms_alone_are_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    make_rooms_small(monkeypatch)
    for seed in range(SMALL_WORLDS):
        assert random_history(seed, replicas=(2, 3), operations=30).judge().wrong == ()


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said, make = SAID.get(PLANTS[name], ""), HISTORIES.get(PLANTS[name], everything)
    for seed in range(WORLDS):
        history = make(seed)
        with monkeypatch.context() as patch:
            PLANTS[name](patch)
            wrong = [each for each in history.judge().wrong if said in each]
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


def refused_twice() -> list[str]:
    """What is wrong in a world in which somebody dies of two edits."""
    with World(1) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        world.run(3)
        bob.stop()
        for place in ("cave", "lake"):
            alice.save(f"{place}.twee", f":: {place}\nIt is deadly here.\n")
            world.run(3)
        for entry in alice.journal.read(0, 1 << 30)[-2:]:
            bob.die_of(entry.record)
        bob.boot()
        world.settle()
        return world.check()


def test_a_quarantine_without_a_bound_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poison, "MAX_QUARANTINE", 1)
    assert refused_twice() == []

    def keep(record: Record, _: Mapping[str, bytes]) -> dict[str, bytes]:
        return {poison.QUARANTINE + record.update.hex()[:32]: record.update}

    monkeypatch.setattr(poison, "quarantine", keep)
    assert any("refused updates that are kept; 1 is the limit" in each for each in refused_twice())
