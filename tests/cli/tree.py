"""All commands that there are, for tests that must not forget one."""

from __future__ import annotations

from collections.abc import Iterator

import click

from whisker_sync.cli.main import whisker


def commands(group: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """All commands, with the words that call them."""
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield f"{path} {name}", command
            yield from commands(command, f"{path} {name}")


COMMANDS = dict(commands(whisker, "whisker"))
"""Groups and commands, by the words that call them."""

LEAVES = {
    path.removeprefix("whisker ")
    for path, command in COMMANDS.items()
    if not isinstance(command, click.Group)
}
"""What can be run, without the first word."""
