"""
Which binary files we lack, and whom we asked for them.

The document says which contents the story needs, by their SHA-256; the contents
themselves travel on request. One device is asked at a time for each, several for
several; whoever lacks one too, or stays silent, is asked again after a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from whisker_sync.ids import LinkId

MAX_REQUESTS = 4
"""Contents under way from one device at a time."""

REQUEST_SECONDS = 15.0
"""How long one device may take before another is asked."""


RETRY_SECONDS = 5.0
"""How long a device that could not help with a content is not asked for it again."""


@dataclass(frozen=True, slots=True)
class Request:
    """A content that we asked somebody for."""

    link: LinkId
    until: float


class Fetching:
    """The contents that we lack."""

    def __init__(self) -> None:
        self._missing: dict[bytes, dict[LinkId, float]] = {}  # who could not help, and when
        self._links: tuple[LinkId, ...] = ()
        self._asked: dict[bytes, Request] = {}

    def want(self, assets: Iterable[bytes]) -> None:
        """Say all contents that the documents need and we lack."""
        wanted = dict.fromkeys(sorted(assets))
        self._missing = {asset: self._missing.get(asset, {}) for asset in wanted}
        self._asked = {asset: ask for asset, ask in self._asked.items() if asset in wanted}

    def needs(self, asset: bytes) -> bool:
        """Whether we lack a content."""
        return asset in self._missing

    def came(self, asset: bytes) -> None:
        """Note that a content arrived."""
        self._missing.pop(asset, None)
        self._asked.pop(asset, None)

    def lacks(self, link: LinkId, asset: bytes, now: float) -> None:
        """Note that a device lacks it too."""
        request = self._asked.get(asset)
        if request is not None and request.link == link:
            del self._asked[asset]
        if asset in self._missing:
            self._missing[asset][link] = now

    def ask(self, links: Iterable[LinkId], now: float) -> list[tuple[LinkId, bytes]]:
        """Whom to ask now for what."""
        self._links = links = tuple(links)
        self._forget_silent(links, now)
        load = dict.fromkeys(links, 0)
        for request in self._asked.values():
            load[request.link] += 1
        asks = []
        for asset, helpless in self._missing.items():
            if asset in self._asked:
                continue
            if min(load.values(), default=MAX_REQUESTS) >= MAX_REQUESTS:
                break
            for link in [link for link, at in helpless.items() if at + RETRY_SECONDS <= now]:
                del helpless[link]
            free = [link for link in links if link not in helpless and load[link] < MAX_REQUESTS]
            if not free:
                continue
            link = min(free, key=lambda link: load[link])
            load[link] += 1
            self._asked[asset] = Request(link, now + REQUEST_SECONDS)
            asks.append((link, asset))
        return asks

    def deadline(self) -> float | None:
        """When somebody has been silent for too long, or may be asked again."""
        times = [request.until for request in self._asked.values()]
        times += [
            at + RETRY_SECONDS
            for asset, helpless in self._missing.items()
            if asset not in self._asked
            for link, at in helpless.items()
            if link in self._links
        ]
        return min(times, default=None)

    @property
    def unasked(self) -> tuple[bytes, ...]:
        """The contents that we lack and that nobody was asked for, as things are."""
        return tuple(asset for asset in self._missing if asset not in self._asked)

    @property
    def missing(self) -> int:
        """How many contents we lack."""
        return len(self._missing)

    @property
    def under_way(self) -> bool:
        """Whether somebody was asked and has not answered yet."""
        return bool(self._asked)

    def _forget_silent(self, links: tuple[LinkId, ...], now: float) -> None:
        for asset, request in list(self._asked.items()):
            if request.link not in links:
                del self._asked[asset]
            elif request.until <= now:
                self.lacks(request.link, asset, now)
