"""Tests for :mod:`whisker_sync.peer.peer`: whole peers, without a network."""

from __future__ import annotations

import pytest

from tests.peer.crowd import Crowd, Someone
from whisker_sync.manuscript.schema import STORY
from whisker_sync.peer.effects import Hangup, Persist
from whisker_sync.peer.events import Merged, Trouble
from whisker_sync.peer.inputs import Drained, FrameArrived
from whisker_sync.peer.lines import WITHOUT_A_WORD
from whisker_sync.sync import session

CAVE = ":: Cave\nIt is dark here.\n\n:: Way out\nLight!\n"


def same(*people: Someone) -> bool:
    digests = {person.peer.status().digest for person in people}
    folders = [person.folder for person in people]
    return len(digests) == 1 and all(folder == folders[0] for folder in folders)


def two() -> tuple[Crowd, Someone, Someone]:
    crowd = Crowd()
    return crowd, crowd.join("alice"), crowd.join("bob")


def test_a_saved_file_appears_in_the_other_folder() -> None:
    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    crowd.run()
    alice.save("cave.twee", CAVE)
    crowd.run()
    assert bob.read("cave.twee") == CAVE
    assert same(alice, bob)


def test_who_was_alone_catches_up() -> None:
    crowd, alice, bob = two()
    alice.save("cave.twee", CAVE)
    bob.save("lake.twee", ":: Lake\nDeep.\n")
    crowd.run()
    crowd.connect(bob, alice)
    crowd.wait()
    assert same(alice, bob)
    assert set(alice.folder) == {"cave.twee", "lake.twee"}
    assert all(person.peer.status().settled for person in (alice, bob))


def test_offline_edits_of_one_passage_are_both_there() -> None:
    crowd, alice, bob = two()
    link = crowd.connect(alice, bob)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    crowd.cut(link)
    crowd.run()
    alice.save("cave.twee", CAVE.replace("dark", "pitch dark"))
    bob.save("cave.twee", CAVE.replace("here.", "here, and cold."))
    crowd.run()
    crowd.connect(bob, alice)
    crowd.wait()
    assert alice.read("cave.twee") == CAVE.replace("dark here.", "pitch dark here, and cold.")
    assert same(alice, bob)


def test_binary_files_travel_on_request() -> None:
    crowd, alice, bob = two()
    alice.save("map.png", bytes(range(256)) * 20)
    crowd.run()
    crowd.connect(alice, bob)
    crowd.wait()
    assert same(alice, bob)
    assert len(bob.folder) == 1
    assert all(person.peer.status().settled for person in (alice, bob))


def test_a_removed_file_is_gone_everywhere() -> None:
    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    bob.save("cave.twee", None)
    crowd.wait()
    assert alice.folder == bob.folder == {}


def test_in_a_full_mesh_each_update_is_sent_once_to_each() -> None:
    crowd = Crowd()
    people = [crowd.join(name) for name in ("alice", "bob", "carol", "dave")]
    for i, one in enumerate(people):
        for other in people[:i]:
            crowd.connect(one, other)
    crowd.wait()
    assert same(*people)
    for person in people:
        person.pushes = 0
    for i in range(10):
        people[i % 4].save("cave.twee", f":: Cave\nnumber {i}\n")
        crowd.wait()
    assert same(*people)
    assert sum(person.pushes for person in people) == 10 * 3


def test_in_a_chain_the_one_in_the_middle_forwards() -> None:
    crowd = Crowd()
    alice, bob, carol = (crowd.join(name) for name in ("alice", "bob", "carol"))
    crowd.connect(alice, bob)
    crowd.connect(bob, carol)
    crowd.wait()
    alice.save("cave.twee", CAVE)
    carol.save("lake.twee", ":: Lake\nDeep.\n")
    crowd.wait()
    assert same(alice, bob, carol)
    assert len(alice.folder) == 2


def test_what_was_left_out_comes_when_the_mesh_breaks() -> None:
    """Carol relies on Alice for what Alice writes; then loses her before it arrives."""
    crowd = Crowd()
    alice, bob, carol = (crowd.join(name) for name in ("alice", "bob", "carol"))
    crowd.connect(alice, bob)
    crowd.connect(bob, carol)
    link = crowd.connect(alice, carol)
    crowd.wait()
    crowd.links.pop(link)  # half open: neither end knows yet
    alice.save("cave.twee", CAVE)
    crowd.run()
    assert carol.folder == {}
    for end in (alice, carol):
        from whisker_sync.peer.inputs import LinkDown

        end.tell(LinkDown(link, "silent", 3))
    crowd.wait()
    assert same(alice, bob, carol)
    assert carol.read("cave.twee") == CAVE


def test_a_restart_continues_where_the_journal_ends() -> None:
    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    bob.boot()
    bob.folder[next(iter(bob.folder))] = CAVE.replace("Light!", "Light at last!").encode()
    bob.boot()
    crowd.run()
    alice.save("cave.twee", CAVE.replace("dark", "pitch dark"))
    crowd.connect(bob, alice)
    crowd.wait()
    assert same(alice, bob)
    assert alice.read("cave.twee") == CAVE.replace("dark", "pitch dark").replace(
        "Light!", "Light at last!"
    )


def test_a_reconnect_with_nothing_new_is_two_small_frames() -> None:
    crowd, alice, bob = two()
    link = crowd.connect(alice, bob)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    crowd.cut(link)
    crowd.run()
    crowd.said.clear()
    crowd.connect(alice, bob)
    crowd.wait()
    kinds = [type(message).__name__ for _, message in crowd.said]
    assert sorted(kinds[4:]) == ["Hello", "Hello"]


def test_pending_counts_what_no_other_device_has() -> None:
    crowd, alice, bob = two()
    alice.save("cave.twee", CAVE)
    alice.save("cave.twee", CAVE + "More.\n")
    crowd.run()
    assert alice.peer.status().pending == 2
    crowd.connect(alice, bob)
    crowd.wait()
    assert alice.peer.status().pending == 0
    alice.boot()
    assert alice.peer.status().pending == 0


def test_a_stranger_gets_nothing() -> None:
    crowd = Crowd()
    alice, mallory = crowd.join("alice"), crowd.join("mallory", key=b"m" * 32)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    crowd.said.clear()
    crowd.connect(mallory, alice)
    crowd.wait()
    assert {type(message).__name__ for _, message in crowd.said} <= {"Challenge", "Proof"}
    assert not crowd.links
    assert mallory.folder == {}


def test_who_says_nothing_is_hung_up_on() -> None:
    from whisker_sync.ids import Address, LinkId
    from whisker_sync.peer.inputs import LinkUp, Tick

    crowd = Crowd()
    alice = crowd.join("alice")
    crowd.run()
    alice.peer.handle(LinkUp(LinkId(1), None, Address("192.0.2.1", 1), b"b" * 32, 1), 0.0)
    assert alice.peer.deadline() == 5.0
    assert Hangup(LinkId(1), WITHOUT_A_WORD) in alice.peer.handle(Tick(), 5.0)
    assert alice.peer.deadline() is None


def test_who_was_hung_up_on_has_no_second_try() -> None:
    crowd = Crowd()
    alice, mallory = crowd.join("alice"), crowd.join("mallory", key=b"o" * 32)
    crowd.run()
    link = crowd.connect(mallory, alice)
    for _ in range(3):
        alice.tell(FrameArrived(link, b"garbage"))
    hung_up = [e for who, e in crowd.agenda if who is alice and isinstance(e, Hangup)]
    assert hung_up == [Hangup(link, WITHOUT_A_WORD)]


def test_strangers_cannot_alarm_an_author() -> None:
    crowd = Crowd()
    alice, mallory = crowd.join("alice"), crowd.join("mallory", key=b"o" * 32)
    for said in (b"garbage", b"x" * 5000):
        alice.tell(FrameArrived(crowd.connect(mallory, alice), said))
        crowd.wait()
    crowd.connect(alice, mallory)
    crowd.wait()
    assert not [event for event in alice.events if isinstance(event, Trouble)]


def test_garbage_ends_the_link_and_nothing_else() -> None:
    crowd, alice, bob = two()
    link = crowd.connect(alice, bob)
    crowd.wait()
    bob.tell(FrameArrived(link, b"garbage"))
    crowd.run()
    assert not crowd.links
    crowd.connect(alice, bob)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    assert same(alice, bob)


def test_two_connections_become_one() -> None:
    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    crowd.connect(bob, alice)
    crowd.wait()
    assert len(crowd.links) == 1
    ((dialling, _),) = crowd.links.values()
    assert dialling.device == min(alice.device, bob.device)


def test_after_a_double_connection_news_travel_at_once() -> None:
    """Regression: the second hello said that they are linked, and so nobody sent anything."""
    for seed in range(6):
        crowd = Crowd(seed)
        alice, bob = crowd.join("alice"), crowd.join("bob")
        crowd.connect(alice, bob)
        if seed % 2:
            crowd.wait()
        crowd.connect(bob, alice)
        crowd.wait()
        alice.save("cave.twee", CAVE)
        bob.save("lake.twee", ":: Lake\nDeep.\n")
        crowd.run()
        assert same(alice, bob)


def test_a_link_that_drains_matters_only_if_something_waited_for_that() -> None:
    crowd, alice, bob = two()
    link = crowd.connect(alice, bob)
    crowd.wait()
    alice.save("cave.twee", CAVE)
    assert alice.peer.handle(Drained(link), crowd.now) == []
    crowd.run()
    crowd.clogged.add("alice")
    while not alice.peer.load().in_flight >= session.WINDOW:
        alice.save(f"{len(alice.folder)}.txt", crowd.dice.randbytes(20_000).hex())
        crowd.run()
    alice.save("last.txt", "The last word.\n")
    crowd.run()
    assert "last.txt" not in bob.folder
    alice.tell(Drained(link))
    crowd.run()
    assert bob.read("last.txt") == "The last word.\n"


def test_an_edit_in_memory_is_sent_before_it_is_durable() -> None:
    from whisker_sync.peer.effects import Persist, Send
    from whisker_sync.peer.inputs import Edited

    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    crowd.wait()
    with alice.peer.document(STORY).edit("program") as edit:
        edit.insert("x:0000000000000001", 0, "hello")
    assert edit.change is not None
    effects = alice.peer.handle(Edited(STORY, edit.change, 5), crowd.now)
    kinds = [type(effect) for effect in effects]
    assert kinds.index(Persist) < kinds.index(Send)


def test_a_saved_file_is_sent_only_when_it_is_durable() -> None:
    from whisker_sync.ids import StoryPath
    from whisker_sync.manuscript.files import FileSeen
    from whisker_sync.peer.effects import Send
    from whisker_sync.peer.inputs import Committed, FilesSeen

    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    crowd.wait()
    seen = FilesSeen((FileSeen(StoryPath("cave.twee"), CAVE.encode()),), 5)
    effects = alice.peer.handle(seen, crowd.now)
    (persist,) = [effect for effect in effects if isinstance(effect, Persist)]
    assert not [effect for effect in effects if isinstance(effect, Send)]
    effects = alice.peer.handle(Committed(persist.ticket), crowd.now)
    assert [effect for effect in effects if isinstance(effect, Send)]


def test_an_author_who_was_faster_is_not_overwritten() -> None:
    from whisker_sync.ids import StoryPath

    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    bob.folder[StoryPath("cave.twee")] = CAVE.replace("Light!", "Light, at last!").encode()
    alice.save("cave.twee", CAVE.replace("dark", "pitch dark"))
    crowd.wait()
    expected = CAVE.replace("dark", "pitch dark").replace("Light!", "Light, at last!")
    assert bob.read("cave.twee") == expected
    assert same(alice, bob)


def test_what_happened_is_told() -> None:
    crowd, alice, bob = two()
    crowd.connect(alice, bob)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    assert [event for event in bob.events if isinstance(event, Merged) and not event.local]
    assert not [event for event in bob.events + alice.events if isinstance(event, Trouble)]


def test_two_machines_with_one_identity_are_told_of() -> None:
    crowd = Crowd()
    alice, bob, clone = crowd.join("alice"), crowd.join("bob"), crowd.join("bob")
    for person in (bob, clone, bob, clone, bob):
        crowd.connect(person, alice)
        crowd.wait()
    told = [event.sentence for event in alice.events if isinstance(event, Trouble)]
    assert [sentence for sentence in told if "two machines say that they are bob" in sentence]


def test_a_process_whose_last_words_arrive_late_is_no_double() -> None:
    crowd = Crowd()
    alice, bob, late = crowd.join("alice"), crowd.join("bob"), crowd.join("bob")
    crowd.connect(late, alice)
    crowd.wait()
    crowd.connect(late, alice)  # and nothing of this arrives before bob has called
    crowd.connect(bob, alice)
    crowd.wait()
    assert not [event for event in alice.events if isinstance(event, Trouble)]


def test_a_call_of_a_dead_process_that_is_heard_of_late_makes_no_double() -> None:
    crowd = Crowd()
    alice, bob, dead = crowd.join("alice"), crowd.join("bob"), crowd.join("bob")
    for process in (dead, bob, dead):
        crowd.connect(process, alice)
        crowd.wait()
    assert not [event for event in alice.events if isinstance(event, Trouble)]


def test_somebody_who_merely_restarts_is_no_double() -> None:
    crowd, alice, bob = two()
    for _ in range(3):
        crowd.connect(bob, alice)
        crowd.wait()
        bob.boot()
    assert not [event for event in alice.events if isinstance(event, Trouble)]


def test_a_machine_that_meets_its_own_clone_says_so() -> None:
    crowd = Crowd()
    alice, clone = crowd.join("alice"), crowd.join("alice")
    crowd.connect(alice, clone)
    crowd.wait()
    assert [e for e in alice.events if isinstance(e, Trouble) and "two machines" in e.sentence]


def test_an_author_is_told_once_that_a_story_comes_near_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whisker_sync.document.document.LARGE_DOCUMENT", 3000)
    crowd = Crowd()
    alice = crowd.join("alice")
    told: list[int] = []
    for words in (10, 1000, 2000):
        alice.save("cave.twee", ":: Cave\n" + "word " * words)
        crowd.run()
        said = [e for e in alice.events if isinstance(e, Trouble) and "MiB" in e.sentence]
        told.append(len(said))
    assert told == [0, 1, 1]


def test_a_story_beyond_its_limit_stays_with_its_author_and_both_sides_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whisker_sync.document.document.MAX_DOCUMENT", 3000)
    crowd = Crowd()
    alice, bob = crowd.join("alice"), crowd.join("bob")
    crowd.connect(alice, bob)
    alice.save("cave.twee", ":: Cave\nIt is dark.\n")
    crowd.wait()
    alice.save("long.twee", ":: Long\n" + "word " * 1000)
    crowd.wait()
    assert list(bob.folder) == ["cave.twee"]
    assert alice.peer.status().split == ("story",)
    assert any("more than" in e.sentence for e in alice.events if isinstance(e, Trouble))
    assert bob.peer.status().quarantined == 1
    # What the others write is beyond the limit for her, too; both keep all they have.
    bob.save("cave.twee", ":: Cave\nIt is pitch dark.\n")
    crowd.wait(100)
    assert bob.peer.status().split == ("story",)
    said = [e.sentence for e in bob.events if isinstance(e, Trouble)]
    assert len([each for each in said if "cannot take in a change from here" in each]) == 1
    assert not [each for each in said if "different" in each], "for it was said why"
