"""
Which store a name means.
"""

from __future__ import annotations

from pathlib import Path

from whisker_sync.errors import BadSettings
from whisker_sync.relay.store import RelayStore


def open_store(url: str) -> RelayStore:
    """
    The store that ``url`` names; it is opened by entering it.

    ``sqlite:PATH``, ``postgresql://USER@HOST/DATABASE`` (needs the package ``asyncpg``), or
    ``memory:``.

    Raises:
        BadSettings: It names none.
    """
    kind, _, rest = url.partition(":")
    match kind:
        case "memory" if url == "memory:":
            from whisker_sync.relay.memory import MemoryStore

            return MemoryStore()
        case "sqlite" if rest:
            from whisker_sync.relay.sqlite import SqliteStore

            return SqliteStore(Path(rest).expanduser())
        case "postgresql" | "postgres" if rest.startswith("//"):
            return _postgres(url)
        case _:
            raise BadSettings(
                "the relay's store", "it is neither sqlite:PATH nor postgresql://HOST/DATABASE"
            )


def _postgres(url: str) -> RelayStore:
    try:
        from whisker_sync.relay.postgres import PostgresStore
    except ModuleNotFoundError as problem:
        if problem.name != "asyncpg":
            raise
        raise BadSettings(
            "the relay's store", "PostgreSQL needs: pip install 'whisker-sync[postgres]'"
        ) from None
    return PostgresStore(url)
