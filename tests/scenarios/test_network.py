"""A network that is not there when everything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lan.lab import Lab, why_not
from tests.lan.test_lan import Host, equal, until

REASON = why_not()
pytestmark = [
    pytest.mark.lan,
    pytest.mark.timeout(240),
    pytest.mark.skipif(REASON is not None, reason=REASON or ""),
]


def test_who_starts_without_a_network_meets_the_others_when_there_is_one(tmp_path: Path) -> None:
    lab = Lab(2)
    try:
        one = Host(lab, 1, tmp_path, None)
        other = Host(lab, 2, tmp_path, one)
        one.save("cave.twee", ":: Cave\nIt is dark.\n")
        for host in (one, other):
            lab.unplug(host.number)
            host.start()
        other.save("lake.twee", ":: Lake\nDeep.\n")
        assert not other.read("cave.twee")
        for host in (one, other):
            lab.plug(host.number)
        took = until(lambda: equal(one, other) and len(one.files) == 2)
        print(f"\nthe network came, and they were the same after {took:.2f} s")
    finally:
        lab.close()
