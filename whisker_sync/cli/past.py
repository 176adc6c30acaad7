"""
What the commands that look back share: reading the history, finding moments in it.

A moment is written as people think of it: the short id of a revision, the name of a
milestone, or a date with or without a time, in the time zone of this machine.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli.common import workspace

if TYPE_CHECKING:
    from whisker_sync.api.past import Revision, Version

SHORT = 8
"""Hexadecimal digits of a revision's id that are shown; fewer may be typed."""

LEAST = 4
"""Digits that have to be typed."""


def read(since: int = 0) -> list[Revision]:
    """The history of the workspace that this run works in, oldest first."""
    from whisker_sync.api.past import in_order
    from whisker_sync.daemon import history

    return in_order(asyncio.run(history.read(workspace(), since)))


def short(revision: Revision) -> str:
    """How a revision is called."""
    return revision.id.hex()[:SHORT]


def when(revision: Revision) -> str:
    """The time of a revision, here: ``22 Nov 14:02``, with the year if it is another one."""
    return at(revision.time)


def at(time: int) -> str:
    """A time in milliseconds since 1970, written as that of a revision is."""
    then = datetime.datetime.fromtimestamp(time / 1000).astimezone()
    this_year = datetime.datetime.now().astimezone().year
    return f"{then.day} {then:%b}{'' if then.year == this_year else f' {then.year}'} {then:%H:%M}"


def title(version: Version) -> str:
    """What a version is of: the name of a passage, or the path of a file."""
    return version.path if version.name is None else version.name or "(no name)"


def find(revisions: Sequence[Revision], text: str) -> list[Revision]:
    """
    The revision of an id, or all parts of a milestone.

    Raises:
        UsageError: There is none, or more than one.
    """
    milestones = [each for each in revisions if each.milestone and each.milestone == text]
    if milestones:
        last = milestones[-1].time
        return [each for each in milestones if each.time == last]
    digits = text.lower()
    if len(digits) >= LEAST:
        found = [each for each in revisions if each.id.hex().startswith(digits)]
        if len(found) == 1:
            return found
        if found:
            raise click.UsageError(f"{text} may be any of {len(found)} revisions; type more digits")
    raise click.UsageError(f"there is no revision or milestone called {text}; see: whisker log")


def until(revisions: Sequence[Revision], moment: str) -> list[Revision]:
    """
    What the story is made of at a moment: all revisions up to it, or those of a milestone.

    Raises:
        UsageError: It is no moment of the history.
    """
    time = parse_time(moment, end_of_day=True)
    if time is not None:
        return [each for each in revisions if each.time <= time]
    found = find(revisions, moment)
    if found[0].milestone:
        return found
    return list(revisions[: revisions.index(found[0]) + 1])


def parse_time(text: str, *, end_of_day: bool) -> int | None:
    """
    Milliseconds since 1970 of a date and time as people write it; None: it is none.

    A date alone is its first moment, or its last.
    """
    if "-" not in text:  # eight digits may be a revision
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == len("2026-11-22") and end_of_day:
        moment = datetime.datetime.combine(moment, datetime.time.max)
    return int(moment.timestamp() * 1000)


def as_data(revision: Revision) -> dict[str, Any]:
    """A revision for programs, without its texts."""
    from whisker_sync.api.past import tally

    versions = []
    for version in revision.versions:
        words = tally(version)
        versions.append(
            {
                "id": version.id,
                "path": version.path,
                "passage": version.name,
                "removed_passage": version.is_gone,
                "added": words.added,
                "removed": words.removed,
            }
        )
    return {
        "id": revision.id.hex(),
        "time": revision.time / 1000,
        "person": revision.person,
        "device": revision.device.hex(),
        "milestone": revision.milestone or None,
        "versions": versions,
    }
