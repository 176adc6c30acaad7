"""The journal and power failures: see :mod:`whisker_sync.testing.outage`."""

from __future__ import annotations

from random import Random

import pytest

from whisker_sync.errors import JournalDamaged
from whisker_sync.testing.outage import NORMAL, judge, run, run_faults, tell
from whisker_sync.testing.power import Drive, Fault, Image, Write, images

IMAGES = 5_000
"""More would find no more; ``benchmarks`` does more."""


def test_after_a_power_failure_all_that_was_acknowledged_is_there() -> None:
    report = run(IMAGES, seed=1)
    assert report.violations == ()
    assert report.images >= IMAGES
    assert report.twice > IMAGES // 20


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_commit_that_is_not_synced_is_found(seed: int) -> None:
    assert run(300, seed, instead=NORMAL).violations


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_acknowledgement_before_the_commit_is_found(seed: int) -> None:
    assert run(300, seed, too_early=True).violations


def test_a_journal_that_shows_half_of_a_batch_is_found() -> None:
    halved = {"COMMIT": "DELETE FROM log WHERE seq = (SELECT max(seq) FROM log); COMMIT"}
    with pytest.raises(JournalDamaged, match="is missing"):
        run(300, 1, instead=halved)


def test_one_seed_has_one_result() -> None:
    first, second = (tell(Random(5)) for _ in range(2))
    assert first.kept == second.kept
    shapes = [
        [
            (step.file, step.offset, len(step.data))
            for step in told.recording.steps
            if isinstance(step, Write)
        ]
        for told in (first, second)
    ]
    assert shapes[0] == shapes[1]


# A drive that fails.


@pytest.mark.parametrize(
    ("seed", "full", "lasting"), [(1, False, 1), (2, True, 1), (4, False, 6), (7, True, 6)]
)
def test_whatever_write_or_sync_fails_nothing_acknowledged_is_lost(
    seed: int, full: bool, lasting: int
) -> None:
    report = run_faults(seed, full=full, lasting=lasting, chapters=2)
    assert report.violations == ()
    assert report.stories > 50


def test_what_fails_is_said_in_one_sentence() -> None:
    for full, said in ((True, "no space left"), (False, "disk I/O error")):
        told = tell(Random(1), chapters=3, fault=Fault(60, 62, full))
        assert told.faults
        assert all(said in sentence for sentence in told.failures)
        assert told.failures


def test_trust_in_what_a_failed_sync_left_in_memory_is_found() -> None:
    trusting = {"PRAGMA wal_checkpoint(TRUNCATE)": "SELECT 1"}
    assert run_faults(7, full=True, lasting=6, instead=trusting, chapters=3).violations


# The drive itself.


def pictures(drive: Drive) -> list[Image]:
    return list(images(drive.recording(), Random(1), per_point=300))


def contents(drive: Drive, name: str) -> set[bytes | None]:
    return {image.files.get(name) for image in pictures(drive)}


@pytest.fixture
def drive() -> Drive:
    return Drive({"file": b"old"})


def test_what_was_not_synced_is_there_or_not(drive: Drive) -> None:
    drive.write(drive.file("file", make=False), 3, b"new")
    assert contents(drive, "file") == {b"old", b"oldnew"}
    drive.close()


def test_what_was_synced_is_there(drive: Drive) -> None:
    file = drive.file("file", make=False)
    drive.write(file, 3, b"new")
    drive.sync(file)
    assert pictures(drive)[-1].files == {"file": b"oldnew"}
    drive.close()


def test_a_write_is_torn_between_sectors_only(drive: Drive) -> None:
    drive.write(drive.file("file", make=False), 0, b"1" * 512 + b"2" * 512)
    found = contents(drive, "file")
    assert found == {
        b"old",
        b"1" * 512,
        b"old".ljust(512, b"\0") + b"2" * 512,
        b"1" * 512 + b"2" * 512,
    }
    drive.close()


def test_the_later_of_two_writes_may_be_there_without_the_earlier(drive: Drive) -> None:
    file = drive.file("file", make=False)
    drive.write(file, 0, b"1")
    drive.write(file, 1, b"2")
    assert b"o2d" in contents(drive, "file")
    drive.close()


def test_names_are_certain_when_the_directory_is_synced(drive: Drive) -> None:
    drive.file("other", make=True)
    assert contents(drive, "other") == {None, b""}
    drive.remove("file", sync=True)
    assert pictures(drive)[-1].files == {"other": b""}
    drive.close()


def test_a_judge_sees_what_is_missing() -> None:
    told = tell(Random(2))
    last = list(images(told.recording, Random(2)))[-1]
    assert judge(told, last)[0] is None
    assert judge(told, Image({}, last.at, last.note))[0] is not None
