"""A relay in a process of its own, and what lies between it and the authors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.relays import Relay, Wire


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    started = Relay(tmp_path)
    yield started
    started.kill()


@pytest.fixture
def wire(relay: Relay) -> Iterator[Wire]:
    between = Wire(relay.port)
    yield between
    between.close()
