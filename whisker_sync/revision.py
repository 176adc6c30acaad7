"""
What a save left of the passages that it touched, to look back at and to bring back.

A revision is a value that nobody changes any more. It is complete in itself: for each
passage it holds the text that the author began with and the text that was saved, so every
word that a save took away stands in the revision that took it, whatever becomes of others.
(The two texts are nearly the same, so compressed the first costs next to nothing.)

A revision is found by its content: its id is a hash of its bytes, and whoever holds the
same revision holds it under the same id. Bytes that are not exactly :attr:`Revision.encoded`
are no revision.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from whisker_sync.ids import DeviceId

REVISION_FORMAT = 1

MAX_REVISION = 16 << 20
"""Bytes of an encoded revision; a save of more than that is filed as several."""

MAX_VERSIONS = 10_000
"""Versions in one revision."""

MAX_TIME = 1 << 43
"""Milliseconds since 1970, in the year 2248: no clock is that wrong by chance."""

ID_BYTES = 16
"""Bytes of a revision's id."""

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Version:
    """One passage, or the text of a file outside of its passages, as a save left it."""

    id: str
    """The passage's id; of a file's own text the file's."""

    path: str
    """The file in which it stood; of what was removed, in which it had stood."""

    place: str
    """What orders the passages of a file; empty: text outside of passages."""

    name: str | None
    """The passage's name; None: text of the file outside of its passages."""

    text: str | None
    """What was saved, with its header line; None: it was removed, or is no text."""

    before: str | None
    """What the author began with; None: it was not there, or is no text."""

    @property
    def is_gone(self) -> bool:
        """Whether it was removed; of what is no text, the text before is empty then."""
        return self.text is None and self.before is not None


@dataclass(frozen=True, slots=True)
class Revision:
    """What one person did in one save; or, with a milestone, how the whole story stood."""

    person: str
    """What the author called themself."""

    device: DeviceId
    time: int
    """Milliseconds since 1970 on the author's clock."""

    milestone: str
    """The name that somebody gave to the whole story as it stood; empty: just a save."""

    versions: tuple[Version, ...]

    encoded: bytes = field(init=False, repr=False, compare=False)
    """Its one spelling, made once: compact JSON (RFC 8259) in UTF-8."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "encoded", _encode(self))

    @property
    def id(self) -> bytes:
        """The hash of its bytes, 16 bytes of SHA-256."""
        return id_of(self.encoded)

    @property
    def day(self) -> int:
        """Days since 1970, by the author's clock."""
        return self.time // DAY_MS


def _encode(revision: Revision) -> bytes:
    form = [
        REVISION_FORMAT,
        revision.person,
        revision.device.hex(),
        revision.time,
        revision.milestone,
        [[v.id, v.path, v.place, v.name, v.text, v.before] for v in revision.versions],
    ]
    return json.dumps(form, ensure_ascii=False, separators=(",", ":")).encode()


def id_of(encoded: bytes) -> bytes:
    """The id of the revision with these bytes."""
    return hashlib.sha256(encoded).digest()[:ID_BYTES]


def decode(encoded: bytes) -> Revision | None:
    """The revision in these bytes; None: they are none, or one of a format to come."""
    if len(encoded) > MAX_REVISION:
        return None
    try:
        form = json.loads(encoded)
        match form:
            case [1, str(person), str(device), int(time), str(milestone), [*versions]] if (
                type(time) is int and 0 <= time < MAX_TIME and len(versions) <= MAX_VERSIONS
            ):
                key = DeviceId(bytes.fromhex(device))
                revision = Revision(
                    person, key, time, milestone, tuple(_version(v) for v in versions)
                )
                return revision if len(key) == 32 and revision.encoded == encoded else None
            case _:
                return None
    except (ValueError, RecursionError):
        pass  # not JSON, not UTF-8, or half a character in it
    return None


def _version(form: object) -> Version:
    match form:
        case [
            str(id_),
            str(path),
            str(place),
            (None | str()) as name,
            (None | str()) as text,
            (None | str()) as before,
        ]:
            return Version(id_, path, place, name, text, before)
        case _:
            raise ValueError


def split(revision: Revision) -> tuple[Revision, ...]:
    """
    The same as revisions that are each within the limits, in order.

    What is too large by itself alone is left out: a text has a lower limit than a revision,
    so that does not happen.
    """
    is_small = 0 < len(revision.versions) <= MAX_VERSIONS
    if is_small and len(revision.encoded) <= MAX_REVISION:
        return (revision,)
    parts: list[Revision] = []
    rest = list(revision.versions)
    while rest:
        few: list[Version] = []
        room = MAX_REVISION - 4096
        while rest and len(few) < MAX_VERSIONS:
            room -= _weight(rest[0])
            if room < 0 and few:
                break
            few.append(rest.pop(0))
        parts.append(
            Revision(
                revision.person, revision.device, revision.time, revision.milestone, tuple(few)
            )
        )
    return tuple(part for part in parts if len(part.encoded) <= MAX_REVISION)


def _weight(version: Version) -> int:
    """Bytes of a version at most: six for each code point where JSON has to escape it."""
    texts = (version.text or "", version.before or "", version.path, version.name or "")
    return 128 + sum(len(json.dumps(text, ensure_ascii=False).encode()) for text in texts)
