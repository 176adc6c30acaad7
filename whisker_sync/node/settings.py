"""
Who we are and which workspace this is, as it stands in files.

Per user (``WHISKER_HOME``, or where the system keeps such things)::

    device.key      this device's private key
    settings.toml   person, device: what the user calls themself and this machine; number: who
                    they are among people of one name
    stories/        which story is where on this machine; see installs.py

Per workspace, below ``.whisker`` (see :mod:`whisker_sync.store.layout`)::

    config.toml     id, title
    local/papers    who belongs, and the keys sealed for this device; see peer/belonging.py
    local/local.toml   port, peers, relay, fetch_up_to: what concerns this machine only

A device's key is never in a project, so that copying a folder does not copy an identity.
"""

from __future__ import annotations

import getpass
import secrets
import socket
import time
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from whisker_sync.errors import AlreadyAWorkspace, BadSettings, MalformedPaper
from whisker_sync.identity import acts
from whisker_sync.identity.card import PERSON_BYTES, Card, PersonId
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import MAX_RELAY, MAX_TITLE
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.workspace import KEY_BYTES
from whisker_sync.ids import Address, WorkspaceId
from whisker_sync.node.home import SETTINGS
from whisker_sync.peer.status import Ourselves
from whisker_sync.store.layout import Layout, must_be_free, write_private

MAX_NAME = 64
"""Code points of the name of a person or device."""


@dataclass(frozen=True, slots=True)
class User:
    """The user of this machine, as this program knows them."""

    key: DeviceKey
    person: str
    device: str
    """What the user calls this machine."""

    number: PersonId
    """Drawn once for the person; tells them from others of the same name."""

    home: Path
    """The directory of the user's own settings."""

    def card(self) -> Card:
        """What this device says of itself."""
        now = time.time_ns() // 1_000_000
        return Card.issue(self.key, self.device, self.number, self.person, now)


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

    relay: str = ""
    """Where the relay is that carries letters; empty: there is none."""

    fetch_up_to: int | None = None
    """Mebibytes up to which a binary file comes by itself; None: whatever it has."""

    joining: bool = False
    """This device joined and has not had everything yet. What is in the folder is compared
    with the story only then: before, all of it would look new."""

    outside: bool = False
    """This device does not belong (any more); it may join again with this folder."""


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
    path = home / SETTINGS
    settings = _read(path)
    changes: dict[str, str] = {}
    if person is not None and settings.get("person") != person:
        changes["person"] = clean_name(person)
    if "number" not in settings:
        changes["number"] = secrets.token_hex(PERSON_BYTES)
    if changes:
        settings |= changes
        _write(path, changes)
    return User(
        key,
        clean_name(_text(settings, path, "person", _login())),
        clean_name(_text(settings, path, "device", socket.gethostname())),
        PersonId(_hex(settings, path, "number", PERSON_BYTES)),
        home,
    )


def name_device(home: Path, name: str | None) -> None:
    """
    Say what the others see this device called; None: its host name.

    Raises:
        BadSettings: The settings there cannot be understood.
    """
    path = home / SETTINGS
    _read(path)
    _write(path, {"device": name})


def save_plain(home: Path, *, plain: bool) -> None:
    """
    Say whether the user always wants one fact on each line; see :func:`likes_plain`.

    Raises:
        BadSettings: The settings there cannot be understood.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / SETTINGS
    _read(path)
    _write(path, {"plain": True if plain else None})


def clean_name(name: str) -> str:
    """A name that can be shown anywhere: no control characters, not too long."""
    shown = unicodedata.normalize("NFC", name)
    shown = "".join(c for c in shown if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    return " ".join(shown.split())[:MAX_NAME] or "somebody"


def make_workspace(root: Path, title: str, user: User) -> Layout:
    """
    Make a folder a workspace of its own; the user is its owner.

    Raises:
        AlreadyAWorkspace: It is one.
    """
    workspace = WorkspaceId(secrets.token_bytes(16))
    fresh = secrets.token_bytes(KEY_BYTES)
    return _make(root, title, acts.found(user.key, workspace, user.card(), fresh), Local())


def join_workspace(
    root: Path, title: str, papers: Papers, peers: Sequence[Address], relay: str = ""
) -> Layout:
    """
    Make a folder one more place of a workspace whose papers a member has given us.

    ``peers`` is where others are, ``relay`` the one that they use. What this device was told to
    fetch by itself, before it was let in, stays.

    Raises:
        AlreadyAWorkspace: It is one.
        BadSettings: What it was told before cannot be understood.
    """
    up_to = load_local(Layout(root)).fetch_up_to
    local = Local(peers=tuple(peers), relay=relay, fetch_up_to=up_to, joining=True)
    return _make(root, title, papers, local)


def join_again(layout: Layout, papers: Papers, peers: Sequence[Address]) -> None:
    """
    Go on in a folder of whose workspace we were let in again; all that is in it stays.

    ``peers`` is where others are.

    Raises:
        AlreadyAWorkspace: It is one of another story.
    """
    if load_config(layout).workspace != papers.workspace:
        raise AlreadyAWorkspace(str(layout.root))
    save_papers(layout, papers)
    local = load_local(layout)
    known = (*local.peers, *(peer for peer in peers if peer not in local.peers))
    save_local(layout, replace(local, peers=known, outside=False))


def must_be_free_to_join(root: Path) -> None:
    """
    See that a folder can be joined with.

    Raises:
        AlreadyAWorkspace: It is one already, to which this device belongs.
    """
    layout = Layout(root.absolute())
    if layout.config.exists() and not load_local(layout).outside:
        must_be_free(root)


def _make(root: Path, title: str, papers: Papers, local: Local) -> Layout:
    layout = Layout.make(root)
    save_papers(layout, papers)
    save_local(layout, local)
    # Last, because with it the folder counts as a workspace.
    config = {"format": 1, "id": papers.workspace.hex(), "title": title[:MAX_TITLE]}
    _write(layout.config, config)
    return layout


def load_config(layout: Layout) -> Config:
    """
    What a workspace's members share about it.

    Raises:
        BadSettings: The file cannot be understood.
    """
    settings = _read(layout.config)
    workspace = _hex(settings, layout.config, "id", 16)
    title = _text(settings, layout.config, "title", layout.root.name)
    return Config(WorkspaceId(workspace), title)


def load_papers(layout: Layout) -> Papers:
    """
    Who belongs to a workspace, as this device knew at its last start; the journal may know more.

    Raises:
        BadSettings: They are not there or not whole.
    """
    try:
        return Papers.trust(Evidence.decode(layout.papers.read_bytes()))
    except OSError as problem:
        raise BadSettings(str(layout.papers), problem.strerror or str(problem)) from None
    except MalformedPaper as problem:
        raise BadSettings(str(layout.papers), problem.problem) from None


def save_papers(layout: Layout, papers: Papers) -> None:
    """Keep who belongs; the keys among them are sealed for this device."""
    write_private(layout.papers, papers.evidence().encode())


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
    relay = _text(settings, path, "relay", "")
    if relay:
        check_relay(relay, str(path))
    up_to = settings.get("fetch_up_to")
    if up_to is not None and (type(up_to) is not int or up_to < 0):
        raise BadSettings(str(path), "fetch_up_to must be a number of mebibytes, 0 or more")
    joining, outside = settings.get("joining") is True, settings.get("outside") is True
    return Local(port, named, relay, up_to, joining, outside)


def save_local(layout: Layout, local: Local) -> None:
    """Keep what concerns this machine only."""
    peers = [str(address) for address in local.peers]
    settings: dict[str, Any] = {
        "port": local.port,
        "peers": peers,
        "joining": local.joining,
        "outside": local.outside,
        "fetch_up_to": local.fetch_up_to,
    }
    if local.relay or "relay" in _read(layout.local / "local.toml"):
        settings["relay"] = local.relay
    _write(layout.local / "local.toml", settings)


def check_relay(url: str, where: str = "the relay") -> None:
    """
    Refuse what is no address of a relay, like ``https://relay.example.org/mail``.

    Raises:
        BadSettings: It is none.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        usable = usable and not (parts.query or parts.fragment or parts.username)
        usable = usable and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    usable = usable and len(url) <= MAX_RELAY
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise BadSettings(where, f"{url!r} is not an address like https://relay.example.org")


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


def ourselves(layout: Layout, user: User) -> Ourselves:
    """
    Who we are in a workspace.

    Raises:
        BadSettings: A file cannot be understood.
    """
    papers = load_papers(layout)
    if papers.workspace != load_config(layout).workspace:
        raise BadSettings(str(layout.papers), "it is of another story than config.toml")
    return Ourselves(user.key, user.device, user.person, papers)


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
        # Behind a last line that does not end, tomlkit goes on in the same line (0.13).
        text = path.read_text("utf-8").removesuffix("\n") + "\n"
        try:
            document = tomlkit.parse(text)
        except tomlkit.exceptions.ParseError as problem:  # it is stricter than Python
            raise BadSettings(str(path), str(problem)) from None
    for name, value in settings.items():
        if value is None:
            document.pop(name, None)
        else:
            document[name] = value
    write_private(path, tomlkit.dumps(document).encode())


def _hex(settings: Mapping[str, Any], path: Path, name: str, size: int) -> bytes:
    try:
        value = bytes.fromhex(_text(settings, path, name, ""))
    except ValueError:
        value = b""
    if len(value) != size:
        raise BadSettings(str(path), f"{name} must have {2 * size} hexadecimal digits")
    return value


def _text(settings: Mapping[str, Any], path: Path, name: str, default: str) -> str:
    value = settings.get(name, default)
    if not isinstance(value, str):
        raise BadSettings(str(path), f"{name} must be a text in quotes")
    return value
