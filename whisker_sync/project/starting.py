"""
What a new project begins with: one small story, so that there is something to play and change.

A template is an ordinary Twee file beside this module, one for each story format: three or
four passages, a variable, links that depend on it. In it ``TITLE`` and ``IFID`` stand for what
differs from story to story. It is written only where nothing is in its way.
"""

from __future__ import annotations

from importlib.resources import files

from whisker_sync.story.twee import body_of

TEMPLATES = ("chapbook", "harlowe", "snowman", "sugarcube")
"""The names of the templates."""

FILE = "story.twee"
"""The file that a template becomes."""


def first_file(template: str, title: str, ifid: str) -> bytes:
    """
    The file of a story that begins with this template.

    ``ifid`` is what archives will know the story by, a UUID in upper case (Twee 3).
    """
    source = files("whisker_sync.project").joinpath("templates", f"{template}.twee")
    text = source.read_text("utf-8").replace("IFID", ifid, 1)
    return text.replace("TITLE", body_of(title), 1).encode()
