"""
What the next letter is to say besides edits, and when it is due.

Papers that the mailbox has not, news of contents, revisions of the history, and that we have
read: none of it is worth a letter of its own at once, for more of it may follow. Each waits a
moment; then whatever there is goes into one letter. Who has read something and has nothing to
say leaves an empty letter after a while: each envelope says what its device has read.
"""

from __future__ import annotations

from collections import deque
from random import Random

from whisker_sync.peer.bundling import LETTER_BYTES, of_history
from whisker_sync.peer.place import NEVER, soon
from whisker_sync.wire.messages import Members, Message, Stocked

RECEIPT_SECONDS = 2.0
"""How long after reading we say so, if there is nothing else to say; up to twice as long."""

PAPERS_SECONDS = 1.0
"""How long what is new about who belongs waits for more of it; up to twice as long."""


class Agenda:
    """What is to be said."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._receipt_at = self._papers_at = self._news_at = NEVER
        self._news: Stocked | None = None
        self._told: deque[bytes] = deque()  # revisions

    @property
    def has_history(self) -> bool:
        """There are revisions to be told."""
        return bool(self._told)

    def say(self, news: Stocked, now: float) -> None:
        """Say something of contents."""
        before = self._news
        if before is not None:
            lying = dict(before.lying) | dict(news.lying)
            lacked = {*before.lacked, *news.lacked} - lying.keys()
            news = Stocked(tuple(sorted(lying.items())), tuple(sorted(lacked)))
        self._news = news
        self._news_at = min(self._news_at, soon(now, PAPERS_SECONDS, self._dice))

    def tell(self, revision: bytes, now: float) -> None:
        """Say what was added to the history here."""
        self._told.append(revision)
        self._news_at = min(self._news_at, soon(now, PAPERS_SECONDS, self._dice))

    def owe_receipt(self, now: float) -> None:
        """Say what we have read, with the next letter or in one of its own."""
        self._receipt_at = min(self._receipt_at, soon(now, RECEIPT_SECONDS, self._dice))

    # What need not be said.

    def know_papers(self) -> None:
        """The papers are there, as somebody left them."""
        self._papers_at = NEVER

    def has_receipted(self) -> None:
        """A letter is about to say what we have read."""
        self._receipt_at = NEVER

    def move(self) -> None:
        """Another mailbox is in use: what is to be said about this one is over."""
        self._receipt_at = self._papers_at = NEVER

    # When, and what.

    def deadline(self, *, can_receipt: bool) -> float:
        """When the next letter is due; ``can_receipt``: what was read is durable."""
        times = (self._papers_at, self._news_at)
        return min(*times, self._receipt_at) if can_receipt else min(times)

    def is_due(self, papers: Members | None, now: float, *, can_receipt: bool) -> bool:
        """Whether it is time for a letter; ``papers``: those that the mailbox has not."""
        if papers is None:
            self._papers_at = NEVER
        elif self._papers_at == NEVER:  # more of them may follow at once
            self._papers_at = soon(now, PAPERS_SECONDS, self._dice)
        has_news = self._news is not None or bool(self._told)
        return (
            (can_receipt and now >= self._receipt_at)
            or (papers is not None and now >= self._papers_at)
            or (has_news and now >= self._news_at)
        )

    def take(self, papers: Members | None, now: float) -> list[Message]:
        """All that is to be said, as far as one letter takes it."""
        messages: list[Message] = []
        if papers is not None:
            self._papers_at = NEVER
            messages.append(papers)
        if self._news is not None:
            messages.append(self._news)
            self._news = None
        messages += of_history(self._next_told())
        self._news_at = now if self._told else NEVER
        return messages

    def _next_told(self) -> list[bytes]:
        """As many of the revisions to be told as one letter takes."""
        few: list[bytes] = []
        room = LETTER_BYTES
        while self._told and (not few or len(self._told[0]) <= room):
            few.append(self._told.popleft())
            room -= len(few[-1])
        return few
