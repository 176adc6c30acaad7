"""
A short look at what the swarm and the real merges measure.

``python -m benchmarks.merge.swarm`` is the long one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.merge import real
from benchmarks.merge.smallest import smallest
from benchmarks.merge.swarm import Tally, swarm
from benchmarks.merge.tally import TALLY
from benchmarks.merge.world import Machines, World
from whisker_sync.ids import StoryPath

WORLDS = 60

MOST = 2_000
"""Of so many words one may be lost or doubled, at most; the long run says how many really."""

ONCE_BAD = [
    *(318, 373, 673, 876, 1133, 1359, 1387, 1409, 1969, 3018, 3525, 3532, 3571, 4179, 4351, 4638),
    *(5264, 5816, 6386, 6892, 7175, 7739, 9207, 9647, 9938, 10077, 10487, 11114, 11663, 1733),
    *(2351, 2730, 21660, 21823, 22536, 24640, 27168, 27556, 27910, 29758, 30304, 32248, 32363),
    *(32381, 38543, 36805, 39132, 39827, 41263, 41553, 42114, 42207, 42417, 42489, 43373, 43649),
    *(44912, 46027, 46280, 46649, 50681, 50840, 43043, 47412, 48320, 51461, 51958, 54645, 56037),
    *(56906, 57418, 58460, 58469, 60278, 60803, 61349, 61676, 62085, 62461, 63088, 63232, 64577),
    *(66246, 67154, 69989, 72022, 72333, 73041, 75984),
]
"""Worlds in which many words were lost or doubled once."""

BLIND = Machines(off=0.0, blind=0.1)
"""How devices were then: always on, and one save in ten was not seen before the next."""


def test_random_authors_end_with_equal_folders_and_hardly_a_word_lost_or_doubled() -> None:
    tally = swarm(range(WORLDS))
    TALLY["histories"] += tally.worlds
    TALLY["words"] += tally.typed
    assert tally.gone == 0
    assert (tally.lost.total() + tally.doubled.total()) * MOST <= tally.typed, str(tally)


@pytest.mark.parametrize("seed", ONCE_BAD)
def test_a_world_in_which_words_were_lost_or_doubled_ends_well(seed: int) -> None:
    world = World(seed, machines=BLIND)
    world.run()
    verdict = world.judge()
    assert not verdict.lost
    assert not verdict.doubled


def test_a_world_is_the_same_whenever_it_is_run() -> None:
    folders = []
    for _ in range(2):
        world = World(7)
        world.run()
        folders.append(world.writers[0].folder)
    assert folders[0] == folders[1]


def test_the_swarm_notices_what_somebody_loses_and_doubles() -> None:
    world = World(1, actions=["edit"])
    world.run()
    tally = Tally()
    tally.add(world, world.judge())
    assert not tally.lost
    assert not tally.doubled
    path, content = next(iter(world.writers[0].folder.items()))
    words = content.decode().split("\n", 1)[1]
    for spoilt in (b":: Nothing\n", content + b"\n" + words.encode()):
        for writer in world.writers:
            writer.folder[path] = spoilt
        tally.add(world, world.judge())
    assert tally.lost[1]
    assert tally.doubled[1]


def test_steps_that_are_left_out_change_nothing_about_the_others() -> None:
    whole, part = World(3, actions=["grow"]), World(3, actions=["grow"])
    part.steps = whole.steps[::2]
    for world in (whole, part):
        world.run()
        assert {int(word[1:-1]) // 1_000 for word in world.typed} <= {0, *numbers(world)}
    assert numbers(part) < numbers(whole)


def numbers(world: World) -> set[int]:
    return {step.number for step in world.steps}


def test_a_world_that_ends_well_is_not_made_smaller() -> None:
    world = World(1, actions=["edit"])
    best = smallest(1, actions=["edit"])
    assert best.world.steps == world.steps
    assert "0 lost, 0 doubled" in str(best)
    assert "In the end:" in best.story()


def test_a_real_merge_counts_words_and_headers(tmp_path: Path) -> None:
    passages = "".join(f":: P{i}\nA line of passage {i}, told at length.\n\n" for i in range(9))
    versions = {
        "base": passages,
        "ours": passages.replace("passage 3, told", "passage 3, which is told"),
        "theirs": passages.replace(":: P3\n", ":: Third\n"),
    }
    for name, text in versions.items():
        (tmp_path / name / ".git").mkdir(parents=True)
        (tmp_path / name / ".git" / "config").write_text("not a story")
        (tmp_path / name / "a.twee").write_text(text)
    base, ours, theirs = (real.read(tmp_path / name) for name in versions)
    assert list(base) == [StoryPath("a.twee")]
    for plain in (False, True):
        merge = real.merge(base, ours, theirs, plain=plain)
        assert (merge.files, merge.inserted, merge.lost, merge.too_often) == (1, 3, 0, 0)
        assert merge.headers == 0
