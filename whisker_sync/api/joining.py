"""Finding whoever invited us, and being let in; also by letters, over days."""

from __future__ import annotations

from whisker_sync.identity.link import InvitationLink
from whisker_sync.identity.pairing import Host
from whisker_sync.identity.spoken import read_invitation
from whisker_sync.node.asking import Asked, keep, kept
from whisker_sync.node.joining import Admission, ask_to_join

__all__ = [
    "Admission",
    "Asked",
    "Host",
    "InvitationLink",
    "ask_to_join",
    "keep",
    "kept",
    "read_invitation",
]
