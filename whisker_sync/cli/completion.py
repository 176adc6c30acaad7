"""``whisker completion``: have the shell complete commands and options."""

from __future__ import annotations

import os

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class
from click.shell_completion import get_completion_class as class_of

from whisker_sync.cli.common import shared_options
from whisker_sync.cli.output import OUTPUT

SHELLS = ("bash", "zsh", "fish", "powershell")

VARIABLE = "_WHISKER_COMPLETE"
"""The variable of the environment by which a shell asks; the name is Click's."""

EXAMPLES = """\b
Examples:
  eval "$(whisker completion bash)"                    in ~/.bashrc
  eval "$(whisker completion zsh)"                     in ~/.zshrc
  whisker completion fish | source                     in config.fish
  whisker completion powershell | Out-String | iex     in $PROFILE
"""

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName whisker, whisker-sync -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $env:COMP_WORDS = $commandAst.ToString()
    $env:COMP_WORD = $wordToComplete
    $env:%(complete_var)s = "powershell_complete"
    & whisker | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        $kind = 'ParameterValue'
        [System.Management.Automation.CompletionResult]::new($value, $value, $kind, $help)
    }
    Remove-Item Env:COMP_WORDS, Env:COMP_WORD, Env:%(complete_var)s
}
"""


class PowerShell(ShellComplete):
    """What Click does for other shells, for PowerShell."""

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is typed, and that one."""
        typed = os.environ.get("COMP_WORD", "")
        words = click.shell_completion.split_arg_string(os.environ.get("COMP_WORDS", ""))[1:]
        return (words[:-1] if typed and words else words), typed

    def format_completion(self, item: CompletionItem) -> str:
        """One line: the word, and what it is for."""
        return f"{item.value}\t{item.help or ''}"


add_completion_class(PowerShell)


@click.command(epilog=EXAMPLES)
@click.argument("shell", type=click.Choice(SHELLS))
@shared_options
def command(shell: str) -> None:
    """Print what makes a shell complete whisker's commands and options."""
    made = class_of(shell)
    assert made is not None
    whisker = click.get_current_context().find_root().command
    text = made(whisker, {}, "whisker", VARIABLE).source()
    OUTPUT.data({"shell": shell, "text": text})
    OUTPUT.copy(text)
