"""
Who we are and which workspace this is, as it stands in files.

Per user (``WHISKER_HOME``, or where the system keeps such things)::

    device.key      this device's private key
    settings.toml   person, device: what the user calls themself and this machine
    stories/        which story is where on this machine; see installs.py

Per workspace, below ``.whisker`` (see :mod:`whisker_sync.store.layout`)::

    config.toml     id, title
    local/key       the workspace's key
    local/local.toml   port, peers: what concerns this machine only

A device's key is never in a project, so that copying a folder does not copy an identity.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whisker_sync.errors import BadSettings
from whisker_sync.identity.invitation import MAX_TITLE, Invitation
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.workspace import KEY_BYTES
from whisker_sync.ids import Address, WorkspaceId
from whisker_sync.peer.status import Membership
from whisker_sync.store.layout import Layout, write_private

MAX_NAME = 64
"""Code points of the name of a person or device."""


@dataclass(frozen=True, slots=True)
class User:
    """The user of this machine, as this program knows them."""

    key: DeviceKey
    person: str
    device: str
    """What the user calls this machine."""

    home: Path
    """The directory of the user's own settings."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the members of a workspace share about it."""

    workspace: WorkspaceId
    title: str


@dataclass(frozen=True, slots=True)
class Local:
    """What concerns this machine only."""

    port: int = 0
    """Where we listen, chosen once and then kept; 0: not chosen yet."""

    peers: tuple[Address, ...] = ()
    """Addresses that the user named."""

    joining: bool = False
    """This device joined and has not had everything yet. What is in the folder is compared
    with the story only then: before, all of it would look new."""


def user_home(home: Path | None = None) -> Path:
    """The directory of the user's own settings."""
    if home is not None:
        return home
    if named := os.environ.get("WHISKER_HOME"):
        return Path(named)
    import platformdirs

    return platformdirs.user_config_path("whisker-sync")


def load_user(home: Path, *, person: str | None = None) -> User:
    """
    Who the user is; a key is made at the first time.

    Raises:
        BadSettings: A file there cannot be understood.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_path = home / "device.key"
    if key_path.exists():
        key = DeviceKey.load(key_path.read_bytes())
    else:
        key = DeviceKey.generate(secrets.token_bytes(32))
        write_private(key_path, key.encode())
    settings = _read(home / "settings.toml")
    if person is not None and settings.get("person") != person:
        settings["person"] = clean_name(person)
        _write(home / "settings.toml", settings)
    return User(
        key,
        clean_name(_text(settings, home / "settings.toml", "person", _login())),
        clean_name(_text(settings, home / "settings.toml", "device", socket.gethostname())),
        home,
    )


def clean_name(name: str) -> str:
    """A name that can be shown anywhere: no control characters, not too long."""
    shown = unicodedata.normalize("NFC", name)
    shown = "".join(c for c in shown if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    return " ".join(shown.split())[:MAX_NAME] or "somebody"


def make_workspace(root: Path, title: str, invitation: Invitation | None = None) -> Layout:
    """
    Make a folder a workspace: a new one, or the one of an invitation.

    Raises:
        AlreadyAWorkspace: It is one.
    """
    layout = Layout.make(root)
    workspace = invitation.workspace if invitation else secrets.token_bytes(16)
    key = invitation.key if invitation else secrets.token_bytes(KEY_BYTES)
    write_private(layout.key, key)
    if invitation:
        save_local(layout, Local(peers=invitation.addresses, joining=True))
    # Last, because with it the folder counts as a workspace.
    config = {"format": 1, "id": workspace.hex(), "title": title[:MAX_TITLE]}
    _write(layout.config, config)
    return layout


def load_config(layout: Layout) -> Config:
    """
    What a workspace's members share about it.

    Raises:
        BadSettings: The file cannot be understood.
    """
    settings = _read(layout.config)
    try:
        workspace = bytes.fromhex(_text(settings, layout.config, "id", ""))
    except ValueError:
        workspace = b""
    if len(workspace) != 16:
        raise BadSettings(str(layout.config), "id must have 32 hexadecimal digits")
    title = _text(settings, layout.config, "title", layout.root.name)
    return Config(WorkspaceId(workspace), title)


def load_key(layout: Layout) -> bytes:
    """
    The key of a workspace.

    Raises:
        BadSettings: It is not there or not whole.
    """
    try:
        key = layout.key.read_bytes()
    except OSError as problem:
        raise BadSettings(str(layout.key), problem.strerror or str(problem)) from None
    if len(key) != KEY_BYTES:
        raise BadSettings(str(layout.key), f"it has {len(key)} bytes instead of {KEY_BYTES}")
    return key


def load_local(layout: Layout) -> Local:
    """
    What concerns this machine only.

    Raises:
        BadSettings: The file cannot be understood.
    """
    path = layout.local / "local.toml"
    settings = _read(path)
    port, peers = settings.get("port", 0), settings.get("peers", [])
    if type(port) is not int or not 0 <= port < 65536:
        raise BadSettings(str(path), "port must be a number up to 65535")
    if not isinstance(peers, list) or not all(isinstance(peer, str) for peer in peers):
        raise BadSettings(str(path), "peers must be a list of texts like 192.0.2.7:4711")
    named = tuple(parse_address(peer, str(path)) for peer in peers)
    return Local(port, named, settings.get("joining") is True)


def save_local(layout: Layout, local: Local) -> None:
    """Keep what concerns this machine only."""
    peers = [str(address) for address in local.peers]
    settings = {"port": local.port, "peers": peers, "joining": local.joining}
    _write(layout.local / "local.toml", settings)


def parse_address(text: str, where: str = "the address") -> Address:
    """
    An address as people write it: ``192.0.2.7:4711``, ``[fe80::1%eth0]:4711``, ``name:4711``.

    Raises:
        BadSettings: It is none.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536
    if not host or set(host) & set("[]") or not is_port:
        raise BadSettings(where, f"{text!r} is not an address like 192.0.2.7:4711")
    return Address(host, int(port))


def membership(layout: Layout, user: User) -> Membership:
    """
    Who we are in a workspace.

    Raises:
        BadSettings: A file cannot be understood.
    """
    return Membership(
        device_key=user.key,
        name=user.device,
        person=user.person,
        workspace=load_config(layout).workspace,
        key=load_key(layout),
    )


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as problem:  # not TOML, not UTF-8, or only to tire us
        raise BadSettings(str(path), str(problem)) from None
    except OSError as problem:
        raise BadSettings(str(path), problem.strerror or str(problem)) from None


def _write(path: Path, settings: Mapping[str, Any]) -> None:
    import tomlkit

    document = tomlkit.document()
    if path.exists():  # keep the user's comments
        document = tomlkit.parse(path.read_text("utf-8"))
    for name, value in settings.items():
        document[name] = value
    write_private(path, tomlkit.dumps(document).encode())


def _text(settings: Mapping[str, Any], path: Path, name: str, default: str) -> str:
    value = settings.get(name, default)
    if not isinstance(value, str):
        raise BadSettings(str(path), f"{name} must be a text in quotes")
    return value
