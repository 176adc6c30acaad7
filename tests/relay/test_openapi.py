"""A running relay does what its OpenAPI description says, also when it is asked nonsense."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, settings
from schemathesis import Case

from tests.relay.client import BOX, KEY, Client
from whisker_sync.relay.limits import Limits
from whisker_sync.relay.memory import MemoryStore
from whisker_sync.relay.openapi import description
from whisker_sync.relay.patience import Settings
from whisker_sync.relay.refusals import STATUS
from whisker_sync.relay.serve import listen
from whisker_sync.relay.server import Relay
from whisker_sync.wire.relay import Code

EXAMPLES = 15
"""Requests of each kind and operation."""

LIMITS = Limits(envelope=5000, requests=1e6, burst=10**6)

DESCRIPTION = description(LIMITS)

SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A relay in a thread of its own, as these tests are not asynchronous."""
    listener = listen("127.0.0.1", 0)
    relay = Relay(MemoryStore(), LIMITS)
    server = uvicorn.Server(Settings(relay, LIMITS, lifespan="on", log_config=None))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_it_does_what_it_says(case: Case[Any], url: str) -> None:
    case.call_and_validate(base_url=url)  # which nobody signed


@SCHEMA.include(path_regex="mailboxes").parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_it_does_what_it_says_when_it_is_asked_well(case: Case[Any], url: str) -> None:
    case.path_parameters["mailbox"] = BOX.hex()
    asked = case.as_transport_kwargs(base_url=url)
    prepared = requests.Request(**{name: asked[name] for name in _ASKED & asked.keys()}).prepare()
    body: Any = prepared.body or b""
    body = body.encode() if isinstance(body, str) else body
    stamp = Client(url, KEY).stamp(case.method.upper(), prepared.path_url, body)
    case.call_and_validate(base_url=url, headers={"Authorization": stamp})


_ASKED = {"method", "url", "headers", "params", "cookies", "data", "json", "files"}


def test_each_code_has_a_status_and_each_status_is_described() -> None:
    assert set(STATUS) == set(Code)
    described = {int(status) for status in DESCRIPTION["components"]["responses"]}
    assert described == set(STATUS.values()) - {405}


def test_the_description_can_be_had_from_the_relay(url: str) -> None:
    answer = httpx2.get(f"{url}/openapi.json", trust_env=False).json()
    assert answer == json.loads(json.dumps(DESCRIPTION))
