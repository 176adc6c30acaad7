"""
Who belongs, for people: found by name, and told as JSON.

Fields are only ever added to what :func:`report` says.
"""

from __future__ import annotations

from typing import Any

from whisker_sync.errors import NotEntitled
from whisker_sync.identity.keys import fingerprint
from whisker_sync.identity.membership import Member, Membership, Person
from whisker_sync.ids import DeviceId


def report(membership: Membership, us: DeviceId) -> dict[str, Any]:
    """Everybody, as JSON says it; ``us`` is our own device."""
    return {
        "version": membership.version,
        "forked": membership.forked,
        "recovery": bool(membership.recovery),
        "owner_devices": len(membership.owners),
        "people": [_person(person, us) for person in membership.persons],
    }


def _person(person: Person, us: DeviceId) -> dict[str, Any]:
    return {
        "name": person.name,
        "role": person.role.name.lower(),
        "me": any(member.device == us for member in person.devices),
        "devices": [
            {
                "id": member.device.hex(),
                "fingerprint": fingerprint(member.device),
                "name": member.card.device_name,
                "role": member.role.name.lower(),
                "this": member.device == us,
                "pending": member.pending,
            }
            for member in person.devices
        ],
    }


def find_person(membership: Membership, text: str) -> Person:
    """
    The person who is meant by a name, or by the fingerprint of one of their devices.

    Raises:
        NotEntitled: Nobody is, or several are.
    """
    asked = text.strip().casefold()
    found = [
        person
        for person in membership.persons
        if person.name.casefold() == asked
        or any(fingerprint(member.device).casefold() == asked for member in person.devices)
    ]
    match found:
        case [person]:
            return person
        case []:
            raise NotEntitled(f"nobody called {text.strip()[:64]!r} is a member")
        case _:
            raise NotEntitled(
                f"{len(found)} members are called {text.strip()[:64]!r}; "
                "say which by the fingerprint that “whisker members” shows"
            )


def find_devices(person: Person, text: str | None) -> tuple[Member, ...]:
    """
    The devices of a person, or the one that is meant by a name or fingerprint.

    Raises:
        NotEntitled: None is, or several are.
    """
    if text is None:
        return person.devices
    asked = text.strip().casefold()
    found = tuple(
        member
        for member in person.devices
        if asked in {member.card.device_name.casefold(), fingerprint(member.device).casefold()}
    )
    if len(found) == 1:
        return found
    if found:
        raise NotEntitled(
            f"{len(found)} devices of {person.name} are called {text.strip()[:64]!r}; "
            "say which by the fingerprint that “whisker members” shows"
        )
    raise NotEntitled(f"{person.name} has no device called {text.strip()[:64]!r}")
