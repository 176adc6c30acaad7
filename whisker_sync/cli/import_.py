"""``whisker import``: a story out of Twine, as Twee files."""

from __future__ import annotations

from pathlib import Path

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import here, shared_options
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.parse import of_finding, sentence_of

EXAMPLES = """\b
Examples:
  whisker import "The Cave.html"
  whisker import archive.html my-stories
"""


@click.command(epilog=EXAMPLES)
@click.argument("page", type=click.Path(path_type=Path))
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@shared_options
def command(page: Path, folder: Path | None) -> int:
    """
    Write a story from Twine as a Twee file.

    PAGE is a published story or an archive; of an archive, each story gets a folder. No
    file that is there is changed: the stories go into FOLDER, or into this one.
    """
    from whisker_sync.project.importing import import_page
    from whisker_sync.project.sources import load, shown
    from whisker_sync.story.check import check
    from whisker_sync.story.files import read

    imported = import_page(here() / page, here() / (folder or Path()))
    findings = [
        finding
        for each in imported
        for finding in check([read(shown(each.path, here()), load(each.path))])
    ]
    OUTPUT.data(
        {
            "stories": [
                {
                    "title": each.story.title,
                    "ifid": each.story.ifid,
                    "passages": len(each.story.passages),
                    "path": shown(each.path, here()),
                }
                for each in imported
            ],
            "findings": [of_finding(each) for each in findings],
        }
    )
    for each in imported:
        count = len(each.story.passages)
        OUTPUT.say(f"“{each.story.title}”, {count} passages: {shown(each.path, here())}")
    for finding in findings:
        OUTPUT.give(sentence_of(finding))
    return exits.FINDINGS if findings else exits.OK
