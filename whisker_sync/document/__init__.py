"""
Documents that many edit at once: the only room that knows the CRDT engine.

Reading, writing, merging and comparing replicas of one document. It knows nothing
of stories, files or peers, and is what programs that embed us use for documents of
their own.
"""

from whisker_sync.document.document import (
    LARGE_DOCUMENT,
    MAX_DOCUMENT,
    Applied,
    Change,
    Document,
    Edit,
    Forked,
    Merged,
    Nothing,
    NotReady,
    Rejected,
    coalesce,
    extent,
    fresh_client,
)
from whisker_sync.document.extents import Extents
from whisker_sync.document.gate import Span
from whisker_sync.document.hold import Hold
from whisker_sync.document.ledger import Touch
from whisker_sync.document.schema import Kind, Root, Scalar, Schema

__all__ = [
    "LARGE_DOCUMENT",
    "MAX_DOCUMENT",
    "Applied",
    "Change",
    "Document",
    "Edit",
    "Extents",
    "Forked",
    "Hold",
    "Kind",
    "Merged",
    "NotReady",
    "Nothing",
    "Rejected",
    "Root",
    "Scalar",
    "Schema",
    "Span",
    "Touch",
    "coalesce",
    "extent",
    "fresh_client",
]
