"""``whisker who``: who wrote which words of a passage."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from whisker_sync.api.past import has_word, words
from whisker_sync.cli import past
from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import say_if_only_here

if TYPE_CHECKING:
    from whisker_sync.api.past import Span, Version

EXAMPLES = """\b
Examples:
  whisker who Cave
"""


@click.command(epilog=EXAMPLES)
@click.argument("name", metavar="PASSAGE|FILE")
@shared_options
def command(name: str) -> None:
    """Show who wrote which words of a passage."""
    from whisker_sync.api.past import authors, named, stand

    revisions = past.read()
    now = stand(revisions)
    ids = [id_ for id_ in named(revisions, name) if now[id_].text is not None]
    if not ids:
        raise click.UsageError(f"no passage or file called {name} is there; see: whisker log")
    said = []
    for id_ in ids:
        spans = authors(revisions, id_, _today(now[id_]))
        said.append((now[id_], spans))
    OUTPUT.data({"passages": [_as_data(version, spans) for version, spans in said]})
    for version, spans in said:
        OUTPUT.give(f"{past.title(version)}, in {version.path}: {_shares(spans)}")
        for person, text in _turns(spans):
            for line in text.split("\n"):
                if line.strip():
                    OUTPUT.give(f"  {person}: {line.strip()}")
    say_if_only_here(workspace())


def _turns(spans: list[Span]) -> list[tuple[str, str]]:
    """What each wrote until somebody else did."""
    turns: list[tuple[str, str]] = []
    for span in spans:
        person = "older" if span.revision is None else span.revision.person
        if turns and (turns[-1][0] == person or not has_word(span.text)):
            turns[-1] = (turns[-1][0], turns[-1][1] + span.text)
        else:
            turns.append((person, span.text))
    return turns


def _today(version: Version) -> str | None:
    """The passage as it is in its file, if it is there under its name."""
    from whisker_sync.api import authoring
    from whisker_sync.story.twee import parse, parse_header

    text = authoring.text_of(workspace(), version.path)
    if text is None or version.name is None:
        return text
    for passage in parse(text).passages:
        if parse_header(passage.header).name == version.name:
            return passage.text
    return None


def _shares(spans: list[Span]) -> str:
    counts: Counter[str] = Counter()
    for span in spans:
        counts["older" if span.revision is None else span.revision.person] += len(
            words(span.text).tokens
        )
    return ", ".join(f"{person} {count} words" for person, count in counts.most_common())


def _as_data(version: Version, spans: list[Span]) -> dict[str, object]:
    return {
        "id": version.id,
        "path": version.path,
        "passage": version.name,
        "spans": [
            {
                "text": span.text,
                "revision": None if span.revision is None else span.revision.id.hex(),
                "person": None if span.revision is None else span.revision.person,
                "time": None if span.revision is None else span.revision.time / 1000,
            }
            for span in spans
        ],
    }
