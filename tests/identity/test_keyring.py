"""Tests for :mod:`whisker_sync.identity.keyring`."""

from __future__ import annotations

from tests.identity.people import admitted, drawn, folded, founded, removed, someone, told
from whisker_sync.identity import acts
from whisker_sync.identity.keyring import key_ring
from whisker_sync.identity.papers import Papers

ADA, BO, CY = (someone(name) for name in ("Ada", "Bo", "Cy"))
FIRST = drawn("epoch 1")


def three() -> Papers:
    """Ada's story, with Bo and Cy, who have its key."""
    papers = folded(admitted(founded(ADA, FIRST), ADA, BO, CY), ADA)
    return acts.reseal(papers, FIRST)


def test_every_member_sends_with_the_same_key() -> None:
    rings = [key_ring(three(), one.key) for one in (ADA, BO, CY)]
    assert {ring.key for ring in rings} == {FIRST}
    assert {ring.epoch.number for ring in rings} == {1}


def test_after_a_removal_there_is_a_new_key_and_the_old_one_stays_readable() -> None:
    papers = removed(three(), ADA, CY, fresh="second")
    ring = key_ring(papers, BO.key)
    assert ring.epoch.number == 2
    assert ring.keys == (drawn("second"), FIRST)
    assert ring.key == drawn("second")
    assert ring.tips == tuple(papers.tips)


def test_who_was_removed_keeps_what_they_had_and_gets_nothing_new() -> None:
    ring = key_ring(removed(three(), ADA, CY, fresh="second"), CY.key)
    assert ring.key is None
    assert FIRST in ring.keys
    assert drawn("second") not in ring.keys


def test_of_two_keys_of_one_epoch_both_are_readable_and_one_sends() -> None:
    papers = three()
    papers = acts.change_role(papers, ADA.key, [BO.device], papers.membership.owners[0].role, FIRST)
    one = removed(papers, ADA, CY, fresh="by Ada")
    other = removed(papers, BO, CY, fresh="by Bo")
    rings = [key_ring(told(one, other), who.key) for who in (ADA, BO)]
    assert {frozenset(ring.keys) for ring in rings} == {
        frozenset({FIRST, drawn("by Ada"), drawn("by Bo")})
    }
    assert len({ring.key for ring in rings}) == 1


def test_a_key_ring_does_not_show_its_keys() -> None:
    assert FIRST.hex() not in repr(key_ring(three(), ADA.key))
    assert repr(FIRST) not in repr(key_ring(three(), ADA.key))
