"""One part of the table: what was done, and what was wrong with how it ended."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

SHOWN = 10
"""Violations of one section that are printed."""


@dataclass(frozen=True, slots=True)
class Section:
    """What one part of the run found."""

    name: str
    """As in ``--only``."""

    figures: Mapping[str, float]
    """What was done and measured; a figure's name says its unit."""

    violations: tuple[str, ...]
    """What must not happen and did, in sentences; empty: nothing did."""

    def lines(self) -> list[str]:
        """The part of the table."""
        shown = [f"{self.name}:"]
        shown += [f"  {name:38} {_number(value):>12}" for name, value in self.figures.items()]
        shown.append(f"  {'violations':38} {len(self.violations):>12}")
        shown += [f"  ! {sentence}" for sentence in self.violations[:SHOWN]]
        more = len(self.violations) - SHOWN
        return [*shown, f"  ! and {more:,} more"] if more > 0 else shown


def table(sections: Iterable[Section], arguments: Sequence[str], seconds: float) -> list[str]:
    """All of it as a page shows it: what was asked for, when and where, and all figures."""
    command = " ".join(("python -m benchmarks.reliability", *arguments))
    today, python = datetime.now(UTC), platform.python_version()
    where = f"{today:%d %B %Y}, {seconds:,.0f} s, {os.cpu_count()} cores, Python {python}"
    lines = [f"`{command}`, {where}:", "", "| section | what | how much |", "|---|---|---:|"]
    for section in sections:
        figures = {**section.figures, "**violations**": len(section.violations)}
        for what, value in figures.items():
            lines.append(f"| {section.name} | {what} | {_number(value)} |")
    return lines


def left(section: Section, place: Path) -> Section:
    """Clear a section's folders away, unless something was wrong with them: then say where."""
    if not section.violations:
        shutil.rmtree(place, ignore_errors=True)
        return section
    return replace(section, violations=(*section.violations, f"all of it is left in {place}"))


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
