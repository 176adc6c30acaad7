"""``whisker relay`` as a process, with real signals and a real database."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.relay.client import BOX, Client, name
from tests.relay.cluster import Cluster
from tests.relay.test_wake import head, listening
from whisker_sync.wire import relay as wire
from whisker_sync.wire.relay import Page

pytestmark = [
    pytest.mark.waits,
    pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals"),
]


@asynccontextmanager
async def relay(*arguments: str, home: Path) -> AsyncIterator[tuple[Process, str]]:
    """A relay as a process, and its URL; it is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "whisker_sync", "relay", "--json", "--port", "0", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        env=os.environ | {"WHISKER_HOME": str(home)},
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line, (await process.communicate())[1].decode()
        yield process, line.decode().partition('"url": "')[2].partition('"')[0]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def stopped(process: Process) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.wait_for(process.wait(), 30)


async def ids(client: Client) -> list[bytes]:
    found: list[bytes] = []
    while True:
        answer = await client.ask("GET", wire.read_target(BOX, len(found)))
        page = Page.decode(answer.content)
        found += [entry.id for entry in page.entries]
        if page.last == page.head:
            return found


def whisker(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "whisker_sync", *arguments],
        env=os.environ | {"WHISKER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_a_relay_that_is_stopped_keeps_what_it_took_and_exits_0(tmp_path: Path) -> None:
    taken: list[bytes] = []
    enough = asyncio.Event()

    async def send(client: Client, number: int) -> None:
        answer = await client.ask("PUT", wire.entry_target(BOX, name(number)), bytes(number))
        if answer.status_code == 201:
            taken.append(name(number))
        if len(taken) >= 50:
            enough.set()

    async with relay(home=tmp_path) as (process, url):
        client = Client(url)
        async with client.http:
            sending = [asyncio.create_task(send(client, number)) for number in range(200)]
            await asyncio.wait_for(enough.wait(), 30)
            assert await stopped(process) == 0
            await asyncio.gather(*sending, return_exceptions=True)
    assert os.listdir(tmp_path) == ["relay.db"]  # noqa: PTH208 (which would block as well)
    async with relay(home=tmp_path) as (process, url):
        client = Client(url)
        async with client.http:
            found = await ids(client)
        assert set(taken) <= set(found)
        assert len(set(found)) == len(found)
        assert await stopped(process) == 0


async def test_a_relay_that_is_killed_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    taken: list[bytes] = []
    for life in range(3):
        async with relay(home=tmp_path) as (process, url):
            client = Client(url)
            enough = asyncio.Event()

            async def send(
                number: int, client: Client = client, enough: asyncio.Event = enough
            ) -> None:
                target = wire.entry_target(BOX, name(number))
                if (await client.ask("PUT", target, b"entry")).status_code == 201:
                    taken.append(name(number))
                    if number % 100 > 30:
                        enough.set()

            async with client.http:
                numbers = range(life * 100, life * 100 + 100)
                sending = [asyncio.create_task(send(number)) for number in numbers]
                await asyncio.wait_for(enough.wait(), 30)
                process.kill()
                await process.wait()
                await asyncio.gather(*sending, return_exceptions=True)
    async with relay(home=tmp_path) as (_, url):
        client = Client(url)
        async with client.http:
            found = await ids(client)
    assert set(taken) <= set(found)


async def test_a_port_or_a_store_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with relay(home=tmp_path) as (_, url):
        port = url.rpartition(":")[2]
        again = await asyncio.to_thread(
            whisker, "relay", "--port", port, "--store", f"sqlite:{tmp_path}/b.db", home=tmp_path
        )
        assert again.returncode == 1
        assert again.stderr == (
            f"whisker: port {port} is in use; choose another with: whisker relay --port N\n"
        )
        again = await asyncio.to_thread(whisker, "relay", "--port", "0", home=tmp_path)
        assert again.returncode == 1
        assert again.stderr == f"whisker: {tmp_path}/relay.db is in use by another process\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--store", "mysql://x"), "neither sqlite:PATH nor postgresql:"),
        (("--workers", "2"), "only PostgreSQL can have several workers"),
        (("--store", "sqlite:/proc/nowhere/mail.db"), "/proc/nowhere/mail.db cannot be used"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    done = whisker("relay", "--port", "0", *arguments, home=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


async def test_the_log_of_a_process_has_lines_and_no_secrets(tmp_path: Path) -> None:
    async with relay(home=tmp_path) as (process, url):
        client = Client(url)
        async with client.http:
            await client.ask("PUT", wire.entry_target(BOX, name(7)), b"marker")
        process.send_signal(signal.SIGINT)
        _, log = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0
    assert f"append {BOX.hex()[:6]} 201" in log.decode()
    for secret in (BOX.hex()[:8], name(7).hex(), "marker", "127.0.0.1", "Traceback"):
        assert secret not in log.decode()


async def test_after_a_backup_was_put_back_mailboxes_have_new_incarnations(tmp_path: Path) -> None:
    lives = []
    for options in ((), (), ("--restored",)):
        async with relay(*options, home=tmp_path) as (process, url):
            client = Client(url)
            async with client.http:
                answer = await client.ask("PUT", wire.entry_target(BOX, name(1)), b"one")
            lives.append(answer.json()["incarnation"])
            assert await stopped(process) == 0
    assert lives[0] == lives[1] != lives[2]


async def test_a_backup_can_be_made_while_it_is_stopped(tmp_path: Path) -> None:
    async with relay(home=tmp_path) as (process, url):
        client = Client(url)
        async with client.http:
            await client.ask("PUT", wire.entry_target(BOX, name(1)), b"one")
        assert await stopped(process) == 0
    database = sqlite3.connect(tmp_path / "relay.db")
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("SELECT count(*) FROM entry").fetchone() == (1,)
    database.close()


def test_asking_for_help_loads_no_server() -> None:
    code = (
        "import sys; from whisker_sync.cli.main import run; run(['--help']);"
        "run(['relay', '--help']); print(sorted({'starlette', 'uvicorn', 'asyncpg', 'h11'} &"
        " set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "relay" in done.stdout
    assert done.stdout.endswith("[]\n")


# Several workers.


async def test_several_workers_serve_one_mailbox(database: str, tmp_path: Path) -> None:
    arguments = ("--store", database, "--workers", "2")
    async with relay(*arguments, home=tmp_path) as (process, url):
        await workers(process, 2)
        # Each connection is one worker's; so many connections are of both.
        clients = [Client(url) for _ in range(12)]

        async def send(number: int) -> None:
            target = wire.entry_target(BOX, name(number))
            client = clients[number % 12]
            assert (await client.ask("PUT", target, b"entry")).status_code == 201

        async with listening(url) as first, listening(url) as second:
            assert await head(first) == 0
            await asyncio.gather(*(send(number) for number in range(120)))
            for socket in (first, second):
                while await head(socket) < 120:
                    pass
        assert len(set(await ids(clients[0]))) == 120

        # What one of them knows of nonces, the others know, too.
        target = wire.mailbox_target(BOX)
        headers = {"Authorization": clients[0].stamp("GET", target)}
        answers = [(await each.http.get(target, headers=headers)).status_code for each in clients]
        assert sorted(answers) == [200] + [401] * 11
        for client in clients:
            await client.http.aclose()
        assert await stopped(process) == 0


async def test_a_worker_that_dies_is_replaced(database: str, tmp_path: Path) -> None:
    arguments = ("--store", database, "--workers", "2")
    async with relay(*arguments, home=tmp_path) as (process, url):
        client = Client(url)
        async with client.http:
            await client.ask("PUT", wire.entry_target(BOX, name(1)), b"one")
        for worker in await workers(process, 2):
            os.kill(worker, signal.SIGKILL)
        async with asyncio.timeout(60):
            while True:
                client = Client(url)
                async with client.http:
                    with suppress(httpx2.TransportError):
                        assert await ids(client) == [name(1)]
                        break
                await asyncio.sleep(0.2)
        assert await stopped(process) == 0


async def workers(process: Process, count: int) -> list[int]:
    """The workers of a relay, once there are so many."""
    async with asyncio.timeout(60):
        while len(found := _spawned(process.pid)) != count:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.1)
    return found


def _spawned(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    if not path.parent.exists():
        pytest.skip("this system does not say whose child a process is")
    children = [Path(f"/proc/{child}/cmdline") for child in path.read_text().split()]
    return [int(each.parent.name) for each in children if b"spawn_main" in each.read_bytes()]


async def test_a_database_that_is_away_for_a_while_is_waited_for(
    cluster: Cluster, database: str, tmp_path: Path
) -> None:
    async with relay("--store", database, home=tmp_path) as (process, url):
        client = Client(url)
        async with client.http:
            target = wire.entry_target(BOX, name(1))
            assert (await client.ask("PUT", target, b"one")).status_code == 201
            await asyncio.to_thread(cluster.stop)
            try:
                answer = await client.ask("PUT", target, b"one")
                assert answer.status_code == 503
                assert answer.headers["retry-after"] == "5"
                assert (await client.http.get("/healthz")).status_code == 503
            finally:
                await asyncio.to_thread(cluster.start)
            assert (await client.http.get("/healthz")).status_code == 200
            assert (await client.ask("PUT", target, b"one")).status_code == 200
        assert await stopped(process) == 0
