"""
What the author's editors may show of each file.

Nobody tells us which version of a file an editor has opened, whether it has loaded what we
wrote since, or under which of its names it will save it. What is known of the author's disk
and clipboard narrows it down; :mod:`whisker_sync.manuscript.bases` weighs the words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import pairwise

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.bases import opened
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.limbo import Limbo, Pasted
from whisker_sync.manuscript.origins import files_of, is_mostly, is_some
from whisker_sync.manuscript.pieces import Segment, headed, segment_of
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Found, Text
from whisker_sync.manuscript.shadow import Content, Page, Part, Piece, Shadow, runs_of
from whisker_sync.story.similarity import words
from whisker_sync.story.twee import parse

_Pair = tuple[str, str]
"""Two words in a row."""


class Editors:
    """The author's editors, as far as files tell."""

    def __init__(self, disk: Disk, limbo: Limbo) -> None:
        self._disk = disk
        self._shadows = disk.shadows
        self._limbo = limbo
        self._found: Mapping[StoryPath, Found | None] = {}
        self._brought: dict[StoryPath, list[str]] = {}
        """What is new in files of this batch, as far as that was asked for."""

    def look_at(self, found: Mapping[StoryPath, Found | None]) -> None:
        """Look at a batch: who pasted something into one file has seen it in another."""
        self._found, self._brought = found, {}

    def opened(self, path: StoryPath, what: Text, versions: Sequence[Page]) -> Page:
        """Return the version that a save was made from."""
        if len(versions) == 1:
            return versions[0]
        same = files_of(versions[-1])  # It is no other file under the name it gets just now.
        disks = (shadow.disk for other, shadow in self._shadows.items() if other != path)
        pages = [page for page in disks if isinstance(page, Page) and not same & files_of(page)]
        elsewhere = {part.text for page in pages for part in page.parts}
        elsewhere |= {"".join(p.text for p in run) for page in pages for run in runs_of(page)}
        taken = {part.text for t in self._limbo.taken if t.known for part in t.group.parts}
        ids = [{part.id for part in version.parts} for version in versions]
        here = set[str]().union(*ids)
        elsewhere |= {part.text for part in self._disk.left if part.id not in here}
        copies = [copy for id_, copy in self._limbo.pasted.items() if id_ not in here]
        pasted = [
            copy.segment.text
            for copy in copies
            if here & copy.originals.keys() and self._was_seen(path, versions, ids, copy)
        ]
        for other in self._found.keys() - {path}:
            pasted += self._new_passages(other)
        return versions[opened(what.text, versions, elsewhere | taken, pasted, taken)]

    def _was_seen(
        self, path: StoryPath, versions: Sequence[Page], ids: Sequence[set[str]], copy: Pasted
    ) -> bool:
        """
        Tell whether what a copy was made from was in a file by then; before, nobody saw it there.

        ``ids`` are the passages of each version, of which one has it.
        """
        age = next(len(ids) - i for i, each in enumerate(ids) if each & copy.originals.keys())
        disk, times = (self._shadows.get(path) or Shadow()).disk, self._disk.written(path)
        if age == len(ids) or versions[-1] is not disk:
            return True
        return age > len(times) or times[-age] <= copy.when

    def _new_passages(self, path: StoryPath) -> list[str]:
        """Return the passages of a file that were pasted there in this batch."""
        if path not in self._brought:
            what, shadow = self._found[path], self._shadows.get(path) or Shadow()
            pages = [each for each in (*shadow.earlier, shadow.disk) if isinstance(each, Page)]
            texts = parse(what.text).passages if isinstance(what, Text) and pages else ()
            versions = [[segment_of(part) for part in page.parts] for page in pages]
            versions.append([t.group.segment for t in self._limbo.taken if t.known])
            segments = [headed(each.text) for each in texts]
            known = {p for each in versions for segment in each for p in pairwise(segment.words)}
            pasted = _pasted(segments, versions, known)
            self._brought[path] = [each.text for each in pasted]
            self._brought[path] += _new_lines((s for s in segments if s not in pasted), known)
        return self._brought[path]

    def newest(self, path: StoryPath, base: Content) -> Page | None:
        """Return what the disk held, if a save was made from an older version of it."""
        shadow = self._shadows.get(path) or Shadow()
        is_old = any(base is version for version in shadow.earlier)
        return shadow.disk if is_old and isinstance(shadow.disk, Page) else None

    def unseen(self, path: StoryPath, base: Content) -> frozenset[str]:
        """Return the passages of a base that may have come to the disk after the save."""
        shadow = self._shadows.get(path) or Shadow()
        if shadow.staged is None or base is not shadow.staged.content or not isinstance(base, Page):
            return frozenset()
        old = {part.id for part in shadow.disk.parts} if isinstance(shadow.disk, Page) else set()
        return frozenset(p.id for p in base.parts if p.piece is Piece.PASSAGE and p.id not in old)

    def without_doubtful(self, path: StoryPath, base: Page, what: Text) -> Page:
        """
        Return a base without the passages that came from other files, which have them still.

        If the save misses them, its author may know them from there only; unless, with them
        as news like others, it would have been made from this version, too.
        """
        shadow = self._shadows.get(path) or Shadow()
        known = [*shadow.earlier, shadow.disk, shadow.staged and shadow.staged.content]
        versions = [each for each in known if isinstance(each, Page)]
        if not versions or versions[opened(what.text, versions)] is base:
            return base
        pages = (shadow.disk for other, shadow in self._shadows.items() if other != path)
        others = {part.id for page in pages if isinstance(page, Page) for part in page.parts}
        if not any(part.id in others for part in base.parts):
            return base
        return _without_missing(base, what, others)

    def under_old_name(
        self, view: View, path: StoryPath, what: Found
    ) -> tuple[Page | None, Page | None]:
        """
        Return what an editor shows that still saves a file under the name it had.

        And that with what its author has perhaps cut from it, and perhaps has not seen; or None.
        """
        if not isinstance(what, Text):
            return None, None
        before = self._disk.stood(path)
        # Of two who gave it another name one did so in vain: nobody else knows of that one.
        ids = view.renamed(path).union(*map(files_of, before))
        for now, shadow in sorted(self._shadows.items()) if ids else ():
            if now == path or not isinstance(shadow.disk, Page) or not ids & files_of(shadow.disk):
                continue
            stood = [each for each in before if ids & files_of(each)]
            if stood:
                # What came since the file has another name such an editor has not seen.
                base = self.opened(now, what, stood)
                if is_mostly(what.text, base):
                    return base, None
                return _seen(base, what) if is_some(what.text, base) else (None, None)
            base = self.opened(now, what, [*shadow.earlier, shadow.disk])
            if is_mostly(what.text, base) or is_some(what.text, base):
                return _seen(base, what)  # It may be older than all we remember.
        return None, None


def _pasted(
    segments: Sequence[Segment], versions: Iterable[Sequence[Segment]], known: Container[_Pair]
) -> list[Segment]:
    """
    Return the passages of a save that are in none of the versions, which have ``known`` words.

    What has another name may have been split off. Of those with one name some are new if there are
    more of them than there were: what nobody had like that.
    """
    had, bodies = Counter[str](), set[str]()
    for each in versions:
        had |= Counter(segment.name for segment in each)
        bodies |= {segment.body for segment in each}
    more = Counter(segment.name for segment in segments) - had
    return [
        each
        for each in segments
        if (more[each.name] and each.body not in bodies)
        and (had[each.name] or not _is_half(pairwise(each.words), known))
    ]


def _new_lines(segments: Iterable[Segment], known: Container[_Pair]) -> Iterable[str]:
    """Return the lines of passages that are mostly new: what was pasted there, and is one now."""
    for segment in segments:
        for line in segment.body.split("\n"):
            if not _is_half(pairwise(words(line)), known):
                yield line


def _is_half(pairs: Iterable[_Pair], known: Container[_Pair]) -> bool:
    """Tell whether at least half of the pairs are known."""
    told = [pair in known for pair in pairs]
    return 2 * sum(told) >= len(told)


def _seen(base: Page, what: Text) -> tuple[Page, Page | None]:
    """Return a base without what a save has not, and the whole of it if it had more."""
    seen = _without_missing(base, what)
    return seen, None if seen is base else base


def _without_missing(base: Page, what: Text, ids: Container[str] | None = None) -> Page:
    """Return a base without passages, or those of some ids, that a save has not."""
    names = {headed(passage.text).name for passage in parse(what.text).passages}
    parts: list[Part] = []
    stays = True
    for part in base.parts:
        if part.piece is Piece.PASSAGE:
            doubtful = ids is None or part.id in ids
            stays = not doubtful or segment_of(part).name in names
        if stays or part.piece is Piece.OWN:  # What continues a passage goes with it.
            parts.append(part)
    return base if len(parts) == len(base.parts) else Page.of(tuple(parts), base.eol, base.bom)
