"""
What a reader's device does with files that its user changed: nothing is shared, nothing is lost.

A reader sees the story as it is. What they write into its files, pictures included, is kept
beside, under a name of its own, and the file shows the story again; a file of their own stays
where it is, and so does one too large to be copied at once. Each is said to them as a
:class:`~whisker_sync.manuscript.files.Problem`.

A value in, a value out; what to do with it is for the peer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Large, Problem, WriteAsset, WriteFile
from whisker_sync.manuscript.shadow import Content, Page


@dataclass(frozen=True, slots=True)
class Sorted:
    """What a reader's folder was seen to hold, sorted."""

    as_shown: tuple[FileSeen, ...]
    """Files that are as the story has them."""

    others: tuple[StoryPath, ...]
    """Files that are not: nothing is to be made of them."""

    writes: tuple[WriteFile | WriteAsset, ...]
    """What keeps the reader's words beside, and puts the story's into their place."""

    problems: tuple[Problem, ...]
    """What to say to the reader."""


def sort(
    files: Sequence[FileSeen], shown: Mapping[StoryPath, Content], ours: Collection[bytes]
) -> Sorted:
    """
    Sort what was seen in a reader's folder.

    ``shown`` are the files of the story, ``ours`` the SHA-256 of what we wrote ourselves: an
    older version of the story is no change of the reader's.
    """
    as_shown: list[FileSeen] = []
    others: list[StoryPath] = []
    writes: list[WriteFile | WriteAsset] = []
    problems: list[Problem] = []
    for seen in files:
        path, sha256, theirs = seen.path, _sha256(seen.content), shown.get(seen.path)
        if sha256 == (None if theirs is None else theirs.sha256):
            as_shown.append(seen)
            continue
        others.append(path)
        if theirs is None:
            problems.append(Problem(path, _alone(path)))
        elif isinstance(seen.content, Large):
            problems.append(Problem(path, _differs(path)))
        else:
            if seen.content is not None and sha256 is not None and sha256 not in ours:
                beside = _beside(path, sha256)
                writes.append(WriteFile(beside, seen.content, None))
                problems.append(Problem(path, _kept(path, beside)))
            writes.append(_back(path, theirs, sha256))
    return Sorted(tuple(as_shown), tuple(others), tuple(writes), tuple(problems))


def _back(path: StoryPath, theirs: Content, expected: bytes | None) -> WriteFile | WriteAsset:
    """Put the story's version in its place."""
    if isinstance(theirs, Page):
        return WriteFile(path, theirs.data(), expected)
    return WriteAsset(path, theirs.sha256, expected, theirs.list)


def _sha256(content: bytes | Large | None) -> bytes | None:
    if isinstance(content, Large):
        return content.sha256
    return None if content is None else hashlib.sha256(content).digest()


def _beside(path: StoryPath, sha256: bytes) -> StoryPath:
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    mark = f" (yours, {sha256.hex()[:8]})"
    return StoryPath(folder + slash + (f"{stem}{mark}{dot}{suffix}" if stem else name + mark))


def _alone(path: StoryPath) -> str:
    return f"{path} is on this device only: you may read this story, not write in it"


def _differs(path: StoryPath) -> str:
    return f"{path} is not as the others have it, and stays so: you may read this story only"


def _kept(path: StoryPath, beside: StoryPath) -> str:
    return (
        f"{path} shows the story again, because you may read it, not write in it; "
        f"what you wrote is in “{beside}”, on this device only"
    )
