"""
A relay as a part of a web application that does other things, too.

    RELAY_FILE=relay.db uvicorn mount_relay:app

The relay is an ASGI application; it is mounted below a path, and lives as long as the
whole. It cannot read what it keeps, and neither can the application around it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from whisker_sync.relay import app as relay_app
from whisker_sync.relay.sqlite import SqliteStore

relay = relay_app(SqliteStore(Path(os.environ.get("RELAY_FILE", "relay.db"))))


async def welcome(_: Request) -> PlainTextResponse:
    """The rest of the application."""
    return PlainTextResponse("Letters are taken at /mail.")


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Open and close the relay with the application."""
    async with relay:
        yield


app = Starlette(routes=[Route("/", welcome), Mount("/mail", relay)], lifespan=lifespan)
