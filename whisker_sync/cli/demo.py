"""``whisker demo``: two authors on this machine, a story, and what happens."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from whisker_sync.cli.common import shared_options
from whisker_sync.cli.output import OUTPUT

if TYPE_CHECKING:
    from whisker_sync.api.joining import Host
    from whisker_sync.api.places import Layout

LOOPBACK = "127.0.0.1"
SECONDS = 30.0
"""How long any step may take before the demo gives up; all together take about five."""

EXAMPLES = """\b
Examples:
  whisker demo
  whisker demo --plain
"""


class Failed(click.ClickException):
    """A step of the demo did not come to its end."""


@click.command(epilog=EXAMPLES)
@click.option("--keep", is_flag=True, help="Leave the two folders, and say where they are.")
@shared_options
def command(keep: bool) -> int:
    """
    Two authors on this machine, a story, and what happens.

    Two separate processes find each other by mDNS, over loopback, and keep two folders
    the same. Everything is in a temporary directory and gone afterwards.
    """
    place = Path(tempfile.mkdtemp(prefix="whisker-demo-"))
    show = Show()
    try:
        return asyncio.run(_play(place, show))
    finally:
        if keep:
            OUTPUT.say(f"The two folders are in {place}")
        else:
            shutil.rmtree(place, ignore_errors=True)


class Show:
    """Tells what happens, with the time that it took."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self._console: Any = None
        if OUTPUT.fancy:
            from rich.console import Console

            self._console = Console(highlight=False)

    def scene(self, title: str) -> None:
        """Begin a part."""
        if self._console is not None:
            self._console.print(f"\n[bold]{title}[/bold]")
        else:
            OUTPUT.say(title)

    def tell(self, sentence: str, fact: str | None = None, ms: float | None = None) -> None:
        """Say one thing that happened; ``fact`` is its name in the JSON object."""
        if fact is not None and ms is not None:
            self.facts[fact] = round(ms, 1)
        time_ = "" if ms is None else f"{ms:,.0f} ms"
        if self._console is not None:
            self._console.print(f"  [green]{time_:>9}[/green]  {sentence}")
        else:
            OUTPUT.say(f"  {sentence}" + (f" ({time_})" if time_ else ""))

    def quote(self, text: str) -> None:
        """Show a piece of the story."""
        if self._console is not None:
            from rich.padding import Padding
            from rich.text import Text

            self._console.print(Padding(Text(text, "italic yellow"), (0, 0, 0, 13)))
        else:
            OUTPUT.say(f"    {text}")


class Author:
    """One of the two: a folder, a home, and a daemon."""

    def __init__(self, place: Path, name: str) -> None:
        self.name = name
        self.folder = place / name.casefold()
        self.home = place / f"home-of-{name.casefold()}"
        self.layout: Layout
        self.pid: int | None = None

    def start(self) -> float:
        """Start the daemon; return the seconds that took."""
        from whisker_sync.daemon.process import start

        began = time.perf_counter()
        options = ["--interface", LOOPBACK]
        self.pid = start(self.layout, options, {"WHISKER_HOME": str(self.home)})["pid"]
        return time.perf_counter() - began

    def stop(self) -> None:
        """Stop the daemon."""
        from whisker_sync.daemon.process import stop
        from whisker_sync.errors import DaemonError

        with suppress(DaemonError):
            stop(self.layout)
        self.pid = None

    async def ask(self, what: str, **more: Any) -> dict[str, Any]:
        """Ask the daemon."""
        from whisker_sync.daemon.control import ask

        answer = await ask(self.layout, {"do": what, "seconds": SECONDS, **more})
        if answer.get("timeout") or answer.get("offline"):
            raise Failed(f"{self.name} does not meet anybody; is multicast switched off on lo?")
        return answer

    def read(self, file: str) -> str:
        """A file as it is on disk; empty if it is not there."""
        with suppress(FileNotFoundError):
            return (self.folder / file).read_text("utf-8")
        return ""

    def change(self, file: str, old: str, new: str) -> None:
        """Edit a file as an editor does: written beside and moved into place."""
        text = self.read(file)
        if old not in text:
            raise Failed(f"{file} of {self.name} does not say {old!r}")
        beside = self.folder / f"{file}.tmp"
        beside.write_text(text.replace(old, new), "utf-8")
        beside.replace(self.folder / file)

    def files(self) -> dict[str, bytes]:
        """All files, by name."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and not name.startswith(".whisker/"):
                found[name] = path.read_bytes()
        return found


async def _play(place: Path, show: Show) -> int:
    ada, bob = Author(place, "Ada"), Author(place, "Bob")
    began = time.perf_counter()
    try:
        await _begin(ada, show)
        await _meet(ada, bob, show)
        await _write_together(ada, bob, show)
        await _write_apart(ada, bob, show)
        return await _compare(ada, bob, show, began)
    finally:
        for author in (ada, bob):
            if author.pid is not None:
                await asyncio.to_thread(author.stop)


async def _begin(ada: Author, show: Show) -> None:
    from whisker_sync.api.settings import load_user, make_workspace

    show.scene("Ada has a story.")
    with as_file(files("whisker_sync.cli") / "sample") as sample:
        shutil.copytree(sample, ada.folder)
    user = load_user(ada.home, person="Ada")
    ada.layout = make_workspace(ada.folder, "The Keeper's Ledger", user)
    passages = sum(text.count(b"\n:: ") + 1 for name, text in ada.files().items() if "twee" in name)
    show.tell(f"{len(ada.files())} files in a folder, {passages} passages, two pictures.")
    seconds = await asyncio.to_thread(ada.start)
    show.tell("Her machine keeps the folder in sync from now on.", "start", seconds * 1000)


async def _meet(ada: Author, bob: Author, show: Show) -> None:
    from whisker_sync.api.joining import Admission, InvitationLink, ask_to_join
    from whisker_sync.api.settings import join_workspace, load_user

    show.scene("She invites Bob, who has nothing yet.")
    link = (await ada.ask("invite"))["link"]
    show.quote(f"whisker join '{link[:34]}...'")
    user = load_user(bob.home, person="Bob")
    # Without the addresses in the link: he has to find her.
    invitation = replace(InvitationLink.parse(link), addresses=())
    began = time.perf_counter()

    async def asked(host: Host) -> bool:
        show.tell("He finds her, by mDNS; she proves that she invited him.", "found", _ms(began))
        show.quote(f"fingerprint of {host.name}: {host.fingerprint}")
        return True

    admission, _ = await asyncio.gather(
        ask_to_join(invitation, user, interface=LOOPBACK, asked=asked, seconds=SECONDS),
        _let_in(ada, show),
    )
    assert isinstance(admission, Admission)  # the link names no relay
    title, papers, where = admission.host.title, admission.papers, admission.address
    bob.layout = join_workspace(bob.folder, title, papers, (where,))
    began = time.perf_counter()
    await asyncio.to_thread(bob.start)
    await bob.ask("meet")
    await _until(lambda: ada.files() == bob.files())
    show.tell("Bob has the whole story, byte for byte.", "first_sync", _ms(began))


async def _let_in(ada: Author, show: Show) -> None:
    """Wait until somebody asks to be let in, and confirm them, as she would after a look."""
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(SECONDS):
        while not any(offer["waiting"] for offer in seen):
            seen = (await ada.ask("guests", seen=seen))["offers"]
    guest = next(offer["waiting"][0] for offer in seen if offer["waiting"])
    await ada.ask("confirm", who=guest["fingerprint"])
    show.tell(f"{guest['name']} asks to be let in; she reads the fingerprint, and says yes.")
    show.quote(f"fingerprint of {guest['name']}: {guest['fingerprint']}")


async def _write_together(ada: Author, bob: Author, show: Show) -> None:
    show.scene("They write.")
    line = "like people who would rather not watch"
    began = time.perf_counter()
    ada.change("start.twee", line, "like people who have seen this before")
    await _until(lambda: "seen this before" in bob.read("start.twee"))
    show.tell("Ada saves a sentence; it is in Bob's file.", "edit", _ms(began))

    began = time.perf_counter()
    bob.change("house.twee", "full and cold", "full, and cold, and polished")
    ada.change("house.twee", "telling the time to nobody", "telling nobody the time")
    await _until(
        lambda: all(
            "polished" in author.read("house.twee")
            and "nobody the time" in author.read("house.twee")
            for author in (ada, bob)
        )
    )
    show.tell("Both save the same passage at once; both keep both.", "both", _ms(began))
    show.quote(_line(ada.read("house.twee"), "A cup, a plate"))


async def _write_apart(ada: Author, bob: Author, show: Show) -> None:
    show.scene("Bob takes a train. Both go on writing.")
    await asyncio.to_thread(bob.stop)
    bob.change("sea.twee", "Feed the gulls", "Feed the gulls, a little")
    bob.change(
        "tower.twee",
        "as patient as furniture",
        "as patient as a piano in a house without children",
    )
    ada.change("tower.twee", ":: The Telescope [tower]", ":: The Brass Telescope [tower]")
    ada.change("tower.twee", "taller than you and", "taller than you, and dustless, and")
    ada.change(
        "tower.twee",
        "[[Look through the telescope->The Telescope]]",
        "[[Look through the telescope->The Brass Telescope]]",
    )
    (ada.folder / "notes.txt").write_text("Does the umbrella need a passage?\n", "utf-8")
    show.tell("Bob rewrites the lamp and the gulls.")
    show.tell("Ada renames a passage, edits the same sentence, and leaves a note.")

    show.scene("He comes back.")
    await ada.ask("status")
    await asyncio.to_thread(bob.start)
    began = time.perf_counter()
    await bob.ask("meet")
    await _until(lambda: ada.files() == bob.files() and "notes.txt" in bob.files())
    show.tell("Everything is merged, on both sides.", "merged", _ms(began))
    show.quote(_line(bob.read("tower.twee"), "Glass on all sides"))


async def _compare(ada: Author, bob: Author, show: Show, began: float) -> int:
    await ada.ask("now")
    one, other = await ada.ask("status"), await bob.ask("status")
    merged = bob.read("tower.twee") + bob.read("sea.twee")
    words = ("dustless", "piano", "Brass Telescope", "a little")
    same = ada.files() == bob.files() and one["digest"] == other["digest"]
    whole = all(word in merged for word in words)
    seconds = time.perf_counter() - began
    OUTPUT.data({**show.facts, "seconds": round(seconds, 1), "identical": same and whole})
    if not (same and whole):
        OUTPUT.problem("the two folders are not the same; that is a bug, please report it", 1)
        return 1
    show.scene("Both folders are identical, byte for byte, and no word was lost.")
    OUTPUT.say(f"All of it took {seconds:.1f} seconds. Your own story: whisker init")
    return 0


async def _until(condition: Callable[[], bool]) -> None:
    """Look at files until something is so, as an author would, only more often."""
    try:
        async with asyncio.timeout(SECONDS):
            while not condition():  # noqa: ASYNC110 - the files change in other processes
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise Failed(f"nothing happened for {SECONDS:.0f} seconds; that is a bug") from None


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _line(text: str, begins: str) -> str:
    return next((line for line in text.split("\n") if line.startswith(begins)), "")
