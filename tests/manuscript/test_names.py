"""Links follow the names of passages: whisker_sync.manuscript.names, in a manuscript."""

from __future__ import annotations

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.manuscript import names
from whisker_sync.manuscript.render import View

DATA = ':: StoryData\n{"ifid": "X", "format": "SugarCube", "start": "Cave"}\n\n'
START = ":: Start\nGo on to the [[Cave]].\n\n"
CAVE = ":: Cave\nIt is dark here and something breathes in the back.\n\n"
END = ":: End\nThe end of it all.\n"
STORY = DATA + START + CAVE + END
RENAMED = STORY.replace(":: Cave", ":: Grotto")


def three() -> tuple[Author, Author, Author]:
    """Return three authors who have the same story, in two files."""
    alice, bob = pair(("a.twee", STORY), ("b.twee", ":: Map\nFrom here: [[to the cave->Cave]]\n"))
    carol = Author(3)
    exchange(alice, bob, carol)
    return alice, bob, carol


def test_who_renames_a_passage_repairs_what_leads_to_it_in_the_same_edit() -> None:
    alice, bob, carol = three()
    outcome = alice.save("a.twee", RENAMED)
    assert {version.name for version in outcome.versions} >= {"Grotto", "Start", "Map"}
    exchange(alice, bob, carol)
    assert bob.text("a.twee") == RENAMED.replace("[[Cave]]", "[[Grotto]]").replace(
        '"start": "Cave"', '"start": "Grotto"'
    )
    assert bob.text("b.twee") == ":: Map\nFrom here: [[to the cave->Grotto]]\n"
    (cave,) = [f for f in bob.document.records("P").values() if f["n"] == "Grotto"]
    assert cave["f:Cave"] == 1


def test_a_rename_an_edit_and_a_link_that_arrives_late_all_survive_and_the_link_leads_on() -> None:
    alice, bob, carol = three()
    alice.save("a.twee", RENAMED)
    bob.save("a.twee", STORY.replace("something breathes", "somebody breathes"))
    carol.save("a.twee", STORY.replace("The end of it all.", "The end. Back to the [[Cave]]?"))
    exchange(alice, bob, carol)
    assert alice.folder == bob.folder == carol.folder
    text = alice.text("a.twee")
    assert ":: Grotto\nIt is dark here and somebody breathes" in text
    assert "Back to the [[Grotto]]?" in text
    assert "Cave]]" not in text + alice.text("b.twee")


def test_only_who_wrote_the_link_repairs_it() -> None:
    alice, bob, carol = three()
    alice.save("a.twee", RENAMED)
    carol.save("a.twee", STORY.replace("The end of it all.", "Back to the [[Cave]]?"))
    before = len(bob.updates), len(alice.updates)
    for author in (alice, bob):
        author.hear(list(carol.updates))
        author.hear(list(alice.updates))
        author.notice()
    news = {*alice.updates, *carol.updates}
    assert set(bob.updates) == news, before


def test_a_link_to_a_passage_that_is_yet_to_be_written_is_left_alone() -> None:
    alice, bob, carol = three()
    alice.save("a.twee", RENAMED)
    exchange(alice, bob, carol)
    carol.save("b.twee", carol.text("b.twee") + "Another one: [[Cave]]\n")
    exchange(alice, bob, carol)
    assert "Another one: [[Cave]]" in alice.text("b.twee")


def test_a_name_that_is_given_to_another_passage_keeps_its_links() -> None:
    alice, bob, carol = three()
    alice.save("a.twee", RENAMED + "\n:: Cave\nA new one.\n")
    exchange(alice, bob, carol)
    assert "[[Cave]]" in bob.text("a.twee")


def test_a_passage_with_other_text_is_not_taken_for_renamed() -> None:
    alice, bob, carol = three()
    alice.save("a.twee", STORY.replace(CAVE, ":: Moon\nThere is a moon, and stars around it.\n\n"))
    exchange(alice, bob, carol)
    assert "[[Cave]]" in bob.text("a.twee")


def test_the_newest_links_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "MAX_LINKS", 2)
    links = names.Links()
    for target in "abc":
        links.made("0" * 16, [target])
    assert list(links._made) == ["b", "c"]


def test_former_names_are_known_unless_somebody_has_them_again() -> None:
    alice, bob, carol = three()
    alice.save("a.twee", RENAMED)
    exchange(alice, bob, carol)
    carol.save("a.twee", carol.text("a.twee").replace(":: Grotto", ":: Cavern"))
    exchange(alice, bob, carol)
    assert names.former_names(View(bob.document)) == {"Cave": "Cavern", "Grotto": "Cavern"}
    bob.save("b.twee", bob.text("b.twee") + "\n:: Cave\nAnother one.\n")
    exchange(alice, bob, carol)
    assert names.former_names(View(alice.document)) == {"Grotto": "Cavern"}
