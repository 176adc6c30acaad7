"""The reference of the command line says everything that the command line can do."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from tests.cli.test_only_here import SHOWS_SOMETHING_ELSE, SHOWS_THE_STORY
from tests.cli.test_plain import EVERY
from tests.cli.tree import COMMANDS, LEAVES
from whisker_sync.cli import exits
from whisker_sync.cli.main import run

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text("utf-8")


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_and_option_is_in_the_reference(path: str) -> None:
    command = COMMANDS[path]
    if not isinstance(command, click.Group) or command.invoke_without_command:
        assert f"`{path}" in REFERENCE
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert any(name in REFERENCE for name in parameter.opts), (path, parameter.opts)


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_says_what_it_does_and_gives_an_example(path: str) -> None:
    command = COMMANDS[path]
    assert command.help
    assert command.epilog
    assert "whisker" in command.epilog


@pytest.mark.parametrize("path", COMMANDS)
def test_help_fits_into_80_columns(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path.split()[1:], "--help"]) == exits.OK
    said = capsys.readouterr().out
    assert f"Usage: {path}" in said
    assert max(map(len, said.splitlines())) <= 80


def test_each_exit_code_is_in_the_reference() -> None:
    codes = [value for name, value in vars(exits).items() if name.isupper()]
    assert codes
    for code in codes:
        assert f"\n| {code} | " in REFERENCE


def test_each_command_is_in_the_table_of_what_is_printed() -> None:
    assert {path for path, _, _ in EVERY} >= LEAVES


def test_of_each_command_is_said_whether_it_shows_the_story() -> None:
    known = SHOWS_THE_STORY.keys() | SHOWS_SOMETHING_ELSE
    assert known >= LEAVES
    assert known <= {path.removeprefix("whisker ") for path in COMMANDS}
