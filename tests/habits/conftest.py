from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture(scope="session", autouse=True)
def everything_that_is_declared_is_installed() -> None:
    """Say at once what else would show as a hundred errors of the type checker."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    needed = project["dependencies"] + project["optional-dependencies"]["dev"]
    installed = {
        each.metadata["Name"].lower().replace("_", "-") for each in metadata.distributions()
    }
    names = {re.split(r"[<>=!\[ ;]", each)[0].lower().replace("_", "-") for each in needed}
    if missing := names - installed:
        pytest.fail(f"{', '.join(sorted(missing))} missing: pip install -e '.[dev]'", pytrace=False)
