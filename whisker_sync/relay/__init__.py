"""
The blind mailbox server and what it keeps mailboxes in; knows nothing of what is in them.

:func:`app` is the relay for any ASGI server; :class:`whisker_sync.relay.server.Relay` says
how to mount it in another application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whisker_sync.relay.limits import Limits
    from whisker_sync.relay.server import Relay
    from whisker_sync.relay.store import RelayStore


def app(store: RelayStore, limits: Limits | None = None) -> Relay:
    """A relay as an ASGI application; opens and closes ``store`` with the server's lifespan."""
    from whisker_sync.relay.server import Relay

    return Relay(store, limits)
