"""The fuzzing bites: each way of being broken is found in a decoder that is broken so."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fuzz import runner
from benchmarks.fuzz.__main__ import main
from benchmarks.fuzz.mutate import MAX_CASE
from benchmarks.fuzz.runner import run
from benchmarks.fuzz.target import Broken, Target, Verdict
from benchmarks.fuzz.targets.updates import Gate, State
from whisker_sync.document.gate import encode_state, parse, parse_state
from whisker_sync.document.ledger import Admitted, Ledger

SAMPLES = [encode_state({1: 1, 300: 70_000}), encode_state({7: 0})]


class Careless(Target):
    """Lets an error of Python out."""

    def judge(self, case: int, data: bytes) -> Verdict:
        return Verdict.ACCEPTED if data[data[0]] else Verdict.REFUSED


class Panicking(Target):
    """Raises what ``except Exception`` does not see."""

    def judge(self, case: int, data: bytes) -> Verdict:
        raise GeneratorExit


class Forgetful(State):
    """Reads a state vector, and loses a bit of it."""

    def judge(self, case: int, data: bytes) -> Verdict:
        verdict = super().judge(case, data)
        if verdict is Verdict.ACCEPTED and any(n & 1 for n in parse_state(data).values()):
            raise Broken("a bit is lost")
        return verdict


class Endless(Target):
    """Never returns, and catches what it can."""

    def judge(self, case: int, data: bytes) -> Verdict:
        while True:
            try:
                sum(range(1000))
            except Exception:  # noqa: S112 - as careless code does
                continue


class Hungry(Target):
    """Takes what a length says."""

    def judge(self, case: int, data: bytes) -> Verdict:
        return Verdict.ACCEPTED if b"\1" * ((64 << 20) * (case + 1)) else Verdict.REFUSED


class Open(Gate):
    """Takes everybody's updates for our own."""

    def admit(self, data: bytes, ledger: Ledger) -> Admitted:
        return ledger.admit(parse(data, ours=True), ours=True)


BROKEN: dict[str, tuple[type[Target], str]] = {
    "careless": (Careless, "IndexError escapes"),
    "panicking": (Panicking, "GeneratorExit escapes"),
    "forgetful": (Forgetful, "a bit is lost"),
    "endless": (Endless, "it takes more than"),
    "hungry": (Hungry, "MB"),
}


def made(kind: type[Target]) -> Target:
    return kind() if issubclass(kind, State) else kind(SAMPLES)


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MAX_SECONDS", 0.2)
    monkeypatch.setattr(runner, "MAX_GROWTH", 32 << 20)
    kind, problem = BROKEN[name]
    cases = 1 if kind is Endless else 4 if kind is Hungry else 200
    report = run(name, cases=cases, seconds=None, seed=3, targets={name: lambda: made(kind)})
    assert report.violations
    assert problem in report.violations[0].problem


def test_a_gate_that_lets_too_much_in_is_found() -> None:
    report = run("open", cases=600, seconds=None, seed=3, targets={"open": Open})
    assert report.violations
    assert all("it was let through, but used" in found.problem for found in report.violations)


def test_the_exit_code_says_whether_a_promise_was_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = {"state": State, "careless": lambda: Careless(SAMPLES)}
    assert main(["state", "--cases", "20", "--seed", "3"], targets) == 0
    assert main(["--cases", "50", "--seed", "3", "--save", str(tmp_path / "found")], targets) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said if "cases" in line] == ["state", "state", "careless"]
    assert any("seed 3 case" in line for line in said)
    kept = list((tmp_path / "found").iterdir())
    assert kept
    assert main(["careless", "--try", *map(str, kept)], targets) == 1
    assert main(["state", "--try", *map(str, kept)], targets) == 0


def test_seconds_are_shared_between_decoders(capsys: pytest.CaptureFixture[str]) -> None:
    targets = {"one": Forgetful, "other": State}
    main(["one", "other", "--seconds", "0.4", "--seed", "3"], targets)
    assert "other" in capsys.readouterr().out


def test_a_decoder_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["gaet"])
    assert ended.value.code == 2
    assert "'gaet'" in capsys.readouterr().err


def test_somebody_must_say_how_long() -> None:
    with pytest.raises(ValueError, match="how many"):
        run("state", cases=None, seconds=None, seed=1)


def test_a_case_is_never_longer_than_the_longest() -> None:
    target = State()
    assert max(len(target.draw(runner.dice_of("state", 1, n))) for n in range(3000)) <= MAX_CASE
