"""
The process of ``whisker relay``: one worker, or several that share a socket.

SIGTERM and Ctrl-C stop it in order: no new connections, WebSockets end with 1012, requests
under way are answered, what the store was asked for becomes durable; then it is over.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from whisker_sync.errors import BadSettings, NoNetwork, PortInUse
from whisker_sync.relay.limits import Limits
from whisker_sync.relay.patience import Settings
from whisker_sync.relay.server import Relay
from whisker_sync.relay.stores import open_store

BACKLOG = 1024
"""Connections that the system may hold until we accept them."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a relay is to run."""

    host: str
    """Address to listen at."""

    port: int
    """Port to listen at; 0: any."""

    store: str
    """What mailboxes are kept in; see :func:`~whisker_sync.relay.stores.open_store`."""

    limits: Limits = field(default_factory=Limits)
    """What it takes."""

    workers: int = 1
    """How many processes."""

    metrics: bool = False
    """Whether ``/metrics`` is there."""

    log_requests: bool = True
    """Whether there is a line for each request."""

    log_addresses: bool = False
    """Whether it has the address of who asked."""

    proxies: str = ""
    """Addresses of proxies, with commas between, that may say for whom they ask."""

    restored: bool = False
    """Whether a backup was put back: then each mailbox gets another incarnation."""

    def __call__(self) -> Relay:
        """The application of one worker."""
        configure_log(requests=self.log_requests)
        return Relay(
            open_store(self.store),
            self.limits,
            metrics=self.metrics,
            addresses=self.log_addresses,
        )


def configure_log(*, requests: bool) -> None:
    """Log to standard error, a line for each thing that happened."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s", force=True
    )
    if requests:
        logging.getLogger("whisker_sync.relay").setLevel(logging.INFO)


def serve(options: Options, ready: Callable[[str, int], None]) -> None:
    """
    Serve until a signal says that it is enough.

    ``ready`` is called with the address and the port, before the first request.

    Raises:
        PortInUse, NoNetwork: It cannot listen there.
        BadSettings: The store has no such name, or cannot have several workers.
        JournalError: The store cannot be opened.
    """
    if options.workers > 1 and not options.store.startswith("postgres"):
        raise BadSettings("the relay's store", "only PostgreSQL can have several workers")
    listener = listen(options.host, options.port)
    try:
        asyncio.run(_look(options))
        ready(*listener.getsockname()[:2])
        if options.workers > 1:
            _serve_many(options, listener)
        else:
            asyncio.run(_serve_one(options, listener))
    finally:
        listener.close()


def listen(host: str, port: int) -> socket.socket:
    """
    A socket that listens.

    Raises:
        PortInUse: Somebody else does so there.
        NoNetwork: This machine has no such address.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise NoNetwork(host) from None
    # The protocol is named so that asyncio knows it, and sends small answers at once.
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as problem:
        listener.close()
        if "in use" in str(problem).lower() or getattr(problem, "winerror", 0) == 10048:
            raise PortInUse(port, "whisker relay") from None
        raise NoNetwork(host) from None
    listener.set_inheritable(True)
    return listener


async def _look(options: Options) -> None:
    """See that the store can be opened, while there is somebody to tell."""
    async with open_store(options.store) as store:
        if options.restored:
            await store.begin_anew()


async def _serve_one(options: Options, listener: socket.socket) -> None:
    # uvicorn raises the signal again that stopped it; being stopped is no failure.
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: None)
    async with options() as relay:
        await uvicorn.Server(_settings(options, relay, lifespan="off")).serve([listener])


def _serve_many(options: Options, listener: socket.socket) -> None:
    each = replace(options, restored=False)
    settings = _settings(options, each, lifespan="on", factory=True, workers=options.workers)
    Multiprocess(settings, [listener]).run()


def _settings(options: Options, app: Any, **more: Any) -> Settings:
    return Settings(
        app,
        options.limits,
        log_config=None,
        proxy_headers=bool(options.proxies),
        forwarded_allow_ips=options.proxies or None,
        **more,
    )
