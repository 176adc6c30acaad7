"""
All references in a passage, and what has to be edited when a passage is renamed.

:func:`references` reads a text as its story format does; a format that we do not know is
read as Twine's editor reads it. :func:`relink` gives the edits for a rename, and only
edits after which every reference leads where it is meant to: where a name cannot be
written (``A|B`` in a link), the reference stays as it is, for the caller to report.
:func:`mentions` finds what may be a reference all the same: the name as a string in a
place that we do not understand, such as the arguments of an author's own macro.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from whisker_sync.story.links import brackets, chapbook, harlowe, snowman, sugarcube
from whisker_sync.story.links.reference import Reference, spell
from whisker_sync.text.edits import Splice, apply

MAX_TRIES = 64
"""How often a text is read again to find which references can hold a name; what has not been
found by then is left as it is."""

_Reader = Callable[[str], Iterator[Reference]]
_BRACKETS = re.compile(r"\[\[")


@dataclass(frozen=True, slots=True)
class _Grammar:
    """How a story format names passages."""

    passage: _Reader
    script: _Reader


def _only_links(text: str) -> Iterator[Reference]:
    at = 0
    while opener := _BRACKETS.search(text, at):
        at = opener.end()
        if link := brackets.twine(text, opener.start(), len(text)):
            reference, at = link
            if reference is not None:
                yield reference


def _nothing(_: str) -> Iterator[Reference]:
    return iter(())


_GRAMMARS = {
    "sugarcube": _Grammar(sugarcube.references, sugarcube.script),
    "harlowe": _Grammar(harlowe.references, _nothing),
    "chapbook": _Grammar(chapbook.references, chapbook.script),
    "snowman": _Grammar(snowman.references, snowman.script),
    "snowman 1": _Grammar(snowman.references_of_1, snowman.script),
}
_UNKNOWN = _Grammar(_only_links, _nothing)


def references(text: str, story_format: str | None, tags: Collection[str] = ()) -> list[Reference]:
    """
    Return all references in a passage's text, in order.

    ``story_format`` is its name as the story gives it, in any case, and its version behind a
    blank if that is known; ``tags`` are the passage's: with ``script`` it is code, and with
    ``stylesheet`` it refers to nothing.
    """
    grammar = _grammar(story_format or "")
    if "script" in tags:
        found = grammar.script(text)
    elif "stylesheet" in tags:
        found = _nothing(text)
    else:
        found = grammar.passage(text)
    outermost: list[Reference] = []
    for each in sorted(found, key=lambda each: (each.start, -each.end)):
        # What stands within another reference is a part of the name that it says.
        if not outermost or each.start >= outermost[-1].end:
            outermost.append(each)
    return outermost


def may_refer(text: str, name: str) -> bool:
    """Tell, quickly, whether a text can hold the name of a passage, in any spelling."""
    return name in text or "\\" in text or "&" in text


def relink(
    text: str, story_format: str | None, old: str, new: str, tags: Collection[str] = ()
) -> list[Splice]:
    """
    Return the edits that make every reference to ``old`` one to ``new``, in order.

    Commented ones, too: whoever brings them back would have a broken link. A reference in
    whose place ``new`` cannot be written is left out.
    """
    if not may_refer(text, old):
        return []
    before = references(text, story_format, tags)
    splices = [
        (index, _splice(text, each, new)) for index, each in enumerate(before) if each.target == old
    ]

    def holds(chosen: list[tuple[int, Splice]]) -> bool:
        wanted = [each.target for each in before]
        for index, _ in chosen:
            wanted[index] = new
        after = references(apply(text, [splice for _, splice in chosen]), story_format, tags)
        return [each.target for each in after] == wanted

    return [splice for _, splice in _holding(splices, holds)]


def mentions(text: str, name: str, known: Iterable[Reference]) -> list[tuple[int, int]]:
    """Return where a name stands between quotes, besides the references that are known."""
    starts = {each.start for each in known}
    pattern = re.compile(rf"([\"'`]){re.escape(name)}\1")
    return [
        (match.start() + 1, match.end() - 1)
        for match in pattern.finditer(text)
        if match.start() + 1 not in starts
    ]


def _holding(
    wanted: list[tuple[int, Splice]], holds: Callable[[list[tuple[int, Splice]]], bool]
) -> list[tuple[int, Splice]]:
    """Return as many of the edits as hold together; where one does not, halves are tried."""
    kept: list[tuple[int, Splice]] = []
    parts = [wanted] if wanted else []
    for _ in range(MAX_TRIES):
        if not parts:
            break
        part = parts.pop()
        together = sorted(kept + part, key=lambda each: each[0])
        if holds(together):
            kept = together
        elif len(part) > 1:
            half = len(part) // 2
            parts += [part[half:], part[:half]]
    return kept


def _grammar(story_format: str) -> _Grammar:
    name, _, version = story_format.lower().partition(" ")
    major = version.partition(".")[0]
    return _GRAMMARS.get(f"{name} {major}") or _GRAMMARS.get(name, _UNKNOWN)


def _splice(text: str, reference: Reference, name: str) -> Splice:
    return Splice(reference.start, reference.end, spell(name, reference, text))
