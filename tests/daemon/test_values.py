"""whisker_sync.daemon.values: what is told comes back as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import pytest

from whisker_sync.daemon.values import decode, encode
from whisker_sync.ids import DeviceId
from whisker_sync.peer import events
from whisker_sync.peer.events import Event

DEVICE = DeviceId(b"d" * 32)


class Color(Enum):
    RED = 1


@dataclass(frozen=True)
class Inner:
    """Something within."""

    name: str | None
    raw: bytes


@dataclass(frozen=True)
class Outer:
    """Something of everything."""

    color: Color
    maybe: Color | None
    inner: tuple[Inner, ...]
    by_device: Mapping[DeviceId, Inner]
    pairs: frozenset[tuple[str, str | None]]
    number: int
    share: float
    yes: bool


WHOLE = Outer(
    Color.RED,
    None,
    (Inner("a", b"\x00"), Inner(None, b"")),
    {DEVICE: Inner("b", b"b")},
    frozenset({("root", None), ("root", "key")}),
    3,
    1.0,
    True,
)


def through(kind: Any, value: object) -> Any:
    """There and back, as text."""
    return decode(kind, json.loads(json.dumps(encode(value))))


def test_what_is_told_comes_back() -> None:
    assert through(Outer, WHOLE) == WHOLE
    assert through(Outer, replace(WHOLE, maybe=Color.RED)).maybe is Color.RED
    assert through(Mapping[DeviceId, Inner], WHOLE.by_device) == WHOLE.by_device


ALL: list[Event] = [
    events.PeerFound("candidate"),
    events.PeerConnected(DEVICE, "Ada", "192.0.2.1:4711"),
    events.PeerLeft(DEVICE, "Ada", "stopping"),
    events.Merged("story", DEVICE, frozenset({("text", None)}), True),
    events.Delivered(DEVICE, 7),
    events.Done(1, None),
    events.Done(1, "no"),
    events.MembersChanged(),
    events.Trouble("something"),
]


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_events_come_back_as_what_they_are(event: Event) -> None:
    assert through(Event, event) == event


def test_a_field_that_a_later_version_added_is_left_out() -> None:
    told = encode(WHOLE) | {"later": 5}
    assert decode(Outer, told) == WHOLE


@pytest.mark.parametrize(
    "told",
    [
        {"is": "Later"},
        {"is": "PeerLeft", "device": "no hex", "name": "", "reason": ""},
        {"is": "PeerLeft", "device": "00"},
        {"is": "PeerLeft", "device": "00", "name": 5, "reason": ""},
        None,
        [],
        "PeerLeft",
        5,
    ],
)
def test_what_is_no_such_value_is_refused(told: object) -> None:
    with pytest.raises(ValueError, match="no"):
        decode(Event, told)
