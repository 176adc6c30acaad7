"""``whisker parse``: what is in a Twee file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import here, maybe_workspace, shared_options
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import say_if_only_here

if TYPE_CHECKING:
    from whisker_sync.story.files import FilePassage, StoryFile
    from whisker_sync.story.finding import Finding

EXAMPLES = """\b
Examples:
  whisker parse cave.twee
  whisker parse .            every Twee file below this folder
  whisker parse cave.twee --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@shared_options
def command(files: tuple[Path, ...]) -> int:
    """
    Show the passages of Twee files, and what is wrong with them.

    Of a folder, all Twee files below it. Nothing is changed. The exit code is 3 if
    anything is wrong.
    """
    from whisker_sync.project.sources import load, paths, shown
    from whisker_sync.story.check import check
    from whisker_sync.story.files import read

    trees, told = [], []
    for path in paths(here(), files):
        data = load(path)
        file = read(shown(path, here()), data)
        trees.append(file)
        told.append({**_of_file(file), "lossless": file.tree.render() == data})
    findings = check(trees)
    OUTPUT.data({"files": told, "findings": [of_finding(each) for each in findings]})
    for file in trees:
        _say(file)
    for finding in findings:
        OUTPUT.give(sentence_of(finding))
    say_if_only_here(maybe_workspace())
    return exits.FINDINGS if findings else exits.OK


def sentence_of(finding: Finding) -> str:
    """Return a finding as editors and terminals know how to jump to it."""
    place = f"{finding.path}:{finding.line}:{finding.column}: " if finding.path else ""
    return f"{place}{finding.rule.severity.value} {finding.rule.value}: {finding.sentence}"


def of_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding for programs."""
    return {
        "code": finding.rule.value,
        "severity": finding.rule.severity.value,
        "sentence": finding.sentence,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "passage": finding.passage,
    }


def _say(file: StoryFile) -> None:
    count = len(file.passages)
    OUTPUT.give(f"{file.path}: {count} {'passage' if count == 1 else 'passages'}")
    for passage in file.passages:
        tags = f" [{' '.join(passage.header.tags)}]" if passage.header.tags else ""
        OUTPUT.give(f"  line {passage.line}: {passage.name or '(no name)'}{tags}")


def _of_file(file: StoryFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "bom": file.tree.bom,
        "eol": "mixed" if file.tree.eol == "raw" else file.tree.eol,
        "prologue": file.tree.source.prologue,
        "passages": [_of_passage(passage) for passage in file.passages],
        "errors": [of_finding(each) for each in file.findings],
    }


def _of_passage(passage: FilePassage) -> dict[str, Any]:
    metadata = {key: _value(spelled) for key, spelled in passage.header.metadata.items()}
    return {
        "name": passage.name,
        "tags": list(passage.header.tags),
        "metadata": metadata,
        "position": {"line": passage.line, "column": 1},
        "text": passage.text,
    }


def _value(spelled: str) -> Any:
    """Return a value of metadata; its own spelling where Python cannot hold it."""
    try:
        return json.loads(spelled)
    except (ValueError, RecursionError):
        return spelled
