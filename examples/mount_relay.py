"""
A relay as a part of a FastAPI application that does other things, too.

    RELAY_FILE=relay.db uvicorn mount_relay:app

The relay is an ASGI application like any other: it is mounted below a path, and lives as
long as the whole. It cannot read what it keeps, and neither can the application around it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from whisker_sync.relay import app as relay_app
from whisker_sync.relay.sqlite import SqliteStore

relay = relay_app(SqliteStore(Path(os.environ.get("RELAY_FILE", "relay.db"))))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Open and close the relay with the application."""
    async with relay:
        yield


app = FastAPI(lifespan=lifespan)
app.mount("/mail", relay)


@app.get("/", response_class=PlainTextResponse)
async def welcome() -> str:
    """The rest of the application."""
    return "Letters are taken at /mail."
