"""
What the document says of a binary file, and what is done if two people changed it at once.

The register of a file names its newest content and, shortened, those it was made from. Of
two changes made at once one wins, as with every register. The device whose author lost
sees it: its own content is not among those that the winner was made from. Then it puts
its own beside, under a name that says whose it is and from when. Only that device does
so, so it is done once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from whisker_sync.chunks import MAX_WHOLE
from whisker_sync.document import Scalar
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.shadow import Picture

MAX_BEFORE = 8
"""Contents that a content says it was made from, the newest first."""

_SHORT = 8
_HASH = 32
_NOTHING = "-"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BESIDE = re.compile(
    r"(?P<stem>[^/]+) \((?P<who>[^/(),]+), "
    rf"(?P<when>\d{{1,2}} (?:{'|'.join(_MONTHS)}) \d\d\.\d\d)(?: \d{{1,3}})?\)(?P<ending>\.[^/.]+)?"
)


@dataclass(frozen=True, slots=True)
class Beside:
    """What the name of a file says that stands beside another one."""

    original: str
    """The path of the other one."""

    who: str
    """Whose it is, as far as a file's name can say it."""

    when: str
    """When it was saved, in UTC, like ``22 Nov 14.02``."""


def encode(picture: Picture) -> str:
    """The value of the register: SHA-256, size, list of chunks, what it was made from."""
    before = ",".join(each.hex() for each in picture.before)
    fields = [picture.sha256.hex(), str(picture.size), picture.list.hex(), before]
    return " ".join(field or _NOTHING for field in fields)


def decode(id_: str, value: Scalar) -> Picture | None:
    """What a register says; None: nothing that anybody of us would write."""
    if not isinstance(value, str):
        return None
    fields = ["" if field == _NOTHING else field for field in value.split(" ")]
    if len(fields) != 4:
        return None
    sha256, size, list_, before = fields
    try:
        picture = Picture(
            id_,
            bytes.fromhex(sha256),
            int(size),
            bytes.fromhex(list_),
            tuple(bytes.fromhex(each) for each in before.split(",") if each),
        )
    except ValueError:
        return None
    is_right = len(picture.sha256) == _HASH and picture.size >= 0
    is_right &= len(picture.list) == (_HASH if picture.size > MAX_WHOLE else 0)
    return picture if is_right and len(picture.before) <= MAX_BEFORE else None


def made_from(base: Picture, live: Picture | None) -> tuple[bytes, ...]:
    """What a content was made from whose author had ``base``."""
    earlier = live.before if live is not None and live.sha256 == base.sha256 else base.before
    return (base.sha256[:_SHORT], *earlier)[:MAX_BEFORE]


def is_lost(ours: Picture, theirs: Picture) -> bool:
    """Tell whether the author of what the document shows never saw what was saved here."""
    return ours.sha256 != theirs.sha256 and ours.sha256[:_SHORT] not in theirs.before


def name_beside(
    path: StoryPath, person: str, saved_at: int, is_taken: Callable[[StoryPath], bool]
) -> StoryPath:
    """
    Under which name a content stands beside another one: ``map (Ada, 22 Nov 14.02).png``.

    ``saved_at`` is in milliseconds since 1970; the name says it in UTC.
    """
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    who = name_of(person)
    mark = f"{who}, {when(saved_at)}"
    for number in range(1, 1000):
        again = f" {number}" if number > 1 else ""
        beside = StoryPath(f"{folder}{slash}{stem} ({mark}{again}){dot}{suffix}")
        if not is_taken(beside):
            break
    return beside


def read_beside(path: str) -> Beside | None:
    """What the name of a file says if it was made by :func:`name_beside`; None: it was not."""
    folder, slash, name = path.rpartition("/")
    match = _BESIDE.fullmatch(name)
    if match is None:
        return None
    original = f"{folder}{slash}{match['stem']}{match['ending'] or ''}"
    return Beside(original, match["who"], match["when"])


def name_of(person: str) -> str:
    """A person's name as it stands in that of a file."""
    who = "".join(c if c.isalnum() or c in " -_" else "_" for c in person)[:40].strip()
    return who or "somebody"


def unclaimed(picture: Picture, id_: str) -> Picture:
    """The same, as what is on disk and is nobody's loss any more."""
    return replace(picture, id=id_, saved_at=0)


def when(milliseconds: int) -> str:
    """
    Day and time in UTC, like ``22 Nov 14.02``.

    By the calendar of Gregory, counted from 1 March of the year 0.
    """
    minutes = milliseconds // 60_000
    days, minute = divmod(minutes, 24 * 60)
    days += 719_468
    day_of_era = days % 146_097
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = _MONTHS[(shifted + 2) % 12]
    return f"{day} {month} {minute // 60:02}.{minute % 60:02}"
