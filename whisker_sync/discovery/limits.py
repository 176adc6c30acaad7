"""
How much of what is heard on the network is listened to.

Whom of all that to call, and how often, is limited in
:mod:`whisker_sync.peer.dialing`, where the one table of candidates is.
"""

from __future__ import annotations

MAX_DATAGRAMS = 1000
"""mDNS packets that are read in one second; what comes beyond is not looked at."""

MAX_DATAGRAMS_EACH = 200
"""... and from one address."""

MAX_WAITING = 256
"""Announcements that wait to be told; who is told of them takes them at once."""

MAX_RESOLVING = 32
"""Announcements that came in pieces, and whose rest is asked for, at the same time."""

MAX_HEARD = 4096
"""Announcements after which we forget all and ask anew: the library remembers each."""

MAX_ADDRESSES = 16
"""Addresses of one announcement."""
