"""Whatever several owners do at once: the same papers make the same membership, everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.people import WORKSPACE, drawn, folded, founded, someone, told
from whisker_sync.errors import NotEntitled
from whisker_sync.identity import acts
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.recovery import RecoveryKey
from whisker_sync.identity.roster import Role, Ticket
from whisker_sync.ids import DeviceId
from whisker_sync.testing.people import sealer

CAST = [someone(name) for name in ("Ada", "Ben", "Cy", "Di", "Eve", "Flo")]
CAST.append(someone("Ben", "phone"))
PAPER = RecoveryKey(b"sixteen bytes!!!")
ANYBODY = st.integers(0, len(CAST) - 1)


@dataclass(frozen=True)
class Step:
    """Somebody does something, or hears from somebody."""

    what: str
    who: int
    whom: int
    role: Role


steps = st.builds(
    Step,
    st.sampled_from(
        [
            *["hear"] * 4,
            *["remove", "admit", "fold", "role"] * 2,
            *["leave", "readmit", "recovery", "restore", "forge", "reseal"],
        ]
    ),
    ANYBODY,
    ANYBODY,
    st.sampled_from(Role),
)
histories = st.lists(steps, max_size=40)


class Room:
    """Some devices with their papers, and all that was ever said."""

    def __init__(self) -> None:
        ada, ben, cy, di, *_ = CAST
        papers = founded(ada)
        for one, role in ((ben, Role.OWNER), (cy, Role.OWNER), (di, Role.WRITER)):
            papers = acts.admit(papers, ada.key, one.card, role)
        first = folded(papers, ada)
        self.papers = [first for _ in CAST]
        self.first = first
        self.said = [first.evidence()]
        self.drawn = 0

    def play(self, history: Sequence[Step]) -> None:
        for step in history:
            before = self.papers[step.who]
            try:
                after = self._after(step, before)
            except NotEntitled:
                continue
            self.papers[step.who] = after
            if step.what != "hear":
                self.said.append(after.news(before.tips))

    def _after(self, step: Step, papers: Papers) -> Papers:
        me, other = CAST[step.who], CAST[step.whom]
        self.drawn += 1
        fresh = drawn(str(self.drawn))
        match step.what:
            case "hear":
                return told(papers, self.papers[step.whom])
            case "remove":
                return acts.remove(papers, me.key, [other.device], fresh, sealer=sealer)
            case "admit":
                return acts.admit(papers, me.key, other.card, step.role)
            case "fold":
                return acts.fold(papers, me.key, fresh, sealer=sealer)
            case "role":
                devices = [other.device]
                return acts.change_role(papers, me.key, devices, step.role, fresh, sealer=sealer)
            case "leave":
                return acts.leave(papers, me.key)
            case "readmit":
                return acts.readmit(papers, me.key, other.card, step.role, fresh, sealer=sealer)
            case "recovery":
                return acts.set_recovery(papers, me.key, PAPER.public, fresh, sealer=sealer)
            case "restore":
                return acts.restore(papers, PAPER, other.card, fresh, sealer=sealer)
            case "forge":
                forged = Ticket.issue(me.key, WORKSPACE, self.drawn, 3, step.role, other.card)
                return papers.take(Evidence(WORKSPACE, tickets=(forged,)))
            case _:
                keys = papers.keys(me.key)
                key = keys.get(papers.membership.epoch.commitment)
                return acts.reseal(papers, key, sealer=sealer) if key else papers

    def everybody(self) -> Papers:
        """The papers of a device that heard everybody."""
        return told(self.first, *self.papers)


@given(histories, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_the_same_papers_come_of_any_order_of_hearing(history: list[Step], dice: Random) -> None:
    room = Room()
    room.play(history)
    whole = room.everybody()
    for _ in range(3):
        order = room.papers * 2
        dice.shuffle(order)
        heard = told(dice.choice(room.papers), *order)
        assert heard == whole
        assert heard.digest == whole.digest
        assert heard.membership == whole.membership
    assert Papers.trust(Evidence.decode(whole.evidence().encode())) == whole


@given(histories, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_pieces_of_news_may_come_in_any_order_and_twice(history: list[Step], dice: Random) -> None:
    room = Room()
    room.play(history)
    papers = room.first
    # What follows something that has not come is not taken, and has to be told again.
    for _ in range(len(room.said) + 1):
        pieces = room.said * 2
        dice.shuffle(pieces)
        for piece in pieces:
            papers = papers.take(piece)
    assert papers.membership == room.everybody().membership
    assert papers == room.everybody()


@given(histories, histories)
@settings(max_examples=60, deadline=None)
def test_taking_is_commutative_associative_and_idempotent(one: list[Step], two: list[Step]) -> None:
    room = Room()
    room.play(one)
    a, b, c = room.papers[0], room.papers[1], room.papers[2]
    room.play(two)
    d = room.papers[0]
    assert told(a, b) == told(b, a)
    assert told(told(a, b), c) == told(a, told(b, c))
    assert told(a, a) == a
    assert told(told(a, d), a) == told(a, d)


@given(histories)
@settings(max_examples=80, deadline=None)
def test_a_removed_device_never_reappears_without_a_newer_roster_of_an_owner(
    history: list[Step],
) -> None:
    room = Room()
    out: list[dict[DeviceId, int]] = [{} for _ in CAST]
    for step in history:
        room.play([step])
        papers = room.papers[step.who]
        for device, version in out[step.who].items():
            entry = papers.outcome.members.get(device)
            assert papers.membership.was_removed(device) or entry is not None
            if entry is not None:
                assert entry.ticket.after > version
        out[step.who] |= papers.membership.removed


@given(histories)
@settings(max_examples=80, deadline=None)
def test_whoever_is_out_cannot_read_once_an_owner_has_answered(history: list[Step]) -> None:
    room = Room()
    room.play(history)
    whole = room.everybody()
    owner = next((o for o in whole.membership.owners), None)
    if owner is None:
        return
    key = next(one.key for one in CAST if one.device == owner.device)
    answered = acts.fold(whole, key, drawn("the last"), sealer=sealer)
    now = answered.membership
    assert not now.unfinished
    for one in CAST:
        has_key = now.epoch.commitment in answered.keys(one.key)
        assert not (has_key and one.device in now.removed)
        if now.epoch != whole.membership.epoch:
            assert has_key is now.may_read(one.device)
    for other in room.papers:
        assert told(other, answered) == answered


@given(histories)
@settings(max_examples=60, deadline=None)
def test_there_is_always_an_owner_as_long_as_there_is_a_writer(history: list[Step]) -> None:
    room = Room()
    room.play(history)
    for papers in (*room.papers, room.everybody()):
        now = papers.membership
        settled = [member for member in now.members if not member.pending]
        assert now.owners or all(member.role is Role.READER for member in settled)
