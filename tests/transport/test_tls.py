"""Tests for :mod:`whisker_sync.transport.tls`."""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509

from whisker_sync.transport import tls


def joined(
    server: ssl.SSLContext, client: ssl.SSLContext | None = None
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Both ends of TLS, in memory, after their handshake."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    ours = (client or tls.client()).wrap_bio(to_client, to_server, server_hostname=tls.NAME)
    for _ in range(3):
        for end in (ours, theirs):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ours, theirs


def certificate(context: ssl.SSLContext) -> bytes:
    shown = joined(context)[0].getpeercert(binary_form=True)
    assert shown is not None
    return shown


def test_a_connection_is_tls_1_3_and_says_what_it_is_for() -> None:
    for end in joined(tls.server()[0]):
        assert end.version() == "TLSv1.3"
        assert end.selected_alpn_protocol() == "whisker/1"


def test_the_binding_is_the_hash_of_the_certificate() -> None:
    context, binding = tls.server()
    assert binding == hashlib.sha256(certificate(context)).digest()
    assert len(binding) == tls.BINDING_BYTES


def test_each_start_has_another_certificate_that_names_nobody() -> None:
    shown = [x509.load_der_x509_certificate(certificate(tls.server()[0])) for _ in range(2)]
    assert shown[0].public_key() != shown[1].public_key()
    assert shown[0].serial_number != shown[1].serial_number
    for each in shown:
        assert each.subject.rfc4514_string() == each.issuer.rfc4514_string() == "CN=w.invalid"
        assert (each.not_valid_before_utc.year, each.not_valid_after_utc.year) == (2020, 9999)
        assert not list(each.extensions)


def test_nobody_can_use_an_older_tls() -> None:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        joined(tls.server()[0], client)


def test_nothing_can_be_resumed() -> None:
    ours, theirs = joined(tls.server()[0])
    theirs.write(b"x")
    assert ours.read() == b"x"  # tickets would have come before
    assert ours.session is None or not ours.session.has_ticket
    assert not ours.session_reused


def test_the_private_key_stays_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes, contents = [], []
    load = ssl.SSLContext.load_cert_chain

    def look(context: ssl.SSLContext, file: Path, password: bytes) -> None:
        modes.append(file.parent.stat().st_mode & 0o777)
        contents.append(file.read_bytes())
        load(context, file, password=password)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", look)
    tls.server()
    assert modes == [0o700]
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in contents[0]
    assert list(tmp_path.iterdir()) == []


def test_without_room_for_a_file_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(OSError, match="missing"):
        tls.server()
