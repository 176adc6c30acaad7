"""
What passes between a manuscript and the folder that shows it.

Values only. They say what is on disk and what should be; who reads and writes
is somebody else's business.
"""

from __future__ import annotations

from dataclasses import dataclass

from whisker_sync.document import Change
from whisker_sync.ids import StoryPath
from whisker_sync.revision import Version


@dataclass(frozen=True, slots=True)
class Large:
    """What a file holds that is cut into chunks."""

    sha256: bytes
    size: int
    list: bytes
    """The SHA-256 of each chunk; see :mod:`whisker_sync.chunks`."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """What was found under a path."""

    path: StoryPath
    content: bytes | Large | None
    """The whole file; None: there is none. Of a large one, the chunks are in the journal."""

    read_since_write: bool | None = None
    """
    False: nobody read what we wrote there last before this was saved, so it was not made
    from that. True: somebody did, not necessarily an editor. None: not known.
    """

    made_from: bytes | None = None
    """SHA-256 of the version it was made from, if whoever saved it said so. None: not known."""


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A text file that must change on disk, unless the author was faster."""

    path: StoryPath
    content: bytes | None
    """What it must hold; None: it must go."""

    expected: bytes | None
    """SHA-256 of what we believe is there now; None: nothing. Anything else is left alone."""


@dataclass(frozen=True, slots=True)
class WriteAsset:
    """A binary file that must change on disk, unless the author was faster."""

    path: StoryPath
    asset: bytes
    """SHA-256 of what it must hold; the content is in the journal."""

    expected: bytes | None
    """As for :class:`WriteFile`."""

    list: bytes = b""
    """SHA-256 of the list of its chunks, if it is cut; empty: it is one asset."""


@dataclass(frozen=True, slots=True)
class PutInTrash:
    """A save that its author has saved over, and of which nothing is made by now."""

    path: StoryPath
    content: bytes
    """What it held."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that is left out, and why; all others go on."""

    path: str
    sentence: str
    """For the author; names the path and what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from something that happened to the files or to the document."""

    change: Change | None = None
    """The edits that were written into the document."""

    facts: tuple[tuple[str, bytes | None], ...] = ()
    """What to remember in the same batch as the change."""

    assets: tuple[tuple[bytes, bytes], ...] = ()
    """Contents to keep in the same batch, with their SHA-256 before them."""

    writes: tuple[WriteFile | WriteAsset, ...] = ()
    """Files to change, but only when change, facts and assets are durable."""

    problems: tuple[Problem, ...] = ()

    versions: tuple[Version, ...] = ()
    """What the author's saves left of the passages they touched, for the history."""

    larges: tuple[Large, ...] = ()
    """Contents whose chunks are in the journal, or among the assets."""

    trash: tuple[PutInTrash, ...] = ()
    """Saves that are not in the folder any more, and in the history neither."""


def is_lost(save: object, then: object) -> bool:
    """Tell whether a save is gone with the next one, and was not only half written."""
    if not isinstance(save, bytes):
        return False
    return not (isinstance(then, bytes) and then.startswith(save))
