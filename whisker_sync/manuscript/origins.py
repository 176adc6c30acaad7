"""
Which version a save was made from, when its path alone does not say.

A file that is gone and one that is new may be one file with another name. The
watcher of a folder may tell of the two one after the other, so files that went
are remembered for a while.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.align import MOVED_WORDS, RENAMED, SAME_BODY
from whisker_sync.manuscript.likeness import likeness
from whisker_sync.manuscript.limits import MAX_PAIRS, MAX_REMEMBERED, RENAME_SECONDS
from whisker_sync.manuscript.pieces import Segment, headed, segment_of
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Found, Text
from whisker_sync.manuscript.shadow import Content, Page, Picture, Piece
from whisker_sync.story.similarity import words
from whisker_sync.story.twee import parse

SAME_FILE = 0.5
"""So much of a file must be found again for it to be the same under another name."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A file that went."""

    content: Content
    when: float
    by_author: bool
    """The author took it away; else we did, because a co-author had."""

    earlier: tuple[Page, ...] = ()
    """What was there before, which an editor may still show."""


class Departed:
    """Files that went lately, by the path they had."""

    def __init__(self) -> None:
        self.contents: dict[StoryPath, Departure] = {}

    def remember(self, path: StoryPath, departure: Departure) -> None:
        """Keep a file in mind; the one that went first is forgotten when there are too many."""
        self.contents.pop(path, None)
        self.contents[path] = departure
        if len(self.contents) > MAX_REMEMBERED:
            del self.contents[next(iter(self.contents))]

    def was_by_author(self, path: StoryPath) -> None:
        """Note that a file that we wanted to remove had been taken away by its author."""
        if path in self.contents:
            self.contents[path] = replace(self.contents[path], by_author=True)

    def forget(self, now: float, fits: Callable[[Content], bool]) -> None:
        """Forget what went too long ago, or what the document does not know any more."""
        for path, departure in list(self.contents.items()):
            if now - departure.when > RENAME_SECONDS or not fits(departure.content):
                del self.contents[path]

    def since(self, when: float, new: Mapping[StoryPath, Found]) -> dict[StoryPath, Content]:
        """
        Return what we took away since a time: the author may have renamed it instead.

        Another file under the old name is another file.
        """
        return {
            path: departure.content
            for path, departure in self.contents.items()
            if departure.when >= when and not departure.by_author
            if path not in new or _is_of(new[path], departure.content)
        }

    def lately(self, new: Mapping[StoryPath, Found]) -> dict[StoryPath, Content]:
        """
        Return what the author took away, and what we did where something like it is back.

        What co-authors removed is not found again under another name: a copy that the
        author saved before would then be as gone as the file. And another file under the
        old name is another file, not that one with all its words deleted.
        """
        return {
            path: departure.content
            for path, departure in self.contents.items()
            if departure.by_author or is_saved_again(new.get(path), departure.content)
        }


def files_of(content: Content) -> set[str]:
    """Return the files of the document that a file on disk consists of."""
    if isinstance(content, Picture):
        return {content.id}
    return {part.id for part in content.parts if part.piece is Piece.OWN}


def names_of(content: Content | Found) -> set[str]:
    """Return the names of the passages in a file."""
    match content:
        case Page(parts):
            return {segment_of(part).name for part in parts if part.piece is Piece.PASSAGE}
        case Text(text):
            return {headed(passage.text).name for passage in parse(text).passages}
        case _:
            return set()


def is_saved_again(found: Found | None, content: Content) -> bool:
    """Tell whether an editor saved again what was taken away under it."""
    match found:
        case None:
            return False
        case Text(text):
            return not isinstance(content, Page) or is_mostly(text, content)
        case _:
            return True


def _is_of(found: Found, content: Content) -> bool:
    """Tell whether an editor may have saved what was taken away under it, or a part of that."""
    return is_saved_again(found, content) or bool(names_of(found) & names_of(content))


def is_mostly(text: str, content: Content) -> bool:
    """Tell whether a save has so much of a version, or all of it, that it was made from it."""
    if not isinstance(content, Page):
        return False
    own, its = words(text), _words_of(content)
    is_whole = len(its) >= MOVED_WORDS and Counter(pairwise(its)) <= Counter(pairwise(own))
    return is_whole or likeness(own, its) >= SAME_FILE


def is_some(text: str, content: Content) -> bool:
    """Tell whether a save is nearly all of a version's words, and these are only some of it."""
    if not isinstance(content, Page):
        return False
    few, many = Counter(pairwise(words(text))), Counter(pairwise(_words_of(content)))
    return few.total() >= MOVED_WORDS - 1 and (few & many).total() >= SAME_BODY * few.total()


def is_nearest(text: str, content: Content, others: Iterable[Content]) -> bool:
    """Tell whether a save has more of one content than of any others."""
    if not isinstance(content, Page):
        return False
    own = words(text)
    alike = likeness(own, _words_of(content))
    pages = (other for other in others if isinstance(other, Page))
    return alike > max((likeness(own, _words_of(page)) for page in pages), default=0.0)


def with_news(content: Content, view: View, path: StoryPath) -> Content:
    """Return an old version of a file with whatever the document shows there since."""
    live = view.content(path)
    if not isinstance(content, Page) or not isinstance(live, Page):
        return content
    hidden = {twin for part in live.parts for twin in view.twins(path, part.id)}
    parts = [part for part in content.parts if part.piece is Piece.OWN or part.id not in hidden]
    places = {part.id for part in parts}
    before: str | None = None
    for part in live.parts:
        if part.id not in places:
            at = next((n + 1 for n, each in enumerate(parts) if each.id == before), len(parts))
            parts.insert(at, part)
        before = part.id
    return Page.of(tuple(parts), content.eol, content.bom)


def _words_of(page: Page) -> list[str]:
    return words("".join(part.text for part in page.parts))


def renames(
    gone: Mapping[StoryPath, Content],
    new: Mapping[StoryPath, Found],
    *,
    earlier: Mapping[StoryPath, Sequence[Content]] = MappingProxyType({}),
    parts: bool = False,
) -> list[tuple[StoryPath, StoryPath]]:
    """
    Say which new files are old ones: new path, old path.

    ``earlier``: what was there before, and an editor may have saved under the new name.
    ``parts``: it is enough that most of one is in the other.
    """
    renames = [(path, path) for path in new if path in gone]
    olds = {path: content for path, content in gone.items() if path not in new}
    news = {path: found for path, found in new.items() if path not in gone}
    same: defaultdict[bytes, list[StoryPath]] = defaultdict(list)
    for old in sorted(olds, reverse=True):
        same[olds[old].sha256].append(old)
    for path, found in list(news.items()):
        if candidates := same.get(found.sha256):
            name = path.rpartition("/")[2]
            old = next((o for o in candidates if o.rpartition("/")[2] == name), candidates[-1])
            candidates.remove(old)
            renames.append((path, old))
            del olds[old], news[path]
    if not olds or not news:
        return renames
    if len(olds) * len(news) <= MAX_PAIRS:
        pages = {
            path: [_traits(each) for each in (content, *earlier.get(path, ()))]
            for path, content in olds.items()
        }
        pairs = [
            (alike, path, old)
            for path, traits in ((path, _traits(found)) for path, found in news.items())
            for old, versions in pages.items()
            if (alike := max(_alike(traits, each, parts=parts) for each in versions)) >= SAME_FILE
        ]
        for _, path, old in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
            if path in news and old in olds:
                renames.append((path, old))
                del olds[old], news[path]
    return renames


def _traits(content: Content | Found) -> tuple[Counter[str], list[str]]:
    """Return what a file is recognised by: its passages, and all its words."""
    match content:
        case Page(parts):
            text = "".join(part.text for part in parts)
            passages = [segment_of(part) for part in parts if part.piece is not Piece.OWN]
        case Text(text):
            source = parse(text)
            passages = [Segment(each.header, each.body, each.gap) for each in source.passages]
        case _:
            return Counter(), []
    return Counter(each.digest for each in passages), words(text)


def _alike(
    one: tuple[Counter[str], list[str]],
    other: tuple[Counter[str], list[str]],
    *,
    parts: bool = False,
) -> float:
    """
    Return how much a new file, the first, is like one that is gone, from 0 to 1.

    Whole passages count, and so do words: an author who renames a file of three
    passages may well have edited two of them since it was last seen, or deleted them, or
    written three more.
    """
    alike = likeness(one[1], other[1])
    passages, others = one[0], other[0]
    if passages and others:
        alike = max(alike, (passages & others).total() / max(passages.total(), others.total()))
    if parts and alike < SAME_FILE and _is_part(one[1], other[1]):
        return SAME_FILE
    return alike


def _is_part(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether most of one of two texts is in the other."""
    ours, theirs = Counter(pairwise(one)), Counter(pairwise(other))
    least = min(ours.total(), theirs.total())
    return least >= MOVED_WORDS - 1 and (ours & theirs).total() >= RENAMED * least
