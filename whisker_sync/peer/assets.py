"""
The contents of binary files: which the story needs, which came, and what others ask us for.

The document says which contents it needs, by their SHA-256. A large file is there when its list
is, and then all its chunks. Whom to ask for what is for
:class:`~whisker_sync.peer.fetching.Fetching` to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from whisker_sync import chunks
from whisker_sync.ids import LinkId
from whisker_sync.manuscript.files import WriteAsset
from whisker_sync.manuscript.manuscript import Manuscript
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.effects import Effect, ReadAsset
from whisker_sync.peer.fetching import Fetching
from whisker_sync.peer.inputs import AssetRead
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import Lines
from whisker_sync.sync.session import Came, Session
from whisker_sync.wire.messages import Asset, WantAsset

MAX_ASKED = 64
"""Contents that one device may wait for; it asks for a few at a time."""

MAX_UNWRITTEN = 8 << 20
"""Bytes of binary files on their way to the journal from which on no more are asked for."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What one binary file of the story consists of."""

    asset: bytes
    """The SHA-256 of the file."""

    contents: tuple[bytes, ...]
    """The file itself, or its list and then its chunks; of one whose list is not here, the list."""

    is_own: bool
    """It was saved here."""

    @property
    def is_large(self) -> bool:
        """Whether it is cut into chunks."""
        return self.contents != (self.asset,)


class Assets:
    """See the module; what is *ready* can be written into the author's folder."""

    def __init__(self, library: Library, lines: Lines) -> None:
        self._library = library
        self._lines = lines
        self._fetching = Fetching()
        self._larges: dict[bytes, tuple[bytes, int]] = {}  # by their lists: content and size
        self._lacking: dict[bytes, set[bytes]] = {}  # what we have not of each
        self._offered: set[bytes] = set()  # contents that were said to be ready
        self._own: set[bytes] = set()  # files that were saved here
        self._units: tuple[Unit, ...] = ()

    # What the story needs.

    @property
    def under_way(self) -> bool:
        """Whether somebody was asked and has not answered yet."""
        return self._fetching.under_way

    def deadline(self) -> float | None:
        """When somebody has been silent for too long, or may be asked again."""
        return self._fetching.deadline()

    def is_here(self, write: WriteAsset) -> bool:
        """Whether the content of a file is in the journal, or about to be."""
        if write.list:
            return not self._library.lacks(write.list)
        return self._library.has(write.asset)

    def want(self, manuscript: Manuscript) -> Iterator[bytes]:
        """See what the story needs; each content that is ready is said once."""
        library = self._library
        needed: dict[bytes, tuple[bytes, ...]] = {
            asset: () if library.has(asset) else (asset,) for asset in manuscript.assets()
        }
        self._larges = {list_: (asset, size) for asset, list_, size in manuscript.larges()}
        self._lacking = {list_: set(library.lacks(list_)) for list_ in self._larges}
        for list_, (asset, _) in self._larges.items():
            needed[asset] = tuple(self._lacking[list_])
        self._fetching.want(asset for lacking in needed.values() for asset in lacking)
        self._units = tuple(self._story(manuscript))
        for asset in sorted(needed.keys() - self._offered):
            if not needed[asset]:
                self._offered.add(asset)
                yield asset

    @property
    def units(self) -> tuple[Unit, ...]:
        """The story's binary files, the small ones first."""
        return self._units

    @property
    def lacking(self) -> tuple[bytes, ...]:
        """Contents that the story needs, that are not here, and that nobody was asked for."""
        return self._fetching.unasked

    def saved(self, assets: Iterable[bytes]) -> None:
        """Note that files were saved here."""
        self._own.update(assets)

    def _story(self, manuscript: Manuscript) -> Iterator[Unit]:
        for asset in sorted(manuscript.assets()):
            yield Unit(asset, (asset,), asset in self._own)
        for asset, list_, _ in sorted(manuscript.larges(), key=lambda large: large[2]):
            parts = chunks.hashes(self._library.list_of(list_) or b"")
            yield Unit(asset, (list_, *parts), asset in self._own)

    def needed(self, manuscript: Manuscript) -> Iterator[bytes]:
        """All contents that the story consists of and that are here; lists before their chunks."""
        library = self._library
        yield from (asset for asset in sorted(manuscript.assets()) if library.has(asset))
        for _, list_, _ in sorted(manuscript.larges()):
            known = library.list_of(list_)
            if known is not None:
                yield list_
                yield from filter(library.has, chunks.hashes(known))

    def bring(self, brought: Asset, manuscript: Manuscript | None) -> Iterator[bytes]:
        """Take a content that a letter brought, if the story needs it; what is ready by it."""
        asset, content = brought.asset, brought.content
        if content is None or manuscript is None or hashlib.sha256(content).digest() != asset:
            return
        if self._fetching.needs(asset) and not self._library.has(asset):
            yield from self._keep(asset, content, manuscript)

    def take(
        self, link: LinkId, came: Came, manuscript: Manuscript | None, now: float
    ) -> Iterator[bytes]:
        """Take what somebody sent; the contents that are ready by it."""
        asset, content = came.asset, came.content
        if content is None or hashlib.sha256(content).digest() != asset:
            self._fetching.lacks(link, asset, now)
            return
        if self._library.has(asset) or manuscript is None:
            return
        yield from self._keep(asset, content, manuscript)

    def _keep(self, asset: bytes, content: bytes, manuscript: Manuscript) -> Iterator[bytes]:
        self._fetching.came(asset)
        if asset in self._larges:
            if chunks.fits(content, self._larges[asset][1]):
                self._library.keep_list(content)
                yield from self.want(manuscript)
            return
        self._library.keep(asset, content)
        if asset in manuscript.assets():
            self._offered.add(asset)
            yield asset
        for list_, lacking in self._lacking.items():
            if asset in lacking:
                lacking.discard(asset)
                if not lacking and not self._library.lacks(list_):
                    self._offered.add(self._larges[list_][0])
                    yield self._larges[list_][0]

    def ask(self, now: float) -> Iterator[Effect]:
        """Ask others for what we lack."""
        if self._library.unwritten >= MAX_UNWRITTEN:
            return
        live = {conversation.link: conversation for conversation, _ in self._lines.live()}
        for link, asset in self._fetching.ask(live, now):
            yield from self._lines.send(live[link], WantAsset(asset))

    # What others need.

    def asked(self, conversation: Conversation, asset: bytes) -> None:
        """Somebody asks for a content; who asks for too many gets the first of them."""
        if len(conversation.asked) < MAX_ASKED:
            conversation.asked.append(asset)

    def serve(self, conversation: Conversation, session: Session) -> Iterator[Effect]:
        """Answer who asked for a content, when what was said before has left."""
        while conversation.asked and not conversation.reading and not session.is_full:
            asset = conversation.asked.popleft()
            list_ = self._library.list_of(asset)
            if list_ is not None:
                yield from self._lines.send(conversation, Asset(asset, list_))
            else:
                conversation.reading = True
                yield ReadAsset(conversation.link, asset)

    def answer(self, read: AssetRead) -> Iterator[Effect]:
        """Send what was read for somebody; None: it is not here."""
        conversation = None if read.link is None else self._lines.get(read.link)
        if conversation is not None:
            conversation.reading = False
            yield from self._lines.send(conversation, Asset(read.asset, read.content))
