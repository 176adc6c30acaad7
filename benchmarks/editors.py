"""
Two authors with bad habits: is every word they type still somewhere?

    python -m benchmarks.editors [--rounds N] [--seed S] [--phases N]

Two daemons on loopback, as ``whisker sync start`` starts them, keep two folders the same.
In each folder an author works in a thread: types, deletes, cuts here and pastes there,
renames, makes files and passages, and often saves what was opened long ago. Files are
saved in the five ways in which editors do it:

* in place: emptied, then written;
* by an atomic rename of a file written beside;
* by a backup: the old file gets another name, then a new one is written;
* by deleting the old file and making a new one;
* in pieces: opened, and written bit by bit.

After each phase both folders must be equal, and each word that was ever saved must be in
the files, in the trash of either side, or in the history. A word is unique, so lost and
doubled ones are counted exactly. Only where the two have formatted a passage in opposite ways
again and again, which ``whisker conflicts`` lists, blanks may differ in that file. Exit code
1: a word is nowhere, or the folders differ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.admission import let_in
from whisker_sync.daemon.control import ask
from whisker_sync.daemon.process import start, stop
from whisker_sync.folder.trash import Trash
from whisker_sync.node.settings import load_user, make_workspace
from whisker_sync.revision import decode
from whisker_sync.store.journal import Journal
from whisker_sync.store.layout import Layout

HERE = "127.0.0.1"
WORD = re.compile(r"w[ab]\d+z")
NAMES = ("ada", "bob")
SECONDS = 120.0
"""How long two daemons may take to agree after a phase."""

PAUSES = (0.005, 0.08)
"""How many seconds an author does nothing between two things; of a file that is replaced within a
millisecond nobody knows what it held."""


# Editors.


def in_place(path: Path, content: bytes, _: Random) -> None:
    """Save as Notepad and many small editors do."""
    with path.open("wb") as file:
        file.write(content)


def by_rename(path: Path, content: bytes, _: Random) -> None:
    """Save as gedit, JetBrains and most programs with care do."""
    beside = path.with_name(f".{path.name}.tmp")
    beside.write_bytes(content)
    beside.replace(path)


def by_backup(path: Path, content: bytes, _: Random) -> None:
    """Save as vim and Emacs may."""
    backup = path.with_name(path.name + "~")
    if path.exists():
        path.replace(backup)
    path.write_bytes(content)
    backup.unlink(missing_ok=True)


def by_deleting(path: Path, content: bytes, _: Random) -> None:
    """Save as careless programs do."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def in_pieces(path: Path, content: bytes, dice: Random) -> None:
    """Save as scripts, and programs on a slow disk, do."""
    cuts = sorted(dice.randrange(len(content) + 1) for _ in range(3))
    with path.open("wb", buffering=0) as file:
        for begin, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
            file.write(content[begin:end])
            time.sleep(dice.uniform(0, 0.02))


EDITORS: tuple[Callable[[Path, bytes, Random], None], ...] = (
    in_place, by_rename, by_backup, by_deleting, in_pieces,
)  # fmt: skip


# Authors.


@dataclass
class Author:
    """Somebody who works in a folder, and remembers what they opened."""

    name: str
    root: Path
    dice: Random
    words: set[str] = field(default_factory=set)
    """Those that were saved."""

    open: dict[str, str] = field(default_factory=dict)
    clipboard: str = ""
    done: Counter[str] = field(default_factory=Counter)
    count: int = 0
    fresh: set[str] = field(default_factory=set)
    """Words typed and not saved yet."""

    diary: list[str] = field(default_factory=list)
    """What was done to which file, to be told when something is lost."""

    def note(self, name: str, what: str) -> None:
        """Write down what was done to a file."""
        self.diary.append(f"{time.time():.3f} {self.name} {name}: {what}")

    def word(self) -> str:
        """A word that nobody else types."""
        self.count += 1
        word = f"w{self.name[0]}{self.count}z"
        self.fresh.add(word)
        return word

    def sentence(self) -> str:
        """A sentence with some of them."""
        words = [self.word() for _ in range(self.dice.randint(1, 4))]
        return f"Then {' and '.join(words)} came."

    def act(self) -> None:
        """Do one thing, on one or two files."""
        what = self.dice.choices(
            ("edit", "stale", "move", "rename", "passage", "file", "delete", "reload"),
            (40, 15, 10, 5, 12, 3, 8, 7),
        )[0]
        files = sorted(path.name for path in self.root.glob("*.twee"))
        if not files:
            what = "file"
        self.done[what] += 1
        match what:
            case "file":
                self.save(f"{self.name}-{self.count}.twee", f":: Room {self.word()}\nNew.\n")
            case "rename":
                self.rename(self.dice.choice(files))
            case "reload":
                self.open.clear()
            case "stale":
                self.edit(self.dice.choice(sorted(self.open) or files), reload=False)
            case "move":
                self.move(files)
            case _:
                self.edit(self.dice.choice(files), what=what)

    def load(self, name: str, *, reload: bool = True) -> str | None:
        """What the editor shows: the file as it is, or as it was when it was opened."""
        if reload or name not in self.open:
            try:
                self.open[name] = (self.root / name).read_bytes().decode()
            except FileNotFoundError:
                self.open.pop(name, None)
        return self.open.get(name)

    def save(self, name: str, text: str) -> None:
        """Save with one of the editors."""
        self.open[name] = text
        editor = self.dice.choice(EDITORS)
        editor(self.root / name, text.encode(), self.dice)
        self.note(name, f"saved {editor.__name__} with {' '.join(sorted(self.fresh)) or 'no news'}")
        self.words |= self.fresh
        self.fresh = set()

    def edit(self, name: str, *, what: str = "edit", reload: bool = True) -> None:
        """Change a file in one place."""
        text = self.load(name, reload=reload)
        if text is None:
            return
        lines = text.split("\n")
        bodies = [i for i, line in enumerate(lines) if line and not line.startswith("::")]
        if what == "passage":
            lines += [f":: Room {self.word()} [new]", self.sentence(), ""]
        elif what == "delete" and bodies:
            del lines[self.dice.choice(bodies)]
        elif bodies and self.dice.random() < 0.5:
            at = self.dice.choice(bodies)
            words = lines[at].split(" ")
            words.insert(self.dice.randrange(len(words) + 1), self.word())
            lines[at] = " ".join(words)
        else:
            lines.insert(self.dice.randrange(1, len(lines) + 1), self.sentence())
        self.save(name, "\n".join(lines))

    def move(self, files: list[str]) -> None:
        """Cut a passage out of one file and paste it into another one, in either order."""
        source, target = self.dice.choice(files), self.dice.choice(files)
        text, other = self.load(source), self.load(target)
        if source == target or text is None or other is None:
            return
        passages = re.split(r"(?m)^(?=::)", text)
        if len(passages) < 3:
            return
        cut = passages.pop(self.dice.randrange(1, len(passages)))
        saves = [(source, "".join(passages)), (target, other.rstrip("\n") + "\n\n" + cut)]
        self.dice.shuffle(saves)
        for name, content in saves:
            self.save(name, content)
            time.sleep(self.dice.uniform(0, 0.05))

    def rename(self, name: str) -> None:
        """Give a file another name."""
        self.count += 1
        fresh = f"{self.name}-{self.count}-renamed.twee"
        try:
            (self.root / name).rename(self.root / fresh)
        except FileNotFoundError:
            return
        self.note(name, f"renamed to {fresh}")
        if name in self.open:
            self.open[fresh] = self.open.pop(name)


# The desk.


@dataclass
class Figures:
    """What was counted."""

    rounds: int = 0
    typed: int = 0
    in_files: int = 0
    in_trash: int = 0
    in_history: int = 0
    doubled: list[str] = field(default_factory=list)
    """Words that are in the files more than once; one time less than they are."""

    lost: set[str] = field(default_factory=set)
    formatted: list[str] = field(default_factory=list)
    """Files in which blanks differ, and may."""

    problems: list[str] = field(default_factory=list)

    def report(self) -> str:
        """One line."""
        kept = f"{self.in_files} in the files, {self.in_trash} only in the trash, "
        kept += f"{self.in_history} only in the history, {len(self.lost)} nowhere"
        line = f"{self.rounds} rounds, {self.typed} words saved: {kept}"
        line += f"; {len(self.doubled)} doubled"
        formatted = ", ".join(self.formatted)
        return f"{line}; formatted in two ways: {formatted}" if formatted else line


class Desk:
    """Two daemons, two folders, two authors."""

    def __init__(self, place: Path, seed: int) -> None:
        self.homes = [place / f"home-{name}" for name in NAMES]
        ada, bob = (
            load_user(home, person=name) for home, name in zip(self.homes, NAMES, strict=True)
        )
        one = make_workspace(place / NAMES[0], "Torture", ada)
        self.layouts = (one, let_in(ada, one, bob, place / NAMES[1]))
        dice = Random(seed)
        self.authors = [
            Author(name, layout.root, Random(dice.random()))
            for name, layout in zip(NAMES, self.layouts, strict=True)
        ]
        for i in range(6):
            rooms = "\n".join(f":: Room {i}-{j}\nA plain room.\n" for j in range(5))
            (one.root / f"part-{i}.twee").write_text(rooms)
        self.figures = Figures()

    def open(self) -> None:
        """Start both daemons."""
        for layout, home in zip(self.layouts, self.homes, strict=True):
            start(layout, ["--interface", HERE], {"WHISKER_HOME": str(home)})

    def close(self) -> None:
        """Stop them."""
        for layout in self.layouts:
            stop(layout)

    def ask(self, layout: Layout, **question: Any) -> dict[str, Any]:
        """Ask one of them something."""
        return asyncio.run(ask(layout, question))

    def phase(self, rounds: int) -> None:
        """Let both authors work, then wait until the folders are the same, and count."""

        def work(author: Author, count: int) -> None:
            for _ in range(count):
                author.act()
                time.sleep(author.dice.uniform(*PAUSES))

        shares = (rounds - rounds // 2, rounds // 2)
        threads = [
            threading.Thread(target=work, args=(author, share))
            for author, share in zip(self.authors, shares, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.figures.rounds += rounds
        self.agree()
        self.count()

    def agree(self) -> None:
        """Wait until both daemons say that all is the same."""
        until = time.monotonic() + SECONDS
        while True:
            for layout in self.layouts:
                said = self.ask(layout, do="now", seconds=SECONDS)
                if said.get("timeout") or said.get("offline"):
                    self.figures.problems.append(f"{layout.root.name} did not get in sync")
                    return
            if not (different := self.different()):
                return
            if self.only_formats(different):
                self.figures.formatted = different
                return
            if time.monotonic() > until:
                self.figures.problems.append("the folders differ: " + ", ".join(different))
                return
            time.sleep(0.1)

    def different(self) -> list[str]:
        """The names of files that are not the same."""
        one, other = (folder_of(layout.root) for layout in self.layouts)
        return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))

    def only_formats(self, different: Iterable[str]) -> bool:
        """Whether files differ in blanks only, and both devices say that they let that be."""
        one, other = (folder_of(layout.root) for layout in self.layouts)
        same = all(one.get(name, b"").split() == other.get(name, b"").split() for name in different)
        return same and {*different} <= {
            conflict["path"]
            for layout, home in zip(self.layouts, self.homes, strict=True)
            for conflict in conflicts(layout.root, home)
            if conflict["kind"] == "format"
        }

    def count(self) -> None:
        """See where each word is."""
        figures = self.figures
        typed = set().union(*(author.words for author in self.authors))
        files = Counter[str]()
        for content in folder_of(self.layouts[0].root).values():
            files.update(WORD.findall(content.decode(errors="replace")))
        missing = typed - files.keys()
        trash = missing & set(self.trashed()) if missing else set()
        missing -= trash
        history = missing & set(self.filed()) if missing else set()
        figures.typed, figures.in_files = len(typed), len(typed & files.keys())
        figures.in_trash, figures.in_history = len(trash), len(history)
        figures.doubled = sorted((files - Counter(dict.fromkeys(files, 1))).elements())
        figures.lost |= missing - history

    def trashed(self) -> Iterator[str]:
        """The words in the trash of both."""
        for layout in self.layouts:
            trash = Trash(layout.trash)
            for version in trash.versions():
                text = trash.place_of(version).read_bytes().decode(errors="replace")
                yield from WORD.findall(text)

    def filed(self) -> Iterator[str]:
        """Words of the history; a daemon has its journal for itself, so it is stopped."""
        self.close()
        for layout in self.layouts:
            journal = Journal.open(layout.journal, bytes(8))
            try:
                for encoded in journal.revisions(journal.recall().revisions):
                    revision = decode(encoded) if encoded is not None else None
                    for version in revision.versions if revision is not None else ():
                        yield from WORD.findall(f"{version.before} {version.text}")
            finally:
                journal.close()
        self.open()


def conflicts(root: Path, home: Path) -> list[dict[str, Any]]:
    """What ``whisker conflicts`` lists."""
    command = [sys.executable, "-m", "whisker_sync", "-C", str(root), "--json", "conflicts"]
    environment = {**os.environ, "WHISKER_HOME": str(home)}
    said = subprocess.run(command, env=environment, capture_output=True, check=True)
    listed: list[dict[str, Any]] = json.loads(said.stdout)["conflicts"]
    return listed


def folder_of(root: Path) -> dict[str, bytes]:
    """The author's files, by name."""
    return {path.name: path.read_bytes() for path in sorted(root.glob("*.twee"))}


def story_of(word: str, authors: list[Author]) -> Iterator[str]:
    """What was done to the file in which a word was saved, around that time."""
    entries = sorted(entry for author in authors for entry in author.diary)
    for at, entry in enumerate(entries):
        if word in entry.split():
            name = entry.split()[2]
            near = entries[max(0, at - 40) : at + 40]
            yield from (each for each in near if name in each or name.rstrip(":") in each)


def run(place: Path, *, rounds: int, phases: int, seed: int, say: Callable[[str], None]) -> Figures:
    """Torture two daemons; return what was counted."""
    desk = Desk(place, seed)
    desk.open()
    try:
        desk.agree()
        for i in range(phases):
            desk.phase(rounds // phases + (i < rounds % phases))
            say(f"phase {i + 1}: {desk.figures.report()}")
            if desk.figures.problems:
                break
    finally:
        desk.close()
    done = sum((author.done for author in desk.authors), Counter[str]())
    say(", ".join(f"{count} x {what}" for what, count in done.most_common()))
    for word in [*sorted(desk.figures.lost)[:3], *desk.figures.doubled[:3]]:
        say("\n".join([f"what happened around {word}:", *story_of(word, desk.authors)]))
    return desk.figures


def main() -> int:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--phases", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="work there, and leave everything there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = (arguments.keep or Path(directory)).absolute()
        figures = run(
            place,
            rounds=arguments.rounds,
            phases=arguments.phases,
            seed=arguments.seed,
            say=lambda line: print(line, flush=True),
        )
    for problem in figures.problems:
        print(f"VIOLATED: {problem}")
    if figures.lost:
        print(f"VIOLATED: {len(figures.lost)} words are nowhere: {sorted(figures.lost)[:20]}")
    return 1 if figures.problems or figures.lost else 0


if __name__ == "__main__":
    sys.exit(main())
