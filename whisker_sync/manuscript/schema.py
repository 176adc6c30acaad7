r"""
A story as a CRDT document: which roots there are and what their registers mean.

Nothing nested is ever created under a name that two authors could both choose:
passages and files have ids that nobody else draws, everything else hangs on these. Nothing is
ever removed by name; what was deleted says so in a register, so that an edit
made elsewhere at the same time still finds its place.

================  ==================  ==================================================
root              key or register     value
================  ==================  ==================================================
``P``             passage id          a record of the registers below
..                ``at``              ``<file id> <order key>``, one value: a place is whole
..                ``n``               name, decoded
..                ``f:<name>``        1: a former name, to which links may still lead
..                ``t:<tag>``         1 or 0
..                ``m:<key>``         the author's JSON text of this value, or None
..                ``r``               raw header line: a template for spacing and order
..                ``g``               blank space after the body
..                ``h``               0: shown without header, behind its predecessor
..                ``d:<digest>``      1: deleted, as long as this is the content; or the id of a
                                      twin that tells the same, unless it is emptied for this
..                ``born``            who made it, for telling twins from copies
..                ``birth``           what it was then, for telling twins that changed since
..                ``as``              the passage that this one was a copy of
..                ``in``              the passage in whose text its words are; see stretches.py
``F``             ``<file id>/p``     path
..                ``<file id>/f:..``  1: a former path, under which an editor may still save it
..                ``<file id>/e``     line ends: ``\n``, ``\r\n``, ``\r``, ``raw``, ``html``
..                ``<file id>/b``     1: begins with a byte order mark
..                ``<file id>/a``     a binary file, without text: ``<sha256> <size> <list of
                                      chunks> <made from>``, see pictures.py
..                ``<file id>/s``     of a text that must be whole: its newest save, and
                                      what that was made from, shortened; see checked.py
..                ``<file id>/d:..``  1: deleted, as long as this is the digest of its own text
``b:<id>``                            body of a passage, and of those split off from it
``x:<id>``                            text of a file outside of its passages
================  ==================  ==================================================

A file's tombstones are a set, as a passage's are: in a single register the
record of somebody who deleted an old text would replace that of somebody who
had seen the newest, and the file would come back although both wanted it gone.
"""

from __future__ import annotations

import re
from hashlib import sha256
from random import Random

from whisker_sync.document import Kind, Root, Schema

PASSAGES = "P"
FILES = "F"
BODY = "b:"
OWN = "x:"

STORY = "story"
"""Name of the document that is shown as files."""

STORY_SCHEMA = Schema(
    (
        Root(PASSAGES, Kind.RECORDS),
        Root(FILES, Kind.MAP),
        Root(BODY + "*", Kind.TEXT),
        Root(OWN + "*", Kind.TEXT),
    )
)
"""What the document of a story may hold."""

PLACE = "at"
NAME = "n"
FORMER = "f:"
TAG = "t:"
METADATA = "m:"
HEADER = "r"
GAP = "g"
SHOWN = "h"
DELETED = "d:"
BORN = "born"
BIRTH = "birth"
COPY_OF = "as"
INSIDE = "in"

PATH = "p"
EOL = "e"
BOM = "b"
SAVED = "s"
ASSET = "a"

_ID = re.compile(r"[0-9a-f]{16}")


def fresh_id(dice: Random) -> str:
    """Return an id for a passage or a file that nobody else has drawn."""
    return f"{dice.getrandbits(64):016x}"


def common_id(path: str, segment: str) -> str:
    """Return the id of a passage that may come to other devices by another way."""
    return sha256(f"{path}\0{segment}".encode()).hexdigest()[:16]


def is_id(text: str) -> bool:
    """Tell whether this is spelled like an id."""
    return _ID.fullmatch(text) is not None
