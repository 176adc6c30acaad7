"""
The IFID of a story: what archives of interactive fiction know it by.

In Twee it is a UUID of version 4 in upper case; HTML allows more
(Treaty of Babel, revision 11: 8 to 63 of ``A-Z``, ``0-9`` and ``-``).
"""

from __future__ import annotations

import hashlib
import re

_IFID = re.compile(r"[A-Z0-9-]{8,63}")


def is_ifid(text: str) -> bool:
    """Tell whether a text can be an IFID."""
    return bool(_IFID.fullmatch(text))


def ifid_of(seed: bytes) -> str:
    """
    Return an IFID for a story that has none, always the same from the same bytes.

    So all who build one workspace build one story, and nobody has to write to its files.
    """
    digits = bytearray(hashlib.sha256(b"whisker ifid\0" + seed).digest()[:16])
    digits[6] = digits[6] & 0x0F | 0x40
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex().upper()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
