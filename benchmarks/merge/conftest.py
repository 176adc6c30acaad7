"""
Profiles, options and the summary of the merge tests.

``dev`` is a quick look, ``ci`` what every change must pass (2,000 histories and more, the
same ones each time; ``benchmarks.reliability --ci`` plays 2,000 others), ``soak`` new
histories for as long as you like: say ``--hypothesis-profile soak`` again and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from benchmarks.merge.tally import TALLY

_COMMON = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("dev", _COMMON, max_examples=20)
settings.register_profile("ci", _COMMON, max_examples=200, derandomize=True, print_blob=True)
settings.register_profile("soak", _COMMON, max_examples=2_000, print_blob=True)

_TOTAL: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what only the merge tests know."""
    parser.addoption(
        "--traces",
        type=Path,
        metavar="DIR",
        help="replay the concurrent editing traces (.json, .json.gz) of a folder, too",
    )


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take what a test counted along with its report: it may run in another process."""
    TALLY.clear()
    yield
    request.node.user_properties.append(("merge", dict(TALLY)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what the tests counted."""
    if report.when == "teardown":
        for name, counts in report.user_properties:
            if name == "merge":
                assert isinstance(counts, dict)
                _TOTAL.update(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what was tried."""
    if _TOTAL["histories"]:
        terminalreporter.section("merge tests")
        terminalreporter.line(
            f"{_TOTAL['histories']:,} histories, {_TOTAL['operations']:,} operations, "
            f"{_TOTAL['words']:,} words, {_TOTAL['frames']:,} frames, "
            f"{_TOTAL['seconds'] / 3600:.1f} simulated hours"
        )
