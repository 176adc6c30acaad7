"""Forged, stale and oversized papers: :mod:`whisker_sync.identity.papers` and its decoders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given as given_by_hypothesis
from hypothesis import settings
from hypothesis import strategies as st

from tests.identity.people import (
    WORKSPACE,
    Someone,
    admitted,
    drawn,
    folded,
    founded,
    given,
    names,
    owners,
    removed,
    someone,
    told,
)
from whisker_sync.errors import MalformedPaper, WorkspaceFull
from whisker_sync.identity import acts, papers
from whisker_sync.identity.canonical import MAX_NUMBER, pack, sign_off
from whisker_sync.identity.evidence import (
    MAX_DEPARTURES,
    MAX_ENTRIES,
    MAX_EVIDENCE,
    MAX_NOTICES,
    MAX_ROSTERS,
    MAX_SEALS,
    MAX_TICKETS,
    Evidence,
)
from whisker_sync.identity.keys import SigningKey
from whisker_sync.identity.papers import (
    MAX_ASIDE,
    MAX_PAST,
    MAX_SEALS_EACH,
    MAX_TICKETS_EACH,
    MAX_TIPS,
    Papers,
)
from whisker_sync.identity.recovery import RecoveryKey
from whisker_sync.identity.roster import (
    MAX_MEMBERS,
    MAX_PREVIOUS,
    MAX_REMOVED,
    Departure,
    Entry,
    Epoch,
    Notice,
    Recovery,
    Role,
    Roster,
    Ticket,
)
from whisker_sync.identity.seals import Seal
from whisker_sync.ids import DeviceId, WorkspaceId
from whisker_sync.testing.people import sealer

ADA, BEN, CY, DI, EVE = map(someone, ("Ada", "Ben", "Cy", "Di", "Eve"))
PAPER = RecoveryKey(b"sixteen bytes!!!")


def story() -> Papers:
    """Ada owns it, Ben and Cy write, Di was removed."""
    here = folded(admitted(founded(ADA), ADA, BEN, CY, DI), ADA)
    return removed(here, ADA, DI)


STORY = story()
TIP = STORY.rosters[next(iter(STORY.tips))]


def next_roster(by: Someone = ADA) -> Roster:
    """A roster that says the same again; not signed."""
    return replace(TIP, version=TIP.version + 1, previous=(TIP.hash,), by=by.key.public)


def verdict(forged: Roster, key: SigningKey) -> str:
    """Why the story refuses a roster that this key signs."""
    assert forged.by == key.public
    evidence = Evidence(WORKSPACE, (forged.signed_by(key),))
    decoded = Evidence.decode(evidence.encode())
    (refusal,) = STORY.refused(decoded)
    assert STORY.take(decoded) == STORY
    return refusal.reason


# Rosters that are not taken.


def test_the_next_roster_of_an_owner_is_taken() -> None:
    evidence = Evidence(WORKSPACE, (next_roster().signed_by(ADA.key),))
    assert not STORY.refused(evidence)
    assert STORY.take(evidence).membership.version == TIP.version + 1


@pytest.mark.parametrize("by", [BEN, DI, EVE], ids=["writer", "removed", "stranger"])
def test_a_roster_of_somebody_who_was_no_owner_is_refused(by: Someone) -> None:
    assert verdict(next_roster(by), by.key) == "who signed it was no owner"


def test_a_roster_that_makes_its_signer_an_owner_is_refused() -> None:
    entries = dict(TIP.entries)
    mine = entries[BEN.device]
    entries[BEN.device] = replace(
        mine, role=Role.OWNER, role_at=TIP.version + 1, role_by=BEN.key.public
    )
    forged = replace(next_roster(BEN), members=tuple(entries[d] for d in sorted(entries)))
    assert verdict(forged, BEN.key) == "who signed it was no owner"


def test_a_key_on_paper_that_is_not_this_workspaces_signs_nothing() -> None:
    forged = replace(next_roster(), by=PAPER.public)
    assert verdict(forged, PAPER) == "who signed it was no owner"


def _entry(device: DeviceId, **changes: object) -> Callable[[], Roster]:
    def forged() -> Roster:
        entries = dict(TIP.entries)
        entries[device] = replace(entries[device], **changes)  # type: ignore[arg-type]
        return replace(next_roster(), members=tuple(entries[d] for d in sorted(entries)))

    return forged


def _newcomer(ticket: Ticket, order: int, **changes: object) -> Callable[[], Roster]:
    def forged() -> Roster:
        entry = replace(Entry.admitted(ticket, order), **changes)  # type: ignore[arg-type]
        entries = {**TIP.entries, entry.device: entry}
        gone = tuple(pair for pair in TIP.removed if pair[0] != entry.device)
        members = tuple(entries[d] for d in sorted(entries))
        return replace(next_roster(), members=members, removed=gone)

    return forged


def _next(**changes: object) -> Callable[[], Roster]:
    return lambda: replace(next_roster(), **changes)  # type: ignore[arg-type]


VERSION = TIP.version + 1
TICKET = Ticket.issue(BEN.key, WORKSPACE, TIP.version, 9, Role.WRITER, EVE.card)
BACK = Ticket.issue(ADA.key, WORKSPACE, TIP.version, 9, Role.WRITER, DI.card)
OTHER_KEY = Epoch(TIP.epoch.number + 1, drawn("?"), VERSION, ADA.key.public)


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        (_next(version=VERSION + 1), "its version is not the next"),
        (_next(version=TIP.version), "its version is not the next"),
        (_next(version=2, previous=(drawn("?"),)), "it follows rosters that are not here"),
        (
            _next(version=VERSION, previous=tuple(sorted(STORY.rosters))),
            "it follows a roster twice",
        ),
        (_next(members=TIP.members[:2]), "it forgets somebody"),
        (_next(removed=()), "it forgets somebody"),
        (_next(removed=((DI.device, 1),)), "it says of a removal that it was at another time"),
        (
            _next(removed=tuple(sorted({**TIP.gone, EVE.device: 1}.items()))),
            "it says of a removal that it was at another time",
        ),
        (
            _next(removed=tuple(sorted({**TIP.gone, EVE.device: VERSION}.items()))),
            "it removes somebody who keeps the key",
        ),
        (_entry(BEN.device, order=1), "it changes how somebody was admitted"),
        (
            _entry(CY.device, ticket=Ticket.issue(ADA.key, WORKSPACE, 2, 3, Role.OWNER, CY.card)),
            "it changes how somebody was admitted",
        ),
        (_entry(BEN.device, role=Role.OWNER), "a role was given in the name of somebody else"),
        (_entry(BEN.device, role_at=0), "a role was given in the name of somebody else"),
        (
            _entry(BEN.device, role=Role.OWNER, role_at=VERSION, role_by=CY.key.public),
            "a role was given in the name of somebody else",
        ),
        (_newcomer(TICKET, 1), "somebody new comes before those who were here"),
        (
            _newcomer(TICKET, 9, role=Role.OWNER),
            "a role was given in the name of somebody else",
        ),
        (_newcomer(BACK, 9), "somebody comes back whom its signer did not admit again"),
        (_next(epoch=replace(OTHER_KEY, number=9)), "its epoch is not the next"),
        (_next(epoch=replace(OTHER_KEY, number=1)), "its epoch is not the next"),
        (_next(epoch=replace(OTHER_KEY, since=1)), "its epoch is not the next"),
        (_next(epoch=replace(OTHER_KEY, by=CY.key.public)), "its epoch is not the next"),
        (
            _next(epoch=replace(OTHER_KEY, commitment=TIP.epoch.commitment)),
            "its new key is the old one",
        ),
        (
            _next(recovery=Recovery(PAPER.public, VERSION, CY.key.public)),
            "a recovery key was set in the name of somebody else",
        ),
        (
            _next(recovery=Recovery(PAPER.public, 1, ADA.key.public)),
            "a recovery key was set in the name of somebody else",
        ),
    ],
)
def test_even_an_owner_cannot_sign_anything(forged: Callable[[], Roster], reason: str) -> None:
    assert verdict(forged(), ADA.key) == reason


def test_a_departure_that_is_none_is_not_folded_in() -> None:
    departure = Departure.issue(EVE.key, WORKSPACE, 9)
    gone = tuple(sorted({**TIP.gone, EVE.device: VERSION}.items()))
    forged = replace(next_roster(), departures=(departure,), removed=gone, epoch=OTHER_KEY)
    assert verdict(forged, ADA.key) == "it folds in a departure of nobody"


def test_a_workspace_is_not_founded_twice() -> None:
    again = founded(ADA, drawn("another key"))
    (refusal,) = STORY.refused(again.evidence())
    assert "founds the workspace a second time" in refusal.reason
    by_eve = founded(EVE, drawn("Eve's key"))
    assert STORY.take(by_eve.evidence()) == STORY


def test_a_stale_roster_changes_nothing() -> None:
    old = folded(admitted(founded(ADA), ADA, BEN, CY, DI), ADA)
    assert "Di" in names(old)
    assert told(STORY, old) == STORY
    assert told(old, STORY) == STORY


def test_papers_of_another_workspace_are_refused() -> None:
    other = acts.found(ADA.key, WorkspaceId(b"x" * 16), ADA.card, drawn("k"), sealer=sealer)
    with pytest.raises(MalformedPaper, match="another workspace"):
        STORY.take(other.evidence())
    mixed = replace(STORY.evidence(), workspace=WorkspaceId(b"x" * 16))
    with pytest.raises(MalformedPaper, match="another workspace"):
        Evidence.decode(mixed.encode())


# The first papers.


def test_who_joins_takes_the_papers_that_the_inviter_vouched_for() -> None:
    assert Papers.trust(Evidence.decode(STORY.evidence().encode())) == STORY


def test_papers_to_begin_with_hold_together() -> None:
    with pytest.raises(MalformedPaper, match="no roster to begin with"):
        Papers.trust(Evidence(WORKSPACE))
    forged = next_roster(BEN).signed_by(BEN.key)
    evidence = replace(STORY.evidence(), rosters=(*STORY.rosters.values(), forged))
    with pytest.raises(MalformedPaper, match="was no owner"):
        Papers.trust(evidence)


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": Epoch(2, drawn("k"), 1, ADA.key.public)},
        {"removed": ((BEN.device, 1),)},
        {"members": TIP.members},
    ],
)
def test_a_workspace_begins_with_one_owner(change: dict[str, object]) -> None:
    (first,) = founded(ADA).rosters.values()
    forged = replace(first, **change).signed_by(ADA.key)  # type: ignore[arg-type]
    with pytest.raises(MalformedPaper):
        Papers.trust(Evidence(WORKSPACE, (forged,)))


# Telling.


def test_news_hold_what_the_other_side_lacks() -> None:
    old = folded(admitted(founded(ADA), ADA, BEN, CY, DI), ADA)
    news = STORY.news(old.tips)
    assert [roster.hash for roster in news.rosters] == [TIP.hash]
    assert told(old, STORY) == STORY
    assert len(STORY.news((drawn("?"),)).rosters) == len(STORY.rosters)


def test_equal_digests_mean_that_there_is_nothing_to_tell() -> None:
    assert told(founded(ADA), STORY).digest == STORY.digest
    assert admitted(STORY, BEN, EVE).digest != STORY.digest
    assert acts.leave(STORY, BEN.key).digest != STORY.digest


def test_who_was_away_for_too_long_hears_that_something_is_missing() -> None:
    papers = STORY
    for turn in range(MAX_PAST + 2):
        papers = given(papers, ADA, (Role.READER, Role.WRITER)[turn % 2], BEN)
    assert len(papers.rosters) == MAX_PAST
    news = papers.news(STORY.tips)
    assert STORY.lacks_past_of(news)
    assert STORY.take(news).rosters == STORY.rosters
    assert Papers.trust(papers.evidence()) == papers
    assert told(papers, STORY) == papers
    assert not papers.lacks_past_of(STORY.evidence())


def test_a_long_branch_does_not_make_another_one_old() -> None:
    both = given(folded(admitted(founded(ADA), ADA, BEN, CY), ADA), ADA, Role.OWNER, CY)
    ada, cy = removed(both, ADA, CY), both
    said = []
    for turn in range(MAX_PAST + 5):
        before, cy = cy, given(cy, CY, (Role.READER, Role.WRITER)[turn % 2], BEN)
        said.append(cy.news(before.tips))
    joined = ada
    for news in said:
        joined = joined.take(news)
    assert len(joined.rosters) > MAX_PAST
    assert names(joined) == owners(joined) == ["Ada"] or names(joined) == ["Ada", "Ben"]
    assert joined.membership.forked
    assert not folded(joined, ADA).membership.unfinished
    # Who heard of nothing else for so long is not brought back by a branch from long ago.
    assert told(cy, ada) == cy
    assert ada.lacks_past_of(cy.evidence())
    assert told(ada, cy) == ada


# Bytes.


def test_no_bit_of_what_is_signed_can_be_turned() -> None:
    data = STORY.evidence().encode()
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        try:
            evidence = Evidence.decode(bytes(changed))
        except MalformedPaper:
            continue
        # Nobody signs a seal: what is in it is compared with what a roster promised.
        assert {*evidence.seals} != STORY.seals
        assert {r.hash for r in evidence.rosters} == STORY.rosters.keys()
        assert STORY.take(evidence).membership == STORY.membership


@given_by_hypothesis(st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_bundle_is_refused_with_a_sentence(data: st.DataObject) -> None:
    whole = bytearray(STORY.evidence().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(start, min(len(whole), start + 40)))
        whole[start:end] = data.draw(st.binary(max_size=40))
    try:
        evidence = Evidence.decode(bytes(whole))
        STORY.take(evidence)
    except MalformedPaper as problem:
        assert "cannot be used" in str(problem)


NESTED = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.binary(max_size=70),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.integers(), inner, max_size=3),
    max_leaves=20,
)


@given_by_hypothesis(NESTED | st.binary(max_size=200))
@settings(deadline=None)
def test_decoders_refuse_whatever_else_there_is(value: object) -> None:
    data = value if isinstance(value, bytes) else pack(value)  # type: ignore[arg-type]
    body = sign_off(data, ADA.key.sign("roster", data))
    for decode in (Evidence.decode, Ticket.decode, Departure.decode, Notice.decode, Entry.decode):
        for bytes_ in (data, body):
            with pytest.raises(MalformedPaper):
                decode(bytes_)
    with pytest.raises(MalformedPaper):
        Roster.decode(body, {})


ROSTER_FIELDS = 10


@given_by_hypothesis(st.integers(0, ROSTER_FIELDS - 1), NESTED)
@settings(max_examples=150, deadline=None)
def test_a_signed_roster_with_a_field_of_another_kind_is_refused(at: int, value: object) -> None:
    import cbor2

    fields = cbor2.loads(next_roster().body)
    assert len(fields) == ROSTER_FIELDS
    fields[at] = value
    body = pack(fields)
    data = sign_off(body, ADA.key.sign("roster", body))
    entries = {entry.hash: entry for entry in TIP.members}
    try:
        decoded = Roster.decode(data, entries)
    except MalformedPaper:
        return
    evidence = Evidence(WORKSPACE, (decoded,))
    assert STORY.refused(evidence) or STORY.take(evidence) != STORY


def test_each_paper_is_for_one_purpose() -> None:
    departure = Departure.issue(BEN.key, WORKSPACE, 1)
    as_ticket = replace(departure, signature=BEN.key.sign("ticket", departure.body()))
    with pytest.raises(MalformedPaper, match="not signed by who it says"):
        Departure.decode(as_ticket.encoded)


@pytest.mark.parametrize(
    "change",
    [
        {"workspace": WorkspaceId(b"x" * 16)},
        {"after": 99},
        {"place": 1},
        {"by": ADA.key.public},
        {"role": Role.READER},
        {"card": CY.card},
        {"signature": bytes(64)},
    ],
)
def test_a_ticket_changed_in_any_field_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(MalformedPaper):
        Ticket.decode(replace(TICKET, **change).encoded)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"workspace": WorkspaceId(b"x" * 16)},
        {"version": 99},
        {"device": CY.device},
        {"by": BEN.key.public},
        {"signature": bytes(64)},
    ],
)
def test_a_notice_changed_in_any_field_is_refused(change: dict[str, object]) -> None:
    notice = STORY.notice_for(DI.device)
    assert notice is not None
    assert Notice.decode(notice.encoded) == notice
    with pytest.raises(MalformedPaper):
        Notice.decode(replace(notice, **change).encoded)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"after": 3}, {"by": ADA.key.public}, {"signature": bytes(64)}])
def test_a_departure_changed_in_any_field_is_refused(change: dict[str, object]) -> None:
    departure = Departure.issue(BEN.key, WORKSPACE, 1)
    assert Departure.decode(departure.encoded) == departure
    with pytest.raises(MalformedPaper):
        Departure.decode(replace(departure, **change).encoded)  # type: ignore[arg-type]


def test_an_entry_that_no_roster_lists_is_refused() -> None:
    data = pack([1, WORKSPACE, [TIP.members[0].encoded], [], [], [], [], []])
    with pytest.raises(MalformedPaper, match="no roster lists"):
        Evidence.decode(data)


def test_the_same_thing_twice_or_out_of_order_is_refused() -> None:
    one, two = sorted(seal.encode() for seal in STORY.seals)[:2]
    for pieces in ([one, one], [two, one]):
        with pytest.raises(MalformedPaper, match="out of order"):
            Evidence.decode(pack([1, WORKSPACE, [], [], [], [], pieces, []]))


def test_a_newer_format_asks_for_an_upgrade() -> None:
    with pytest.raises(MalformedPaper, match="upgrade"):
        Evidence.decode(pack([2, WORKSPACE, [], [], [], [], [], []]))


# Limits, at their edges.


def _devices(count: int) -> list[DeviceId]:
    return sorted(DeviceId(drawn(f"device {n}")) for n in range(count))


@pytest.mark.parametrize(
    ("field", "most", "piece"),
    [
        (2, MAX_ENTRIES, b"e"),
        (3, MAX_ROSTERS, b"r"),
        (4, MAX_TICKETS, b"t"),
        (5, MAX_DEPARTURES, b"d"),
        (6, MAX_SEALS, b"s"),
        (7, MAX_NOTICES, b"n"),
    ],
)
def test_a_bundle_has_so_many_of_each_and_no_more(field: int, most: int, piece: bytes) -> None:
    fields: list[object] = [1, WORKSPACE, [], [], [], [], [], []]
    for count, problem in ((most, "not CBOR|bytes|spelling|array"), (most + 1, "too long")):
        fields[field] = sorted(piece + n.to_bytes(4, "big") for n in range(count))
        with pytest.raises(MalformedPaper, match=problem):
            Evidence.decode(pack(fields))


def test_a_bundle_has_so_many_bytes_and_no_more() -> None:
    with pytest.raises(MalformedPaper, match="are the limit"):
        Evidence.decode(bytes(MAX_EVIDENCE + 1))
    with pytest.raises(MalformedPaper, match="not"):
        Evidence.decode(bytes(MAX_EVIDENCE))


def test_seals_at_their_limit_are_decoded() -> None:
    key = TIP.epoch.commitment
    seals = tuple(Seal(2, key, device, bytes(80)) for device in _devices(MAX_SEALS))
    assert len(Evidence.decode(Evidence(WORKSPACE, seals=seals).encode()).seals) == MAX_SEALS
    assert len(STORY.take(Evidence(WORKSPACE, seals=seals)).seals) == MAX_SEALS
    # Those for members come first, and those for a key that no roster names are not kept.
    assert STORY.seals <= STORY.take(Evidence(WORKSPACE, seals=seals)).seals
    unknown = tuple(replace(seal, commitment=drawn("?")) for seal in seals[:3])
    assert STORY.take(Evidence(WORKSPACE, seals=unknown)) == STORY


def test_a_roster_has_so_many_removed_and_no_more() -> None:
    for count, fits in ((MAX_REMOVED, True), (MAX_REMOVED + 1, False)):
        gone = tuple((device, 1) for device in _devices(count))
        big = replace(next_roster(), removed=gone).signed_by(ADA.key)
        entries = {entry.hash: entry for entry in big.members}
        if fits:
            assert len(Roster.decode(big.encoded, entries).removed) == MAX_REMOVED
        else:
            with pytest.raises(MalformedPaper, match="too long"):
                Roster.decode(big.encoded, entries)


def test_a_roster_has_so_many_members_and_no_more() -> None:
    hashes = sorted(drawn(str(n)) for n in range(MAX_MEMBERS + 1))
    import cbor2

    fields = cbor2.loads(next_roster().body)
    for count, problem in ((MAX_MEMBERS, "without one of its entries"), (MAX_MEMBERS + 1, "long")):
        fields[5] = hashes[:count]
        body = pack(fields)
        with pytest.raises(MalformedPaper, match=problem):
            Roster.decode(sign_off(body, ADA.key.sign("roster", body)), {})


def test_numbers_end_where_every_language_can_hold_them() -> None:
    last = Departure.issue(BEN.key, WORKSPACE, MAX_NUMBER)
    assert Departure.decode(last.encoded) == last
    with pytest.raises(MalformedPaper, match="out of range"):
        Departure.decode(Departure.issue(BEN.key, WORKSPACE, MAX_NUMBER + 1).encoded)


def test_a_class_of_five_hundred_fits() -> None:
    here = founded(ADA)
    people = [someone(f"Pupil {n}") for n in range(500)]
    for start in range(0, 500, MAX_TICKETS_EACH):
        here = folded(admitted(here, ADA, *people[start : start + MAX_TICKETS_EACH]), ADA)
    after = removed(here, ADA, people[0], fresh="new")
    assert len(after.membership.members) == 500
    assert len(after.evidence().encode()) < 512 * 1024
    assert told(here, after) == after
    assert after.keys(people[499].key)


def test_a_workspace_that_is_full_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MAX_MEMBERS", 3)
    with pytest.raises(WorkspaceFull, match="no more than 3 devices"):
        admitted(STORY, ADA, EVE)
    monkeypatch.setattr(acts, "MAX_REMOVED", 1)
    with pytest.raises(WorkspaceFull, match="removed"):
        removed(STORY, ADA, BEN)


def test_one_member_has_so_many_tickets_open_and_no_more() -> None:
    people = [someone(f"P{n}") for n in range(MAX_TICKETS_EACH + 1)]
    here = admitted(STORY, BEN, *people[:-1])
    assert len(here.tickets) == MAX_TICKETS_EACH
    with pytest.raises(WorkspaceFull):
        admitted(here, BEN, people[-1])
    forced = Ticket.issue(BEN.key, WORKSPACE, 2, 1, Role.READER, people[-1].card)
    assert len(here.take(Evidence(WORKSPACE, tickets=(forced,))).tickets) == MAX_TICKETS_EACH
    # Others still have room.
    assert "Eve" in names(admitted(here, CY, EVE))


def test_one_device_has_so_many_envelopes_of_a_key_and_no_more() -> None:
    wrong = tuple(
        Seal(2, TIP.epoch.commitment, BEN.device, bytes([n]) * 80)
        for n in range(MAX_SEALS_EACH + 3)
    )
    here = STORY.take(Evidence(WORKSPACE, seals=wrong))
    of_ben = [seal for seal in here.seals if seal.device == BEN.device and seal.epoch == 2]
    assert len(of_ben) == MAX_SEALS_EACH


def _branches(count: int) -> Papers:
    here = STORY
    for number in range(count):
        here = told(here, removed(STORY, ADA, CY, fresh=f"branch {number}"))
    return here


def test_so_many_branches_are_open_and_no_more() -> None:
    here = _branches(MAX_TIPS)
    assert len(here.tips) == MAX_TIPS
    more = removed(STORY, ADA, CY, fresh="one more")
    (refusal, *_) = here.refused(more.news(STORY.tips))
    assert refusal.reason == "there are too many branches"
    assert told(here, more) == here
    joined = folded(here, ADA)
    assert len(joined.tips) == 1
    assert MAX_PREVIOUS >= MAX_TIPS
    assert len(told(joined, more).tips) == 2


@pytest.mark.parametrize(
    ("limit", "most"), [("MAX_ASIDE", 3), ("MAX_ENTRIES", 5), ("MAX_ROSTER_BYTES", 1600)]
)
def test_branches_that_nobody_joins_do_not_grow_without_end(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    assert MAX_ASIDE + MAX_PAST == MAX_ROSTERS
    monkeypatch.setattr(papers, limit, most)
    here = removed(STORY, ADA, CY)
    other = STORY
    for turn in range(3):
        assert len(told(here, other).tips) == (1 if other is STORY else 2)
        other = given(other, ADA, (Role.READER, Role.WRITER)[turn % 2], BEN)
    assert told(here, other) == here


@pytest.mark.parametrize(("limit", "most"), [("MAX_ENTRIES", 6), ("MAX_ROSTER_BYTES", 2000)])
def test_the_past_is_shortened_before_a_bundle_has_too_much(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int
) -> None:
    monkeypatch.setattr(papers, limit, most)
    here = STORY
    for turn in range(12):
        here = given(here, ADA, (Role.READER, Role.WRITER)[turn % 2], BEN)
        assert Papers.trust(Evidence.decode(here.evidence().encode())) == here
    assert 2 <= len(here.rosters) < 12


# Rosters that contradict themselves.


@pytest.mark.parametrize(
    ("forged", "problem"),
    [
        (_next(removed=((BEN.device, VERSION),)), "somebody who was removed"),
        (
            _next(departures=(Departure.issue(BEN.key, WORKSPACE, 9),)),
            "a departure that was not put into effect",
        ),
        (_next(members=()), "a roster of nobody"),
        (_next(members=(*TIP.members, TIP.members[0])), "out of order"),
        (_next(previous=()), "follows nothing"),
        (_next(version=1), "follows nothing"),
        (_next(epoch=replace(OTHER_KEY, number=0)), "an epoch of the wrong shape"),
    ],
)
def test_a_roster_that_contradicts_itself_is_refused(
    forged: Callable[[], Roster], problem: str
) -> None:
    contradiction = forged().signed_by(ADA.key)
    with pytest.raises(MalformedPaper, match=problem):
        Evidence.decode(Evidence(WORKSPACE, (contradiction,)).encode())


def test_of_two_signatures_under_one_roster_the_same_one_stays_everywhere() -> None:
    lower, higher = (
        Evidence(WORKSPACE, (replace(TIP, signature=bytes([fill]) * 64),)) for fill in (0, 255)
    )
    here, there = STORY.take(lower).take(higher), STORY.take(higher).take(lower)
    assert {r.signature for r in here.rosters.values()} == {
        r.signature for r in there.rosters.values()
    }
    assert here.rosters[TIP.hash].signature == bytes(64)
    assert len(here.tips) == 1
