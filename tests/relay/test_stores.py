from __future__ import annotations

from pathlib import Path

import pytest

from whisker_sync.errors import BadSettings
from whisker_sync.relay.stores import open_store
from whisker_sync.testing.mailboxes import RelayStoreSuite


class TestMemory(RelayStoreSuite):
    outlives = False

    @pytest.fixture
    def url(self) -> str:
        return "memory:"


class TestSqlite(RelayStoreSuite):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:{tmp_path / 'mail.db'}"


class TestPostgres(RelayStoreSuite):
    is_shared = True

    @pytest.fixture
    def url(self, database: str) -> str:
        return database


@pytest.mark.parametrize("url", ["", "memory", "sqlite:", "mysql://a/b", "postgresql:x", "x.db"])
def test_a_store_has_a_name_that_we_know(url: str) -> None:
    with pytest.raises(BadSettings):
        open_store(url)
