"""Bytes that nobody meant, for every decoder; see :mod:`benchmarks.fuzz`."""

from __future__ import annotations

from functools import partial
from os import cpu_count

from benchmarks.fuzz.runner import DECODERS, Report
from benchmarks.fuzz.runner import run as fuzz
from benchmarks.reliability.cores import workers
from benchmarks.reliability.section import Section

GATE_SHARE = 0.5
"""Share of the time for the gate; the other decoders have equal shares of the rest."""

OTHERS_PART = 0.02
"""How many cases the other decoders get at least, for each of the gate."""


def one(decoder: str, *, seconds: float, seed: int, least: int) -> Report:
    """Fuzz one decoder for so long; if that was not enough, go on until it is."""
    report = fuzz(decoder, cases=None, seconds=seconds, seed=seed)
    if report.cases >= least or report.violations:
        return report
    return fuzz(decoder, cases=least, seconds=None, seed=seed)


def run(seconds: float, seed: int, *, least: int = 0) -> Section:
    """Fuzz for so long, and the gate with at least so many cases."""
    others = [decoder for decoder in DECODERS if decoder != "gate"]
    budget = seconds * (cpu_count() or 1)
    each = budget * (1 - GATE_SHARE) / len(others)
    few = int(least * OTHERS_PART)
    with workers() as pool:
        gate = pool.submit(
            partial(one, "gate", seconds=budget * GATE_SHARE, seed=seed, least=least)
        )
        rest = [
            pool.submit(partial(one, decoder, seconds=each, seed=seed, least=few))
            for decoder in others
        ]
        reports = [gate.result(), *(future.result() for future in rest)]
    figures = {f"cases of {report.decoder}": report.cases for report in reports}
    violations = [
        f"{report.decoder}, seed {violation.seed}, case {violation.case}: {violation.problem}"
        for report in reports
        for violation in report.violations
    ]
    return Section("fuzz", figures, tuple(violations))
