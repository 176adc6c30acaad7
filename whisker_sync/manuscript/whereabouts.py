"""
Where the author has passages: in which files, within which others, cut or pasted lately.

A passage that vanishes from one file and one that appears in another may be the same. What
speaks for that is looked up here, for one batch of saves; nothing is decided or written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Container, Sequence
from itertools import chain, pairwise

from whisker_sync.document import Scalar
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.align import MOVED_WORDS, NAMESAKE, RENAMED
from whisker_sync.manuscript.cutting import JOINED, Group, pieces
from whisker_sync.manuscript.likeness import likeness, likeness_of_namesakes
from whisker_sync.manuscript.limbo import Limbo, Taken, nearest
from whisker_sync.manuscript.limits import MAX_SEARCHES
from whisker_sync.manuscript.pieces import Segment, segment_of
from whisker_sync.manuscript.render import Passage, View
from whisker_sync.manuscript.saves import Had, Sheet
from whisker_sync.manuscript.shadow import Content, Page, Part, Piece, runs_of
from whisker_sync.manuscript.twins import MANY_WORDS, TWIN_WORDS
from whisker_sync.story.similarity import words


class Whereabouts:
    """What is known of passages while a batch of saves is taken in."""

    def __init__(
        self,
        view: View,
        limbo: Limbo,
        had: Had,
        sheets: Sequence[Sheet],
    ) -> None:
        """``had``: what the author had before; ``sheets``: what was saved since."""
        self._view = view
        self._limbo = limbo
        self._on_disk = had.contents
        self._earlier = had.earlier
        self._sheets = sheets
        self._named: defaultdict[str, list[str]] | None = None
        self._here: set[str] | None = None
        self._inside: defaultdict[str, list[Segment]] | None = None
        self._added: Counter[tuple[str, str]] | None = None
        self._texts: dict[str, str] = {}
        """Files and what was cut, with their words in a row as far as somebody asked for them."""

        self._fresh: Counter[str] = Counter()
        self._searches = 0
        self._versions: defaultdict[str, list[Segment]] = defaultdict(list)
        self._runs: defaultdict[str, list[list[Part]]] | None = None
        self._emptied: defaultdict[str, list[Group]] | None = None
        self.found: set[str] = set()
        """Passages that were found again in this batch."""

    def known(self, sheet: Sheet, segment: Segment) -> tuple[Passage, Segment] | None:
        """
        Return the passage that one which appears was, if the author has that nowhere else.

        It is returned with the version of it that they had, or how it is now.
        """
        best: tuple[Passage, Segment] | None = None
        most = 0.0
        for id_ in self.namesakes(segment.name):
            passage = self._view.passages[id_]
            if passage.headless or self._view.is_twin(passage) or self._is_here(passage.copy_of):
                continue
            was = self._as_seen(passage, segment)
            if was.digest == segment.digest and passage.file in sheet.files:
                alike = 2.0
            elif was.digest == segment.digest and len(was.words) >= TWIN_WORDS:
                alike = 1.0
            elif was.name == segment.name and len(was.words) >= MOVED_WORDS:
                alike = likeness(was.words, segment.words)
            else:
                continue
            if alike >= RENAMED and alike > most and not self._is_here(id_):
                best, most = (passage, was), alike
        if best is not None and not self._view.alive(best[0]):
            passage, was = best
            return None if self.is_nearer(sheet.saved.path, segment, was, {passage.id}) else best
        return best

    def _as_seen(self, passage: Passage, copy: Segment) -> Segment:
        """Return the version of a passage that is most like a copy; the author may have had it."""
        had = [segment_of(run[0]) for run in self._earlier_runs(passage.id) if len(run) == 1]
        versions = [*had, self._view.segment(passage)]
        return versions[nearest(copy, versions)]

    def _is_here(self, id_: Scalar) -> bool:
        """Tell whether the author has a passage in some file."""
        if self._here is None:
            saved = {path for each in self._sheets for path in (each.saved.path, each.saved.origin)}
            others = (page for path, page in self._on_disk.items() if path not in saved)
            pages = (page for page in others if isinstance(page, Page))
            self._here = {part.id for page in pages for part in page.parts}
            for sheet in self._sheets:
                still = [sheet.groups[old] for old in sheet.match if old is not None]
                self._here.update(part.id for group in still for part in group.parts)
                self._here.update(part.id for ps in sheet.arrived.values() for part in ps)
        return id_ in self._here or id_ in self.found

    def namesakes(self, name: str) -> list[str]:
        """Return the passages that had a name before this batch, or get it in it."""
        if self._named is None:
            self._named = defaultdict(list)
            for id_, passage in self._view.passages.items():
                for known in {passage.name, *passage.former}:
                    self._named[known].append(id_)
            for sheet in self._sheets:
                for old, segment in zip(sheet.match, sheet.fresh, strict=True):
                    group = None if old is None else sheet.groups[old]
                    if group is not None and group.segment.name != segment.name:
                        self._named[segment.name].append(group.parts[0].id)
        return self._named.get(name, [])

    def pasted_from(self, id_: str, copy: Segment) -> str | None:
        """
        Return the version of a passage that its author pasted; None: it was in no file.

        It is with what was joined to it then, for its author sees one passage.
        """
        if not self._versions:
            for path, page in self._on_disk.items():
                for version in (*self._earlier.get(path, ()), page):
                    self._note_versions(version)
            for sheet in self._sheets:
                for old, segment in zip(sheet.match, sheet.fresh, strict=True):
                    if old is not None:
                        self._versions[sheet.groups[old].parts[0].id].append(segment)
        versions = self._versions.get(id_)
        return versions[nearest(copy, versions)].text if versions else None

    def elsewhere(self, id_: str, path: StoryPath) -> list[Group]:
        """Return what the author had of a passage in other files, with what was joined to it."""
        pages = (page for other, page in self._on_disk.items() if other != path)
        runs = (run for page in pages if isinstance(page, Page) for run in runs_of(page))
        return [Group(run) for run in runs if run[0].id == id_ and _is_whole(run[0])]

    def is_nearer(self, path: StoryPath, fresh: Segment, was: Segment, ids: Container[str]) -> bool:
        """Tell whether a segment has more of a namesake in another file than of some passages."""
        others = [id_ for id_ in self.namesakes(fresh.name) if id_ not in ids]
        there = [each.segment for id_ in others for each in self.elsewhere(id_, path)]
        return nearest(fresh, [*there, was]) < len(there)

    def earlier(self, group: Group) -> list[Group]:
        """
        Return what a passage was before with what was joined to it: an editor may show that.

        So may one that shows the file in which it stood before a co-author carried it away.
        """
        same = self._earlier_runs(group.parts[0].id)
        known = {"".join(part.text for part in run): run for run in same}
        return [Group(run) for text, run in known.items() if text != group.text]

    def _earlier_runs(self, id_: str) -> Sequence[list[Part]]:
        """Return what older versions of files had of a passage, with what was joined to it."""
        if self._runs is None:
            self._runs = defaultdict(list)
            pages = chain(*self._earlier.values())
            for run in (run for page in pages for run in runs_of(page)):
                self._runs[run[0].id].append(run)
        return self._runs.get(id_, ())

    def _note_versions(self, page: Content) -> None:
        for run in runs_of(page) if isinstance(page, Page) else ():
            self._versions[run[0].id].append(Group(run).segment)

    def is_seen(self, ids: Collection[str]) -> bool:
        """Tell whether the author had one of these passages before, or cut it, or pasted it now."""
        if not ids:
            return False
        pages = (page.parts for page in self._on_disk.values() if isinstance(page, Page))
        cut = (taken.group.parts for taken in self._limbo.taken)
        pasted = (parts for sheet in self._sheets for parts in sheet.arrived.values())
        return any(part.id in ids for parts in chain(pages, cut, pasted) for part in parts)

    def has_words(self, segment: Segment) -> bool:
        """
        Tell whether the author has the words of a new passage in another one, or cut them.

        Of too many new ones at once it is not asked: then yes.
        """
        if len(segment.words) < MANY_WORDS:
            return False
        if not self._searches:
            pages = (page for page in self._on_disk.values() if isinstance(page, Page))
            self._texts = {"".join(part.text for part in page.parts): "" for page in pages}
            self._texts |= {taken.group.text: "" for taken in self._limbo.taken}
            fresh = (each for sheet in self._sheets for each in sheet.fresh)
            self._fresh = Counter(_in_a_row(each.words) for each in fresh)
        self._searches += 1
        if self._searches > MAX_SEARCHES:
            return True
        row, longest = _in_a_row(segment.words), max(segment.words, key=len)
        texts = [text for text in self._texts if longest in text]
        return self._fresh[row] > 1 or any(row in self._row(text) for text in texts)

    def _row(self, text: str) -> str:
        self._texts[text] = self._texts[text] or _in_a_row(words(text))
        return self._texts[text]

    def is_elsewhere(self, taken: Taken) -> bool:
        """Tell whether what was cut is in another file by now, because a co-author put it there."""
        others = (page for path, page in self._on_disk.items() if path != taken.path)
        pages = (page for page in others if isinstance(page, Page))
        parts = (p.id for page in pages if not self._had(page, taken.path) for p in page.parts)
        return not taken.known and taken.group.parts[0].id in parts

    def _had(self, page: Page, path: StoryPath) -> bool:
        """Tell whether a file had a path before it got the one that it has."""
        files = (self._view.files.get(p.id) for p in page.parts if p.piece is Piece.OWN)
        return any(file is not None and path in file.former for file in files)

    def is_copy(self, copy: Passage, ids: Collection[str]) -> bool:
        """Tell whether one of some passages holds the words of another still."""
        words = self._view.segment(copy).words
        all_ = (self._view.segment(self._view.passages[id_]).words for id_ in ids)
        return any(own == words or likeness(own, words) >= RENAMED for own in all_)

    def is_within(self, group: Group) -> bool:
        """Tell whether a passage stands within another one now, with its header or without."""
        return self.is_inside(group) or self.is_joined(group)

    def is_inside(self, group: Group) -> bool:
        """Tell whether a passage was pasted into another one, where that is split."""
        if self._inside is None:
            self._inside = defaultdict(list)
            saved = {path for each in self._sheets for path in (each.saved.path, each.saved.origin)}
            others = (page for path, page in self._on_disk.items() if path not in saved)
            pages = (page for page in others if isinstance(page, Page))
            texts = [
                segment_of(part) for page in pages for part in page.parts if "\n::" in part.text
            ]
            texts += (segment for sheet in self._sheets for segment in sheet.fresh)
            for segment in texts:
                for piece in pieces(segment)[1:]:
                    self._inside[piece.name].append(piece)
        was = group.segment
        same = self._inside.get(was.name, ()) if was.words else ()
        return any(likeness(was.words, piece.words) >= RENAMED for piece in same)

    def is_joined(self, group: Group) -> bool:
        """Tell whether the words of a passage stand in another one now, without its header."""
        if self._added is None:
            self._added = Counter()
            for sheet in self._sheets:
                for new in sheet.fresh:
                    self._added.update(pairwise(new.words))
                still = {old for old in sheet.match if old is not None}
                for old in still:
                    self._added.subtract(pairwise(sheet.groups[old].segment.words))
        pairs = Counter(pairwise(group.segment.words))
        enough = len(group.segment.words) >= MOVED_WORDS
        return enough and (pairs & self._added).total() >= JOINED * pairs.total()

    def missing(self) -> set[str]:
        """Return what appeared lately and is not to be seen any more."""
        return {id_ for id_ in self._limbo.pasted if not self._is_shown(id_)} | self.vanished()

    def copies_of(self, id_: str) -> set[str]:
        """Return what appeared lately and was put into a passage since."""
        known = (self._view.passages.get(each) for each in self._limbo.pasted)
        return {each.id for each in known if each is not None and each.copy_of == id_}

    def copy_of(self, group: Group) -> str | None:
        """Return a passage of the same name, and much alike, that its author keeps."""
        ids = {part.id for part in group.parts}
        others = (id_ for id_ in self.namesakes(group.segment.name) if id_ not in ids)
        return next((id_ for id_ in others if self._is_kept(id_, group.segment)), None)

    def original_of(self, group: Group) -> str | None:
        """Return what a passage was lately pasted as a copy of, if its author has that still."""
        pasted = self._limbo.pasted.get(group.parts[0].id)
        others = pasted.originals if pasted is not None and len(group.parts) == 1 else ()
        return next((id_ for id_ in others if self._is_kept(id_, group.segment)), None)

    def _is_kept(self, id_: str, was: Segment) -> bool:
        """Tell whether the author has a passage that is much like one that vanishes."""
        words = self._view.segment(self._view.passages[id_]).words
        is_alike = bool(words) and likeness(words, was.words) >= RENAMED
        return is_alike and self._is_here(id_) and id_ not in self.vanished()

    def kept_for(self, id_: str, was: Segment) -> str | None:
        """Return what the author still shows although it was emptied for the sake of a passage."""
        if self._emptied is None:
            self._emptied = defaultdict(list)
            for sheet in self._sheets:
                for group in (sheet.groups[old] for old in sheet.match if old is not None):
                    emptied_for = self._view.passages[group.parts[0].id].copy_of
                    if isinstance(emptied_for, str):
                        self._emptied[emptied_for].append(group)
        for group in self._emptied.get(id_, ()):
            if likeness_of_namesakes(group.segment.words, was.words) >= NAMESAKE:
                return group.parts[0].id
        return None

    def vanished(self) -> set[str]:
        """Return what its author took away in this batch."""
        return {
            part.id
            for sheet in self._sheets
            for i in sheet.vanished()
            for part in sheet.groups[i].parts
        }

    def _is_shown(self, id_: str) -> bool:
        passage = self._view.passages.get(id_)
        file = self._view.files.get(passage.file) if passage else None
        content = self._view.content(file.path) if file and file.path is not None else None
        parts = content.parts if isinstance(content, Page) else ()
        return any(
            part.piece in {Piece.PASSAGE, Piece.HEADLESS}
            and (part.id == id_ or id_ in self._view.twins(file.path, part.id))
            for part in parts
            if file is not None and file.path is not None
        )


def _in_a_row(words: Sequence[str]) -> str:
    """Return words as a text in which a row of some of them is found."""
    return f" {' '.join(words)} "


def _is_whole(part: Part) -> bool:
    """Tell whether a part is a passage with its header."""
    return part.piece is Piece.PASSAGE
