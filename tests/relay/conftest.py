from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.relay.cluster import Cluster, new_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server, for all tests of this process."""
    cluster = new_cluster()
    yield cluster
    cluster.end()


@pytest.fixture
def database(cluster: Cluster) -> str:
    """The URL of a database without mailboxes."""
    cluster.sql("SET client_min_messages = error; DROP SCHEMA IF EXISTS whisker_relay CASCADE")
    return cluster.url
