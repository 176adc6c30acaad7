"""
The vectors of the roster's reference, ``docs/reference/roster-vectors.json``.

They change only with the format of the papers: a red test here means that devices of
today would not believe what those of yesterday signed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from whisker_sync.errors import MalformedPaper
from whisker_sync.identity.card import Card
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.recovery import RecoveryKey
from whisker_sync.identity.roster import Departure, Entry, Notice, Ticket
from whisker_sync.identity.seals import Seal
from whisker_sync.ids import WorkspaceId

VECTORS = json.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "roster-vectors.json").read_text("utf-8")
)
WORKSPACE = WorkspaceId(bytes.fromhex(VECTORS["workspace"]))
SIGNED = {name: words for name, words in VECTORS["papers"].items() if not name.endswith("hash")}


@pytest.mark.parametrize("words", VECTORS["devices"], ids=lambda words: words["person"])
def test_keys_and_cards_are_as_the_reference_says(words: dict[str, str]) -> None:
    key = DeviceKey.load(bytes.fromhex(words["seed"]))
    assert key.public.hex() == words["public"]
    assert key.box.hex() == words["box"]
    assert key.device.hex() == words["device"]
    assert key.fingerprint == words["fingerprint"]
    card = Card.decode(bytes.fromhex(words["card"]))
    assert card.person_name == words["person"]
    assert card.encode().hex() == words["card"]
    mine = Card.issue(key, card.device_name, card.person, card.person_name, card.created)
    assert mine == card


def test_the_words_of_recovery_are_as_the_reference_says() -> None:
    words = VECTORS["recovery"]
    key = RecoveryKey(bytes.fromhex(words["entropy"]))
    assert key.words() == words["words"]
    assert key.public.hex() == words["public"]
    assert RecoveryKey.from_words(words["words"]).public == key.public


@pytest.mark.parametrize(
    ("kind", "decode"),
    [
        ("ticket", Ticket.decode),
        ("departure", Departure.decode),
        ("notice", Notice.decode),
        ("entry", Entry.decode),
    ],
)
def test_each_paper_is_as_the_reference_says(kind: str, decode: Callable[[bytes], Any]) -> None:
    paper = decode(bytes.fromhex(SIGNED[kind]))
    assert paper.encoded.hex() == SIGNED[kind]
    if f"{kind} hash" in VECTORS["papers"]:
        assert paper.hash.hex() == VECTORS["papers"][f"{kind} hash"]


def test_the_sealed_key_opens() -> None:
    seal = Seal.decode(bytes.fromhex(SIGNED["seal"]))
    assert seal.encode().hex() == SIGNED["seal"]
    (key,) = (
        DeviceKey.load(bytes.fromhex(words["seed"]))
        for words in VECTORS["devices"]
        if words["device"] == seal.device.hex()
    )
    assert seal.open(WORKSPACE, key) == bytes.fromhex(SIGNED["sealed key"])


@pytest.mark.parametrize("name", VECTORS["memberships"])
def test_each_bundle_means_what_the_reference_says(name: str) -> None:
    words = VECTORS["memberships"][name]
    evidence = Evidence.decode(bytes.fromhex(words["evidence"]))
    papers = Papers.trust(evidence)
    assert papers.evidence().encode().hex() == words["evidence"]
    now = papers.membership
    assert {
        "evidence": words["evidence"],
        "version": now.version,
        "forked": now.forked,
        "must rotate": now.must_rotate,
        "members": [
            {
                "person": member.card.person_name,
                "role": member.role.name.lower(),
                "order": member.order,
                "pending": member.pending,
            }
            for member in now.members
        ],
        "removed": {device.hex(): version for device, version in now.removed.items()},
        "epoch": now.epoch.number,
        "commitment": now.epoch.commitment.hex(),
        "recovery": now.recovery.hex(),
    } == words


def test_a_roster_is_as_the_reference_says() -> None:
    found = {
        roster.hash.hex(): roster.encoded.hex()
        for words in VECTORS["memberships"].values()
        for roster in Evidence.decode(bytes.fromhex(words["evidence"])).rosters
    }
    assert found[VECTORS["papers"]["roster hash"]] == SIGNED["roster"]


@pytest.mark.parametrize("why", VECTORS["malformed"])
def test_each_malformed_bundle_is_refused(why: str) -> None:
    with pytest.raises(MalformedPaper):
        Evidence.decode(bytes.fromhex(VECTORS["malformed"][why]))
