"""
The author's files, for programs that read or change them as an author would.

Whether a daemon runs, or this process has the story open, or nobody has: what is written here
is taken in like what an editor saves.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

from whisker_sync.errors import NotInHistory, UnreadableFile
from whisker_sync.folder.files import Folder, Kept
from whisker_sync.manuscript.timeline import file_text, in_order, is_path, named, put_back, stand
from whisker_sync.node.announced import announce
from whisker_sync.paths import accept
from whisker_sync.revision import Revision, Version
from whisker_sync.store.layout import Layout
from whisker_sync.story import codec


def text_of(layout: Layout, path: str) -> str | None:
    """
    The text of a file of the story, with line ends all the same; None: there is no such text.

    Raises:
        UnsafePath, UnreadableFile: It cannot be read.
    """
    content = _read(layout, path)
    decoded = None if content is None else codec.decode(content, path)
    return None if decoded is None else decoded.text


def save(layout: Layout, path: str, text: str) -> bool:
    """
    Replace a text of the story as its author, made from what is there now.

    What was there goes to the trash. Line ends stay of the kind they are. Returns whether
    anything changed.

    Raises:
        UnsafePath, UnreadableFile, DiskFull: It cannot be read or written.
    """
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


def restore(
    layout: Layout,
    revisions: Sequence[Revision],
    then: Sequence[Revision],
    name: str,
    undone: Revision | None = None,
) -> tuple[str, bool]:
    """
    Bring a passage or a file back as it was; everybody gets it as an edit of ours.

    ``revisions`` are all that there are, ``then`` those that had been made by the moment.
    A passage that ``undone`` changed becomes what that began with: it says so itself, even if
    all that was earlier is gone. Returns the file, and whether anything changed in it.

    Raises:
        NotInHistory: It was not there then.
        UnsafePath, UnreadableFile, DiskFull: A file cannot be read or written.
    """
    if is_path(revisions, name):
        text = file_text(stand(then).values(), name)
        if text is None:
            raise NotInHistory(name)
        return name, save(layout, name, text)
    began = {} if undone is None else {v.id: v for v in undone.versions if v.before is not None}
    today, passage = _passage(revisions, then, name, began)
    whole = text_of(layout, today.path) or ""
    return today.path, save(layout, today.path, put_back(whole, today.name or "", passage))


async def restore_from(
    layout: Layout, history: Sequence[Revision], name: str, revision: Revision, *, before: bool
) -> bool:
    """
    Bring something back as it was at a revision, or just before it; whether that changed it.

    Raises:
        NotInHistory, UnsafePath, UnreadableFile, DiskFull: As :func:`restore`.
    """
    revisions = in_order(history)
    if revision.milestone:
        then = [
            r for r in revisions if (r.milestone, r.time) == (revision.milestone, revision.time)
        ]
    else:
        then = [r for r in revisions if (r.time, r.id) <= (revision.time, revision.id)]
    undone = None
    if before:
        then, undone = [r for r in then if r.id != revision.id], revision
    _, changed = await asyncio.to_thread(restore, layout, revisions, then, name, undone)
    return changed


def _passage(
    revisions: Sequence[Revision],
    then: Sequence[Revision],
    name: str,
    began: Mapping[str, Version],
) -> tuple[Version, str]:
    """A passage as it is today, and its text of then."""
    was, now = stand(then), stand(revisions)
    for id_ in named(revisions, name):
        text = began[id_].before if id_ in began else was[id_].text if id_ in was else None
        if text is not None:
            return now[id_], text
    raise NotInHistory(name)


def _read(layout: Layout, path: str) -> bytes | None:
    content = Folder(layout.root, layout.stage, layout.trash).read(accept(path))
    if content is not None and not isinstance(content, bytes):
        raise UnreadableFile(path, f"it has {content.size:,} bytes")
    return content
