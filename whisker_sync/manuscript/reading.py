"""
What a file on disk is: a text that merges, or bytes that are shared as a whole.

What is left out, because it is too large or there are too many, is said in a sentence for its
author, and all other files go on. A text that co-authors may be editing never becomes a whole
file because it grew: that would end their editing it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from whisker_sync import chunks
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.files import FileSeen, Large, Problem
from whisker_sync.manuscript.limits import MAX_ASSET_BYTES, MAX_FILES, MAX_TEXT_BYTES
from whisker_sync.manuscript.render import too_large
from whisker_sync.manuscript.saves import Blob, Found, Text
from whisker_sync.manuscript.shadow import Content, Page, sha256_of
from whisker_sync.story import codec
from whisker_sync.story.kinds import is_twee


@dataclass(slots=True)
class Read:
    """What files turned out to be."""

    found: dict[StoryPath, Found | None] = field(default_factory=dict)
    """What is taken in, path by path; None: the file is gone."""

    left_out: set[StoryPath] = field(default_factory=set)
    assets: dict[bytes, bytes] = field(default_factory=dict)
    """Binary contents, or their chunks, to be kept in the journal, by SHA-256."""

    larges: list[Large] = field(default_factory=list)
    """Contents that are cut into chunks."""

    problems: list[Problem] = field(default_factory=list)


def read(news: Mapping[StoryPath, FileSeen], disk: Disk) -> Read:
    """Say what each file is that was found, next to what is known of the ``disk``."""
    done = Read()
    known = disk.contents()
    room = MAX_FILES - len(known)
    for path, seen in news.items():
        content, before = seen.content, known.get(path)
        if content is None:
            done.found[path] = None
            continue
        what = _what(path, content, before) if before or room > 0 else _one_too_many(path)
        room -= 1 if before is None else 0
        if isinstance(what, Problem):
            done.left_out.add(path)
            done.problems.append(what)
            continue
        done.found[path] = what
        if isinstance(what, Blob):
            _keep(done, what, content)
            if is_twee(path):
                done.problems.append(Problem(path, _is_whole(path, what.size)))
    return done


def _what(path: StoryPath, content: bytes | Large, before: Content | None) -> Found | Problem:
    """Say what a file on disk is, or why it is left out."""
    size = len(content) if isinstance(content, bytes) else content.size
    if isinstance(before, Page) and size > MAX_TEXT_BYTES:
        return Problem(path, too_large(path, size, MAX_TEXT_BYTES))
    if isinstance(content, bytes):
        if size <= MAX_TEXT_BYTES and (decoded := codec.decode(content, path)):
            sha256 = hashlib.sha256(content).digest()
            return Text(decoded.text, decoded.eol, decoded.bom, sha256)
        if size <= chunks.MAX_WHOLE:
            return Blob(hashlib.sha256(content).digest(), size)
        content = _large(content)
    if size > MAX_ASSET_BYTES:
        return Problem(path, too_large(path, size, MAX_ASSET_BYTES))
    return Blob(content.sha256, size, chunks.id_of(content.list))


def _keep(done: Read, blob: Blob, content: bytes | Large) -> None:
    """Keep a binary content for the journal; of a large one, the chunks may be there already."""
    if isinstance(content, Large):
        done.larges.append(content)
    elif blob.list:
        done.assets |= {sha256_of(chunk) or b"": chunk for chunk in chunks.cut(content)}
        done.larges.append(_large(content))
    else:
        done.assets[blob.sha256] = content


def _large(content: bytes) -> Large:
    return Large(
        hashlib.sha256(content).digest(), len(content), chunks.list_of(chunks.cut(content))
    )


def _one_too_many(path: StoryPath) -> Problem:
    return Problem(path, f"{path} is not synced: {MAX_FILES:,} files is the limit")


def _is_whole(path: StoryPath, size: int) -> str:
    if size > MAX_TEXT_BYTES:
        return (
            f"{path} has {size:,} bytes, so it is shared as a whole and never merged; "
            f"up to {MAX_TEXT_BYTES:,} bytes are, so cut it into several files"
        )
    return (
        f"{path} is not UTF-8, so it is shared as a whole and never merged; "
        "save it as UTF-8 in your editor"
    )
