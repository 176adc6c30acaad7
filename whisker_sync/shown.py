"""
Which text can be shown as it is, on a terminal, in a log, beside other text.

Names and reasons come from other people's machines. A control character in one of them
could clear a screen, pretend to be another line of a log, or turn around what stands
beside it. So what comes from elsewhere is refused if it holds such a letter, and what is
printed has none.

The list is our own, because Python's tables grow with each version, and two devices that
judged one name differently would never agree.
"""

from __future__ import annotations

import re

_HIDDEN = (
    (0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160),
    (0x180B, 0x180F), (0x200B, 0x200B), (0x200E, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F),
    (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFDD0, 0xFDEF), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB), (0xFFFE, 0xFFFF), (0xE0000, 0xE0FFF),
)  # fmt: skip
"""Controls, signs that turn the direction of writing, breaks, fillers, and what is no character."""

_ANY = re.compile("[{}]".format("".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in _HIDDEN)))

_ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What acts on a terminal or turns around what follows; ends of lines and tabs may."""


def is_plain(text: str) -> bool:
    """Whether a name or a sentence holds nothing that changes how others look."""
    return _ANY.search(text) is None


def plain(text: str) -> str:
    """A name or a sentence without what changes how others look."""
    return _ANY.sub("", text)


def harmless(text: str) -> str:
    """Any text, with ``?`` for what would act on a terminal instead of being shown there."""
    return _ACTS.sub("?", text)
