"""whisker_sync.daemon.doctor: each check says what is wrong, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from whisker_sync.daemon import doctor
from whisker_sync.daemon.doctor import Finding, Grade, examine, judge
from whisker_sync.discovery.probe import Interface, Meeting
from whisker_sync.node.settings import load_user, make_workspace
from whisker_sync.store.layout import Layout

FINE = Meeting("1.0", 0.0, they_heard=True, we_heard=True, caller_reached=True)


def by_check(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    load_user(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def layout(tmp_path: Path, home: Path) -> Layout:
    root = tmp_path / "story"
    root.mkdir()
    make_workspace(root, "The Cave", load_user(home))
    return Layout.find(root)


async def test_without_a_story_only_the_machine_is_looked_at(tmp_path: Path, home: Path) -> None:
    found = by_check(await examine(tmp_path, home))
    assert found["workspace"].grade is Grade.UNKNOWN
    assert "journal" not in found


async def test_a_story_that_is_well_and_not_syncing(layout: Layout, home: Path) -> None:
    found = by_check(await examine(layout.root, home))
    for check in ("clock", "sqlite", "settings", "disk", "folder", "journal"):
        assert found[check].grade is Grade.FINE, found[check]
    assert found["daemon"].grade is Grade.WRONG
    assert found["daemon"].remedy == "whisker sync start"


async def test_whatever_is_wrong_has_a_remedy(layout: Layout, home: Path) -> None:
    for finding in await examine(layout.root, home):
        assert finding.sentence
        assert finding.remedy or finding.grade is not Grade.WRONG


async def test_a_damaged_journal_is_told(layout: Layout, home: Path) -> None:
    layout.journal.write_bytes(b"no database at all" * 1000)
    found = by_check(await examine(layout.root, home))
    assert found["journal"].grade is Grade.WRONG
    assert layout.journal.read_bytes() == b"no database at all" * 1000


async def test_a_key_that_others_can_read_is_told(layout: Layout, home: Path) -> None:
    (home / "device.key").chmod(0o644)
    found = by_check(await examine(layout.root, home))
    assert found["settings"].grade is Grade.WRONG
    assert "chmod go-rwx" in found["settings"].remedy


async def test_a_folder_of_a_sync_service_is_told(tmp_path: Path, home: Path) -> None:
    root = tmp_path / "Dropbox" / "story"
    root.mkdir(parents=True)
    make_workspace(root, "The Cave", load_user(home))
    assert by_check(await examine(root, home))["folder"].grade is Grade.WRONG


async def test_a_full_disk_is_told(
    layout: Layout, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "LEAST_ROOM", 1 << 60)
    assert by_check(await examine(layout.root, home))["disk"].grade is Grade.WRONG


def test_a_vpn_is_doubtful_and_a_bridge_of_containers_is_not() -> None:
    assert doctor._virtual(Interface("wg0", "10.0.0.1")).grade is Grade.UNKNOWN
    assert doctor._virtual(Interface("docker0", "172.17.0.1")).grade is Grade.FINE
    assert not doctor._is_virtual(Interface("eth0", "192.0.2.1"))
    assert not doctor._is_virtual(Interface("wlan0", "192.0.2.1"))


def test_two_machines_that_get_on_have_nothing_wrong() -> None:
    assert {each.grade for each in judge(FINE, "1.0", "192.0.2.1")} == {Grade.FINE}


@pytest.mark.parametrize(
    ("meeting", "check"),
    [
        (Meeting("1.0", 0.0, they_heard=True, we_heard=True, caller_reached=False), "call back"),
        (
            Meeting("1.0", 0.0, they_heard=False, we_heard=False, caller_reached=True),
            "announcements",
        ),
        (
            Meeting("1.0", 0.0, they_heard=True, we_heard=False, caller_reached=True),
            "announcements",
        ),
        (Meeting("1.0", 121.0, they_heard=True, we_heard=True, caller_reached=True), "clocks"),
        (Meeting("1.0", -121.0, they_heard=True, we_heard=True, caller_reached=True), "clocks"),
        (Meeting("2.0", 0.0, they_heard=True, we_heard=True, caller_reached=True), "versions"),
    ],
)
def test_each_obstacle_between_two_machines_is_named(meeting: Meeting, check: str) -> None:
    wrong = [each for each in judge(meeting, "1.0", "192.0.2.1") if each.grade is Grade.WRONG]
    assert [each.check for each in wrong] == [check]
    assert all(each.remedy for each in wrong)


def test_nobody_around_is_no_proof_of_anything() -> None:
    finding = doctor._others([])
    assert finding.grade is Grade.UNKNOWN
    for way in ("hotspot", "relay", "bundle"):
        assert way in finding.remedy
