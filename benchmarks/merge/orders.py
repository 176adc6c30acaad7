"""
Raw updates in any order: gate and hold alone, without conversations that mend things.

Replicas of one document are edited and exchange some of their updates. Then a stranger
gets all updates shuffled, some twice and some not at all, and the rest by its state vector.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from random import Random

from whisker_sync.document import (
    Applied,
    Document,
    Hold,
    Kind,
    Nothing,
    NotReady,
    Root,
    Schema,
)

SCHEMA = Schema((Root("t", Kind.TEXT), Root("m", Kind.MAP), Root("r", Kind.RECORDS)))
WORD = re.compile(r"<\d+>")

KINDS = "iiiidskfhhu"
"""What a step does: insert, delete, set, create, change a field, hear, hear all over again."""

Step = tuple[str, int, int, int]
"""What is done, by whom, and two numbers that say where and what."""


class Replica:
    """A document that hears updates from others."""

    def __init__(self, client: int) -> None:
        self.document = Document("d", SCHEMA, client)
        self.hold: Hold[None] = Hold()
        self.heard = 0

    def hear(self, update: bytes) -> None:
        """Take an update, whether it is ready or not."""
        match self.document.merge(update, "others"):
            case NotReady(missing):
                self.hold.add(update, None, missing)
            case Applied():
                self.hold.release(self.document, "others")
            case outcome:
                assert outcome == Nothing()

    def catch_up(self, other: Replica) -> None:
        """Get everything from another replica that is not here."""
        self.hear(other.document.encode(self.document.state()))
        self.hold.release(self.document, "others")


class Writers:
    """Replicas that are edited, and what is known of every word."""

    def __init__(self, count: int) -> None:
        self.replicas = [Replica(client + 1) for client in range(count)]
        self.updates: list[bytes] = []
        self.words = 0
        self.erased: set[str] = set()
        self.made = 0

    def do(self, kind: str, who: int, a: int, b: int) -> None:
        """Let one replica be edited, or hear some of the updates."""
        replica = self.replicas[who % len(self.replicas)]
        document = replica.document
        text = document.text("t")
        places = [0, *(match.end() for match in WORD.finditer(text))]
        with document.edit("writer") as edit:
            match kind:
                case "i":
                    edit.insert("t", places[a % len(places)], f"<{self.words}>")
                    self.words += 1
                case "d" if len(places) > 1:
                    found = WORD.findall(text)
                    at = a % len(found)
                    edit.delete("t", places[at + 1] - len(found[at]), len(found[at]))
                    self.erased.add(found[at])
                case "s":
                    edit.set("m", f"key {a % 4}", b)
                case "k":
                    edit.create("r", f"{self.made:016x}", {"x": b})
                    self.made += 1
                case "f" if records := sorted(document.records("r")):
                    edit.set_field("r", records[a % len(records)], "xy"[b % 2], b)
                case "h":
                    for update in self.updates[replica.heard : replica.heard + 1 + b % 4]:
                        replica.hear(update)
                        replica.heard += 1
                case "u":
                    Random(a).shuffle(self.updates)
                    replica.heard = 0
                case _:
                    pass
        if edit.change is not None:
            self.updates.append(edit.change.update)


def random_steps(dice: Random) -> list[Step]:
    """What :func:`run` takes, from dice."""
    return [
        (dice.choice(KINDS), dice.randrange(6), dice.randrange(1 << 16), dice.randrange(1 << 16))
        for _ in range(dice.randint(20, 40))
    ]


def run(count: int, steps: Sequence[Step], seed: int) -> int:
    """
    Let ``count`` writers do these steps, then bring all of it to everybody; return the words.

    Raises:
        AssertionError: Somebody ended with something else.
    """
    dice = Random(seed)
    writers = Writers(count)
    for step in steps:
        writers.do(*step)
    stranger = Replica(1000)
    some = [update for update in writers.updates if dice.random() < 0.8]
    some += [update for update in some if dice.random() < 0.3]
    dice.shuffle(some)
    for update in some:
        stranger.hear(update)
    everybody = [stranger, *writers.replicas]
    for _ in range(2):
        for one, other in zip(everybody, everybody[1:] + everybody[:1], strict=True):
            other.catch_up(one)
    assert not any(len(replica.hold) for replica in everybody)
    digests = {replica.document.digest() for replica in everybody}
    assert len(digests) == 1
    found = Counter(WORD.findall(stranger.document.text("t")))
    expected = {f"<{word}>" for word in range(writers.words)} - writers.erased
    assert found == dict.fromkeys(expected, 1)
    return writers.words
