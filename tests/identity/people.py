"""People and their devices for tests about who belongs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from whisker_sync.identity import acts
from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role
from whisker_sync.ids import DeviceId, WorkspaceId
from whisker_sync.testing.people import sealer

WORKSPACE = WorkspaceId(b"a workspace's id")


def drawn(what: str) -> bytes:
    """32 bytes that are as good as drawn, and the same each time."""
    return hashlib.sha256(what.encode()).digest()


@dataclass(frozen=True)
class Someone:
    """A device of somebody."""

    key: DeviceKey
    card: Card

    @property
    def device(self) -> DeviceId:
        return self.key.device


def someone(person: str, device: str = "laptop") -> Someone:
    """The device of a person; the same each time."""
    key = DeviceKey(drawn(f"{person}'s {device}"))
    return Someone(key, Card.issue(key, device, PersonId(drawn(person)[:16]), person, 0))


def founded(by: Someone, epoch_key: bytes = drawn("epoch 1")) -> Papers:
    """A workspace of one."""
    return acts.found(by.key, WORKSPACE, by.card, epoch_key, sealer=sealer)


def admitted(papers: Papers, by: Someone, *who: Someone, role: Role = Role.WRITER) -> Papers:
    """The papers when some more have tickets."""
    for one in who:
        papers = acts.admit(papers, by.key, one.card, role)
    return papers


def folded(papers: Papers, by: Someone, fresh: str = "fresh") -> Papers:
    """The papers when an owner answered all that was open."""
    return acts.fold(papers, by.key, drawn(fresh), sealer=sealer)


def removed(papers: Papers, by: Someone, *who: Someone, fresh: str = "") -> Papers:
    """The papers when an owner removed some."""
    key = drawn(fresh or f"without {[one.device for one in who]} by {by.device!r}")
    return acts.remove(papers, by.key, [one.device for one in who], key, sealer=sealer)


def given(papers: Papers, by: Someone, role: Role, *who: Someone) -> Papers:
    """The papers when an owner gave some another role."""
    devices = [one.device for one in who]
    return acts.change_role(papers, by.key, devices, role, drawn("given"), sealer=sealer)


def told(papers: Papers, *others: Papers) -> Papers:
    """The papers when others told all they have, as bytes."""
    for other in others:
        papers = papers.take(Evidence.decode(other.news(papers.tips).encode()))
    return papers


def names(papers: Papers) -> list[str]:
    """Who belongs, by the names of persons."""
    return [member.card.person_name for member in papers.membership.members]


def owners(papers: Papers) -> list[str]:
    """Who may remove, by the names of persons."""
    return [member.card.person_name for member in papers.membership.owners]
