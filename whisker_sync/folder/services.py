"""
Folders that another program keeps the same on several machines.

Two programs that both carry files between machines do each other's work twice, and the
other one does not know that our journal belongs to one machine alone.
"""

from __future__ import annotations

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
