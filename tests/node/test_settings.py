"""Tests for :mod:`whisker_sync.node.settings`: what users may have written into its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whisker_sync.errors import BadSettings
from whisker_sync.ids import Address
from whisker_sync.node.settings import (
    check_relay,
    load_config,
    load_local,
    parse_address,
    save_local,
)
from whisker_sync.store.layout import Layout

BAD = {
    "not TOML": b"port = ",
    "not UTF-8": b"peers = ['\xff']",
    "a number longer than Python reads": b"port = " + b"9" * 5000,
    "lists in lists in lists": b"peers = " + b"[" * 5000,
    "a flag for a port": b"port = true",
    "a port that is none": b"port = 65536",
    "a text for peers": b'peers = "name:1"',
    "less than nothing to fetch": b"fetch_up_to = -1",
    "a text for a number": b'fetch_up_to = "5"',
    "a peer without a port": b'peers = ["name"]',
    "a peer with half a bracket": b'peers = ["name]]:1"]',
    "a number for a relay": b"relay = 7",
    "a relay that is none": b'relay = "relay.example.org"',
    "a peer with a port longer than Python reads": b'peers = ["name:' + b"1" * 5000 + b'"]',
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.make(tmp_path / "story")


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_cannot_be_understood_is_named(layout: Layout, content: bytes) -> None:
    (layout.local / "local.toml").write_bytes(content)
    with pytest.raises(BadSettings, match=r"local\.toml"):
        load_local(layout)


@pytest.mark.parametrize("content", [b'id = "00"', b"id = 1", b"id = " + b"[" * 5000])
def test_a_workspace_without_an_id_is_named(layout: Layout, content: bytes) -> None:
    layout.config.write_bytes(content)
    with pytest.raises(BadSettings, match=r"config\.toml"):
        load_config(layout)


def test_what_the_user_wrote_besides_is_kept(layout: Layout) -> None:
    path = layout.local / "local.toml"
    path.write_text('# mine\npeers = ["name:1"] # hers\n[other]\nkey = 1\n')
    local = load_local(layout)
    save_local(layout, local)
    assert load_local(layout) == local
    assert "# mine" in path.read_text()
    assert "key = 1" in path.read_text()


hosts = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1)


@given(hosts, st.integers(1, 65535))
def test_an_address_is_read_as_it_is_written(host: str, port: int) -> None:
    address = Address(host, port)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "url",
    ["https://relay.example.org", "http://192.0.2.7:8080/mail", "http://[2001:db8::1]:80/a/b/"],
)
def test_the_address_of_a_relay_is_kept(layout: Layout, url: str) -> None:
    check_relay(url)
    save_local(layout, replace(load_local(layout), relay=url))
    assert load_local(layout).relay == url
    save_local(layout, replace(load_local(layout), relay=""))
    assert load_local(layout).relay == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example.org",
        "ftp://relay.example.org",
        "https://",
        "https://somebody@relay.example.org",
        "https://relay.example.org/?a=b",
        "https://relay.example.org/#a",
        "https://relay.example.org:99999",
        "https://relay.example.org/with blank",
        "https://relay.exämple.org",
        "https://relay.example.org/\n",
        "https://[::1",
    ],
)
def test_what_is_no_address_of_a_relay_is_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="is not an address like https"):
        check_relay(url)
