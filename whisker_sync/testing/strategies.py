"""
Histories as Hypothesis strategies; needs the package ``hypothesis``.

Drawn histories are found again from Hypothesis' own database and made as short as can be
when they fail. For sheer numbers use
:func:`~whisker_sync.testing.histories.random_history`.
"""

from __future__ import annotations

from hypothesis import strategies as st

from whisker_sync.testing.histories import (
    BackUp,
    Block,
    Boot,
    Carry,
    Clone,
    Copy,
    Crash,
    Cut,
    Deliver,
    Draw,
    Fill,
    Grow,
    Heal,
    History,
    Install,
    Make,
    Operation,
    Part,
    Program,
    Remove,
    Rename,
    Restore,
    Retitle,
    Rewind,
    Scribble,
    SetClock,
    Shrink,
    Shuffle,
    Sleep,
    Stop,
    Wait,
    Write,
)

_who = st.integers(0, 5)
_file = st.integers(0, 3)
_passage = st.integers(0, 5)
_place = st.integers(0, 23)
_what = st.integers(0, 15)

_writes = st.builds(
    Write, _who, _file, _passage, _place, words=st.integers(0, 3), cut=st.integers(0, 2)
)
_scribbles = st.builds(Scribble, _who, root=st.integers(0, 11), place=_place, what=_what)

_KINDS: tuple[tuple[type[Operation], st.SearchStrategy[Operation]], ...] = (
    (Write, _writes),
    (Write, _writes),
    (Write, _writes),
    (Grow, st.builds(Grow, _who, _file, _passage)),
    (Shrink, st.builds(Shrink, _who, _file, _passage)),
    (Retitle, st.builds(Retitle, _who, _file, _passage, tag=st.integers(0, 3))),
    (Shuffle, st.builds(Shuffle, _who, _file, _passage, place=_passage)),
    (Carry, st.builds(Carry, _who, _file, _passage, to=_file)),
    (Make, st.builds(Make, _who, name=st.integers(0, 35))),
    (Remove, st.builds(Remove, _who, _file)),
    (Rename, st.builds(Rename, _who, _file, name=st.integers(0, 2))),
    (Draw, st.builds(Draw, _who, picture=st.integers(0, 2), content=st.integers(0, 15))),
    (Program, st.builds(Program, _who, _passage, _place)),
    (Scribble, _scribbles),
    (Crash, st.builds(Crash, _who, fuse=st.integers(0, 12), silently=st.booleans())),
    (Stop, st.builds(Stop, _who)),
    (Boot, st.builds(Boot, _who)),
    (Sleep, st.builds(Sleep, _who, milliseconds=st.integers(0, 12_000))),
    (SetClock, st.builds(SetClock, _who, years=st.integers(-100, 100))),
    (Fill, st.builds(Fill, _who, milliseconds=st.integers(0, 5000))),
    (Install, st.builds(Install, _who, version=st.integers(0, 4))),
    (BackUp, st.builds(BackUp, _who)),
    (Restore, st.builds(Restore, _who, home=st.booleans())),
    (Rewind, st.builds(Rewind, _who, home=st.booleans())),
    (Copy, st.builds(Copy, _who)),
    (Clone, st.builds(Clone, _who)),
    (Cut, st.builds(Cut, _who, whom=_who)),
    (Block, st.builds(Block, _who, whom=_who)),
    (Part, st.builds(Part, some=st.integers(0, 63))),
    (Heal, st.builds(Heal)),
    (Deliver, st.builds(Deliver, _who)),
    (Wait, st.builds(Wait, milliseconds=st.integers(0, 5000))),
)


def operations(without: tuple[type[Operation], ...] = ()) -> st.SearchStrategy[Operation]:
    """One thing that happens; what is ``without`` does not."""
    return st.one_of([drawn for kind, drawn in _KINDS if kind not in without])


def histories(
    *,
    min_replicas: int = 2,
    max_replicas: int = 6,
    min_size: int = 20,
    max_size: int = 40,
    without: tuple[type[Operation], ...] = (),
) -> st.SearchStrategy[History]:
    """All that happens in one world; ``min_size`` and ``max_size`` count the operations."""
    drawn = st.lists(operations(without), min_size=min_size, max_size=max_size)
    return st.builds(
        History,
        seed=st.integers(0, (1 << 32) - 1),
        replicas=st.integers(min_replicas, max_replicas),
        operations=drawn.map(tuple),
    )
