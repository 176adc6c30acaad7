"""The decoders under test, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from benchmarks.fuzz.target import Target
from benchmarks.fuzz.targets.files import Header, Text, Twee
from benchmarks.fuzz.targets.frames import Frame, Greeting, Parts
from benchmarks.fuzz.targets.journals import Database
from benchmarks.fuzz.targets.papers import Invited, Letters, Pairing, Paper
from benchmarks.fuzz.targets.relays import Pages, Snapshots, Stamps
from benchmarks.fuzz.targets.settings import Config, Local
from benchmarks.fuzz.targets.shadows import Note, Shadows
from benchmarks.fuzz.targets.stories import Format, Links, Page
from benchmarks.fuzz.targets.updates import Gate, State

TARGETS: Mapping[str, Callable[[], Target]] = {
    "gate": Gate,
    "state": State,
    "frame": Frame,
    "greeting": Greeting,
    "parts": Parts,
    "twee": Twee,
    "header": Header,
    "text": Text,
    "links": Links,
    "page": Page,
    "format": Format,
    "invited": Invited,
    "pairing": Pairing,
    "letters": Letters,
    "paper": Paper,
    "config": Config,
    "local": Local,
    "shadow": Shadows,
    "intent": Note,
    "journal": Database,
    "entries": Pages,
    "stamp": Stamps,
    "snapshot": Snapshots,
}
"""Makes the target of each decoder."""
