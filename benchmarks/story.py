"""
How fast stories are read, looked through, renamed in, and built.

    python -m benchmarks.story [--passages N] [--words N] [--rounds N] [--stories DIR]

Prints milliseconds of processor time for a story of N passages that is made up, one file for
each twenty of them, in SugarCube's notation; or for all Twee files below DIR, as one story.
The best of some rounds counts, because a machine can only be slower than it is.

* parse: bytes to trees and passages, and what is wrong with them;
* render: trees to bytes, compared with what was read;
* references: all links and macros of all passages;
* rename: everything that a rename of the passage with most references reads and writes;
* build: files to the data of a page;
* import: that page to a story again.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from whisker_sync.project.sources import load, paths, shown
from whisker_sync.story import twine_html
from whisker_sync.story.check import check
from whisker_sync.story.compiling import compile_story
from whisker_sync.story.files import StoryFile, read
from whisker_sync.story.links.find import references
from whisker_sync.story.rename import format_of, rename

MOST_PARSE = 2_000.0
"""Milliseconds within which 5,694 passages have to be parsed and checked."""

PER_FILE = 20
WORDS = ("the", "cave", "is", "dark", "and", "a", "lamp", "of", "brass", "where", "nobody", "looks")


def made_up(passages: int, words: int) -> dict[str, bytes]:
    """Return the files of a story; always the same one."""
    chance = random.Random(5_694)
    files: dict[str, bytes] = {
        "data.twee": b':: StoryTitle\nMade up\n\n:: StoryData\n{"format": "SugarCube"}\n'
    }
    for start in range(0, passages, PER_FILE):
        pieces = []
        for number in range(start, min(start + PER_FILE, passages)):
            text = " ".join(chance.choices(WORDS, k=words))
            pieces.append(
                f':: Passage {number} [a b] {{"position":"{number},{number}","size":"100,100"}}\n'
                f"{text}.\n\n[[on->Passage {chance.randrange(passages)}]] "
                f'<<link "back" "Passage {chance.randrange(passages)}">><</link>>\n'
                f"<<if visited('Passage 0')>>You were [[there|Passage 0]].<</if>>\n"
            )
        files[f"part{start // PER_FILE:04}.twee"] = "\n\n".join(pieces).encode()
    files["part0000.twee"] = files["part0000.twee"].replace(b":: Passage 1 ", b":: Start ")
    return files


def best(rounds: int, work: Callable[[], object]) -> float:
    """Milliseconds of processor time that some work takes."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times) * 1000


def most_referred(story: list[StoryFile], story_format: str | None) -> str:
    """The passage with most references that a rename can find."""
    names = Counter(passage.name for file in story for passage in file.passages)
    targets = Counter(
        each.target
        for file in story
        for passage in file.passages
        for each in references(passage.segment.body, story_format, passage.header.tags)
    )
    return next((name for name, _ in targets.most_common() if names[name] == 1), "Start")


def main() -> None:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--passages", type=int, default=5_694)
    parser.add_argument("--words", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stories", type=Path)
    options = parser.parse_args()
    if options.stories:
        contents = {shown(each, options.stories): load(each) for each in paths(options.stories)}
    else:
        contents = made_up(options.passages, options.words)
    story = [read(name, data) for name, data in contents.items()]
    passages = [passage for file in story for passage in file.passages]
    story_format = format_of(story)
    old = most_referred(story, story_format)
    page = twine_html.write(compile_story(story).story, "", "")
    size = sum(map(len, contents.values()))
    print(f"{len(passages):,} passages, {len(story):,} files, {size:,} bytes")

    def parse() -> None:
        check([read(name, data) for name, data in contents.items()])

    def render() -> None:
        for file in story:
            data = file.tree.render()
            if data != contents[file.path]:
                print(f"{file.path} is not rendered as it was")

    def refer() -> None:
        for passage in passages:
            references(passage.segment.body, story_format, passage.header.tags)

    work: dict[str, Callable[[], object]] = {
        "parse": parse,
        "render": render,
        "references": refer,
        "rename": lambda: rename(story, old, "Nobody called it so"),
        "build": lambda: twine_html.write(compile_story(story).story, "", ""),
        "import": lambda: twine_html.read(page),
    }
    figures = {name: best(options.rounds, each) for name, each in work.items()}
    for name, figure in figures.items():
        print(f"{name:>10}  {figure:8.1f} ms")
    if not options.stories:
        good = figures["parse"] <= MOST_PARSE
        print(f"parse has to stay below {MOST_PARSE:,.0f} ms: {'yes' if good else 'NO'}")


if __name__ == "__main__":
    main()
