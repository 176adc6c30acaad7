"""whisker_sync.discovery.probe: two machines try out the way between them, over loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from zeroconf._protocol.incoming import DNSIncoming

from whisker_sync.discovery import probe
from whisker_sync.discovery.probe import Meeting, call, interfaces, listen, question
from whisker_sync.errors import CannotConnect, MalformedFrame, PortInUse

HERE = "127.0.0.1"


async def meet(*, ours: str = "1.0", theirs: str = "1.0") -> tuple[Meeting, Meeting]:
    """What the listening and the calling side find out."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    listening = asyncio.ensure_future(listen(0, ours, port.set_result, 10))
    calling = await call(HERE, await port, theirs)
    host, listened = await listening
    assert host == HERE
    return listened, calling


async def test_two_who_meet_know_of_each_others_clock_and_version() -> None:
    listened, calling = await meet(ours="1.0", theirs="2.0")
    assert (listened.version, calling.version) == ("2.0", "1.0")
    assert abs(listened.clock) < 60
    assert abs(calling.clock) < 60


async def test_both_know_that_the_calling_side_can_be_called() -> None:
    listened, calling = await meet()
    assert listened.caller_reached
    assert calling.caller_reached


async def test_both_say_the_same_of_what_was_heard() -> None:
    listened, calling = await meet()
    assert listened.we_heard == calling.they_heard
    assert listened.they_heard == calling.we_heard


def test_a_clock_is_ahead_by_seconds() -> None:
    assert 3599 < probe._ahead({"time": probe._now() + 3_600_000}) <= 3600
    assert probe._ahead({"time": "noon"}) == 0


async def test_nobody_there_is_said_so() -> None:
    server = await asyncio.start_server(lambda *_: None, HERE, 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(CannotConnect):
        await call(HERE, port, "1.0")


async def _speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b"HTTP/1.1 400 Bad Request\r\n")
    writer.close()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.close()


async def _talk_without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b"x" * 100_000)
    writer.close()


@pytest.mark.parametrize("other", [_speak, _hang_up, _talk_without_end])
async def test_whatever_else_answers_is_no_meeting(
    other: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    server = await asyncio.start_server(other, HERE, 0)
    try:
        with pytest.raises((MalformedFrame, CannotConnect)):
            await call(HERE, server.sockets[0].getsockname()[1], "1.0")
    finally:
        server.close()


async def test_whoever_calls_by_mistake_is_no_meeting() -> None:
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    listening = asyncio.ensure_future(listen(0, "1.0", port.set_result, 10))
    _, writer = await asyncio.open_connection(HERE, await port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(MalformedFrame):
        await listening
    writer.close()


async def test_nobody_calling_ends_the_listening() -> None:
    with pytest.raises(TimeoutError):
        await listen(0, "1.0", lambda _: None, 0.05)


async def test_a_port_that_is_taken_is_said_so() -> None:
    server = await asyncio.start_server(lambda *_: None, None, 0)
    try:
        with pytest.raises(PortInUse):
            await listen(server.sockets[0].getsockname()[1], "1.0", lambda _: None, 1)
    finally:
        server.close()


def test_what_is_announced_is_a_question_of_mdns() -> None:
    message = DNSIncoming(question("0123456789abcdef"))
    assert message.valid
    (asked,) = message.questions
    assert asked.name == "0123456789abcdef._whisker-sync._tcp.local."


def test_loopback_is_no_interface() -> None:
    assert HERE not in {each.address for each in interfaces()}
