"""What we promise about the code as a whole, checked by machine."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from whisker_sync import errors

CHECKOUT = Path(__file__).parents[2]
PACKAGE = CHECKOUT / "whisker_sync"


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    run("ruff", "check", ".")


def test_ruff_would_format_nothing() -> None:
    run("ruff", "format", "--check", ".")


def test_mypy_finds_nothing() -> None:
    run("mypy")


def test_imports_go_down() -> None:
    lint_imports = str(Path(sys.executable).parent / "lint-imports")
    done = subprocess.run([lint_imports], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def modules() -> Iterator[str]:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
        yield name.removesuffix(".__init__")


ALONE = """
import importlib, json, os, sys
for names in json.loads(sys.argv[1]):
    for name in names:
        child = os.fork()
        if not child:
            importlib.import_module(name)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            print(name)
    for name in names:
        importlib.import_module(name)
"""
"""Imports each module of a layer in a process that has all layers below it loaded."""


def layers() -> list[list[str]]:
    """The modules of each layer, from the lowest; imports never go up, which is checked above."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (stack,) = [contract for contract in contracts if contract["id"] == "stack"]
    everything = [name for name in modules() if not name.endswith("__main__")]
    found = []
    for layer in reversed(stack["layers"]):
        rooms = {f"whisker_sync.{room.strip()}" for room in layer.split("|")}
        found.append([name for name in everything if ".".join(name.split(".")[:2]) in rooms])
    assert sum(map(len, found)) == len(everything) - 1  # all but the package itself
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_each_module_can_be_imported_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, json.dumps(layers())],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"", done.stderr.decode()


def test_each_module_says_what_it_is_for() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path


def error_classes() -> set[str]:
    rooms = [errors, *(importlib.import_module(name) for name in modules() if ".errors." in name)]
    return {
        name
        for room in rooms
        for name, value in vars(room).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }


def test_the_tree_of_errors_lists_each_error() -> None:
    assert errors.__doc__ is not None
    listed = re.findall(r":exc:`(\w+)`", errors.__doc__)
    assert set(listed) == error_classes()
    assert len(listed) == len(set(listed))
    assert set(errors.__all__) == error_classes()


def test_the_tree_of_errors_has_the_shape_of_the_classes() -> None:
    assert errors.__doc__ is not None
    parents: list[tuple[int, str]] = []
    for indent, name in re.findall(r"^( *)\* :exc:`(\w+)`", errors.__doc__, re.MULTILINE):
        while parents and parents[-1][0] >= len(indent):
            parents.pop()
        if parents:
            assert vars(errors)[name].__base__.__name__ == parents[-1][1]
        parents.append((len(indent), name))


FORBIDDEN = (
    re.compile(r"(?<![\w.$])/(?:wo" + "rk|ro" + r"ot)/"),
    re.compile("py" + "pi\\.|files\\.python" + "hosted|deb" + "ian\\.org|npm" + "js\\."),
)


def test_no_path_of_a_machine_and_no_host_of_packages_is_in_the_tree() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        path = CHECKOUT / name
        if path.suffix in {".py", ".md", ".toml", ".json", ".twee", ""} and path.is_file():
            text = path.read_text("utf-8", errors="replace")
            for pattern in FORBIDDEN:
                assert not pattern.search(text), f"{name}: {pattern.pattern}"


def test_the_readme_has_the_two_commands() -> None:
    readme = (CHECKOUT / "README.md").read_text("utf-8")
    assert ".venv/bin/whisker demo" in readme
    assert "python -m tests.everything" in readme
    assert ".ci/run runs the next command" in readme
