"""How much, how many and how long, for connections."""

from __future__ import annotations

MAX_FRAME = 1 << 20
"""Bytes of a frame; the protocol has the same limit."""

MAX_QUEUE = 16
"""Frames of one connection that wait to be read; then its sender has to wait."""

MAX_STRANGERS = 32
"""Connections that others may have to us before they have proven anything."""

MAX_STRANGERS_EACH = 4
"""Connections that one address may have to us before it has proven anything."""

MAX_CONNECTIONS = 256
"""Connections that others may have to us, proven or not."""

MAX_CONNECTIONS_EACH = 16
"""Connections that one address may have to us, proven or not."""

OPEN_SECONDS = 5.0
"""How long it may take until a side that we dialled answers, TLS and all."""

PROOF_SECONDS = 5.0
"""How long whoever dials us may take from the first packet to the proof."""

PING_SECONDS = 2.0
"""How often we ask whether the other side is there; with the next two, a link that was
cut without a word is noticed within five seconds, which no default comes near."""

PONG_SECONDS = 2.0
"""How long the answer may take."""

CLOSE_SECONDS = 1.0
"""How long an orderly end may take."""

SEND_SECONDS = 10.0
"""How long the other side may leave no room for a frame. Pings do not notice that: while a
send is blocked they wait behind it."""
