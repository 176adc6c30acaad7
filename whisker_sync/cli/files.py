"""The author's files, for commands that read or change them as an author would."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whisker_sync.store.layout import Layout


def text_of(layout: Layout, path: str) -> str | None:
    """
    The text of a file of the story, with line ends all the same; None: there is no such text.

    Raises:
        UnsafePath, UnreadableFile: It cannot be read.
    """
    content = _read(layout, path)
    if content is None:
        return None
    from whisker_sync.story import codec

    decoded = codec.decode(content, path)
    return None if decoded is None else decoded.text


def save(layout: Layout, path: str, text: str) -> bool:
    """
    Replace a text of the story as its author, made from what is there now.

    What was there goes to the trash. Line ends stay of the kind they are. Returns whether
    anything changed.

    Raises:
        UnsafePath, UnreadableFile, DiskFull: It cannot be read or written.
    """
    from whisker_sync.errors import UnreadableFile
    from whisker_sync.folder.files import Folder, Kept
    from whisker_sync.node.announced import announce
    from whisker_sync.paths import accept
    from whisker_sync.story import codec

    now = _read(layout, path)
    known = codec.decode(now or b"", path)
    if known is None:
        raise UnreadableFile(path, "it is not a text")
    content = codec.encode(text, known.eol, known.bom)
    if content == now:
        return False
    name = accept(path)
    if now is not None:
        announce(layout, name, now, content)
    expected = None if now is None else hashlib.sha256(now).digest()
    written = Folder(layout.root, layout.stage, layout.trash).write(name, content, expected)
    if isinstance(written, Kept):
        raise UnreadableFile(path, "it was saved just now; try again")
    return True


def _read(layout: Layout, path: str) -> bytes | None:
    from whisker_sync.errors import UnreadableFile
    from whisker_sync.folder.files import Folder
    from whisker_sync.paths import accept

    content = Folder(layout.root, layout.stage, layout.trash).read(accept(path))
    if content is not None and not isinstance(content, bytes):
        raise UnreadableFile(path, f"it has {content.size:,} bytes")
    return content
