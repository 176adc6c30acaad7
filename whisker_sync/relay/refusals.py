"""
What a relay says when it does not do what it was asked: status, code, sentence.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from whisker_sync import errors
from whisker_sync.identity.mailbox import SCHEME
from whisker_sync.relay.limits import Limits
from whisker_sync.wire.relay import Code

STATUS = {
    Code.BAD_REQUEST: 400,
    Code.NOT_SIGNED: 401,
    Code.BAD_SIGNATURE: 401,
    Code.CLOCK_SKEW: 401,
    Code.REPLAYED: 401,
    Code.WRONG_MAILBOX: 403,
    Code.NO_SUCH_PATH: 404,
    Code.UNKNOWN_MAILBOX: 404,
    Code.NO_SNAPSHOT: 404,
    Code.UNKNOWN_BLOB: 404,
    Code.WRONG_METHOD: 405,
    Code.TOO_SLOW: 408,
    Code.DIFFERENT_CONTENT: 409,
    Code.SNAPSHOT_CHANGED: 409,
    Code.MISSING_BLOB: 409,
    Code.NOT_COVERED: 409,
    Code.TOO_LARGE: 413,
    Code.TOO_FAST: 429,
    Code.FAILED: 500,
    Code.UNAVAILABLE: 503,
    Code.MAILBOX_FULL: 507,
    Code.RELAY_FULL: 507,
}
"""The status that goes with each code."""


class Refusal(Exception):
    """
    A request that is refused; stays in this room.

    ``retry`` is when to try again, in seconds; ``more`` goes beside the code.
    """

    def __init__(
        self, code: Code, sentence: str, *, retry: float | None = None, **more: Any
    ) -> None:
        self.code = code
        self.sentence = sentence
        self.retry = retry
        self.more = more

    def content(self) -> dict[str, Any]:
        """The refusal as it is said."""
        return {"v": 1, "error": {"code": self.code, "sentence": self.sentence, **self.more}}

    def response(self) -> JSONResponse:
        """The refusal as an answer."""
        headers = {"Cache-Control": "no-store"}
        if self.retry is not None:
            headers["Retry-After"] = str(max(1, round(self.retry)))
        if STATUS[self.code] == 401:
            headers["WWW-Authenticate"] = SCHEME
        return JSONResponse(self.content(), STATUS[self.code], headers)


def refusal_of(problem: errors.MailboxError, limits: Limits) -> Refusal:
    """What follows from what a store says."""
    sentence = str(problem)
    match problem:
        case errors.UnknownMailbox():
            return Refusal(Code.UNKNOWN_MAILBOX, sentence)
        case errors.MailboxFull():
            return Refusal(Code.MAILBOX_FULL, sentence, retry=limits.full_seconds)
        case errors.DifferentContent():
            return Refusal(Code.DIFFERENT_CONTENT, sentence)
        case errors.SnapshotChanged(number=number):
            return Refusal(Code.SNAPSHOT_CHANGED, sentence, number=number)
        case errors.MissingBlob(blob=blob):
            return Refusal(Code.MISSING_BLOB, sentence, blob=blob)
        case errors.NotCovered():
            return Refusal(Code.NOT_COVERED, sentence)
        case _:
            # What exactly is wrong with the store is for its operator only.
            return Refusal(
                Code.UNAVAILABLE,
                "the relay cannot get at its mailboxes at the moment; try again soon",
                retry=limits.retry_seconds,
            )
