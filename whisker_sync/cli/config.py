"""
``whisker sync config``: how this device exchanges, and what the others call it.

Whoever comes from the Lua program that inspired this one finds its options here: those with
a meaning do what they did, the others say why there is nothing to set.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from whisker_sync.cli import exits
from whisker_sync.cli.common import maybe_workspace, shared_options, workspace
from whisker_sync.cli.output import OUTPUT

ORIGINAL = ".whisker-sync-config.json"
"""Where that program kept its settings."""

MERGING = ("auto_merge", "automatic")
"""What its strategies call what always happens here."""

EXAMPLES = """\b
Examples:
  whisker sync config
  whisker sync config --url https://relay.example.org/mail
  whisker sync config --device-name "kitchen laptop"
"""


@click.command(epilog=EXAMPLES)
@click.option("--url", metavar="URL", help="Leave changes at this relay for those who are away.")
@click.option("--unset-url", is_flag=True, help="Use no relay any more.")
@click.option("--device-name", metavar="NAME", help="What the others see this device called.")
@click.option("--unset-device-name", is_flag=True, help="Call it by its host name again.")
@click.option(
    "--fetch-up-to",
    type=click.IntRange(min=0),
    metavar="MIB",
    help="Larger binary files come only when you ask: whisker fetch.",
)
@click.option("--unset-fetch-up-to", is_flag=True, help="Fetch all of them again.")
@click.option("--always-plain", is_flag=True, help="Print as with --plain, in all your stories.")
@click.option("--unset-always-plain", is_flag=True, help="Only when it is asked for.")
@click.option(
    "--import", "original", is_flag=True, help=f"Take over what fits of {ORIGINAL} in the folder."
)
@click.option(
    "--transport", type=click.Choice(["http", "websocket"]), help="Nothing to set: both are used."
)
@click.option(
    "--interval",
    type=click.IntRange(min=1),
    metavar="MS",
    help="Nothing to set: changes go at once.",
)
@click.option("--strategy", metavar="NAME", help="Nothing to set: what people write is merged.")
@click.option("--key", metavar="KEY", help="Nothing to set: the story has keys of its own.")
@shared_options
def command(
    url: str | None,
    unset_url: bool,
    device_name: str | None,
    unset_device_name: bool,
    fetch_up_to: int | None,
    unset_fetch_up_to: bool,
    always_plain: bool,
    unset_always_plain: bool,
    original: bool,
    transport: str | None,
    interval: int | None,
    strategy: str | None,
    key: str | None,
) -> int:
    """Show or change how this device exchanges: through which relay, under which name."""
    if url is not None and unset_url:
        raise click.UsageError("--url and --unset-url say opposite things")
    if device_name is not None and unset_device_name:
        raise click.UsageError("--device-name and --unset-device-name say opposite things")
    if fetch_up_to is not None and unset_fetch_up_to:
        raise click.UsageError("--fetch-up-to and --unset-fetch-up-to say opposite things")
    if always_plain and unset_always_plain:
        raise click.UsageError("--always-plain and --unset-always-plain say opposite things")
    _refuse(strategy, key)
    if (always_plain or unset_always_plain) and _set_plain(always_plain):
        return exits.OK
    if original:
        theirs = _original(workspace().root / ORIGINAL)
        url = url if url is not None or unset_url else theirs.get("url")
        device_name = device_name or theirs.get("device_name")
    relay = _set_relay(url, unset=unset_url)
    name = _set_name(device_name, unset=unset_device_name)
    up_to = _set_fetch_up_to(fetch_up_to, unset=unset_fetch_up_to)
    OUTPUT.data(
        {"url": relay or None, "device_name": name, "fetch_up_to": up_to, "plain": OUTPUT.plain}
    )
    if relay:
        OUTPUT.say(f"Changes are left at the relay {relay}, encrypted, for those who are away.")
    else:
        OUTPUT.say("No relay is used. Name one with: whisker sync config --url URL")
    OUTPUT.say(f"The others see this device as {name}.")
    if up_to is not None:
        OUTPUT.say(f"Binary files larger than {up_to} MiB come only when you ask: whisker fetch.")
    for sentence in _needless(transport, interval):
        OUTPUT.say(sentence)
    return exits.OK


def _set_plain(plain: bool) -> bool:
    """Save how the user wants to be told things; whether that is all, for there is no story."""
    from whisker_sync.api.home import user_home
    from whisker_sync.api.settings import save_plain

    save_plain(user_home(), plain=plain)
    OUTPUT.plain = plain
    OUTPUT.say(f"Plain output is {'always on' if plain else 'on when --plain asks for it'}.")
    if maybe_workspace() is not None:
        return False
    OUTPUT.data({"plain": plain})
    return True


def _refuse(strategy: str | None, key: str | None) -> None:
    if strategy is not None and strategy not in MERGING:
        raise click.UsageError(
            f"there is no strategy {strategy}: what several people write is merged word by word, "
            "nobody's is thrown away, and there is nothing to decide; see whisker conflicts"
        )
    if key is not None:
        raise click.UsageError(
            "a relay takes no key: who may use a story's mailbox is proven by the story's own "
            "keys; and a secret on the command line can be seen by others on this machine"
        )


def _needless(transport: str | None, interval: int | None) -> list[str]:
    sentences = []
    if transport is not None:
        sentences.append(
            "There is no transport to choose: a relay is asked over HTTP and wakes us over a "
            "WebSocket, where that gets through."
        )
    if interval is not None:
        sentences.append("There is no interval to set: what you save goes to the others at once.")
    return sentences


def _original(place: Path) -> dict[str, str]:
    """What fits of the settings of the original; says what does not."""
    from whisker_sync.errors import BadSettings

    try:
        found: Any = json.loads(place.read_text("utf-8"))
    except FileNotFoundError:
        raise BadSettings(str(place), "there is no such file") from None
    except (OSError, ValueError) as problem:
        raise BadSettings(str(place), str(problem)) from None
    if not isinstance(found, dict):
        raise BadSettings(str(place), "it does not hold settings")
    if found.get("api_key"):
        OUTPUT.say("Its api_key was not taken over: a relay takes no key; delete it from the file.")
    left = [n for n in ("transport", "sync_interval", "conflict_strategy") if n in found]
    if left:
        OUTPUT.say(f"Not needed here, and not taken over: {', '.join(left)}.")
    return {
        name: str(found[name])
        for name in ("url", "device_name")
        if isinstance(found.get(name), str)
    }


def _set_relay(url: str | None, *, unset: bool) -> str:
    from whisker_sync.api.settings import check_relay, load_local, save_local
    from whisker_sync.daemon.control import ask, is_running

    layout = workspace()
    before = load_local(layout)
    if url is not None:
        check_relay(url)
    wanted = "" if unset else before.relay if url is None else url.rstrip("/")
    if wanted != before.relay:
        if is_running(layout):
            asyncio.run(ask(layout, {"do": "relay", "url": wanted}))
        else:
            save_local(layout, replace(before, relay=wanted))
    return wanted


def _set_fetch_up_to(mebibytes: int | None, *, unset: bool) -> int | None:
    from whisker_sync.api.settings import load_local, save_local
    from whisker_sync.daemon.control import ask, is_running

    layout = workspace()
    before = load_local(layout)
    wanted = None if unset else before.fetch_up_to if mebibytes is None else mebibytes
    if wanted != before.fetch_up_to:
        if is_running(layout):
            asyncio.run(ask(layout, {"do": "fetch up to", "mebibytes": wanted}))
        else:
            save_local(layout, replace(before, fetch_up_to=wanted))
    return wanted


def _set_name(name: str | None, *, unset: bool) -> str:
    """The name of this device, everywhere; a daemon that runs uses it from its next start on."""
    from whisker_sync.api.settings import clean_name, load_user, name_device, user_home
    from whisker_sync.daemon.control import is_running

    home = user_home()
    if name is not None and clean_name(name) != name:
        raise click.UsageError(f"a device is called something like kitchen laptop, not {name!r}")
    if name is not None or unset:
        name_device(home, name)
        if is_running(workspace()):
            OUTPUT.say("The name counts from the next start: whisker sync stop, and start.")
    return load_user(home).device
