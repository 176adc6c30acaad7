"""``whisker sync stats``: figures about the exchange with the others."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from whisker_sync.cli.common import shared_options, workspace
from whisker_sync.cli.output import OUTPUT
from whisker_sync.cli.sentences import say_if_only_here

EXAMPLES = """\b
Examples:
  whisker sync stats
  whisker sync stats --json
"""


@click.command(epilog=EXAMPLES)
@shared_options
def command() -> None:
    """Show figures about the exchange with the others, since the start and of all time."""
    from whisker_sync.daemon.control import ask

    found = asyncio.run(ask(workspace(), {"do": "stats"}))
    OUTPUT.data(found)
    for title, part in (("Since it was started", "since_start"), ("Of all time", "all_time")):
        OUTPUT.give(f"{title}:")
        for line in _lines(found[part]):
            OUTPUT.give(f"  {line}")
    messages = found["messages"]
    if messages["count"]:
        OUTPUT.give(
            f"What others sent took {messages['mean_ms']:.1f} ms each to take in, "
            f"{messages['longest_ms']:.0f} ms at most."
        )
    say_if_only_here(workspace())


def _lines(figures: dict[str, Any]) -> list[str]:
    if not figures["peers"]:
        return ["nothing was exchanged with anybody."]
    return [_line("all", figures), *(_line(_name(peer), peer) for peer in figures["peers"])]


def _line(name: str, figures: dict[str, Any]) -> str:
    parts = [
        f"{figures['syncs']} syncs",
        f"sent {figures['sent_updates']} updates ({_size(figures['sent_bytes'])})",
        f"received {figures['received_updates']} ({_size(figures['received_bytes'])})",
    ]
    if figures["sync_ms"]:
        parts.append(f"the last sync took {figures['sync_ms']:.0f} ms")
    if figures["round_trip_ms"]:
        parts.append(f"there and back {figures['round_trip_ms']:.0f} ms")
    parts += [f"{figures[what]} {what}" for what in ("refused", "errors") if figures[what]]
    return f"{name}: {', '.join(parts)}."


def _name(peer: dict[str, Any]) -> str:
    if peer["person"] and peer["name"]:
        return f"{peer['person']} ({peer['name']})"
    return str(peer["person"] or peer["name"] or peer["device"][:8])


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
