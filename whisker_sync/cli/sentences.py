"""
What a daemon tells about itself, in sentences.

The first one says whether the work is safe, and where. Every command that shows the story
says so, too, when edits are on this machine only: :func:`say_if_only_here`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.api.places import Layout

ASK_SECONDS = 3.0
"""How long a daemon may take to say what is only here; the command has done its work by then."""


def say_if_only_here(layout: Layout | None) -> None:
    """Say how much of the story is on this machine only, if anything is; None: it is not shared."""
    from whisker_sync.daemon.control import ask
    from whisker_sync.errors import DaemonError

    if layout is None or OUTPUT.json or OUTPUT.quiet:
        return
    try:
        status = asyncio.run(ask(layout, {"do": "status"}, ASK_SECONDS))
    except (DaemonError, TimeoutError):
        OUTPUT.say(not_syncing(layout))
        return
    if not status["asking"] and (status["pending"] or status["trouble"]):
        OUTPUT.say(safety(status))


def not_syncing(layout: Layout) -> str:
    """What it means that no daemon runs for a story."""
    from whisker_sync.api.settings import load_papers, load_user, user_home
    from whisker_sync.errors import WhiskerError

    with suppress(WhiskerError):  # who waits to be let in has no papers yet
        us = load_user(user_home()).key.device
        if not load_papers(layout).membership.may_read(us):
            return "This device does not belong to the story any more; what you save is on it only."
    return "Not syncing; what you save is on this device only."


def status_lines(status: dict[str, Any]) -> list[str]:
    """A whole status, the most important first."""
    if status["asking"]:
        return [asking_sentence(status)]
    lines = [f"“{status['workspace']['title']}” in {status['folder']}"]
    lines.append(safety(status))
    lines += [guest_sentence(guest) for guest in status["guests"]]
    if status["outside"]:
        return [*lines, f"Not in touch with anybody: {status['outside']}."]
    if status["role"] == "reader":
        lines.append("You may read this story, not write in it: what you write stays here.")
    passages = {each["device"]: each["passage"] for each in status["present"]}
    for peer in status["peers"]:
        where = passages.get(peer["device"])
        lines.append(person_sentence(peer) + (f" Lately in “{where}”." if where else ""))
    lines += _relay_lines(status["relay"])
    if not status["peers"]:
        lines.append("Nobody else belongs to it yet. Invite somebody: whisker invite")
    if status["alone"] and status["role"] == "owner":
        lines.append(
            "Only this device can remove people or give roles. In case it is lost, make somebody "
            "else an owner, too, or keep words on paper: whisker members recovery"
        )
    if status["held"]:
        lines.append(
            f"{counted(status['held'], 'change waits', 'changes wait')} for an earlier one."
        )
    if status["quarantined"]:
        count = counted(status["quarantined"], "change was", "changes were")
        lines.append(f"{count} put aside because of an error.")
    if status["split"]:
        names = ", ".join(status["split"])
        lines.append(f"A device cannot take in everything that is here ({names}); see the log.")
    if status["waiting"]:
        lines.append("Waits for another device; only then are the files here compared with theirs.")
    if service := status["service"]:
        lines.append(service_sentence(service))
    if found := status.get("conflicts"):
        places = "place is" if found == 1 else "places are"
        lines.append(f"{found} {places} worth a look after merging; see: whisker conflicts")
    if restarted := status.get("restarted"):
        lines.append(f"Started again {ago(restarted['at'])}: {restarted['why']}.")
    if absent := status.get("not_fetched"):
        count = counted(len(absent), "large file is", "large files are")
        lines.append(f"{count} not fetched, as you set it; see: whisker fetch")
    if back := status.get("went_back"):
        lines.append(back_sentence(back))
    lines += [problem["sentence"] + "." for problem in status["problems"]]
    lines.append(f"This device: {status['device']['name']}, port {status['port']}")
    return lines


def asking_sentence(status: dict[str, Any]) -> str:
    """How it stands with an inviter who has not answered yet, or has said no."""
    asking = status["asking"]
    if asking["refused"]:
        return f"{asking['host']} does not let this device in: {asking['refused']}."
    until = time.strftime("%H:%M", time.localtime(asking["until"]))
    whom = f"Waiting for {asking['host']} to let this device in to “{asking['title']}”"
    over = "the invitation was" if asking["until"] < time.time() else "the invitation is"
    lines = [f"{whom}; {over} open until {until}."]
    if asking["problem"]:
        lines.append(f"The relay cannot be reached just now ({asking['problem']}).")
    if not status["running"]:
        lines.append("Nobody looks for the answer; go on with: whisker sync start")
    return " ".join(lines)


def guest_sentence(guest: dict[str, Any]) -> str:
    """That somebody wants to join, and what to do about it."""
    return (
        f"{guest['name']} wants to join, from “{guest['device']}” (fingerprint "
        f"{guest['fingerprint']}): whisker members confirm “{guest['name']}”, or decline"
    )


def safety(status: dict[str, Any]) -> str:
    """One sentence: is my work safe, and where?"""
    if status["trouble"]:
        return f"NOT SAVED: {status['trouble']}."
    safe = [peer for peer in status["peers"] if not peer["unacked"]]
    if status["pending"]:
        count = counted(status["pending"], "change is", "changes are")
        if status["relay"]["url"] and not status["relay"]["unsent"]:
            return f"Saved here and left at the relay. {count} on no other device yet."
        return f"Saved here. {count} on this device only."
    if safe:
        return f"Saved here and on {counted(len(safe), 'other device', 'other devices')}."
    return "Saved here, on this device only."


def _relay_lines(relay: dict[str, Any]) -> list[str]:
    """How it stands with the relay; nothing where there is none."""
    if not relay["url"]:
        return []
    waits = ""
    if relay["unsent"]:
        count = counted(relay["unsent"], "change of yours waits", "changes of yours wait")
        waits = f"; {count} for it"
    states = {
        "connecting": "is being called",
        "unreachable": f"cannot be reached ({relay['problem']})",
        "refused": f"does not take everything ({relay['problem']})",
        "exchanging": "connected, exchanging",
        "in sync": "connected, has everything of yours",
    }
    lines = [f"Relay {relay['url']}: {states[relay['state']]}{waits}."]
    if relay["waiting"]:
        count = counted(relay["waiting"], "picture or sound waits", "pictures and sounds wait")
        lines.append(f"{count} for the LAN: that is too much for the relay.")
    if relay["missing"]:
        count = counted(relay["missing"], "message", "messages")
        lines.append(f"The relay is missing {count}: what was in it comes from the others.")
    return lines


def service_sentence(service: str) -> str:
    """What to say about a folder that another program carries between machines, too."""
    return (
        f"{service} seems to sync this folder, too. Two programs doing that get in each other's "
        "way: move the story elsewhere, or exclude it there."
    )


def person_sentence(peer: dict[str, Any]) -> str:
    """What is known of another device, in one sentence."""
    name = name_of(peer)
    if peer["connected"]:
        state = "in sync" if peer["in_sync"] else "exchanging"
        return f"{name}: connected at {peer['via']}, {state}."
    when = peer["last_seen"]
    seen = "not connected" if when is None else f"last seen {ago(when)}"
    if peer["unacked"]:
        count = counted(peer["unacked"], "change of yours is", "changes of yours are")
        return f"{name}: {seen}; {count} not there yet."
    return f"{name}: {seen}; has everything of yours."


def name_of(peer: dict[str, Any]) -> str:
    """What another device is called: its person, and its own name."""
    return f"{peer['person']} ({peer['name']})" if peer["name"] else str(peer["person"])


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun, or a noun and its verb."""
    return f"{number} {one if number == 1 else many}"


def ago(when: float) -> str:
    """How long ago a time (in seconds since 1970) is, roughly."""
    seconds = max(0, int(time.time() - when))
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{counted(seconds // size, name, name + 's')} ago"
    return "just now"


def back_sentence(paths: list[str]) -> str:
    """What happened to files that went back, and what to do."""
    from whisker_sync.api.folder import StoryPath
    from whisker_sync.api.past import sentence

    return f"{sentence(map(StoryPath, paths))} --newest or --share."


def why_not_now(status: dict[str, Any], path: str) -> str | None:
    """Why a file is not synced just now, as a running daemon knows; None: nothing is wrong."""
    for problem in status["problems"]:
        if problem["path"] == path:
            return str(problem["sentence"])
    if path in status["went_back"]:
        return f"{path} is back to how it was, and waits for your choice: whisker sync older"
    if any(path == each["path"] for each in status["not_fetched"]):
        return f"{path} is in the story and not fetched, as you set it: whisker fetch {path}"
    return None
