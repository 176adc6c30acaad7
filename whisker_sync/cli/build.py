"""``whisker build``: one page that can be played."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import here, maybe_workspace, shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.parse import of_finding, sentence_of
from whisker_sync.cli.sentences import say_if_only_here

if TYPE_CHECKING:
    from whisker_sync.project.build import Built

EXAMPLES = """\b
Examples:
  whisker build
  whisker build src style.css -o cave.html
  whisker build --format harlowe-3 --start "The Sea"
  whisker build --archive -o for-twine.html
"""


@click.command(epilog=EXAMPLES)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write here; - : print it.")
@click.option("--format", "story_format", help="Use this story format: its name, or its id.")
@click.option("--archive", "as_archive", is_flag=True, help="For Twine to import; no format.")
@click.option("--start", help="Begin with this passage.")
@click.option("--no-trim", is_flag=True, help="Keep blank space around the texts of passages.")
@shared_options
def command(
    files: tuple[Path, ...],
    output: Path | None,
    story_format: str | None,
    as_archive: bool,
    start: str | None,
    no_trim: bool,
) -> int:
    """
    Make one page of the story that can be played in a browser.

    Of all Twee files below this folder, or of the files and folders that are named. The
    page is build/TITLE.html unless said otherwise. No source file is changed.
    """
    from whisker_sync.project.build import archive, file_name, load_story, playable

    compiled = load_story(
        here(), files, start=start, trim=not no_trim, seed=_seed(), former=_former()
    )
    if as_archive:
        built = archive(compiled)
    else:
        from whisker_sync.project.formats import installed

        built = playable(compiled, installed(format_places()), story_format)
    if output == Path("-"):
        OUTPUT.content(BytesIO(built.page))
        for finding in built.findings:
            click.echo(sentence_of(finding), err=True)
        return _code(built)
    place = here() / (output or Path("build", f"{file_name(built.story.title)}.html"))
    _write(place, built.page)
    _report(built, place)
    return _code(built)


def format_places() -> list[Path]:
    """Return where story formats may be, as seen from the folder that we work in."""
    from whisker_sync.api.settings import user_home
    from whisker_sync.project.formats import places

    return places(here().absolute(), user_home(), os.environ)


def _code(built: Built) -> int:
    """Return the exit code: whether readers would notice something wrong."""
    from whisker_sync.story.finding import Severity

    wrong = any(each.rule.severity is Severity.ERROR for each in built.findings)
    return exits.FINDINGS if wrong else exits.OK


def _report(built: Built, place: Path) -> None:
    story = built.story
    OUTPUT.data(
        {
            "output": str(place),
            "title": story.title,
            "ifid": story.ifid,
            "format": story.format,
            "format_version": story.format_version,
            "passages": len(story.passages),
            "findings": [of_finding(each) for each in built.findings],
        }
    )
    for finding in built.findings:
        OUTPUT.give(sentence_of(finding))
    made = f"{story.format} {story.format_version}".strip()
    OUTPUT.say(
        f"“{story.title}”, {len(story.passages)} passages, {made}: {place} "
        f"({len(built.page):,} bytes)"
    )
    say_if_only_here(maybe_workspace())


def _write(place: Path, page: bytes) -> None:
    """Write the page; over an older one, never over a source file."""
    from whisker_sync.errors import WouldOverwrite
    from whisker_sync.project.writing import Write, write_all
    from whisker_sync.story.kinds import is_twee

    if is_twee(place.name):
        raise WouldOverwrite(str(place))
    write_all([Write(place, page, place.read_bytes() if place.is_file() else None)])


def _former() -> Mapping[str, str]:
    """Return former names of passages, if this is a story that is shared."""
    from whisker_sync.api.places import Layout
    from whisker_sync.daemon import names
    from whisker_sync.errors import WhiskerError

    try:
        return asyncio.run(names.former(Layout.find(here())))
    except WhiskerError:
        return {}  # nobody can tell just now, and a page is worth having without


def _seed() -> bytes:
    """Return what an IFID is made of if the story has none: who share it make the same one."""
    from whisker_sync.api.settings import load_config
    from whisker_sync.errors import WhiskerError

    try:
        return bytes(load_config(workspace()).workspace)
    except WhiskerError:
        return b""
