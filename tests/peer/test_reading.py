"""Tests for :mod:`whisker_sync.peer.reading`, and for readers among whole peers."""

from __future__ import annotations

import hashlib

from tests.peer.crowd import Crowd, Someone
from whisker_sync.identity.roster import Role
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Large, WriteAsset, WriteFile
from whisker_sync.manuscript.shadow import Page, Picture
from whisker_sync.peer.acts import ChangeRole
from whisker_sync.peer.events import Trouble
from whisker_sync.peer.inputs import FrameArrived
from whisker_sync.peer.reading import sort
from whisker_sync.revision import Revision, Version
from whisker_sync.wire.codec import encode
from whisker_sync.wire.messages import Catch, Push, Reject, Revisions

CAVE = ":: Cave\nIt is dark here.\n"


def three() -> tuple[Crowd, Someone, Someone, Someone]:
    """Alice, who owns the story, Bob, who writes, and Rita, who reads; all connected."""
    crowd = Crowd()
    alice, bob, rita = (crowd.join(name) for name in ("alice", "bob", "rita"))
    connect(crowd, alice, bob, rita)
    crowd.wait(5.0)
    give(alice, rita, Role.READER)
    connect(crowd, alice, bob, rita)
    alice.save("cave.twee", CAVE)
    crowd.wait()
    assert rita.read("cave.twee") == CAVE
    return crowd, alice, bob, rita


def connect(crowd: Crowd, *people: Someone) -> None:
    """Connect everybody; again, because who hears that a role was changed hangs up once."""
    for _ in range(3):
        for i, one in enumerate(people):
            for other in people[:i]:
                if not any(set(ends) == {one, other} for ends in crowd.links.values()):
                    crowd.connect(one, other)
        crowd.wait()


def give(owner: Someone, person: Someone, role: Role) -> None:
    assert owner.do(ChangeRole(frozenset({person.device}), role)) is None
    owner.crowd.wait()


def yours(person: Someone) -> list[str]:
    return [content.decode() for path, content in person.folder.items() if "yours" in path]


# Among peers.


def test_a_picture_that_a_reader_changes_or_removes_is_the_storys_again() -> None:
    crowd, alice, bob, rita = three()
    alice.save("map.png", b"\x89PNG\x00theirs")
    crowd.wait()
    rita.save("map.png", b"\x89PNG\x00mine")
    crowd.wait()
    assert rita.folder[StoryPath("map.png")] == b"\x89PNG\x00theirs"
    kept = [content for path, content in rita.folder.items() if "yours" in path]
    assert kept == [b"\x89PNG\x00mine"]
    rita.save("map.png", None)
    crowd.wait()
    assert rita.folder[StoryPath("map.png")] == b"\x89PNG\x00theirs"
    assert [path for path in bob.folder if "yours" in path] == []
    alice.save("map.png", b"\x89PNG\x00newer")
    crowd.wait()
    assert rita.folder[StoryPath("map.png")] == b"\x89PNG\x00newer"


def test_a_reader_has_the_history_and_adds_nothing_to_it() -> None:
    crowd, alice, bob, rita = three()
    bob.save("lake.twee", ":: Lake\nDeep.\n")
    crowd.wait()
    rita.save("cave.twee", CAVE + "Rita was here.\n")
    forged = Revision("alice", alice.device, 1, "", (Version("0", "a", "V", "A", "b", None),))
    (link,) = [link for link, ends in crowd.links.items() if set(ends) == {alice, rita}]
    for frame in encode(Revisions(False, (forged.encoded,)), rita.device):
        alice.tell(FrameArrived(link, frame))
    crowd.wait()
    assert set(alice.revisions) == set(bob.revisions)
    assert set(alice.revisions) <= set(rita.revisions)
    assert forged.id not in alice.revisions
    assert not any(alice.revision(id_).person == "rita" for id_ in alice.revisions)


def test_a_reader_gets_everything_and_gives_nothing() -> None:
    crowd, alice, bob, rita = three()
    crowd.said.clear()
    bob.save("lake.twee", ":: Lake\nDeep.\n")
    rita.save("cave.twee", CAVE + "Rita was here.\n")
    crowd.wait()
    assert rita.read("lake.twee") == ":: Lake\nDeep.\n"
    assert alice.read("cave.twee") == bob.read("cave.twee") == CAVE
    pushes = [m for name, m in crowd.said if name == "rita" and isinstance(m, Push)]
    assert not any(push.records for push in pushes)
    assert len({person.peer.status().digest for person in (alice, bob, rita)}) == 1
    assert all(person.peer.status().settled for person in (alice, bob, rita))


def test_what_a_reader_writes_is_kept_beside_and_said() -> None:
    crowd, _, _, rita = three()
    rita.save("cave.twee", CAVE + "Rita was here.\n")
    crowd.wait()
    assert rita.read("cave.twee") == CAVE
    assert yours(rita) == [CAVE + "Rita was here.\n"]
    (problem,) = rita.peer.status().problems
    assert "you may read it, not write in it" in problem.sentence
    rita.save("notes.txt", "Mine.\n")
    crowd.wait()
    assert rita.read("notes.txt") == "Mine.\n"
    assert [p for p in rita.peer.status().problems if "on this device only" in p.sentence]


def test_what_a_reader_removes_comes_back() -> None:
    crowd, alice, _, rita = three()
    rita.save("cave.twee", None)
    crowd.wait()
    assert rita.read("cave.twee") == CAVE
    rita.folder.clear()
    rita.boot()
    crowd.wait()
    assert rita.read("cave.twee") == CAVE
    assert alice.read("cave.twee") == CAVE


def test_a_change_of_others_and_one_of_the_readers_at_once_are_both_there() -> None:
    crowd, alice, _, rita = three()
    rita.folder[StoryPath("cave.twee")] = b"Rita was faster.\n"  # and nobody has seen it yet
    alice.save("cave.twee", CAVE + "On we go.\n")
    crowd.wait()
    assert rita.read("cave.twee") == CAVE + "On we go.\n"
    assert yours(rita) == ["Rita was faster.\n"]
    alice.save("cave.twee", CAVE + "And on.\n")
    crowd.wait()
    assert rita.read("cave.twee") == CAVE + "And on.\n"
    assert len(yours(rita)) == 1


def test_nobody_takes_in_what_comes_from_a_reader() -> None:
    """Rita's program was changed: it writes as if nothing was."""
    crowd, alice, bob, rita = three()
    for link in list(crowd.links):
        crowd.cut(link)
    believe(rita)
    rita.save("cave.twee", CAVE + "Rita was here.\n")
    crowd.run()
    crowd.said.clear()
    crowd.connect(rita, alice)
    crowd.wait()
    assert alice.read("cave.twee") == CAVE
    assert [m for name, m in crowd.said if name == "rita" and isinstance(m, Push) and m.records]
    assert [m for name, m in crowd.said if name == "alice" and isinstance(m, Reject)]
    assert not [m for name, m in crowd.said if name == "alice" and isinstance(m, Catch)]
    crowd.connect(alice, bob)
    crowd.wait()
    assert bob.read("cave.twee") == CAVE


def believe(reader: Someone) -> None:
    """Have a peer believe that it may write."""
    reader.peer._circle.reads = lambda _: False  # type: ignore[method-assign, assignment]


def test_who_becomes_a_writer_again_writes() -> None:
    crowd, alice, bob, rita = three()
    give(alice, rita, Role.WRITER)
    connect(crowd, alice, bob, rita)
    rita.save("cave.twee", CAVE + "Rita is back.\n")
    crowd.wait()
    assert alice.read("cave.twee") == bob.read("cave.twee") == CAVE + "Rita is back.\n"


def test_what_a_writer_wrote_stays_when_they_become_a_reader() -> None:
    crowd, alice, bob, rita = three()
    bob.save("bob.twee", ":: Bob\nWritten in time.\n")
    crowd.wait()
    give(alice, bob, Role.READER)
    connect(crowd, alice, bob, rita)
    alice.save("cave.twee", CAVE + "On.\n")
    crowd.wait()
    assert rita.read("bob.twee") == ":: Bob\nWritten in time.\n"
    assert bob.read("cave.twee") == CAVE + "On.\n"


def test_what_others_got_before_they_knew_better_is_there_for_everybody() -> None:
    """Judged once, at the first who has it from its author."""
    crowd, alice, bob, _ = three()
    for link in [link for link, ends in crowd.links.items() if alice in ends]:
        crowd.cut(link)
    give(alice, bob, Role.READER)
    bob.save("bob.twee", ":: Bob\nHe did not know.\n")
    crowd.wait()
    carol = crowd.join("carol")
    crowd.connect(carol, bob)
    crowd.wait()
    assert carol.read("bob.twee") == ":: Bob\nHe did not know.\n"
    crowd.connect(carol, alice)
    crowd.wait(5.0)
    assert alice.read("bob.twee") == ":: Bob\nHe did not know.\n"


def test_what_nobody_had_got_stays_with_who_may_not_write_any_more() -> None:
    crowd, alice, bob, _ = three()
    for link in [link for link, ends in crowd.links.items() if bob in ends]:
        crowd.cut(link)
    bob.save("bob.twee", ":: Bob\nToo late.\n")
    give(alice, bob, Role.READER)
    crowd.connect(bob, alice)
    crowd.wait(30.0)
    assert "bob.twee" not in alice.folder
    assert bob.read("bob.twee") == ":: Bob\nToo late.\n"
    assert [e for e in bob.events if isinstance(e, Trouble) and "stays on this" in e.sentence]
    assert not [e for e in alice.events if isinstance(e, Trouble)]


# The sorting.


def page(text: str) -> Page:
    return Page((), "\n", bom=False, sha256=hashlib.sha256(text.encode()).digest())


def seen(path: str, content: bytes | None) -> FileSeen:
    return FileSeen(StoryPath(path), content)


def test_a_binary_file_that_a_reader_changed_is_put_beside() -> None:
    theirs = hashlib.sha256(b"theirs").digest()
    mine = hashlib.sha256(b"mine").digest()
    shown = {StoryPath("map.png"): Picture("x", theirs, 6)}
    found = sort([seen("map.png", b"mine")], shown, ())
    beside = StoryPath(f"map (yours, {mine.hex()[:8]}).png")
    assert found.writes == (
        WriteFile(beside, b"mine", None),
        WriteAsset(StoryPath("map.png"), theirs, mine),
    )
    assert [problem.path for problem in found.problems] == ["map.png"]
    gone = sort([seen("map.png", None)], shown, ())
    assert gone.writes == (WriteAsset(StoryPath("map.png"), theirs, None),)


def test_a_large_file_that_a_reader_changed_is_left_alone() -> None:
    shown = {StoryPath("film.mp4"): Picture("x", b"t" * 32, 1 << 30, b"l" * 32)}
    found = sort([FileSeen(StoryPath("film.mp4"), Large(b"m" * 32, 9 << 20, b""))], shown, ())
    assert found.writes == ()
    assert [problem.path for problem in found.problems] == ["film.mp4"]


def test_an_older_version_of_the_story_is_no_change_of_the_readers() -> None:
    shown = {StoryPath("a.txt"): page("new")}
    old = hashlib.sha256(b"old").digest()
    found = sort([seen("a.txt", b"old")], shown, {old})
    assert [write.path for write in found.writes] == ["a.txt"]
    assert found.problems == ()


def test_what_is_as_the_story_has_it_is_taken_note_of() -> None:
    found = sort(
        [seen("a.txt", b"text"), seen("b.txt", None)], {StoryPath("a.txt"): page("text")}, ()
    )
    assert [file.path for file in found.as_shown] == ["a.txt", "b.txt"]
    assert found.others == ()
