"""
How much of anything a frame may hold.

All limits of the protocol in one place. A frame beyond one of them is
malformed; we never send one.
"""

from __future__ import annotations

MAX_FRAME = 1 << 20
"""Bytes of one frame; also what the transport takes at most. Larger messages go in parts."""

MAX_STRANGER_FRAME = 4096
"""Bytes of a frame from somebody who has not proven anything yet."""

PART = 256 * 1024
"""Bytes of a part: small enough that a keystroke never waits long behind one."""

MAX_MESSAGE = 64 << 20
"""Bytes of a message put together from parts: the largest document that we accept."""

MACS = 8
"""MACs in a proof: the dialling side's keys of so many epochs; always as many, so that nobody
can count how often the key was changed."""

MAX_TIPS = 16
"""Rosters that none follows, of one device."""

MAX_EVIDENCE = 16 << 20
"""Bytes about who belongs; ``identity/`` has the same limit."""

MAX_ITEMS = 50_000
"""Values in one message, lists included; the fullest push has 36,868, the fullest catch 40,003."""

MAX_DEPTH = 8
"""How deep lists in a message may lie within each other; ours need four."""

COMPRESS_FROM = 4096
"""Bytes from which a message is compressed and sent in parts; typing stays far below."""

COMPRESS_QUICKLY_FROM = 1 << 20
"""Bytes from which a message is compressed with a quarter of the work, to a quarter more."""

MAX_UPDATE = 16 << 20
"""Bytes of one update; the gate of ``document/`` has the same limit."""

MAX_RECORDS = 4096
"""Records in one push."""

MAX_DOCUMENTS = 10_000
"""Documents in one workspace."""

MAX_DOCUMENT_NAME = 64
"""Code points of a document's name."""

MAX_STATE = 1 << 20
"""Bytes of one state vector."""

MAX_LINKED = 256
"""Devices that one device is linked to at a time."""

MAX_NAME = 64
"""Code points of the name of a device or person."""

MAX_PLACE = 64
"""Code points of what a place in a document is called."""

MAX_REASON = 200
"""Code points of a sentence that says why."""

MAX_ASSET = 1 << 20
"""Bytes of one binary file."""

MAX_SIGNATURE = 128
"""Bytes of a signature; Ed25519 has 64."""

MAX_SPANS = 256
"""Pieces of an update that a refusal names."""

MAX_TRACKS = 1024
"""Sessions whose envelopes a snapshot of a mailbox stands in for."""

MAX_STOCKED = 1024
"""Contents of binary files of which one letter says that they lie in the mailbox, or do not."""

MAX_CURSORS = 1024
"""Devices of which a bundle says how far its maker holds their journals."""

MAX_HELD = 20_000
"""Contents of binary files that a bundle says its maker has."""

MAX_SHELVES = 10_000
"""Days of the history, as far as they have revisions: 27 years of them."""

MAX_TITLES = 40_000
"""Ids of revisions that one message names."""

MAX_WANTED = 256
"""Revisions that one message asks for, or brings."""
