"""
Where the user's own settings are, and the one of them that every command needs at once.

Nothing heavy is loaded here: a command that only prints comes by.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HOME = "WHISKER_HOME"
"""The environment variable that names the directory of the user's own settings."""

SETTINGS = "settings.toml"
"""The file in it that says who the user is, and what they like."""


def user_home(home: Path | None = None) -> Path:
    """The directory of the user's own settings."""
    if home is not None:
        return home
    if named := os.environ.get(HOME):
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path("whisker-sync")


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """What a process that works in another directory must be told to find the same settings."""
    named = environment.get(HOME)
    return {HOME: str(Path(named).absolute())} if named else {}


def likes_plain(home: Path) -> bool:
    """Whether the user always wants one fact on each line, for a screen reader."""
    try:
        content = (home / SETTINGS).read_bytes()
    except OSError:
        return False
    if b"plain" not in content:
        return False
    import tomllib

    try:
        return tomllib.loads(content.decode()).get("plain") is True
    except ValueError:
        return False  # whoever needs these settings says what is wrong with them
