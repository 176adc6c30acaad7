"""A story that is kept in the folder as Twine's HTML, and files whose kind changes."""

from __future__ import annotations

from dataclasses import replace

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.story import twine_html
from whisker_sync.story.story import Passage, Story

STORY = Story(
    "The Cave",
    tuple(
        Passage(name, f"It is {name} here. [[Start]]", ("dark",), f"{100 * n},100", "100,100")
        for n, name in enumerate(["Start", "Cave", "Sea", "Moor"], 1)
    ),
    "Start",
    "F2277A49-95C9-4B14-AE66-62526089F861",
    "Harlowe",
    "3.3.9",
    "1",
)


def page(story: Story) -> str:
    return f"<html><body>{twine_html.write(story, 'Twine', '2.10.0')}</body></html>\n"


def changed(story: Story, which: str, **fields: object) -> Story:
    passages = [replace(p, **fields) if p.name == which else p for p in story.passages]  # type: ignore[arg-type]
    return replace(story, passages=tuple(passages))


def added(story: Story, name: str) -> Story:
    return replace(story, passages=(*story.passages, Passage(name, f"New: {name}.")))


def merged(ours: Story, theirs: Story) -> dict[str, Story]:
    """Two export their story over the same file at the same time; return what there is then."""
    ada, bob = pair(("cave.html", page(STORY)))
    ada.save("cave.html", page(ours))
    bob.save("cave.html", page(theirs))
    exchange(ada, bob)
    assert ada.folder == bob.folder
    return {str(path): twine_html.read(ada.text(path))[0] for path in ada.folder}


def texts(story: Story) -> dict[str, Passage]:
    return {passage.name: passage for passage in story.passages}


def test_edits_of_two_passages_merge() -> None:
    ours = changed(STORY, "Start", text="It is bright here. [[Start]]")
    theirs = changed(STORY, "Sea", text="It is wet here, and cold. [[Start]]")
    (found,) = merged(ours, theirs).values()
    assert found == changed(ours, "Sea", text="It is wet here, and cold. [[Start]]")


def test_an_edit_a_move_and_a_tag_of_one_passage_merge() -> None:
    ours = changed(STORY, "Cave", text="It is dark here. [[Sea]]")
    theirs = changed(STORY, "Cave", position="700,300", tags=("dark", "wet"))
    (found,) = merged(ours, theirs).values()
    assert texts(found)["Cave"] == Passage(
        "Cave", "It is dark here. [[Sea]]", ("dark", "wet"), "700,300", "100,100"
    )


def test_a_new_passage_and_an_edit_merge() -> None:
    (found,) = merged(added(STORY, "Tower"), changed(STORY, "Moor", text="Fog.")).values()
    assert texts(found)["Moor"].text == "Fog."
    assert texts(found)["Tower"].text == "New: Tower."


def test_two_new_passages_are_both_there() -> None:
    (found,) = merged(added(STORY, "Tower"), added(STORY, "Well")).values()
    assert set(texts(found)) == {*texts(STORY), "Tower", "Well"}
    assert texts(found)["Well"].text == "New: Well."


def test_two_who_move_one_passage_never_garble_its_place() -> None:
    found = merged(
        changed(STORY, "Cave", position="150,100"), changed(STORY, "Cave", position="275,40")
    )
    places = {texts(story)["Cave"].position for story in found.values()}
    assert places < {"150,100", "275,40"}


def test_a_rename_and_an_edit_of_one_passage_merge() -> None:
    ours = changed(STORY, "Cave", name="Grotto")
    (found,) = merged(
        ours, changed(STORY, "Cave", text="It is Cave here, and dark. [[Start]]")
    ).values()
    assert texts(found)["Grotto"].text == "It is Cave here, and dark. [[Start]]"


def test_the_first_passage_is_the_first_whatever_comes_before_it() -> None:
    ours = replace(STORY, passages=(Passage("Before", "New."), *STORY.passages))
    (found,) = merged(ours, changed(STORY, "Moor", text="Fog.")).values()
    assert (found.start, found.passages[0].name) == ("Start", "Before")


# Files whose kind changes.

TEXT = "Before.\n\n:: Cave\nIt is dark here.\n\n:: End\nThe end.\n"


def renamed(author: Author, old: str, new: str, text: str | None = None) -> None:
    content = author.folder.pop(StoryPath(old))
    author.put(new, content if text is None else text)
    author.notice()


def test_a_text_that_becomes_twee_keeps_its_words_and_what_others_write_in_it() -> None:
    alice, bob = pair(("a.txt", TEXT))
    renamed(alice, "a.txt", "a.twee")
    bob.save("a.txt", TEXT.replace("dark here.", "dark here. Wind."))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert list(alice.folder) == ["a.twee"]
    assert "Wind." in alice.text("a.twee")
    assert alice.text("a.twee").count("It is dark here.") == 1
    assert alice.text("a.twee").count("The end.") == 1
    alice.save("a.twee", alice.text("a.twee").replace(":: Cave", ":: Grotto"))
    bob.save("a.twee", bob.text("a.twee").replace("The end.", "The very end."))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert ":: Grotto" in bob.text("a.twee")
    assert "very" in bob.text("a.twee")


def test_twee_that_becomes_a_text_keeps_its_words_and_what_others_write_in_it() -> None:
    alice, bob = pair(("a.twee", TEXT))
    renamed(alice, "a.twee", "a.txt")
    bob.save("a.twee", TEXT.replace("dark here.", "dark here. Wind."))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert alice.text("a.txt") == TEXT.replace("dark here.", "dark here. Wind.")
    assert list(alice.folder) == ["a.txt"]


def test_a_page_that_is_spelled_otherwise_is_a_text_from_then_on_and_back() -> None:
    ada, bob = pair(("cave.html", page(STORY)))
    odd = page(STORY).replace(' tags="dark"', " tags=dark")
    ada.save("cave.html", odd)
    exchange(ada, bob)
    assert ada.text("cave.html") == bob.text("cave.html") == odd
    again = page(changed(STORY, "Sea", text="Wet."))
    bob.save("cave.html", again)
    exchange(ada, bob)
    assert ada.text("cave.html") == bob.text("cave.html") == again
    ada.crash()
    ada.save("cave.html", page(changed(STORY, "Sea", text="Wet and cold.")))
    exchange(ada, bob)
    assert ada.folder == bob.folder
    assert twine_html.read(bob.text("cave.html"))[0] == changed(STORY, "Sea", text="Wet and cold.")


def test_two_pages_of_one_name_that_never_met_are_both_there() -> None:
    ada, bob = Author(1), Author(2)
    ada.save("cave.html", page(STORY))
    bob.save("cave.html", "<p>Something else.</p>\n")
    exchange(ada, bob)
    assert ada.folder == bob.folder
    everything = "".join(ada.text(path) for path in ada.folder)
    assert "Something else." in everything
    assert "It is Moor here." in everything


def test_a_passage_of_a_page_keeps_its_id_and_the_history_reads_like_twee() -> None:
    ada, _ = pair(("cave.html", page(STORY)))
    outcome = ada.save("cave.html", page(changed(STORY, "Sea", text="Wet & cold.")))
    (version,) = outcome.versions
    assert version.name == "Sea"
    assert (version.text or "").endswith("\nWet & cold.\n")
