"""
``whisker``: the command line.

A command's module is imported when the command is run, not before: asking for help must
not cost the time that a CRDT engine takes to load.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from whisker_sync.cli.common import shared_options
from whisker_sync.cli.output import OUTPUT, columns_of

COMMANDS = {
    "bundle": "Carry changes to members by hand: as an encrypted file.",
    "build": "Make one page of the story that can be played in a browser.",
    "demo": "Two authors on this machine, a story, and what happens.",
    "formats": "Show the story formats that a story can be built with.",
    "import": "Write a story from Twine as a Twee file.",
    "init": "Make a folder a story that can be shared.",
    "invite": "Let somebody take part: print a link to join with.",
    "join": "Join a story that you were invited to.",
    "fetch": "Let large files come that this device was told not to fetch.",
    "leave": "Leave this story with this device; its files stay.",
    "members": "Show who belongs to this story, and change that.",
    "parse": "Show the passages of Twee files, and what is wrong with them.",
    "peers": "Show the other devices, or call one by its address.",
    "relay": "Run a mailbox for people who are never online together.",
    "rename": "Give a passage another name, and repair the links to it.",
    "sync": "Start, stop and watch the exchange with the others.",
    "trash": "List, show or restore what was replaced or removed here.",
    "conflicts": "Show places worth a look after merges.",
    "log": "Show who changed what, and when.",
    "show": "Show what a revision changed.",
    "who": "Show who wrote which words of a passage.",
    "restore": "Bring a passage or a file back as it was.",
    "milestone": "Give the story a name as it stands.",
    "doctor": "Find out why devices do not meet.",
    "workspaces": "Show every story on this machine, and whether it is safe.",
    "service": "Start syncing a story whenever you log in.",
    "completion": "Have your shell complete commands and options.",
}
"""Every command and what it is for, in one line."""

EXAMPLES = """\b
Examples:
  whisker demo
  whisker init my-story --title "The Cave"
  whisker sync start -C my-story
  whisker invite -C my-story
"""


class Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def __init__(self, *args: Any, package: str, names: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package
        self._names = names

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in order."""
        return list(self._names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self._names:
            return None
        # A word of Python cannot be the name of a module.
        import keyword

        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        module = importlib.import_module(f"{self._package}.{name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._names.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        if args[0] not in self._names:
            from difflib import get_close_matches

            close = get_close_matches(args[0], self._names, 1)
            hint = f"; did you mean {close[0]}?" if close else f"; see: {ctx.command_path} --help"
            raise click.UsageError(f"there is no command {args[0]}{hint}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"whisker-sync {version('whisker-sync')}")
        ctx.exit(0)


@click.group(
    cls=Commands,
    package="whisker_sync.cli",
    names=COMMANDS,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version.",
)
@shared_options
def whisker() -> None:
    """Write one story together: files that find each other and merge by themselves."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and end the process with its exit code."""
    _know_all_names()
    sys.exit(run(arguments))


def _know_all_names() -> None:
    """
    Begin again in Python's UTF-8 mode where file names are read otherwise.

    Files with other than ASCII names would look as if they were not there, or were called
    something else. What is printed stays in the letters of the terminal.
    """
    if sys.getfilesystemencoding() == "utf-8":
        return
    letters = f"{sys.stdout.encoding}:replace"
    environment = {"PYTHONIOENCODING": letters, **os.environ, "PYTHONUTF8": "1"}
    os.execve(sys.executable, sys.orig_argv, environment)  # noqa: S606 - it is ourselves


def run(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code."""
    from whisker_sync.cli import exits

    if "powershell" in os.environ.get("_WHISKER_COMPLETE", ""):
        importlib.import_module("whisker_sync.cli.completion")  # Click does not know it
    try:
        # Click would load a library to find out how wide the terminal is.
        columns = max(min(columns_of(sys.stdout), 80) - 2, 50)
        result = whisker.main(
            arguments, prog_name="whisker", standalone_mode=False, terminal_width=columns
        )
    except click.UsageError as problem:
        OUTPUT.problem(problem.format_message(), exits.USAGE)
        return exits.USAGE
    except click.exceptions.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, click.Abort):
        OUTPUT.problem("interrupted", exits.INTERRUPTED)
        return exits.INTERRUPTED
    except click.ClickException as problem:
        OUTPUT.problem(problem.format_message(), exits.FAILED)
        return exits.FAILED
    except BrokenPipeError:
        return exits.OK  # whoever read our output has read enough
    except Exception as problem:
        from whisker_sync.errors import WhiskerError  # no command that works needs them all

        if not isinstance(problem, WhiskerError):
            raise
        code = exits.code_of(problem)
        OUTPUT.problem(str(problem), code)
        return code
    return result if isinstance(result, int) else exits.OK
