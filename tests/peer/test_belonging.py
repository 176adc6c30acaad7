"""Tests for :mod:`whisker_sync.peer.belonging`: who is talked with, and what others hear."""

from __future__ import annotations

import pytest

from tests.peer.crowd import KEY, WORKSPACE, Crowd, Someone
from whisker_sync.identity import acts as signing
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.recovery import RecoveryKey
from whisker_sync.identity.roster import Role
from whisker_sync.ids import LinkId
from whisker_sync.peer.acts import ChangeRole, Leave, Remove, Restore, SetRecovery
from whisker_sync.peer.belonging import FOLD_SECONDS
from whisker_sync.peer.circle import GOODBYE_SECONDS, KNOWN
from whisker_sync.peer.effects import Dial, Drop, Hangup, Persist, Send
from whisker_sync.peer.events import PeerConnected, Trouble
from whisker_sync.peer.inputs import Committed, Do, Sighted, Tick
from whisker_sync.testing.people import People, sealer
from whisker_sync.wire.messages import Bye, Challenge, Introduction, Members, Proof, Welcome

CAVE = ":: Cave\nIt is dark here.\n"


def three() -> tuple[Crowd, Someone, Someone, Someone]:
    """Alice, who owns the story, Bob and Carol, all connected."""
    crowd = Crowd()
    alice, bob, carol = (crowd.join(name) for name in ("alice", "bob", "carol"))
    alice.save("cave.twee", CAVE)
    for one, other in ((alice, bob), (alice, carol), (bob, carol)):
        crowd.connect(one, other)
    crowd.wait(5.0)
    assert bob.read("cave.twee") == carol.read("cave.twee") == CAVE
    return crowd, alice, bob, carol


def removing(*people: Someone) -> Remove:
    return Remove(frozenset(person.device for person in people))


def members(someone: Someone) -> list[str]:
    return [member.card.person_name for member in someone.peer.papers.membership.members]


def told(crowd: Crowd, someone: Someone) -> list[Evidence]:
    """What somebody said about who belongs."""
    return [
        Evidence.decode(message.evidence)
        for name, message in crowd.said
        if name == someone.name and isinstance(message, Members)
    ]


# Whoever belongs.


def test_an_owner_answers_what_is_open_and_everybody_hears_of_it() -> None:
    _, alice, bob, carol = three()
    papers = alice.peer.papers
    assert not papers.membership.unfinished
    assert members(bob) == ["alice", "bob", "carol"]
    assert {person.peer.papers.digest for person in (alice, bob, carol)} == {papers.digest}


def test_two_who_were_let_in_apart_show_each_other_by_whom() -> None:
    """Neither knows the other, and both have the word of somebody whom the other knows."""
    crowd = Crowd()
    alice = crowd.join("alice")
    people = [Someone(Crowd(), name) for name in ("bob", "carol")]
    apart = []
    for person in people:
        card = person.peer.papers.membership.members[-1].card
        papers = signing.admit(alice.papers, alice.device_key, card, Role.WRITER)
        apart.append(signing.reseal(papers, KEY, sealer=sealer))
    bob, carol = (
        crowd.join(person.name, papers=papers) for person, papers in zip(people, apart, strict=True)
    )
    bob.save("cave.twee", CAVE)
    crowd.connect(bob, carol)
    crowd.wait()
    assert carol.read("cave.twee") == CAVE
    assert set(members(bob)) == set(members(carol)) == {"alice", "bob", "carol"}


def test_who_was_away_while_the_key_was_changed_comes_back_either_way() -> None:
    for dialling_is_behind in (True, False):
        crowd, alice, bob, carol = three()
        for link in list(crowd.links):
            crowd.cut(link)
        assert alice.do(removing(bob)) is None
        assert alice.peer.ring.key != carol.peer.ring.key
        crowd.connect(*((carol, alice) if dialling_is_behind else (alice, carol)))
        crowd.wait()
        assert alice.peer.ring.key == carol.peer.ring.key
        assert members(carol) == ["alice", "carol"]


def test_what_is_known_of_who_belongs_survives_a_restart() -> None:
    crowd, alice, _, _ = three()
    digest = alice.peer.papers.digest
    alice.boot()
    assert alice.peer.papers.digest == digest
    assert crowd.links


# Who does not.


def test_nobody_sends_a_byte_to_who_was_removed_but_the_notice() -> None:
    crowd, alice, bob, carol = three()
    crowd.said.clear()
    assert alice.do(removing(bob)) is None
    crowd.wait()
    assert not [ends for ends in crowd.links.values() if bob in ends]
    alice.save("cave.twee", CAVE + "A secret.\n")
    for person in (alice, carol):
        crowd.connect(bob, person)
        crowd.connect(person, bob)
        crowd.wait()
    assert bob.read("cave.twee") == CAVE
    assert carol.read("cave.twee") == CAVE + "A secret.\n"
    assert members(carol) == ["alice", "carol"]


def test_who_was_removed_is_told_so_by_a_notice_and_nothing_else() -> None:
    crowd, alice, bob, carol = three()
    for link in [link for link, ends in crowd.links.items() if bob in ends]:
        crowd.cut(link)
    assert alice.do(removing(bob)) is None
    crowd.wait()
    crowd.said.clear()
    crowd.connect(bob, carol)
    crowd.wait()
    said = {type(message) for name, message in crowd.said if name == "carol"}
    assert said == {Challenge, Welcome, Members}
    assert all(not evidence.rosters for evidence in told(crowd, carol))
    assert [evidence for evidence in told(crowd, carol) if evidence.notices]
    assert "does not belong" in (bob.peer.status().outside or "")
    assert [e for e in bob.events if isinstance(e, Trouble) and "owner removed it" in e.sentence]


def test_who_knows_that_it_was_removed_keeps_quiet_from_then_on() -> None:
    crowd, alice, bob, _ = three()
    assert alice.do(removing(bob)) is None
    crowd.wait()
    crowd.connect(bob, alice)
    crowd.wait()
    bob.boot()
    assert bob.peer.status().outside is not None
    effects = bob.peer.handle(Sighted("x", (), lasting=True), crowd.now)
    assert not [effect for effect in effects if isinstance(effect, Dial)]
    assert bob.peer.deadline() is None
    bob.save("mine.twee", ":: Mine\nStays.\n")
    assert bob.read("mine.twee")


def test_a_removal_ends_links_before_anything_else_is_said_on_them() -> None:
    crowd, alice, bob, _ = three()
    link = next(link for link, ends in crowd.links.items() if set(ends) == {alice, bob})
    alice.save("cave.twee", CAVE + "A secret.\n")
    effects = alice.peer.handle(Do(99, removing(bob)), crowd.now)
    assert [type(e) for e in effects if getattr(e, "link", None) == link] == [Drop, Hangup]
    effects = alice.peer.handle(Committed(1 << 40), crowd.now)
    assert not [effect for effect in effects if getattr(effect, "link", None) == link]


def test_who_has_not_heard_of_a_removal_does_not_know_better_until_it_does() -> None:
    crowd, alice, bob, carol = three()
    for link in [link for link, ends in crowd.links.items() if alice in ends]:
        crowd.cut(link)
    assert alice.do(removing(bob)) is None
    carol.save("cave.twee", CAVE + "Still told.\n")
    crowd.wait()
    assert bob.read("cave.twee") == CAVE + "Still told.\n"
    crowd.connect(carol, alice)
    crowd.wait()
    carol.save("cave.twee", CAVE + "Not told.\n")
    crowd.wait()
    assert bob.read("cave.twee") == CAVE + "Still told.\n"
    assert "bob" not in members(carol)


def test_whoever_knows_the_key_and_is_no_member_hears_no_roster() -> None:
    """Mallory has the key, and papers that say that the story is theirs."""
    crowd, alice, _, _ = three()
    key = crowd.join("mallory", key=b"m" * 32).device_key
    forged = People(WORKSPACE, KEY).enrol(key, "mallory")
    mallory = crowd.join("mallory", papers=forged)
    known = alice.peer.papers.digest
    for ends in ((mallory, alice), (alice, mallory)):
        crowd.said.clear()
        crowd.connect(*ends)
        crowd.wait()
        said = {type(message) for name, message in crowd.said if name == "alice"}
        assert said <= {Challenge, Proof, Welcome, Introduction, Members}
        assert all(not evidence.rosters for evidence in told(crowd, alice))
    assert mallory.folder == {}
    assert "mallory" not in members(alice)
    assert alice.peer.papers.digest == known
    assert not [e for e in alice.events if isinstance(e, PeerConnected) and e.name == "mallory"]


def test_a_device_with_a_copied_folder_is_no_member_and_says_so() -> None:
    crowd, alice, _, _ = three()
    clone = crowd.join("dave", papers=alice.peer.papers)
    assert "no member" in (clone.peer.status().outside or "")
    crowd.connect(clone, alice)
    crowd.wait()
    assert clone.folder == {}


# What we sign ourselves.


def test_what_an_owner_signs_is_told_when_it_is_durable_and_not_before() -> None:
    crowd, alice, bob, carol = three()
    effects = alice.peer.handle(Do(1, ChangeRole(frozenset({bob.device}), Role.READER)), crowd.now)
    assert [effect for effect in effects if isinstance(effect, Persist)]
    assert not [effect for effect in effects if isinstance(effect, Send)]
    (persist,) = [effect for effect in effects if isinstance(effect, Persist)]
    after = alice.peer.handle(Committed(persist.ticket), crowd.now)
    links = {effect.link for effect in after if isinstance(effect, Send)}
    assert {frozenset(end.name for end in crowd.links[link]) for link in links} == {
        frozenset({"alice", "bob"}),
        frozenset({"alice", "carol"}),
    }
    assert carol.peer.papers.membership.role(bob.device) is Role.WRITER


def test_only_owners_remove_and_give_roles() -> None:
    _, alice, bob, carol = three()
    assert "only an owner" in (bob.do(removing(carol)) or "")
    assert "only an owner" in (bob.do(ChangeRole(frozenset({bob.device}), Role.OWNER)) or "")
    assert "nobody removes themselves" in (alice.do(removing(alice)) or "")
    assert "needs an owner" in (alice.do(ChangeRole(frozenset({alice.device}), Role.WRITER)) or "")
    assert alice.do(ChangeRole(frozenset({bob.device}), Role.OWNER)) is None
    assert bob.do(removing(carol)) is None


def test_a_story_of_one_owner_is_warned_of_until_there_is_a_second_or_words_on_paper() -> None:
    _, alice, bob, _ = three()
    assert alice.peer.status().alone
    paper = RecoveryKey(bytes(16))
    assert alice.do(SetRecovery(paper.public)) is None
    assert not alice.peer.status().alone
    assert bob.do(Restore(RecoveryKey(b"x" * 16))) is not None
    assert bob.do(Restore(paper)) is None
    assert bob.peer.status().role is Role.OWNER


def test_two_owners_who_answer_at_once_come_to_rest() -> None:
    crowd, alice, bob, carol = three()
    assert alice.do(ChangeRole(frozenset({bob.device}), Role.OWNER)) is None
    crowd.wait()
    for link in [link for link, ends in crowd.links.items() if alice in ends]:
        crowd.cut(link)
    assert alice.do(ChangeRole(frozenset({carol.device}), Role.READER)) is None
    assert bob.do(ChangeRole(frozenset({carol.device}), Role.OWNER)) is None
    for _ in range(3):  # who hears that a role was changed hangs up once
        for one, other in ((alice, bob), (alice, carol), (bob, carol)):
            crowd.connect(one, other)
        crowd.wait(30.0)
    assert not alice.peer.papers.membership.unfinished
    assert len({person.peer.papers.digest for person in (alice, bob, carol)}) == 1


def test_the_first_owner_waits_for_a_moment_before_it_answers() -> None:
    crowd = Crowd()
    alice = crowd.join("alice")
    bob = crowd.join("bob")
    crowd.connect(alice, bob)
    crowd.run()
    version = alice.peer.papers.membership.version
    deadline = alice.peer.deadline()
    assert deadline is not None
    assert deadline <= crowd.now + FOLD_SECONDS
    alice.tell(Tick())
    assert alice.peer.papers.membership.version == version
    crowd.wait(FOLD_SECONDS + 0.1)
    assert alice.peer.papers.membership.version == version + 1


@pytest.mark.parametrize("frame", [b"", b"\x83\x18\x28\x41x\x40", b"\x82\x18\x28\x40"])
def test_whoever_tells_nonsense_of_who_belongs_is_hung_up_on(frame: bytes) -> None:
    from whisker_sync.peer.inputs import FrameArrived

    crowd, alice, bob, _ = three()
    link = next(link for link, ends in crowd.links.items() if set(ends) == {alice, bob})
    alice.tell(FrameArrived(LinkId(link), frame))
    crowd.run()
    assert link not in crowd.links


# Who leaves.


def test_who_leaves_is_out_when_somebody_else_has_that_on_disk() -> None:
    crowd, alice, bob, carol = three()
    crowd.said.clear()
    assert bob.do(Leave()) is None
    assert bob.peer.witnesses
    assert set(bob.peer.witnesses) <= {alice.device, carol.device}
    assert "has left" in (bob.peer.status().outside or "")
    crowd.wait(FOLD_SECONDS + 1)
    assert members(alice) == members(carol) == ["alice", "carol"]
    assert alice.peer.ring.key == carol.peer.ring.key
    assert not [ends for ends in crowd.links.values() if bob in ends]
    alice.save("cave.twee", CAVE + "A secret.\n")
    crowd.connect(bob, carol)
    crowd.wait()
    assert carol.read("cave.twee") == CAVE + "A secret.\n"
    assert bob.read("cave.twee") == CAVE  # and keeps what was there


def test_nobody_says_that_it_knows_of_a_departure_before_that_is_durable() -> None:
    crowd, alice, bob, carol = three()
    for link in [link for link, ends in crowd.links.items() if carol in ends]:
        crowd.cut(link)
    crowd.said.clear()
    crowd.slow = {"alice"}
    bob.tell(Do(1000, Leave()))
    crowd.run()
    assert Bye(KNOWN) not in [message for _, message in crowd.said]
    assert bob.peer.outside is None
    crowd.slow = set()
    crowd.run()
    assert ("alice", Bye(KNOWN)) in crowd.said
    assert bob.peer.witnesses == (alice.device,)


def test_who_leaves_alone_leaves_all_the_same_and_nobody_knows() -> None:
    crowd, alice, bob, _ = three()
    for link in list(crowd.links):
        crowd.cut(link)
    assert bob.do(Leave()) is None
    assert bob.peer.witnesses == ()
    assert bob.peer.outside is not None
    bob.boot()
    assert "has left" in (bob.peer.outside or "")
    assert members(alice) == ["alice", "bob", "carol"]


def test_who_leaves_does_not_wait_for_ever_for_somebody_who_says_nothing() -> None:
    crowd, _, bob, carol = three()
    crowd.slow = {"alice", "carol"}
    bob.tell(Do(1000, Leave()))
    crowd.run()
    assert bob.peer.outside is None
    crowd.wait(GOODBYE_SECONDS + 0.1)
    assert bob.peer.outside is not None
    assert bob.peer.witnesses == ()
    assert members(carol) == ["alice", "carol"]


def test_the_last_owner_cannot_leave_before_somebody_else_is_one() -> None:
    _, alice, bob, _ = three()
    assert "somebody else an owner first" in (alice.do(Leave()) or "")
    assert alice.do(ChangeRole(frozenset([bob.device]), Role.OWNER)) is None
    assert alice.do(Leave()) is None
    alone = Crowd().join("alice")
    assert "nobody else belongs" in (alone.do(Leave()) or "")
