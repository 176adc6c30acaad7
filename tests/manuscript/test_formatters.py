"""Formatters that undo each other: whisker_sync.manuscript.formatters, in a manuscript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.manuscript.world import Author, exchange, pair
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.formatters import (
    MAX_FORMATTED,
    MAX_STAND_OFFS,
    ROUNDS,
    ROUNDS_SECONDS,
    STAND_OFF,
    Formatters,
    StandOff,
    decode,
    encode,
    recall,
)
from whisker_sync.manuscript.saves import Moment

STORY = ':: Cave\n    It is "dark" here.\n    Go [[on|End]].\n\n:: End\nThe end.\n'

Tool = Callable[[str], str]


def tabs(text: str) -> str:
    return text.replace("    ", "\t").replace("“", '"').replace("”", '"')


def blanks(text: str) -> str:
    return text.replace("\t", "    ").replace('"dark"', "“dark”")


def two_blank_lines(text: str) -> str:
    return re.sub(r"\n+(?=:: )", "\n\n\n", text)


def one_blank_line(text: str) -> str:
    return re.sub(r"\n+(?=:: )", "\n\n", text)


def crlf(text: str) -> str:
    return lf(text).replace("\n", "\r\n")


def lf(text: str) -> str:
    return text.replace("\r\n", "\n")


def marked(text: str) -> str:
    return "\ufeff" + bare(text)


def bare(text: str) -> str:
    return text.removeprefix("\ufeff")


class Tools:
    """Two authors, each with a tool that formats whatever comes into the folder."""

    def __init__(self, *tools: Tool, path: str = "a.twee", story: str = STORY) -> None:
        self.path = path
        self.authors = pair((path, story))
        self.tools = tools
        self.rounds = 0

    def run(self, limit: int = 12) -> int:
        """Let both tools do what they do until nothing changes; return how often they did."""
        for rounds in range(limit):
            formatted = [self._format(*each) for each in zip(self.authors, self.tools, strict=True)]
            if not any(formatted):
                return rounds
        raise AssertionError("they never come to rest")

    def _format(self, author: Author, tool: Tool) -> bool:
        author.now += 1
        author.at = int(author.now * 1000)
        before = author.text(self.path)
        if tool(before) == before:
            return False
        author.save(self.path, tool(before))
        exchange(*self.authors)
        return True

    def apart(self, author: Author) -> list[StandOff]:
        return list(recall(author.facts).values())


OPPOSING = {
    "tabs and quotes": (tabs, blanks),
    "blank lines": (two_blank_lines, one_blank_line),
    "line ends": (crlf, lf),
    "byte order mark": (marked, bare),
}


@pytest.mark.parametrize("tools", OPPOSING.values(), ids=OPPOSING)
def test_opposing_formatters_stop_after_two_rounds(tools: tuple[Tool, Tool]) -> None:
    both = Tools(*tools)
    assert both.run() == ROUNDS + 1
    alice, bob = both.authors
    for author, tool in zip(both.authors, tools, strict=True):
        text = author.text("a.twee")
        assert text == tool(text), "each file is as its own tool left it"
        assert bare(text).split() == bare(tool(STORY)).split()
    assert alice.document.digest() == bob.document.digest()
    assert len(alice.updates) <= 1 + 2 * ROUNDS
    apart = [*both.apart(alice), *both.apart(bob)]
    assert apart
    assert all(each.path == "a.twee" and each.ours != each.theirs for each in apart)


def test_other_passages_of_the_file_go_on_merging() -> None:
    both = Tools(tabs, blanks)
    both.run()
    alice, bob = both.authors
    bob.save("a.twee", bob.text("a.twee").replace("The end.", "The end is near."))
    exchange(alice, bob)
    assert alice.text("a.twee") == tabs(STORY).replace("The end.", "The end is near.")
    alice.save("a.twee", alice.text("a.twee") + "\n:: New\nQuite new.\n")
    exchange(alice, bob)
    assert bob.text("a.twee").endswith(":: New\nQuite new.\n")
    assert "    It is “dark” here." in bob.text("a.twee")
    assert '\tIt is "dark" here.' in alice.text("a.twee")
    assert both.apart(alice)


SPELLING = [OPPOSING["line ends"], OPPOSING["byte order mark"]]


@pytest.mark.parametrize("tools", SPELLING, ids=["line ends", "byte order mark"])
def test_words_merge_in_files_that_are_spelled_in_two_ways(tools: tuple[Tool, Tool]) -> None:
    both = Tools(*tools)
    both.run()
    alice, bob = both.authors
    bob.save("a.twee", bob.text("a.twee").replace("The end.", "The end is near."))
    exchange(alice, bob)
    alice.save("a.twee", alice.text("a.twee").replace("Go [[on", "Go further [[on"))
    exchange(alice, bob)
    both.run()
    story = STORY.replace("The end.", "The end is near.").replace("Go [[", "Go further [[")
    assert [each.text("a.twee") for each in both.authors] == [tool(story) for tool in tools]
    assert alice.document.digest() == bob.document.digest()
    assert both.apart(alice)


@pytest.mark.parametrize("tools", SPELLING, ids=["line ends", "byte order mark"])
def test_who_spells_a_file_as_the_other_does_is_in_step_again(tools: tuple[Tool, Tool]) -> None:
    both = Tools(*tools)
    both.run()
    alice, bob = both.authors
    alice.crash()
    assert both.apart(alice)
    both.tools = (tools[1], tools[1])
    both.run()
    exchange(alice, bob)
    assert not both.apart(alice)
    assert alice.folder == bob.folder


@pytest.mark.parametrize("writer", [0, 1])
def test_a_word_that_changes_is_shared_and_ends_it(writer: int) -> None:
    both = Tools(tabs, blanks)
    both.run()
    author = both.authors[writer]
    author.save("a.twee", author.text("a.twee").replace("dark", "gloomy"))
    exchange(*both.authors)
    assert all("gloomy" in each.text("a.twee") for each in both.authors)
    assert not any(both.apart(each) for each in both.authors)
    assert both.authors[0].text("a.twee") == both.authors[1].text("a.twee")
    both.run()
    assert all("gloomy" in each.text("a.twee") for each in both.authors)


def test_who_formats_as_the_other_does_is_in_step_again() -> None:
    both = Tools(tabs, blanks)
    both.run()
    alice, bob = both.authors
    both.tools = (blanks, blanks)
    both.run()
    assert not both.apart(alice)
    assert alice.folder == bob.folder


def test_a_stand_off_outlives_the_process() -> None:
    both = Tools(tabs, blanks)
    both.run()
    alice, bob = both.authors
    alice.crash()
    exchange(alice, bob)
    assert alice.text("a.twee") == tabs(STORY)
    assert both.apart(alice)


def test_a_file_that_is_no_story_stands_off_as_a_whole() -> None:
    css = "a {\n    color: red;\n}\n"
    both = Tools(tabs, blanks, path="style.css", story=css)
    assert both.run() == ROUNDS + 1
    alice, bob = both.authors
    assert (alice.text("style.css"), bob.text("style.css")) == (tabs(css), css)
    bob.save("style.css", css.replace("red", "blue"))
    exchange(alice, bob)
    assert alice.folder == bob.folder
    assert "blue" in alice.text("style.css")


def test_many_files_formatted_at_once_are_no_old_commit() -> None:
    alice, bob = pair(*((f"{name}.twee", STORY) for name in "abcd"))
    for _ in range(ROUNDS + 1):
        for author, tool in ((alice, tabs), (bob, blanks)):
            for name in "abcd":
                author.put(f"{name}.twee", tool(author.text(f"{name}.twee")))
            author.notice()
            exchange(alice, bob)
    assert not alice.manuscript.went_back
    assert not bob.manuscript.went_back
    assert len(recall(alice.facts)) == 4


def test_an_author_who_goes_back_and_forth_alone_is_followed() -> None:
    alice, bob = pair(("a.twee", STORY))
    for _ in range(2 * ROUNDS + 2):
        for tool in (tabs, blanks):
            alice.save("a.twee", tool(alice.text("a.twee")))
            exchange(alice, bob)
            assert bob.text("a.twee") == tool(STORY)


def test_rounds_that_took_longer_are_no_doing_of_tools() -> None:
    both = Tools(tabs, blanks)
    alice, bob = both.authors
    for _ in range(ROUNDS + 2):
        alice.now += ROUNDS_SECONDS + 1
        alice.save("a.twee", tabs(alice.text("a.twee")))
        exchange(alice, bob)
        bob.now += ROUNDS_SECONDS + 1
        bob.save("a.twee", blanks(bob.text("a.twee")))
        exchange(alice, bob)
    assert not both.apart(alice)
    assert alice.folder == bob.folder


def test_a_passage_whose_last_line_does_not_end_is_not_kept_before_another_one() -> None:
    def unended(text: str) -> str:
        return text.rstrip("\n")

    def ended(text: str) -> str:
        return text.rstrip("\n") + "\n"

    both = Tools(unended, ended)
    assert both.run() == ROUNDS + 1
    alice, bob = both.authors
    assert not alice.text("a.twee").endswith("\n")
    bob.save("a.twee", bob.text("a.twee") + "\n:: New\nQuite new.\n")
    exchange(alice, bob)
    assert "\n:: New\nQuite new." in alice.text("a.twee")
    alice.save("a.twee", alice.text("a.twee").replace("Quite new", "Rather new"))
    exchange(alice, bob)
    assert bob.text("a.twee").count(":: ") == 3
    assert "Rather new" in bob.text("a.twee")


def test_so_many_stand_off() -> None:
    count = MAX_STAND_OFFS + 5
    story = "".join(f":: P{i}\n    It is dark in {i}.\n\n" for i in range(count))
    both = Tools(tabs, blanks, story=story)
    alice, bob = both.authors
    for _ in range(ROUNDS + 1):
        for author, tool in zip(both.authors, both.tools, strict=True):
            author.save("a.twee", tool(author.text("a.twee")))
            exchange(alice, bob)
    assert len(both.apart(bob)) == MAX_STAND_OFFS


def is_stopped(formatters: Formatters, id_: str, number: int) -> bool:
    """Let others format a passage and then us; tell whether ours is left out."""
    when = Moment(number, number * 1000)
    path = StoryPath("a.twee")
    return formatters.stand_off(id_, path, "a  b", "a b", "a  b", when)


@pytest.mark.parametrize("others", [MAX_FORMATTED - 1, MAX_FORMATTED])
def test_of_so_many_passages_is_remembered_how_they_were_formatted(others: int) -> None:
    formatters = Formatters({})
    for number in range(ROUNDS):
        assert not is_stopped(formatters, "first", number)
    for other in range(others):
        is_stopped(formatters, f"other {other}", ROUNDS)
    assert is_stopped(formatters, "first", ROUNDS) == (others < MAX_FORMATTED)


@pytest.mark.parametrize(
    "fact",
    [b"", b"[]", b"[1,2,3,4,5]", b"\xff", b'[2,"a.twee","","",1]', b'[1,"../a","","",1]'],
)
def test_a_damaged_fact_is_as_if_it_were_not_there(fact: bytes) -> None:
    assert decode(STAND_OFF + "0" * 16, fact) is None


def test_a_stand_off_is_kept_as_it_is() -> None:
    one = StandOff("0" * 16, StoryPath("a.twee"), ":: A\n\tx\n", ":: A\n    x\n", 5)
    assert decode(STAND_OFF + one.id, encode(one)) == one
    of_file = StandOff("eol-" + "0" * 16, StoryPath("a.twee"), "CRLF", "LF", 5)
    assert decode(STAND_OFF + of_file.id, encode(of_file)) == of_file
    assert recall({STAND_OFF + one.id: encode(one), "shadow/a.twee": b""}) == {one.id: one}
