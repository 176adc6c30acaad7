"""
Names of files that we accept, from the author's disk and from other peers.

This is the one door: nothing below a workspace is read or written under a name
that :func:`accept` did not let through. It touches no file; whether something
is there, or is a link to elsewhere, is for ``folder/`` to see.

A name must mean the same file on every system that authors use. So we refuse
what Windows cannot hold or reads as something else, although Linux could:
a story that one co-author cannot open is not shared.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath

MAX_PATH_BYTES = 1024
"""Longest path in UTF-8; Linux allows 4,096 for the whole path, macOS 1,024."""

MAX_NAME_BYTES = 255
"""Longest single name; the limit of ext4, APFS and NTFS (there in UTF-16 units)."""

NEVER_SYNCED = frozenset({".whisker", ".git", ".hg", ".svn"})
"""Folders that belong to a tool; compared without regard to case."""

_ILLEGAL_ON_WINDOWS = frozenset('<>:"\\|?*')
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789¹²³"]
)


def accept(path: str) -> StoryPath:
    """
    Return ``path`` as a name inside the workspace, or raise.

    ``path`` is relative, with ``/`` between names, and is kept as it is
    spelled: what is on the author's disk is what we say.

    Raises:
        UnsafePath: The name could leave the folder, belongs to another tool,
            or cannot exist on every system.
    """
    if problem := _problem(path):
        raise UnsafePath(path, problem)
    return StoryPath(path)


def same_as(path: str) -> str:
    """What is equal for paths that some system takes for the same: capitals and accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


@lru_cache(maxsize=1 << 16)
def _problem(path: str) -> str | None:
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "its name is not valid text"
    if not path:
        return "it has no name"
    if size > MAX_PATH_BYTES:
        return f"its path is longer than {MAX_PATH_BYTES} bytes"
    for name in path.split("/"):
        if problem := _problem_of_name(name):
            return problem
    return None


def _problem_of_name(name: str) -> str | None:
    if name in {"", ".", ".."}:
        return "its path is not a plain relative path"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"a name in its path is longer than {MAX_NAME_BYTES} bytes"
    if name.casefold() in NEVER_SYNCED:
        return f"{name} belongs to another tool"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        return "its name contains control characters"
    if illegal := sorted(_ILLEGAL_ON_WINDOWS & set(name)):
        return f"its name contains {illegal[0]}, which Windows does not allow"
    if name[-1] in " .":
        return "its name ends in a space or a dot, which Windows does not allow"
    if name.split(".", 1)[0].casefold().rstrip() in _DEVICES:
        return "its name is that of a device on Windows"
    return None
