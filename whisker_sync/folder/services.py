"""
Folders that are no good place for a story.

In a home, a desktop or the root of a disk lies much that nobody means to share. And two
programs that both carry files between machines do each other's work twice: the other one
does not know that our journal belongs to one machine alone.
"""

from __future__ import annotations

import os
from pathlib import Path

_MARKERS = {
    ".dropbox": "Dropbox",
    ".dropbox.cache": "Dropbox",
    ".stfolder": "Syncthing",
    ".sync_journal.db": "Nextcloud",
    ".owncloudsync.log": "Nextcloud",
    ".tresorit": "Tresorit",
    ".tmp.driveupload": "Google Drive",
    ".tmp.drivedownload": "Google Drive",
}
"""What such programs leave in the folder that they keep."""

_NAMES = {
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "my drive": "Google Drive",
    "nextcloud": "Nextcloud",
    "owncloud": "ownCloud",
    "icloud drive": "iCloud Drive",
    "iclouddrive": "iCloud Drive",
    "com~apple~clouddocs": "iCloud Drive",
    "pcloud drive": "pCloud",
    "mega": "MEGA",
}
"""How such folders are called."""


_CROWDED = {"desktop", "documents", "downloads", "music", "pictures", "videos", "public"}
"""Folders of a home in which all kinds of things lie; compared without regard to case."""


def why_not_here(root: Path, home: Path) -> str | None:
    """Why a folder is no good place for a story, as a sentence; None: it is."""
    root, home = root.resolve(), home.resolve()
    if root == Path(root.anchor):
        return f"{root} is a whole disk; make a folder for the story"
    if home.is_relative_to(root):
        return f"{root} holds your home, and much that you do not mean to share; make a folder"
    if root.parent == home and root.name.casefold() in _CROWDED:
        return f"all kinds of things lie in {root}; make a folder of its own for the story"
    if os.path.ismount(root):
        return f"{root} is a whole disk; make a folder for the story"
    if service := service_of(root):
        return (
            f"{service} seems to sync {root}, too, and two programs doing that get in each "
            "other's way; use a folder elsewhere"
        )
    return None


def service_of(root: Path) -> str | None:
    """The program that seems to keep a folder the same on several machines; None: none."""
    for folder in (root, *root.parents):
        name = folder.name.casefold()
        for known, service in _NAMES.items():
            if name == known or name.startswith((f"{known} -", f"{known}-")):
                return service
        for marker, service in _MARKERS.items():
            if (folder / marker).exists():
                return service
    return None
