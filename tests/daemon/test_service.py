"""whisker_sync.daemon.service: what each system is told, read by parsers of its format."""

from __future__ import annotations

import plistlib
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from whisker_sync.daemon.service import install, remove, service_of
from whisker_sync.errors import ServiceFailed
from whisker_sync.store.layout import Layout

PYTHON = "/opt/python & co/bin/python3"


@pytest.fixture(params=["story", 'a "story" & 100% $HOME <b> \\ x', "история"])
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> Layout:
    return Layout.make(tmp_path / request.param)


def words_of_unit(line: str) -> list[str]:
    """The words of a command in a unit, as systemd.service(5) reads quotes and specifiers."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    escapes = {r"\\": "\\", r"\"": '"', "%%": "%", "$$": "$", r"\n": "\n"}
    return [re.sub(r'\\\\|\\"|\\n|%%|\$\$', lambda m: escapes[m[0]], word) for word in words]


def command(layout: Layout) -> list[str]:
    return [PYTHON, "-m", "whisker_sync", "-C", str(layout.root), "sync", "start", "--foreground"]


def test_a_unit_of_systemd_runs_the_story(layout: Layout, tmp_path: Path) -> None:
    environment = {"WHISKER_HOME": str(layout.root)}
    service = service_of(layout, tmp_path, platform="linux", python=PYTHON, environment=environment)
    assert service.file == tmp_path / ".config/systemd/user" / f"{service.name}.service"
    lines = dict(line.split("=", maxsplit=1) for line in service.text.splitlines() if "=" in line)
    assert words_of_unit(lines["ExecStart"]) == command(layout)
    assert words_of_unit(lines["Environment"]) == [f"WHISKER_HOME={layout.root}"]
    assert lines["Restart"] == "on-failure"


def test_the_configuration_of_the_user_may_lie_elsewhere(layout: Layout, tmp_path: Path) -> None:
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    service = service_of(layout, tmp_path, platform="linux", environment=environment)
    assert service.file.is_relative_to(tmp_path / "config")
    assert "Environment" not in service.text


def test_an_agent_of_launchd_runs_the_story(layout: Layout, tmp_path: Path) -> None:
    environment = {"WHISKER_HOME": "/home & co"}
    service = service_of(
        layout, tmp_path, platform="darwin", python=PYTHON, environment=environment
    )
    agent = plistlib.loads(service.text.encode())
    assert agent["Label"] == service.name
    assert agent["ProgramArguments"] == command(layout)
    assert agent["EnvironmentVariables"] == {"WHISKER_HOME": "/home & co"}
    assert agent["RunAtLoad"] is True


def test_a_task_of_windows_runs_the_story(layout: Layout, tmp_path: Path) -> None:
    service = service_of(layout, tmp_path, platform="win32", python=PYTHON, environment={})
    task = ET.fromstring(service.text)  # noqa: S314 - we wrote it
    names = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert task.findtext(".//t:Command", namespaces=names) == PYTHON
    arguments = task.findtext(".//t:Arguments", namespaces=names) or ""
    assert arguments.startswith("-m whisker_sync -C ")
    assert arguments.endswith(" sync start --foreground")


def test_the_same_folder_has_the_same_name(layout: Layout, tmp_path: Path) -> None:
    one, other = (service_of(layout, tmp_path, platform="linux", environment={}) for _ in range(2))
    elsewhere = service_of(
        Layout.make(tmp_path / "other"), tmp_path, platform="linux", environment={}
    )
    assert one.name == other.name != elsewhere.name


def test_a_system_without_services_says_so(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(ServiceFailed, match="plan9"):
        service_of(layout, tmp_path, platform="plan9", environment={})


@pytest.mark.skipif(sys.platform == "win32", reason="uses /bin/sh")
def test_what_the_system_says_against_it_is_passed_on(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(layout, tmp_path, platform="linux", environment={})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceFailed, match="no systemctl"):
        install(service)
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(ServiceFailed, match="Failed to connect to bus"):
        install(service)
    program.write_text("#!/bin/sh\nexit 0\n")
    install(service)
    assert service.file.read_text("utf-8") == service.text
    assert remove(service)
    assert not service.file.exists()
    assert not remove(service)
