"""Our ways of finding each other do what they must; the suite finds what is wrong with others."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.discovery.seeker import HERE
from whisker_sync.discovery.discovery import Sighting
from whisker_sync.discovery.lan import SERVICE, LanDiscovery, service_of
from whisker_sync.discovery.memory import MemoryVoice, Square
from whisker_sync.discovery.places import Places
from whisker_sync.ids import Address
from whisker_sync.testing import discoveries as suite
from whisker_sync.testing.discoveries import (
    FAR,
    NEAR,
    ONE,
    OTHER,
    THIRD,
    AnnouncingSuite,
    DiscoverySuite,
    Make,
    announced,
    ports,
)

Suite = AnnouncingSuite
linux = pytest.mark.skipif(sys.platform != "linux", reason="loopback has no multicast")


@linux
class TestLan(AnnouncingSuite):
    @pytest.fixture
    def make(self) -> Make:
        app_id = f"org.example.{secrets.token_hex(8)}"  # others may test on this machine
        return lambda: LanDiscovery(HERE, app_id)


class TestMemory(AnnouncingSuite):
    @pytest.fixture
    def make(self) -> Make:
        return Square().discovery


class TestPlaces(DiscoverySuite):
    @pytest.fixture
    def make(self) -> Make:
        return lambda: Places([Address(HERE, 1), Address(HERE, 2)])


def is_deaf_to_questions(self: MemoryVoice) -> Any:
    return _nothing()


def tells_all(self: MemoryVoice, what: Any) -> None:
    for other in self._square.voices:
        other.hear(what)


def forgets_to_say(self: MemoryVoice, what: Any) -> None:
    if isinstance(what, Sighting):
        tells_all(self, what)


async def _nothing() -> None:
    pass


FOUND: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = [
    ("ask", is_deaf_to_questions, Suite.test_who_asks_hears_again),
    ("tell_others", tells_all, Suite.test_nobody_hears_of_themself),
    ("tell_others", forgets_to_say, Suite.test_who_was_taken_back_is_gone),
    ("retag", lambda *_: _nothing(), Suite.test_another_tag_is_heard_of),
]


async def run(test: Callable[..., Any]) -> None:
    make = Square().discovery
    if test is Suite.test_who_asks_hears_again:
        await test(Suite(), make)
    else:
        await test(Suite(), (make(), make()))


@pytest.mark.parametrize(
    ("method", "wrong", "test"), FOUND, ids=lambda each: getattr(each, "__name__", str(each))
)
async def test_what_is_wrong_is_found(
    method: str,
    wrong: Callable[..., Any],
    test: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suite, "SECONDS", 0.3)
    monkeypatch.setattr(suite, "SILENCE", 0.1)
    monkeypatch.setattr(MemoryVoice, method, wrong)
    with pytest.raises((AssertionError, TimeoutError)):
        await run(test)


@pytest.mark.parametrize("test", [test for _, _, test in FOUND], ids=lambda each: each.__name__)
async def test_what_is_right_is_not(
    test: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "SILENCE", 0.1)
    await run(test)


# Programs that are not each other's business.


@linux
async def test_programs_with_another_app_id_do_not_hear_of_each_other() -> None:
    app_id = f"org.example.{secrets.token_hex(8)}"
    theirs, friends, ours = (LanDiscovery(HERE, each) for each in (app_id, app_id, ""))
    async with (
        announced(theirs, NEAR, ONE) as chess,
        announced(ours, FAR, ONE) as whisker,
        announced(friends, THIRD, OTHER) as friend,
    ):
        assert ports(await friend.sighting(ONE)) == {NEAR}
        assert ports(await chess.sighting(OTHER)) == {THIRD}
        assert [each for each in await chess.rest() if isinstance(each, Sighting)] == []
        heard = [each for each in await whisker.rest() if isinstance(each, Sighting)]
        assert not any(ports(each) & {NEAR, THIRD} for each in heard)


def test_the_name_of_a_service_is_one_that_is_allowed() -> None:
    assert service_of("") == SERVICE
    names = {service_of(app_id) for app_id in ("a", "b", "ä" * 1000)}
    assert len(names) == 3
    for name in names:
        label = name.split(".")[0].removeprefix("_")
        assert len(label) <= 15
        assert label.isascii()
        assert "--" not in label
