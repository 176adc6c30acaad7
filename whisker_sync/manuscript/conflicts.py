"""
Places worth a look after a merge.

Merging never stops, and nothing here blocks anything. It is a function of what can be
seen: the files as they are, the history, and what was kept against a save. So a place
is not listed any more when somebody has seen to it, on whatever device.

========== =====================================================================
kind       what happened
========== =====================================================================
same name  two passages have one name; story formats show only one of them
dead link  a link leads to a passage that somebody deleted or renamed
start      two people chose different passages to begin with
sentence   two people wrote the same sentence anew; both versions are in the text
beside     a file that can't be merged was changed twice; the second is beside it
broken     nobody can read a JSON, SVG or such file since two changes of it were merged
kept       a save did not have what others wrote, and it was kept
format     two people's tools format a passage in turn; each file stays as it is
clash      paths differ only in capital letters: one file on Windows and macOS
========== =====================================================================

Two did something at once if the second began with what the first had changed: each
revision says what its author began with. Times come from the clocks of many people and
only say in which order to look.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from whisker_sync.manuscript.formatters import StandOff
from whisker_sync.manuscript.kept import Kept
from whisker_sync.manuscript.likeness import likeness
from whisker_sync.manuscript.pictures import Beside, name_of, read_beside, when
from whisker_sync.manuscript.timeline import in_order, stand
from whisker_sync.paths import same_as
from whisker_sync.revision import Revision, Version
from whisker_sync.story.check import STORY_DATA
from whisker_sync.story.data import read_data
from whisker_sync.story.files import FilePassage, StoryFile
from whisker_sync.story.links.find import references
from whisker_sync.story.similarity import words
from whisker_sync.story.twee import parse_header
from whisker_sync.story.wellformed import is_whole
from whisker_sync.text.align import align

SAME_SENTENCE = 0.2
"""So alike are two sentences at least for one to be the other, written anew."""

ID_DIGITS = 8
"""Hexadecimal digits by which a conflict is called."""

_END = re.compile(r"(?<=[.!?…。！？])\s+|\n+")


class Kind(Enum):
    """What happened."""

    SAME_NAME = "same name"
    DEAD_LINK = "dead link"
    START = "start"
    SENTENCE = "sentence"
    BESIDE = "beside"
    BROKEN = "broken"
    KEPT = "kept"
    FORMAT = "format"
    CLASH = "clash"


@dataclass(frozen=True, slots=True)
class Side:
    """What one of those involved has to do with it."""

    person: str
    """Empty: the history does not say."""

    time: int | None
    """Milliseconds since 1970, on that person's clock."""

    text: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place worth a look."""

    kind: Kind
    path: str
    passage: str | None
    """The passage's name; None: it is about a file."""

    sides: tuple[Side, ...]
    sentence: str
    """What happened and what to do, for the author."""

    subject: str
    """What it is about, to tell it from others of its kind."""

    @property
    def id(self) -> str:
        """How it is called; the same on every device that sees the same."""
        whole = f"{self.kind.value}\0{self.subject}"
        return hashlib.blake2b(whole.encode(), digest_size=ID_DIGITS // 2).hexdigest()


@dataclass(frozen=True, slots=True)
class _Event:
    """One version of a passage, with the revision it belongs to."""

    revision: Revision
    version: Version

    def side(self, text: str) -> Side:
        return Side(self.revision.person, self.revision.time, text)


def conflicts(
    story: Sequence[StoryFile],
    paths: Iterable[str],
    revisions: Iterable[Revision],
    kept: Iterable[Kept] = (),
    story_format: str | None = None,
    person: str = "",
    checked: Mapping[str, str] | None = None,
    stand_offs: Iterable[StandOff] = (),
) -> list[Conflict]:
    """
    Return what is worth a look.

    ``story`` are the Twee files as they are, ``paths`` those of all files, ``kept`` is what
    was kept on this device, which is ``person``'s, ``checked`` are the texts of files of which is
    known when they are whole, ``stand_offs`` what is formatted in another way on this device.
    """
    past, here = _Past(revisions), set(paths)
    return [
        *_same_names(story, past),
        *_dead_links(story, past, story_format),
        *_starts(past),
        *_sentences(past),
        *_besides(here, past),
        *_broken(checked or {}, past),
        *_kept(kept, past, person),
        *_formats(stand_offs, past, person),
        *_clashes({*here, *past.paths}, past),
    ]


class _Past:
    """The history, as it is asked here."""

    def __init__(self, revisions: Iterable[Revision]) -> None:
        saves = [each for each in in_order(revisions) if not each.milestone]
        self.events: defaultdict[str, list[_Event]] = defaultdict(list)
        """For each passage what was done to it, oldest first."""

        self.at: defaultdict[str, list[_Event]] = defaultdict(list)
        """For each path what was done there, oldest first."""

        self.left: dict[str, tuple[_Event, str | None]] = {}
        """Names that passages had, who took them away, and the name instead of it."""

        names: dict[str, str | None] = {}
        for revision in saves:
            for version in revision.versions:
                event = _Event(revision, version)
                self.events[version.id].append(event)
                self.at[version.path].append(event)
                before = names.get(version.id) or _name(version.before)
                after = version.name if version.text is not None else None
                if before is not None and before != after and version.name is not None:
                    self.left[before] = (event, after)
                names[version.id] = after
        self.now = stand(saves)
        self.paths = {each.path for each in self.now.values() if not each.is_gone}

    def last(self, id_: str) -> _Event | None:
        """Who wrote a passage last."""
        events = self.events.get(id_)
        return events[-1] if events else None

    def made(self, name: str) -> list[tuple[Version, _Event]]:
        """The passages that have a name now, and who made each of them."""
        return [
            (version, self.events[id_][0])
            for id_, version in self.now.items()
            if version.name == name and version.text is not None
        ]


# What can be seen in the files.


def _same_names(story: Sequence[StoryFile], past: _Past) -> Iterable[Conflict]:
    named: defaultdict[str, list[tuple[str, FilePassage]]] = defaultdict(list)
    for file in story:
        for passage in file.passages:
            if passage.name:
                named[passage.name].append((file.path, passage))
    for name, places in named.items():
        if len(places) < 2:
            continue
        sides = _makers(places, past.made(name))
        where = " and ".join(dict.fromkeys(f"{path}:{each.line}" for path, each in places))
        yield Conflict(
            Kind.SAME_NAME,
            places[0][0],
            name,
            tuple(sides),
            f"{len(places)} passages are called “{name}” ({where}); rename one of them",
            "\0".join([name, *sorted(path for path, _ in places)]),
        )


def _makers(
    places: Sequence[tuple[str, FilePassage]], made: Sequence[tuple[Version, _Event]]
) -> list[Side]:
    """Say of each passage who made it: the one of that text, else of what is left over."""
    rest = sorted(made, key=lambda each: each[1].revision.time)
    found: dict[int, _Event] = {}
    for exact in (True, False):
        for n, (path, passage) in enumerate(places):
            body = passage.text.strip()
            alike = (each for each in rest if each[0].path == path or not exact)
            match = next((e for e in alike if not exact or _body(e[0].text) == body), None)
            if n not in found and match is not None:
                rest.remove(match)
                found[n] = match[1]
    sides = [
        found[n].side(passage.text) if n in found else Side("", None, passage.text)
        for n, (_, passage) in enumerate(places)
    ]
    return sorted(sides, key=lambda side: side.time or 0)


def _dead_links(
    story: Sequence[StoryFile], past: _Past, story_format: str | None
) -> Iterable[Conflict]:
    names = {passage.name for file in story for passage in file.passages}
    gone = past.left.keys() - names
    if not gone:
        return
    for file in story:
        for passage in file.passages:
            if not any(name in passage.segment.body for name in gone):
                continue
            found = references(passage.segment.body, story_format, passage.header.tags)
            for target in dict.fromkeys(each.target for each in found if each.live):
                if target in gone:
                    yield _dead_link(file.path, passage, target, past)


def _dead_link(path: str, passage: FilePassage, target: str, past: _Past) -> Conflict:
    event, instead = past.left[target]
    who = event.revision.person
    if instead is None:
        what, text = f"{who} deleted", _body(event.version.before)
    else:
        what, text = f"{who} renamed to “{instead}”", instead
    writers = [
        each
        for id_, version in past.now.items()
        if version.name == passage.name
        for each in past.events[id_]
        if target in (each.version.text or "") and target not in (each.version.before or "")
    ]
    link = f"[[{target}]]"
    ours = writers[-1].side(link) if writers else Side("", None, link)
    return Conflict(
        Kind.DEAD_LINK,
        path,
        passage.name,
        (ours, event.side(text)),
        f"“{passage.name}” leads to “{target}”, which {what}; change the link",
        f"{passage.name}\0{target}",
    )


def _clashes(paths: Iterable[str], past: _Past) -> Iterable[Conflict]:
    folded: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        folded[same_as(path)].append(path)
    for same in folded.values():
        if len(same) > 1:
            yield Conflict(
                Kind.CLASH,
                same[0],
                None,
                tuple(_maker(path, past) for path in same),
                f"{' and '.join(same)} are one file on Windows and macOS; rename one of them",
                "\0".join(same),
            )


def _maker(path: str, past: _Past) -> Side:
    """Who first saved something under a path, as far as the history says."""
    events = past.at.get(path)
    return events[0].side(path) if events else Side("", None, path)


def _besides(paths: set[str], past: _Past) -> Iterable[Conflict]:
    for path in sorted(paths):
        beside = read_beside(path)
        if beside is None or beside.original not in paths:
            continue
        events = past.at.get(beside.original, [])
        ours = [each for each in events if _is_of(each, beside)]
        theirs = [each for each in events if not ours or _others(each, ours[-1])]
        who = ours[-1].side(path) if ours else Side(beside.who, None, path)
        winner = theirs[-1] if theirs else None
        other = winner.side(beside.original) if winner else Side("", None, beside.original)
        yield Conflict(
            Kind.BESIDE,
            beside.original,
            None,
            (other, who),
            f"{beside.original} was changed twice at the same time; what {who.person} saved on "
            f"{beside.when} (UTC) is beside it as {path}: keep one of them",
            path,
        )


def _broken(checked: Mapping[str, str], past: _Past) -> Iterable[Conflict]:
    """What was whole when it was saved, and is not since something else was merged into it."""
    for path, text in checked.items():
        events = [each for each in past.at.get(path, []) if each.version.text]
        if is_whole(path, text) or not events or not is_whole(path, events[-1].version.text or ""):
            continue
        last = events[-1]
        other = next((each for each in reversed(events) if _others(each, last)), None)
        if other is None:
            continue
        sides = tuple(each.side((each.version.text or "").strip()) for each in (other, last))
        yield Conflict(
            Kind.BROKEN,
            path,
            None,
            sides,
            f"{path} cannot be read since what {sides[0].person} and {sides[1].person} wrote was "
            "put together; mend it, both versions are here and in the history",
            f"{path}\0{last.revision.id.hex()}",
        )


def _is_of(event: _Event, beside: Beside) -> bool:
    """Tell whether this save is the one that a file beside another is named after."""
    revision = event.revision
    return name_of(revision.person) == beside.who and when(revision.time) == beside.when


# What two people did at once.


def _starts(past: _Past) -> Iterable[Conflict]:
    for events in past.events.values():
        open_: list[Conflict] = []
        changed: dict[str, tuple[_Event, str]] = {}
        for event in events:
            version = event.version
            if version.name != STORY_DATA or version.before is None or version.text is None:
                continue
            before, after = (
                read_data(_body(text)).start for text in (version.before, version.text)
            )
            if before == after:
                continue
            open_ = [each for each in open_ if before not in {side.text for side in each.sides}]
            other = changed.get(before)
            if other and _others(other[0], event) and other[1] != after:
                open_.append(_two_starts(version, other, event, after))
            changed.pop(after, None)
            changed[before] = (event, after)
        yield from open_


def _two_starts(version: Version, other: tuple[_Event, str], event: _Event, start: str) -> Conflict:
    return Conflict(
        Kind.START,
        version.path,
        version.name,
        (other[0].side(other[1]), event.side(start)),
        f"the story was to begin with “{other[1]}” and with “{start}”; see which it is now",
        f"{other[0].revision.id.hex()}\0{event.revision.id.hex()}",
    )


def _sentences(past: _Past) -> Iterable[Conflict]:
    for events in past.events.values():
        open_: list[Conflict] = []
        gone: dict[str, tuple[_Event, str]] = {}
        for event in events:
            version = event.version
            if version.name in {None, STORY_DATA} or version.before is None or version.text is None:
                continue
            before, after = _cut(_body(version.before)), _cut(_body(version.text))
            lost = [each for each in before if each not in set(after)]
            new = [each for each in after if each not in set(before)]
            open_ = [each for each in open_ if not _seen_to(each, lost)]
            places = _in_their_places(before, after)
            for sentence in lost:
                instead = _written_anew(sentence, new) or places.get(sentence, "")
                other = gone.get(sentence)
                if other and _others(other[0], event) and instead and other[1] not in ("", instead):
                    open_.append(_rewritten(version, other, event, instead))
                gone[sentence] = (event, instead)
            for sentence in new:
                gone.pop(sentence, None)
        yield from open_


def _rewritten(
    version: Version, other: tuple[_Event, str], event: _Event, instead: str
) -> Conflict:
    people = f"{other[0].revision.person} and {event.revision.person}"
    return Conflict(
        Kind.SENTENCE,
        version.path,
        version.name,
        (other[0].side(other[1]), event.side(instead)),
        f"{people} wrote the same sentence of “{version.name}” anew; read how it is now",
        f"{other[0].revision.id.hex()}\0{event.revision.id.hex()}\0{instead}",
    )


def _seen_to(conflict: Conflict, lost: Sequence[str]) -> bool:
    """Tell whether somebody has changed since what two had written."""
    written = [set(words(side.text)) for side in conflict.sides]
    theirs = [mine - other for mine, other in (written, written[::-1])]
    return any(theirs[0] & set(words(each)) or theirs[1] & set(words(each)) for each in lost)


def _written_anew(sentence: str, new: Sequence[str]) -> str:
    """Return the sentence that stands instead of another; empty: none does."""
    pairs = [(likeness(words(sentence), words(each)), each) for each in new]
    alike, instead = max(pairs, default=(0.0, ""))
    return instead if alike >= SAME_SENTENCE else ""


def _in_their_places(before: Sequence[str], after: Sequence[str]) -> dict[str, str]:
    """Return which sentences stand where others stood, one for one, however little alike."""
    found: dict[str, str] = {}
    at = new_at = 0
    for i, j, size in [*align(before, after), (len(before), len(after), 0)]:
        if i - at == j - new_at:
            found |= zip(before[at:i], after[new_at:j], strict=True)
        at, new_at = i + size, j + size
    return found


def _others(one: _Event, other: _Event) -> bool:
    return one.revision.device != other.revision.device


# What was kept.


def _kept(kept: Iterable[Kept], past: _Past, person: str) -> Iterable[Conflict]:
    for each in kept:
        name = _name(each.kept) or ""
        last = past.last(each.id)
        theirs = _body(each.kept)
        yield Conflict(
            Kind.KEPT,
            each.path,
            name,
            (
                Side(person, each.at, _body(each.saved)),
                last.side(theirs) if last else Side("", None, theirs),
            ),
            f"your editor saved “{name}” without what others had written, and that was kept; "
            "if you meant to delete it, resolve this",
            each.id,
        )


# What is formatted in two ways.


def _formats(stand_offs: Iterable[StandOff], past: _Past, person: str) -> Iterable[Conflict]:
    for each in stand_offs:
        name = _name(each.ours)
        theirs = _who_formatted(each, past, person)
        side = theirs.side(_body(each.theirs)) if theirs else Side("", None, _body(each.theirs))
        what = f"“{name}” in {each.path}" if name else each.path
        yield Conflict(
            Kind.FORMAT,
            each.path,
            name,
            (side, Side(person, each.at or None, _body(each.ours))),
            f"{side.person or 'somebody'} and {person or 'you'} have tools that format {what} in "
            "two ways, so yours stays as it is here and only words are shared; agree on one way",
            each.id,
        )


def _who_formatted(stand_off: StandOff, past: _Past, person: str) -> _Event | None:
    """Who left a passage as the story has it; merged formatting is of whoever was the last."""
    events = past.events.get(stand_off.id, [])
    others = [each for each in events if each.revision.person != person] or events
    exact = [each for each in others if (each.version.text or "").startswith(stand_off.theirs)]
    return next(reversed(exact or others), None)


def _cut(body: str) -> list[str]:
    return [sentence for each in _END.split(body) if (sentence := " ".join(each.split()))]


def _body(text: str | None) -> str:
    """The text of a passage without its header line."""
    if text is None:
        return ""
    return text.partition("\n")[2].strip() if text.startswith("::") else text.strip()


def _name(text: str | None) -> str | None:
    if text is None or not text.startswith("::"):
        return None
    return parse_header(text.partition("\n")[0]).name
