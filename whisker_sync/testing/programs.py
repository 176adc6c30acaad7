"""
Random programs: what somebody who embeds us does to their own documents.

They edit whatever the schemas of their world allow, so that nobody has to write edits for
a schema in order to see how it fares. What is inserted into texts are words that are
watched, as authors write them.
"""

from __future__ import annotations

from whisker_sync.document import Document, Edit, Kind, Root
from whisker_sync.manuscript.schema import STORY
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.words import WORD, Words

_EDITABLE = frozenset({Kind.TEXT, Kind.MAP, Kind.RECORDS})
_NAMES = "abc"


def scribble(machine: Machine, words: Words, root: int, place: int, what: int) -> None:
    """Make one edit of one document that is not the story, if the world has any."""
    places = [
        (name, each)
        for name, schema in sorted(machine.schemas.items())
        if name != STORY
        for each in schema.roots
        if each.kind in _EDITABLE
    ]
    if not machine.is_awake or not places:
        return
    name, chosen = places[root % len(places)]
    document, spelled = machine.document(name), _spelled(chosen, root // len(places))
    match chosen.kind:
        case Kind.TEXT if what % 4 == 0:
            _erase(machine, document, spelled, place, words)
        case Kind.TEXT:
            _insert(machine, document, spelled, place, words)
        case Kind.MAP:
            with machine.edit(name) as edit:
                edit.set(spelled, _NAMES[place % len(_NAMES)], what)
        case _:
            with machine.edit(name) as edit:
                _record(edit, document, spelled, place, what, words)


def _spelled(root: Root, number: int) -> str:
    """The name of a root, or one of those that begin alike."""
    return root.name.removesuffix("*") + (
        _NAMES[number % len(_NAMES)] if root.name.endswith("*") else ""
    )


def _insert(machine: Machine, document: Document, root: str, place: int, words: Words) -> None:
    word = words.fresh()
    starts = [match.start() for match in WORD.finditer(document.text(root))] or [0]
    with machine.edit(document.name, word) as edit:
        edit.insert(root, starts[place % len(starts)], f"{word} ")


def _erase(machine: Machine, document: Document, root: str, place: int, words: Words) -> None:
    found = list(WORD.finditer(document.text(root)))
    if not found:
        return
    word = found[place % len(found)]
    words.excuse([word.group()])
    with machine.edit(document.name) as edit:
        edit.delete(root, word.start(), len(word.group()) + 1)


def _record(edit: Edit, document: Document, root: str, place: int, what: int, words: Words) -> None:
    records = sorted(document.records(root))
    if not records or what % 3 == 0:
        edit.create(root, words.name(), {"what": what})
    else:
        edit.set_field(root, records[place % len(records)], "what", what)
