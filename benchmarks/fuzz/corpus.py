"""
The kept corpus: inputs that once were interesting, one directory for each decoder.

A file's name begins with what the decoder must say of it, ``accepted-`` or ``refused-``.
What fuzzing finds is added here when it is mended: it is where new cases begin from.
"""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
KEPT = CHECKOUT / "tests" / "fuzz" / "corpus"


def kept(decoder: str) -> dict[str, bytes]:
    """The kept inputs of a decoder, by name."""
    return {path.name: path.read_bytes() for path in sorted((KEPT / decoder).glob("*.bin"))}
