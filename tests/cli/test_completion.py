"""``whisker completion``: what a shell is told when somebody presses Tab."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import Person

pytestmark = pytest.mark.waits


def complete(person: Person, shell: str, line: str) -> list[str]:
    """The words that are offered at the end of a line."""
    words = line.split(" ")
    environment = {"_WHISKER_COMPLETE": f"{shell}_complete", "COMP_WORDS": line}
    if shell == "powershell":
        environment["COMP_WORD"] = words[-1]
    elif shell == "bash":
        environment["COMP_CWORD"] = str(len(words) - 1)
    elif shell == "fish":
        environment["COMP_CWORD"] = words[-1]
    done = person.run(inside=False, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "fish", "powershell"])
def test_commands_and_options_are_completed(tmp_path: Path, shell: str) -> None:
    ada = Person(tmp_path, "ada")
    assert any("sync" in word for word in complete(ada, shell, "whisker sy"))
    assert any("status" in word for word in complete(ada, shell, "whisker sync sta"))
    assert any("--seats" in word for word in complete(ada, shell, "whisker invite --se"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_is_told_how_to_ask(tmp_path: Path, shell: str) -> None:
    done = Person(tmp_path, "ada").run("completion", shell, inside=False)
    assert done.returncode == 0
    assert f"{shell}_complete" in done.stdout
    assert "_WHISKER_COMPLETE" in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_understands_it(tmp_path: Path) -> None:
    bin_ = Path(sys.executable).parent
    script = f'PATH="{bin_}:$PATH"; eval "$(whisker completion bash)"; complete -p whisker'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert "whisker" in done.stdout


def test_another_shell_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = Person(tmp_path, "ada").run("completion", "tcsh", inside=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
