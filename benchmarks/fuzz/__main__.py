"""
Fuzzes decoders, or replays a directory of updates.

    python -m benchmarks.fuzz [DECODER ...] [--seconds S | --cases N] [--seed N] [--save DIR]
    python -m benchmarks.fuzz DECODER --try FILE...
    python -m benchmarks.fuzz gate --replay DIR --base FILE [--root NAME:KIND]... [--without-gate]

The seconds are for all decoders together, the cases for each. Ends with 1 if there was a
violation, or any update did harm.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import SystemRandom

from benchmarks.fuzz.harm import root
from benchmarks.fuzz.replay import CORPUS_ROOTS, NoBase, replay
from benchmarks.fuzz.runner import Report, judge, run
from benchmarks.fuzz.target import Target, Verdict
from benchmarks.fuzz.targets import TARGETS

SECONDS = 60.0
"""How long all decoders together are fuzzed, if nobody says."""


def main(
    arguments: Sequence[str] | None = None,
    targets: Mapping[str, Callable[[], Target]] = TARGETS,
) -> int:
    """Do as told; return the exit code."""
    parser = _parser(targets)
    options = parser.parse_args(arguments)
    decoders = list(options.decoders) or list(targets)
    for name in decoders:
        if name not in targets:
            parser.error(f"there is no decoder {name!r}; there are: {', '.join(targets)}")
    if options.replay is not None:
        if decoders != ["gate"] or options.base is None:
            parser.error("to replay, say: gate --replay DIR --base FILE")
        return _replay(parser, options)
    if options.files:
        if len(decoders) != 1:
            parser.error("say which decoder is to try the files")
        return _try(targets[decoders[0]], options.files)
    return _fuzz(decoders, options, targets)


def _parser(targets: Mapping[str, object]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"Decoders: {', '.join(targets)}.",
    )
    parser.add_argument(
        "decoders", nargs="*", metavar="DECODER", help="which; all if none is named"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--seconds", type=float, help=f"for all together; {SECONDS:.0f} if not said"
    )
    length.add_argument("--cases", type=int, help="exactly so many for each")
    parser.add_argument("--seed", type=int, help="drawn, and printed, if not said")
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep violating inputs here")
    parser.add_argument(
        "--try",
        dest="files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="judge these and no others",
    )
    parser.add_argument(
        "--replay", type=Path, metavar="DIR", help="give updates to child processes"
    )
    parser.add_argument("--base", type=Path, metavar="FILE", help="the document they come to")
    parser.add_argument(
        "--root",
        dest="roots",
        type=root,
        action="append",
        metavar="NAME:KIND",
        help="a root of the base: text, map, records or xml; may be repeated",
    )
    parser.add_argument(
        "--without-gate", action="store_true", help="let the engine have them at once"
    )
    return parser


def _fuzz(
    decoders: Sequence[str],
    options: argparse.Namespace,
    targets: Mapping[str, Callable[[], Target]],
) -> int:
    seed = SystemRandom().getrandbits(32) if options.seed is None else options.seed
    seconds = None
    if options.cases is None:
        seconds = (SECONDS if options.seconds is None else options.seconds) / len(decoders)
    print(f"seed {seed}")
    violations = 0
    for decoder in decoders:
        report = run(decoder, cases=options.cases, seconds=seconds, seed=seed, targets=targets)
        print(report.line(), flush=True)
        _tell(report, options.save)
        violations += len(report.violations)
    return 1 if violations else 0


def _tell(report: Report, save: Path | None) -> None:
    for found in report.violations:
        print(f"  seed {found.seed} case {found.case}: {found.problem}")
        name = f"{report.decoder}-{found.seed}-{found.case}.bin"
        if save is None:
            print(f"    {len(found.data)} bytes: {found.data[:60].hex()}")
        else:
            save.mkdir(parents=True, exist_ok=True)
            (save / name).write_bytes(found.data)
            print(f"    {save / name}")
    if save is not None and report.violations:
        for name, data in report.leftovers:
            beside = save / f"{report.decoder}.base"
            beside.mkdir(exist_ok=True)
            (beside / name).write_bytes(data)


def _try(make: Callable[[], Target], files: Sequence[Path]) -> int:
    target = make()
    broken = 0
    try:
        for number, path in enumerate(files):
            verdict = judge(target, number, path.read_bytes())
            found = [each.problem for each in target.follow_up(last=True)]
            said = verdict.value if isinstance(verdict, Verdict) else f"violation: {verdict}"
            print(f"{path.name}: {'; '.join([said, *found])}")
            broken += not isinstance(verdict, Verdict) or bool(found)
    finally:
        target.close()
    return 1 if broken else 0


def _replay(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    roots = tuple(options.roots or CORPUS_ROOTS)
    try:
        base = options.base.read_bytes()
        tally = replay(options.replay, base, roots, gated=not options.without_gate)
    except (OSError, NoBase) as problem:
        parser.error(str(problem))
    for name, outcome in tally.harmed.items():
        print(f"{name}: {outcome}", file=sys.stderr)
    print(tally.line())
    return 1 if tally.harmed else 0


if __name__ == "__main__":
    sys.exit(main())
