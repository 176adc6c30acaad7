"""
What all commands share: options that may stand anywhere, and finding the workspace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from pathlib import Path

    from whisker_sync.api.places import Layout

F = TypeVar("F", bound=Callable[..., Any])

_place: list[str] = []


def _set(name: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def store(_: click.Context, __: click.Parameter, value: bool) -> None:
        if value:
            setattr(OUTPUT, name, True)

    return store


def _go(_: click.Context, __: click.Parameter, value: str | None) -> None:
    if value is not None:
        _place[:] = [value]


def shared_options(command: F) -> F:
    """Give a command the options that every command has."""
    options = [
        click.option(
            "-C",
            "place",
            metavar="DIR",
            type=click.Path(file_okay=False),
            callback=_go,
            expose_value=False,
            help="Work as if started in DIR.",
        ),
        click.option(
            "--json",
            is_flag=True,
            callback=_set("json"),
            expose_value=False,
            help="Print one JSON object.",
        ),
        click.option(
            "--quiet",
            is_flag=True,
            callback=_set("quiet"),
            expose_value=False,
            help="Print only what was asked for.",
        ),
        click.option(
            "--plain",
            is_flag=True,
            callback=_set("plain"),
            expose_value=False,
            help="One fact on each line; no boxes, bars or colours.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def here() -> Path:
    """The folder that this run works in."""
    from pathlib import Path

    return Path(_place[0]) if _place else Path.cwd()


def workspace() -> Layout:
    """
    The workspace that this run works in.

    Raises:
        NotAWorkspace: There is none.
    """
    from whisker_sync.api.places import Layout

    return Layout.find(here())


def maybe_workspace() -> Layout | None:
    """The workspace that this run works in; None: the files here are nobody's to share yet."""
    from whisker_sync.errors import NotAWorkspace

    try:
        return workspace()
    except NotAWorkspace:
        return None


def workspace_or_asking() -> Layout:
    """
    The same, or the folder that waits for somebody to let it in.

    Raises:
        NotAWorkspace: There is neither.
    """
    from whisker_sync.api.places import Layout

    return Layout.find_asking(here())


def check_place(root: Path, *, force: bool) -> None:
    """
    See that a folder is a good place for a story, unless the user insists.

    Raises:
        BadPlace: It is not.
    """
    from pathlib import Path

    from whisker_sync.api.places import why_not_here
    from whisker_sync.errors import BadPlace

    if not force and (problem := why_not_here(root, Path.home())):
        raise BadPlace(problem)
