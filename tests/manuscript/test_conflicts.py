"""What is worth a look after a merge: whisker_sync.manuscript.conflicts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from whisker_sync.ids import DeviceId, StoryPath
from whisker_sync.manuscript.conflicts import Conflict, Kind, conflicts
from whisker_sync.manuscript.kept import Kept
from whisker_sync.revision import Revision, Version
from whisker_sync.story.files import read

ADA, BOB = DeviceId(b"a" * 32), DeviceId(b"b" * 32)
CAVE, START = "c" * 16, "d" * 16
DARK = ":: Cave\nIt is dark here. The wind is cold.\n"


def save(
    device: DeviceId,
    time: int,
    id_: str,
    before: str | None,
    text: str | None,
    path: str = "a.twee",
) -> Revision:
    name = (text or before or "").partition("\n")[0].removeprefix(":: ").partition(" [")[0]
    version = Version(id_, path, "A", name, text, before)
    return Revision("Ada" if device == ADA else "Bob", device, time, "", (version,))


def found(
    text: str, *revisions: Revision, kept: Sequence[Kept] = (), paths: Sequence[str] = ("a.twee",)
) -> list[Conflict]:
    return conflicts([read("a.twee", text.encode())], paths, revisions, kept)


def test_a_story_in_which_all_is_well_has_nothing_worth_a_look() -> None:
    made = save(ADA, 1, CAVE, None, DARK)
    assert found(DARK, made, save(BOB, 2, CAVE, DARK, DARK.replace("cold", "icy"))) == []


def test_two_passages_of_one_name_are_listed_with_those_who_made_them() -> None:
    other = ":: Cave\nSomething breathes.\n"
    made = [save(ADA, 1, CAVE, None, DARK), save(BOB, 2, START, None, other)]
    (conflict,) = found(DARK + other, *made)
    assert conflict.kind is Kind.SAME_NAME
    assert conflict.passage == "Cave"
    assert [(side.person, side.time) for side in conflict.sides] == [("Ada", 1), ("Bob", 2)]
    assert conflict.sides[1].text == "Something breathes."
    assert "a.twee:1 and a.twee:3" in conflict.sentence


def test_a_link_to_a_passage_that_somebody_renamed_or_deleted_is_listed() -> None:
    linking = ":: Start\nGo to the [[Cave]].\n"
    link = save(BOB, 3, START, ":: Start\n", linking)
    for text, words in ((DARK.replace("Cave", "Grotto"), "renamed to “Grotto”"), (None, "deleted")):
        (conflict,) = found(
            linking + (text or ""),
            save(ADA, 1, CAVE, None, DARK),
            save(ADA, 2, CAVE, DARK, text),
            link,
        )
        assert conflict.kind is Kind.DEAD_LINK
        assert f"Ada {words}" in conflict.sentence
        assert [side.person for side in conflict.sides] == ["Bob", "Ada"]
        assert conflict.passage == "Start"
    assert found(linking + DARK, save(ADA, 1, CAVE, None, DARK), link) == []
    never = ":: Start\nGo to the [[Moon]].\n"
    assert found(never, save(ADA, 1, CAVE, None, DARK)) == []


def test_a_sentence_that_two_wrote_anew_is_listed_until_somebody_changes_it() -> None:
    ours, theirs = DARK.replace("cold", "icy"), DARK.replace("wind is cold", "wind blows cold now")
    saves = [save(ADA, 1, CAVE, DARK, ours), save(BOB, 2, CAVE, DARK, theirs)]
    (conflict,) = found(DARK, *saves)
    assert conflict.kind is Kind.SENTENCE
    assert [side.text for side in conflict.sides] == [
        "The wind is icy.",
        "The wind blows cold now.",
    ]
    assert found(DARK, *reversed(saves))[0].id == conflict.id
    merged = DARK.replace("wind is cold", "wind blows icy now")
    settled = save(BOB, 3, CAVE, merged, DARK.replace("wind is cold", "wind is bitter"))
    assert found(DARK, *saves, settled) == []


@pytest.mark.parametrize("theirs", ["Nobody came.", "Rain fell all night long!"])
def test_a_sentence_is_the_same_one_by_its_place_too_however_little_it_is_alike(
    theirs: str,
) -> None:
    before = DARK + "You leave.\n"
    ours = before.replace("The wind is cold.", "A storm comes up.")
    saves = [
        save(ADA, 1, CAVE, before, ours),
        save(BOB, 2, CAVE, before, before.replace("The wind is cold.", theirs)),
    ]
    (conflict,) = found(before, *saves)
    assert conflict.kind is Kind.SENTENCE
    assert [side.text for side in conflict.sides] == ["A storm comes up.", theirs]
    longer = before.replace("The wind is cold.", f"{theirs} Late hours pass.")
    assert found(before, saves[0], save(BOB, 2, CAVE, before, longer)) == []


def test_who_goes_on_from_what_another_wrote_is_in_nobodys_way() -> None:
    ours = DARK.replace("cold", "icy")
    again = [
        save(ADA, 1, CAVE, DARK, ours),
        save(BOB, 2, CAVE, ours, DARK),
        save(BOB, 3, CAVE, DARK, DARK.replace("cold", "wet")),
    ]
    assert found(DARK, *again) == []
    same = [save(each, 1, CAVE, DARK, ours) for each in (ADA, BOB)]
    assert found(DARK, *same) == []
    one = [save(ADA, 1, CAVE, DARK, ours), save(ADA, 2, CAVE, DARK, DARK.replace("cold", "wet"))]
    assert found(DARK, *one) == []


def test_two_beginnings_of_a_story_are_listed() -> None:
    def data(start: str) -> str:
        return f':: StoryData\n{{"ifid": "X", "start": "{start}"}}\n'

    (conflict,) = found(
        "",
        save(ADA, 1, START, data("A"), data("B")),
        save(BOB, 2, START, data("A"), data("C")),
    )
    assert conflict.kind is Kind.START
    assert [side.text for side in conflict.sides] == ["B", "C"]
    after = save(BOB, 3, START, data("C"), data("D"))
    both = [save(ADA, 1, START, data("A"), data("B")), save(BOB, 2, START, data("A"), data("C"))]
    assert found("", *both, after) == []


def test_paths_that_differ_only_in_capital_letters_are_listed() -> None:
    (conflict,) = found(DARK, paths=["a.twee", "Map.png", "map.png"])
    assert conflict.kind is Kind.CLASH
    assert [side.text for side in conflict.sides] == ["Map.png", "map.png"]


def test_what_was_kept_is_listed_with_who_wrote_it() -> None:
    kept = Kept(CAVE, StoryPath("a.twee"), ":: Cave\nIt is dark here.\n", DARK)
    (conflict,) = found(DARK, save(BOB, 1, CAVE, None, DARK), kept=[kept])
    assert conflict.kind is Kind.KEPT
    assert conflict.subject == CAVE
    assert [side.text for side in conflict.sides] == [
        "It is dark here.",
        "It is dark here. The wind is cold.",
    ]
    assert conflict.sides[1].person == "Bob"
