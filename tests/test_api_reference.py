"""The reference of the library is made without a warning, and leaves no public name out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import whisker_sync
from whisker_sync import errors

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What Sphinx makes, as text, by the name of each page."""
    place = tmp_path_factory.mktemp("api")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html",
         "-d", str(place / "trees"), "docs", str(place / "html")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {path.stem: path.read_text("utf-8") for path in (place / "html" / "api").glob("*.html")}


def test_every_public_name_is_on_one_page(pages: dict[str, str]) -> None:
    for name in whisker_sync.__all__:
        home = "errors." if hasattr(errors, name) else ""
        place = f'id="whisker_sync.{home}{name}"'
        having = [page for page, text in pages.items() if place in text]
        assert len(having) == 1, name


def test_what_a_method_does_and_raises_is_said(pages: dict[str, str]) -> None:
    text = pages["workspaces"]
    assert 'id="whisker_sync.Workspace.presence"' in text
    assert "Raises" in text
    assert 'id="whisker_sync.errors.WhiskerError"' in pages["errors"]
    assert 'id="whisker_sync.testing.World"' in pages["testing"]
