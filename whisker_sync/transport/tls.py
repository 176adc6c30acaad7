"""
The encryption of every connection: TLS 1.3, with a certificate that names nobody.

Rule 1: a certificate is never a reason to trust. It is made anew at each start, says
nothing about who made it, and is only there to be pointed at: its hash, the *binding*,
goes into what both sides prove to each other afterwards. Whoever sits between two
devices shows a certificate of their own, and the proofs do not fit.

Rule 2: no private key stays in a file. The library takes one from nowhere else, so it
is there for a moment, in a directory that is nobody else's and under a random password.

How it works: the dialled side presents the certificate; the dialling side takes any. It
is valid for ever, because clocks may be wrong. Nothing is resumed, so each connection
has keys of its own. Whoever does not speak our ALPN protocol is not spoken with.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import ssl
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

ALPN = "whisker/1"
"""What both sides call the protocol within TLS."""

NAME = "w.invalid"
"""The name of every server: there has to be one, and it must not tell anything."""

BINDING_BYTES = 32
"""Bytes of a binding."""

PASSWORD_BYTES = 32
"""Randomness in the password of the file that exists for a moment."""

_VALID = datetime(2020, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def server() -> tuple[ssl.SSLContext, bytes]:
    """
    What dialled connections are encrypted with, and the binding that all of them have.

    Raises:
        OSError: There is no room for a file of two kilobytes.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.set_alpn_protocols([ALPN])
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key)
    password = secrets.token_hex(PASSWORD_BYTES).encode()
    pem = certificate.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password)
    )
    with tempfile.TemporaryDirectory(prefix="whisker-") as directory:  # mode 0700
        file = Path(directory) / "pem"
        file.write_bytes(pem)
        context.load_cert_chain(file, password=password)
    return context, _binding(certificate.public_bytes(Encoding.DER))


@cache
def client() -> ssl.SSLContext:
    """What connections that we dial are encrypted with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([ALPN])
    return context


def speaks_ours(transport: asyncio.BaseTransport) -> bool:
    """Whether the other side of an encrypted connection is there for this protocol."""
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    return tls is not None and tls.selected_alpn_protocol() == ALPN


def binding_of(transport: asyncio.BaseTransport) -> bytes:
    """The binding of an encrypted connection that we dialled: 32 bytes."""
    tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
    certificate = tls.getpeercert(binary_form=True)
    assert certificate is not None  # without one there is no TLS 1.3
    return _binding(certificate)


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    number = x509.random_serial_number()
    builder = x509.CertificateBuilder(name, name, key.public_key(), number, *_VALID)
    return builder.sign(key, SHA256())


def _binding(certificate: bytes) -> bytes:
    return hashlib.sha256(certificate).digest()
