"""Who belongs: each rule of :mod:`whisker_sync.identity.membership`, by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
from whisker_sync.errors import NotEntitled
from whisker_sync.identity import acts
from whisker_sync.identity.card import Card
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.recovery import RecoveryKey
from whisker_sync.identity.roster import Departure, Notice, Role, Ticket
from whisker_sync.identity.seals import commitment
from whisker_sync.testing.people import sealer

ADA, BEN, CY, DI, EVE = map(someone, ("Ada", "Ben", "Cy", "Di", "Eve"))
PAPER = RecoveryKey(b"sixteen bytes!!!")


@pytest.fixture
def story() -> Papers:
    """Ada and Cy own it, Ben writes."""
    papers = folded(admitted(founded(ADA), ADA, BEN, CY), ADA)
    return given(papers, ADA, Role.OWNER, CY)


def ticket(papers: Papers, by: Someone, who: Someone, role: Role = Role.WRITER) -> Papers:
    """The papers with a ticket that ``by`` might not have been asked for."""
    version = papers.membership.version
    forced = Ticket.issue(by.key, WORKSPACE, version, 99, role, who.card)
    return papers.take(Evidence(WORKSPACE, tickets=(forced,)))


# Beginning.


def test_who_founds_a_workspace_is_its_only_owner() -> None:
    papers = founded(ADA)
    assert names(papers) == owners(papers) == ["Ada"]
    assert papers.membership.version == 1
    assert not papers.membership.unfinished
    assert papers.keys(ADA.key) == {commitment(drawn("epoch 1")): drawn("epoch 1")}


def test_strangers_may_nothing(story: Papers) -> None:
    now = story.membership
    assert now.role(EVE.device) is None
    assert not now.may_read(EVE.device)
    assert not now.may_write(EVE.device)
    assert not now.may_admit(EVE.device, Role.READER)
    assert not now.may_remove(EVE.device)
    assert not now.was_removed(EVE.device)


@pytest.mark.parametrize(
    ("role", "write", "admit", "remove"),
    [
        (Role.OWNER, True, [Role.READER, Role.WRITER, Role.OWNER], True),
        (Role.WRITER, True, [Role.READER, Role.WRITER], False),
        (Role.READER, False, [], False),
    ],
)
def test_each_role_may_what_it_may(
    story: Papers, role: Role, write: bool, admit: list[Role], remove: bool
) -> None:
    now = given(story, ADA, role, BEN).membership
    assert now.may_read(BEN.device)
    assert now.may_write(BEN.device) is write
    assert [asked for asked in Role if now.may_admit(BEN.device, asked)] == admit
    assert now.may_remove(BEN.device) is remove


# Tickets.


def test_a_ticket_of_a_writer_holds_at_once(story: Papers) -> None:
    papers = admitted(story, BEN, DI)
    assert names(papers)[-1] == "Di"
    assert papers.membership.may_write(DI.device)
    assert papers.membership.unfinished


def test_a_ticket_of_a_reader_is_void(story: Papers) -> None:
    papers = given(story, ADA, Role.READER, BEN)
    with pytest.raises(NotEntitled, match="does not let you invite"):
        admitted(papers, BEN, DI, role=Role.READER)
    assert "Di" not in names(ticket(papers, BEN, DI, Role.READER))


def test_a_ticket_of_a_stranger_is_void(story: Papers) -> None:
    assert names(ticket(story, EVE, DI)) == names(story)
    assert names(ticket(story, EVE, EVE)) == names(story)


def test_nobody_lets_in_somebody_above_themselves(story: Papers) -> None:
    with pytest.raises(NotEntitled, match="as owner"):
        admitted(story, BEN, DI, role=Role.OWNER)
    assert "Di" not in names(ticket(story, BEN, DI, Role.OWNER))


def test_who_came_with_a_ticket_may_let_in_others(story: Papers) -> None:
    papers = admitted(admitted(story, BEN, DI), DI, EVE)
    assert names(papers)[-2:] == ["Di", "Eve"]


def test_somebody_let_in_as_an_owner_is_a_writer_until_a_roster_says_so(story: Papers) -> None:
    papers = admitted(story, ADA, DI, role=Role.OWNER)
    assert papers.membership.role(DI.device) is Role.WRITER
    assert folded(papers, CY).membership.role(DI.device) is Role.OWNER


def test_a_ticket_is_void_when_its_signer_is_removed(story: Papers) -> None:
    invited = admitted(story, BEN, DI)
    assert names(told(invited, removed(story, ADA, BEN))) == ["Ada", "Cy"]


def test_who_was_folded_in_stays_when_the_one_who_invited_is_removed(story: Papers) -> None:
    papers = removed(folded(admitted(story, BEN, DI), ADA), ADA, BEN)
    assert sorted(names(papers)) == ["Ada", "Cy", "Di"]


def test_a_ticket_of_a_former_life_is_stale(story: Papers) -> None:
    old = ticket(story, BEN, DI)
    papers = removed(story, ADA, BEN)
    papers = acts.readmit(papers, ADA.key, BEN.card, Role.WRITER, drawn("x"), sealer=sealer)
    assert "Ben" in names(papers)
    assert "Di" not in names(told(papers, old))


def test_a_ticket_does_not_bring_back_who_was_removed(story: Papers) -> None:
    papers = removed(story, ADA, BEN)
    with pytest.raises(NotEntitled, match="an owner can let them in again"):
        admitted(papers, CY, BEN)
    assert "Ben" not in names(ticket(papers, CY, BEN))


def test_those_who_come_are_in_the_order_of_their_invitations() -> None:
    people = [someone(f"P{n}") for n in range(8)]
    papers = admitted(founded(ADA), ADA, *people)
    expected = ["Ada", *(one.card.person_name for one in people)]
    assert names(papers) == names(folded(papers, ADA)) == expected


# Persons.


def test_one_person_has_several_devices(story: Papers) -> None:
    phone = someone("Ben", "phone")
    papers = admitted(story, BEN, phone)
    person = papers.membership.person(phone.device)
    assert person is not None
    assert [member.card.device_name for member in person.devices] == ["laptop", "phone"]
    assert papers.membership.namesakes("ben") == (person,)


def test_nobody_lets_in_a_device_as_that_of_somebody_else(story: Papers) -> None:
    phone = someone("Ada", "phone")
    with pytest.raises(NotEntitled, match="only Ada or an owner"):
        admitted(story, BEN, phone)
    assert phone.device not in ticket(story, BEN, phone).membership.by_device
    assert phone.device in admitted(story, CY, phone).membership.by_device


def test_of_two_who_claim_to_be_one_new_person_the_same_one_is_let_in_everywhere(
    story: Papers,
) -> None:
    one, two = someone("Di", "laptop"), someone("Di", "phone")
    by_ben, by_cy = ticket(story, BEN, one), ticket(given(story, ADA, Role.WRITER, CY), CY, two)
    here, there = told(by_ben, by_cy), told(by_cy, by_ben)
    assert names(here) == names(there)
    assert names(here).count("Di") == 1


# Removal.


def test_a_removal_changes_the_key_and_gives_it_to_whoever_stays(story: Papers) -> None:
    papers = removed(story, ADA, BEN, fresh="new")
    assert names(papers) == ["Ada", "Cy"]
    assert papers.membership.epoch.number == story.membership.epoch.number + 1
    assert papers.keys(CY.key)[commitment(drawn("new"))] == drawn("new")
    assert commitment(drawn("new")) not in papers.keys(BEN.key)
    assert not papers.membership.must_rotate


def test_the_old_key_stays_readable(story: Papers) -> None:
    papers = removed(story, ADA, BEN, fresh="new")
    assert {epoch.commitment for epoch in papers.membership.readable} == {
        commitment(drawn("epoch 1")),
        commitment(drawn("new")),
    }


def test_only_owners_remove(story: Papers) -> None:
    for other in (BEN, EVE):
        with pytest.raises(NotEntitled, match="only an owner"):
            removed(story, other, ADA)
    with pytest.raises(NotEntitled, match="leave the workspace"):
        removed(story, ADA, ADA)
    with pytest.raises(NotEntitled, match="no such member"):
        removed(story, ADA, EVE)


def test_who_has_a_ticket_only_can_be_removed(story: Papers) -> None:
    papers = removed(admitted(story, BEN, DI), ADA, DI)
    assert "Di" not in names(papers)
    assert papers.membership.was_removed(DI.device)


def test_a_removed_device_comes_back_by_a_newer_roster_of_an_owner_only(story: Papers) -> None:
    papers = removed(story, ADA, BEN)
    with pytest.raises(NotEntitled, match="only an owner"):
        acts.readmit(papers, BEN.key, BEN.card, Role.WRITER, drawn("x"), sealer=sealer)
    back = acts.readmit(papers, CY.key, BEN.card, Role.READER, drawn("x"), sealer=sealer)
    assert back.membership.role(BEN.device) is Role.READER
    assert names(told(papers, back)) == names(told(back, papers, story)) == names(back)


def test_who_was_never_removed_is_not_let_in_again(story: Papers) -> None:
    with pytest.raises(NotEntitled, match="was not removed"):
        acts.readmit(story, ADA.key, DI.card, Role.WRITER, drawn("x"), sealer=sealer)


def test_the_removed_are_told_so_and_learn_nothing_else(story: Papers) -> None:
    papers = removed(admitted(story, ADA, DI), ADA, BEN)
    notice = papers.notice_for(BEN.device)
    assert notice is not None
    assert story.heeds(notice, BEN.device)
    assert not story.heeds(notice, CY.device)
    for other in (ADA, CY, DI):
        assert bytes(other.device) not in notice.encoded
        assert other.card.person_name.encode() not in notice.encoded


def test_a_notice_that_no_owner_signed_is_not_heeded(story: Papers) -> None:
    forged = Notice.issue(EVE.key, WORKSPACE, 99, BEN.device)
    by_writer = Notice.issue(BEN.key, WORKSPACE, 99, CY.device)
    assert not story.heeds(forged, BEN.device)
    assert not story.heeds(by_writer, CY.device)
    assert not story.take(Evidence(WORKSPACE, notices=(forged, by_writer))).notices


def test_of_two_owners_who_remove_each_other_both_believe_it(story: Papers) -> None:
    both = given(story, ADA, Role.OWNER, BEN)
    adas, bens = removed(both, ADA, BEN), removed(both, BEN, ADA)
    for papers, notice, who in (
        (adas, bens.notice_for(ADA.device), ADA),
        (bens, adas.notice_for(BEN.device), BEN),
    ):
        assert notice is not None
        assert papers.heeds(notice, who.device)


def test_a_notice_of_a_former_removal_is_not_heeded(story: Papers) -> None:
    notice = removed(story, ADA, BEN).notice_for(BEN.device)
    back = acts.readmit(
        removed(story, ADA, BEN), ADA.key, BEN.card, Role.WRITER, drawn("x"), sealer=sealer
    )
    assert notice is not None
    assert not back.heeds(notice, BEN.device)


# Forks.


def test_a_fork_keeps_who_is_in_both_branches_and_nobody_removed_in_one(story: Papers) -> None:
    story = folded(admitted(story, ADA, DI, EVE), ADA)
    ada, cy = removed(story, ADA, DI), removed(story, CY, EVE)
    both = told(ada, cy)
    assert both == told(cy, ada)
    assert names(both) == ["Ada", "Ben", "Cy"]
    assert both.membership.forked
    assert both.membership.must_rotate


def test_who_was_let_in_by_one_branch_stays_if_a_member_vouches(story: Papers) -> None:
    ada, cy = folded(admitted(story, ADA, DI), ADA), folded(admitted(story, CY, EVE), CY)
    both = told(ada, cy)
    assert both == told(cy, ada)
    assert sorted(names(both)) == ["Ada", "Ben", "Cy", "Di", "Eve"]
    assert not both.membership.must_rotate


def test_who_was_let_in_by_somebody_the_other_branch_removed_is_out(story: Papers) -> None:
    cy = folded(admitted(story, CY, EVE), CY)
    ada = removed(story, ADA, CY)
    assert names(told(ada, cy)) == names(told(cy, ada)) == ["Ada", "Ben"]


def test_mutual_removal_removes_both_and_the_first_writer_becomes_owner(story: Papers) -> None:
    story = folded(admitted(story, ADA, DI), ADA)
    ada, cy = removed(story, ADA, CY), removed(story, CY, ADA)
    both = told(ada, cy)
    assert both == told(cy, ada)
    assert names(both) == ["Ben", "Di"]
    assert owners(both) == ["Ben"]


def test_the_heir_signs_over_both_branches_and_changes_the_key(story: Papers) -> None:
    both = told(removed(story, ADA, CY), removed(story, CY, ADA))
    heir = folded(both, BEN, "of Ben")
    now = heir.membership
    assert (now.forked, now.must_rotate, now.unfinished) == (False, False, False)
    assert now.epoch.commitment == commitment(drawn("of Ben"))
    assert told(both, heir) == told(heir, both, story)


def test_of_two_new_keys_both_are_read_and_the_lower_hash_sends(story: Papers) -> None:
    story = folded(admitted(story, ADA, DI, EVE), ADA)
    ada, cy = removed(story, ADA, DI, fresh="one"), removed(story, CY, EVE, fresh="two")
    made = {commitment(drawn("one")), commitment(drawn("two"))}
    now = told(ada, cy).membership
    assert now.epoch.commitment == min(made)
    assert made <= {epoch.commitment for epoch in now.readable}
    assert made <= told(ada, cy).keys(BEN.key).keys()


def test_who_was_removed_does_not_choose_the_key_by_signing_longer(story: Papers) -> None:
    ada = removed(story, ADA, CY, fresh="without Cy")
    cy = story
    for victim in (BEN, ADA):
        cy = removed(cy, CY, victim)
    both = told(ada, cy)
    # Ada is out as well: two who remove each other both are. Cy's key is the newer one, and both
    # who made a key are out, so nobody stays to be trusted: the next owner makes another.
    assert both.membership.must_rotate
    cy = removed(removed(folded(admitted(story, CY, DI), CY), CY, DI), CY, BEN)
    assert told(ada, cy).membership.epoch.commitment == commitment(drawn("without Cy"))


def test_who_was_removed_gains_nothing_by_signing_longer(story: Papers) -> None:
    ada = removed(story, ADA, CY)
    cy = folded(admitted(story, CY, EVE), CY)
    cy = given(cy, CY, Role.OWNER, EVE)
    cy = given(cy, CY, Role.OWNER, BEN)
    cy = acts.set_recovery(cy, CY.key, PAPER.public, drawn("x"), sealer=sealer)
    assert cy.membership.version > ada.membership.version
    now = told(ada, cy)
    assert now == told(cy, ada)
    assert names(now) == ["Ada", "Ben"]
    assert owners(now) == ["Ada"]
    assert now.membership.recovery == b""


def test_a_role_given_last_wins_where_nobody_was_removed(story: Papers) -> None:
    ada = given(folded(admitted(story, ADA, DI), ADA), ADA, Role.OWNER, BEN)
    cy = folded(admitted(story, CY, EVE), CY)
    assert told(ada, cy).membership.role(BEN.device) is Role.OWNER


def test_of_two_roles_given_at_once_the_lower_one_counts(story: Papers) -> None:
    up, down = given(story, ADA, Role.OWNER, BEN), given(story, CY, Role.READER, BEN)
    assert told(up, down).membership.role(BEN.device) is Role.READER
    assert told(down, up).membership.role(BEN.device) is Role.READER


def test_three_branches_are_one_as_well(story: Papers) -> None:
    story = given(story, ADA, Role.OWNER, BEN)
    story = folded(admitted(story, ADA, DI, EVE), ADA)
    ada, ben, cy = (
        removed(story, ADA, DI),
        removed(story, BEN, EVE),
        given(story, CY, Role.READER, EVE),
    )
    assert told(ada, ben, cy) == told(cy, ben, ada) == told(ben, told(cy, ada))
    assert names(told(ada, ben, cy)) == ["Ada", "Ben", "Cy"]
    assert not folded(told(ada, ben, cy), CY).membership.unfinished


# Leaving.


def test_who_leaves_is_out_at_once_and_the_key_is_changed_soon(story: Papers) -> None:
    papers = acts.leave(story, BEN.key)
    assert names(papers) == ["Ada", "Cy"]
    assert papers.membership.must_rotate
    after = folded(papers, CY, "new")
    assert after.membership.was_removed(BEN.device)
    assert not after.departures
    assert told(papers, after) == told(after, papers)
    assert commitment(drawn("new")) not in after.keys(BEN.key)


def test_when_the_only_owner_leaves_the_first_writer_becomes_one() -> None:
    papers = admitted(founded(ADA), ADA, BEN, CY)
    papers = acts.leave(folded(papers, ADA), ADA.key)
    assert owners(papers) == ["Ben"]
    assert owners(folded(papers, BEN)) == ["Ben"]
    with pytest.raises(NotEntitled):
        folded(papers, CY)


def test_nobody_can_say_that_somebody_else_left(story: Papers) -> None:
    with pytest.raises(NotEntitled, match="no member"):
        acts.leave(story, EVE.key)
    forged = replace(Departure.issue(EVE.key, WORKSPACE, 9), by=BEN.key.public)
    with pytest.raises(Exception, match="not signed by who it says"):
        Departure.decode(forged.encoded)


def test_who_left_can_be_let_in_again_by_an_owner(story: Papers) -> None:
    papers = acts.leave(story, BEN.key)
    back = acts.readmit(papers, ADA.key, BEN.card, Role.WRITER, drawn("x"), sealer=sealer)
    assert back.membership.may_write(BEN.device)
    assert told(back, papers) == told(papers, back) == back


def test_who_left_with_a_ticket_only_can_be_let_in_again(story: Papers) -> None:
    papers = acts.leave(admitted(story, BEN, DI), DI.key)
    assert "Di" not in names(papers)
    with pytest.raises(NotEntitled, match="an owner can"):
        admitted(papers, BEN, DI)
    back = acts.readmit(papers, ADA.key, DI.card, Role.WRITER, drawn("x"), sealer=sealer)
    assert "Di" in names(back)


# Roles.


def test_a_workspace_keeps_an_owner(story: Papers) -> None:
    one = given(story, ADA, Role.WRITER, CY)
    with pytest.raises(NotEntitled, match="needs an owner"):
        given(one, ADA, Role.READER, ADA)


def test_an_owner_that_is_none_any_more_cannot_sign(story: Papers) -> None:
    papers = given(story, ADA, Role.WRITER, CY)
    with pytest.raises(NotEntitled, match="only an owner"):
        removed(papers, CY, BEN)


# Recovery.


def test_words_on_paper_make_an_owner_of_a_member(story: Papers) -> None:
    papers = acts.set_recovery(story, ADA.key, PAPER.public, drawn("x"), sealer=sealer)
    papers = given(papers, ADA, Role.WRITER, CY)
    key = RecoveryKey.from_words(PAPER.words())
    after = acts.restore(papers, key, BEN.card, drawn("y"), sealer=sealer)
    assert owners(after) == ["Ada", "Ben"]
    assert removed(after, BEN, ADA).membership.was_removed(ADA.device)


def test_words_on_paper_make_an_owner_of_a_new_device(story: Papers) -> None:
    papers = acts.set_recovery(story, ADA.key, PAPER.public, drawn("x"), sealer=sealer)
    new = someone("Ada", "new laptop")
    after = acts.restore(papers, PAPER, new.card, drawn("y"), sealer=sealer)
    assert after.membership.may_remove(new.device)
    # Even if an owner who knows nothing of it signs at the same time.
    other = folded(admitted(papers, CY, DI), CY)
    assert told(after, other).membership.may_remove(new.device)


def test_other_words_restore_nothing(story: Papers) -> None:
    with pytest.raises(NotEntitled, match="not those of this workspace"):
        acts.restore(story, PAPER, BEN.card, drawn("y"), sealer=sealer)
    papers = acts.set_recovery(story, ADA.key, PAPER.public, drawn("x"), sealer=sealer)
    other = RecoveryKey(b"another sixteen!")
    with pytest.raises(NotEntitled):
        acts.restore(papers, other, BEN.card, drawn("y"), sealer=sealer)
    newer = acts.set_recovery(papers, CY.key, other.public, drawn("x"), sealer=sealer)
    with pytest.raises(NotEntitled):
        acts.restore(newer, PAPER, BEN.card, drawn("y"), sealer=sealer)


def test_words_restore_a_workspace_that_nobody_is_left_to_own() -> None:
    papers = folded(admitted(founded(ADA), ADA, BEN, role=Role.READER), ADA)
    papers = acts.set_recovery(papers, ADA.key, PAPER.public, drawn("x"), sealer=sealer)
    papers = acts.leave(papers, ADA.key)
    assert owners(papers) == []
    after = acts.restore(papers, PAPER, BEN.card, drawn("y"), sealer=sealer)
    assert owners(after) == names(after) == ["Ben"]
    assert not after.membership.unfinished


# Keys.


def test_whoever_has_the_key_can_seal_it_for_who_lacks_it(story: Papers) -> None:
    epoch_key = drawn("epoch 1")
    papers = admitted(story, BEN, DI)
    assert papers.keys(DI.key) == {}
    papers = acts.reseal(papers, epoch_key, sealer=sealer)
    assert papers.keys(DI.key) == {commitment(epoch_key): epoch_key}
    assert acts.reseal(papers, epoch_key, sealer=sealer) == papers


def test_a_wrong_envelope_does_not_stand_in_the_way(story: Papers) -> None:
    papers = removed(story, ADA, BEN, fresh="new")
    (seal,) = (s for s in papers.seals if s.device == CY.device and s.epoch == 2)
    wrong = replace(seal, envelope=bytes(80))
    for spoilt in (papers.take(Evidence(WORKSPACE, seals=(wrong,))), told(papers)):
        assert spoilt.keys(CY.key)[commitment(drawn("new"))] == drawn("new")


def test_a_card_says_who_it_is(story: Papers) -> None:
    member = story.membership.member(BEN.device)
    assert member is not None
    assert member.card == Card.decode(BEN.card.encode())


# Where two rules would each do, and where only one does.


def test_when_who_set_the_key_on_paper_is_out_the_common_past_decides(story: Papers) -> None:
    story = acts.set_recovery(story, ADA.key, PAPER.public, drawn("x"), sealer=sealer)
    of_cy = RecoveryKey(b"Cy's 16 bytes...").public
    cy = acts.set_recovery(story, CY.key, of_cy, drawn("x"), sealer=sealer)
    both = told(removed(story, ADA, CY), removed(cy, CY, ADA))
    assert both.membership.recovery == PAPER.public
    of_ada = RecoveryKey(b"Ada's 16 bytes..").public
    ada = acts.set_recovery(story, ADA.key, of_ada, drawn("x"), sealer=sealer)
    both = told(removed(ada, ADA, CY), removed(cy, CY, ADA))
    assert both.membership.recovery == PAPER.public


def test_who_is_in_by_the_ticket_alone_keeps_no_role_of_who_is_out(story: Papers) -> None:
    cy = folded(admitted(story, BEN, DI), CY)
    cy = given(cy, CY, Role.OWNER, DI)
    both = told(cy, removed(story, ADA, CY))
    assert both.membership.role(DI.device) is Role.WRITER
    assert owners(both) == ["Ada"]
    assert not folded(both, ADA).membership.unfinished


def test_a_ticket_for_who_is_out_is_void_even_where_it_was_kept(story: Papers) -> None:
    out = removed(story, ADA, BEN)
    kept = Ticket.issue(CY.key, WORKSPACE, 99, 9, Role.WRITER, BEN.card)
    papers = Papers(WORKSPACE, out.rosters, {kept.hash: kept})
    assert "Ben" not in names(papers)
    gone = Departure.issue(BEN.key, WORKSPACE, 9)
    papers = Papers(WORKSPACE, story.rosters, {kept.hash: kept}, {gone.hash: gone})
    assert "Ben" not in names(papers)


def test_a_departure_of_a_former_life_is_stale_even_where_it_was_kept(story: Papers) -> None:
    left = acts.leave(story, BEN.key)
    (departure,) = left.departures.values()
    back = acts.readmit(left, ADA.key, BEN.card, Role.WRITER, drawn("x"), sealer=sealer)
    papers = Papers(WORKSPACE, back.rosters, {}, {departure.hash: departure})
    assert "Ben" in names(papers)


def test_the_key_on_paper_lets_somebody_in(story: Papers) -> None:
    ticket_ = Ticket.issue(PAPER, WORKSPACE, 3, 9, Role.OWNER, DI.card)
    assert "Di" not in names(story.take(Evidence(WORKSPACE, tickets=(ticket_,))))
    story = acts.set_recovery(story, ADA.key, PAPER.public, drawn("x"), sealer=sealer)
    papers = story.take(Evidence(WORKSPACE, tickets=(ticket_,)))
    assert papers.membership.role(DI.device) is Role.WRITER
    assert folded(papers, ADA).membership.role(DI.device) is Role.OWNER
