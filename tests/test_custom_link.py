"""The links of the example do what links must do."""

from __future__ import annotations

import importlib.util
import sys
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from whisker_sync.ids import Address
from whisker_sync.testing.links import LinksSuite, Make
from whisker_sync.transport.link import Links

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets")

EXAMPLE = Path(__file__).parents[1] / "examples" / "custom_link.py"


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("custom_link", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestUnixSockets(LinksSuite):
    @pytest.fixture
    def make(self, tmp_path: Path, example: Any) -> Make:
        numbers = count()

        def make() -> Links:
            links: Links = example.SocketLinks(tmp_path / f"{next(numbers)}.sock")
            return links

        return make

    def address_of(self, links: Links, port: int) -> Address:
        path: Path = links.path  # type: ignore[attr-defined]  # of the example's own
        return Address(str(path), port)
