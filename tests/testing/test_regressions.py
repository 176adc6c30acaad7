"""Histories that once ended badly, as short as they could be made."""

from __future__ import annotations

import pytest

from whisker_sync.testing import History
from whisker_sync.testing.histories import (
    BackUp,
    Block,
    Boot,
    Clone,
    Crash,
    Cut,
    Deliver,
    Draw,
    Fill,
    Grow,
    Heal,
    Install,
    Make,
    Part,
    Program,
    Remove,
    Rename,
    Restore,
    Retitle,
    Rewind,
    Scribble,
    Shrink,
    Shuffle,
    Stop,
    Wait,
    Write,
)

BEGUN_BY_ONE_SIDE = [
    History(
        1360,
        2,
        (
            Part(0),
            Boot(0),
            Write(5),
            Deliver(0),
            Write(0, words=0),
            Part(0),
            Grow(0),
            Boot(0),
            Shrink(0),
            Write(0, words=0, cut=1),
            Draw(0, content=3),
            Crash(1, fuse=4),
            Grow(0),
            Grow(1),
            Wait(2779),
            Boot(1),
            Write(0, words=0, cut=1),
        ),
    ),
    History(
        1338,
        5,
        (
            Deliver(1),
            Block(8, 8),
            Deliver(4),
            Crash(0, fuse=7),
            Deliver(3),
            Deliver(2),
            Deliver(0),
            Crash(1, fuse=7),
            Grow(6),
            Shuffle(1, place=3),
            Write(0),
            Boot(1),
            Deliver(2),
        ),
    ),
    History(
        1133,
        6,
        (Cut(0, 0), Stop(8), Stop(4), Boot(0), Wait(1680), Boot(4), Wait(553), Shrink(0)),
    ),
]

RENAMES = [
    History(0, 2, (Write(0, words=0), Write(0, words=0, cut=1), Rename(1))),
    History(0, 2, (Write(0, words=0), Block(0, 0), Rename(0), Write(1, words=0, cut=1))),
    History(1, 3, (Boot(0), Write(0, words=0), Write(0, words=0), Rename(0), Rename(1, name=1))),
]

NEW_FILES_UNDER_OLD_NAMES = [
    History(2, 2, (Draw(0), Rename(0), Make(1))),
    History(3, 4, (Deliver(0), Rename(0), Deliver(0), Make(1))),
]

RECORDS_LEFT_OUT_OF_A_RUN = History(
    57,
    4,
    (
        Wait(918),
        Retitle(1),
        Part(372),
        Program(3, passage=1),
        Program(3, passage=1),
        Rename(0),
        Block(0, 0),
        Program(0),
        Block(1, 0),
        Shrink(0),
        Program(2),
        Retitle(3),
        Part(307),
        Retitle(6),
        Remove(6),
        Part(171),
        Retitle(0),
        Program(1),
        Program(3),
    ),
)


def is_fine(history: History) -> bool:
    wrong = history.judge().wrong
    print(*wrong, sep="\n")
    return not wrong


@pytest.mark.parametrize("history", BEGUN_BY_ONE_SIDE)
def test_of_two_connections_one_stays_in_use(history: History) -> None:
    assert is_fine(history)


@pytest.mark.parametrize("history", RENAMES)
def test_a_renamed_file_and_what_others_write_in_it_stay_one(history: History) -> None:
    assert is_fine(history)


@pytest.mark.parametrize("history", NEW_FILES_UNDER_OLD_NAMES)
def test_a_new_file_takes_nothing_from_one_that_had_its_name(history: History) -> None:
    assert is_fine(history)


def test_what_is_sent_together_has_no_holes() -> None:
    assert is_fine(RECORDS_LEFT_OUT_OF_A_RUN)


@pytest.mark.parametrize(
    "history",
    [
        History(5, 2, (Write(1, words=0), Write(1, words=0), Rename(1, name=1), Rename(0, name=1))),
        History(279, 2, (Boot(0), Rename(1, name=1), Rename(0, name=1))),
    ],
)
def test_two_who_give_a_file_the_same_name_keep_it(history: History) -> None:
    assert is_fine(history)


@pytest.mark.parametrize(
    "history",
    [
        History(
            0,
            4,
            (
                Wait(0),
                Write(0, words=0, cut=1),
                Shrink(1, passage=1),
                Rename(1),
                Write(1, place=4, cut=2),
            ),
        ),
        History(
            0,
            2,
            (
                Retitle(0),
                Write(1, passage=2),
                Write(0, passage=2, place=1, words=2, cut=1),
                Write(0, words=0, cut=1),
                Rename(0),
            ),
        ),
    ],
)
def test_a_file_that_is_edited_and_renamed_at_once_stays_one(history: History) -> None:
    assert is_fine(history)


@pytest.mark.parametrize(
    "history",
    [
        History(2166, 3, (Fill(2, milliseconds=37), Heal(), Crash(2, silently=True))),
        History(
            2131,
            2,
            (
                Retitle(5),
                Heal(),
                Cut(0),
                Retitle(0),
                Write(0, words=0, cut=1),
                Clone(0),
                Write(2),
                Part(20),
                Write(2, place=11, words=0, cut=2),
                Part(334),
                Heal(),
                Grow(1, file=3, place=1),
                Stop(4),
            ),
        ),
    ],
)
def test_what_a_second_connection_says_to_be_stored_is_stored(history: History) -> None:
    assert is_fine(history)


@pytest.mark.parametrize(
    "history",
    [
        History(3100, 3, (BackUp(0), Rewind(0), Retitle(0))),
        History(3303, 3, (Restore(0), BackUp(0), Retitle(0), Restore(0))),
        History(
            3022,
            4,
            (
                Install(3, version=1),
                BackUp(5),
                Part(73),
                Program(3, passage=4),
                Program(5, passage=7),
                Remove(2),
                Program(2),
                Restore(1),
            ),
        ),
    ],
)
def test_a_restored_journal_knows_its_passages_again(history: History) -> None:
    assert not history.judge(strict=True).wrong


def test_a_whole_machine_that_is_restored_doubles_nothing() -> None:
    history = History(
        3139,
        2,
        (Scribble(0), Write(0, words=0), Write(0), Write(0), BackUp(0), Restore(0, home=True)),
    )
    assert not history.judge(strict=True).wrong


def test_a_journal_that_was_put_back_waits_for_all_who_are_there() -> None:
    history = History(
        250, 4, (Crash(1), Write(0, words=0), BackUp(0), Write(0, words=1), Rewind(0))
    )
    assert not history.judge(strict=True).wrong


def test_what_rests_on_what_died_with_a_disk_is_not_waited_for() -> None:
    history = History(
        14300,
        2,
        (
            Part(201),
            BackUp(0),
            Write(0, file=0, passage=0, place=0, words=0, cut=0),
            Write(1, file=0, passage=0, place=0, words=1, cut=2),
            Write(4, file=2, passage=2, place=16, words=2, cut=2),
            Part(356),
            Write(2, file=0, passage=4, place=4, words=2, cut=2),
            Deliver(3),
            Restore(8),
        ),
    )
    assert not history.judge().wrong


@pytest.mark.parametrize(
    "history",
    [
        History(
            4691,
            3,
            (
                BackUp(0),
                Wait(0),
                Rename(1, name=1),
                Shuffle(0, passage=2, place=2),
                Write(0, words=0, cut=1),
                Restore(0, home=True),
                Rename(1, name=1),
            ),
        ),
        History(
            19769,
            2,
            (
                Write(0, place=2),
                Wait(3000),
                Rename(0, name=2),
                Write(1, passage=5, place=19, words=3, cut=1),
                Rename(1, name=0),
                Clone(1),
                Make(1, name=4),
            ),
        ),
    ],
)
def test_a_name_that_is_given_again_takes_no_word_with_it(history: History) -> None:
    assert history.judge(once=False).wrong == ()
