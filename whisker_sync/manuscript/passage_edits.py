"""
What an author did to passages, as edits of the document.

A passage is compared field by field with how its author saw it: name, tags, values, blank space
and body are each a fact of their own, and one that the author left alone is not written. So a
rename and an edit by somebody else do not know of each other. A body gets only the words that
changed, put where they belong in the text as it is now.

A deletion says what was deleted: the content that its author saw. Whoever edits a passage that
others deleted brings it back, and what is hidden as its twin goes with it.

Nothing is decided here: which passage is which, and whether one was deleted or only moved, is
known before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from itertools import accumulate, pairwise
from random import Random

from whisker_sync.document import Scalar
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import schema
from whisker_sync.manuscript.align import SAME_BODY
from whisker_sync.manuscript.cutting import Group
from whisker_sync.manuscript.likeness import likeness
from whisker_sync.manuscript.limits import MAX_COMMON
from whisker_sync.manuscript.names import Renamed
from whisker_sync.manuscript.pieces import Segment, distribute, headed, segment_of
from whisker_sync.manuscript.plan import Plan, additions
from whisker_sync.manuscript.render import Passage, View
from whisker_sync.manuscript.rounds import Rounds
from whisker_sync.manuscript.saves import Sheet
from whisker_sync.manuscript.shadow import Part, Piece
from whisker_sync.manuscript.stretches import mark
from whisker_sync.story.similarity import passage_digest
from whisker_sync.text.edits import Splice
from whisker_sync.text.merge import rebase


class PassageEdits:
    """Edits of passages, added to a plan."""

    def __init__(self, view: View, plan: Plan, dice: Random, born: str, rounds: Rounds) -> None:
        """``born``: the mark under which this device makes passages."""
        self._view = view
        self._plan = plan
        self._dice = dice
        self._born = born
        self._rounds = rounds
        self.renamed: list[Renamed] = []
        """Passages that got another name, so that links to them may follow."""

        self._buried: defaultdict[str, set[str]] = defaultdict(set)
        """Contents of passages that are deleted by this plan."""

    def make(
        self,
        segment: Segment,
        birth: str | None = None,
        copy_of: str | None = None,
        inside: str | None = None,
        common: StoryPath | None = None,
    ) -> str:
        """
        Make a passage; ``birth``: what it is born as, see twins.py.

        ``inside``: its words are in the text of that passage, or are about to be. ``common``: the
        file to which it may come on other devices, too, by another way; then it is one.
        """
        shared = self._shared_id(segment, common) if common is not None else None
        id_ = shared or schema.fresh_id(self._dice)
        fields: dict[str, Scalar] = {
            schema.NAME: segment.name,
            schema.HEADER: segment.header,
            schema.GAP: segment.gap,
            schema.BORN: self._born,
        }
        fields |= {schema.TAG + tag: 1 for tag in segment.parsed.tags}
        fields |= {schema.METADATA + key: value for key, value in segment.parsed.metadata.items()}
        if birth is not None:
            fields[schema.BIRTH] = birth
        if copy_of is not None:
            fields[schema.COPY_OF] = copy_of
        self._plan.made[id_] = fields
        if shared is not None:
            self._plan.common.add(shared)
        if inside is not None:
            fields[schema.INSIDE] = inside
        elif segment.body:
            self._plan.splice(schema.BODY + id_, [Splice(0, 0, segment.body)])
        return id_

    def _shared_id(self, segment: Segment, file: StoryPath) -> str | None:
        """Return the id that others give a passage, too; None: it is taken, or there is no room."""
        if self._view.clients + 2 * (len(self._plan.common) + 1) > MAX_COMMON:
            return None  # An imprint takes two client ids.
        id_ = schema.common_id(file, segment.text)
        return None if id_ in self._view.passages or id_ in self._plan.made else id_

    def edit_group(
        self, sheet: Sheet, group: Group, segments: Sequence[Segment]
    ) -> list[list[Part]]:
        """
        Edit a passage and those that continue it; return what each segment is in the save.

        The segments behind the first were split off. One that begins within a passage is a new
        one, whose words stay in that one's text; else it is what had been joined there.
        """
        starts = [*accumulate(len(each.text) for each in segments[:-1])]
        whole = "".join(each.text for each in segments)
        texts = distribute([part.text for part in group.parts], whole)
        found: list[list[Part]] = [[]]
        at = 0
        for n, (part, text) in enumerate(zip(group.parts, texts, strict=True)):
            if n and part.text and not text:
                self.bury(sheet, part)  # Its words stay in it: it may have been cut.
                continue
            own, *rest = _cut(text, [start - at for start in starts])
            at += len(text)
            passage = self._view.passages[part.id]
            was, piece = segment_of(part), part.piece
            has_header = bool(n) and not own and bool(rest)
            if has_header:
                own, *rest = rest
                found.append([])
            if has_header or (n == 0 and group.shown):
                was, piece = Segment(self._view.header(passage), was.body, was.gap), Piece.PASSAGE
                if passage.headless:
                    self._plan.fields[part.id, schema.SHOWN] = 1
            elif len(group.parts) == 1:
                was = group.segment
            found[-1].append(Part(piece, part.id, own))
            is_ = segments[0] if len(group.parts) == 1 else segment_of(found[-1][-1])
            if rest:
                found += ([new] for new in self._split(sheet, passage, was, is_, rest))
                continue
            live = self._view.segment(passage).text
            if not self._rounds.leaves_out(sheet.saved, part, is_.text, live):
                self.edit(sheet, passage, was, is_)
        assert len(found) == len(segments)
        return found

    def _split(
        self, sheet: Sheet, passage: Passage, was: Segment, head: Segment, rest: Sequence[str]
    ) -> list[Part]:
        """Split a passage; return what was split off, as it is in the save."""
        tails = [headed(text) for text in rest]
        ids = [self.make(tail, inside=self._view.root(passage.id)) for tail in tails]
        marked = (mark(id_) + tail.body for id_, tail in zip(ids, tails, strict=True))
        self.edit(sheet, passage, was, Segment(head.header, head.body + "".join(marked), head.gap))
        return [Part(Piece.PASSAGE, id_, text) for id_, text in zip(ids, rest, strict=True)]

    def edit(
        self,
        sheet: Sheet,
        passage: Passage,
        was: Segment,
        new: Segment,
        *,
        only_add: bool = False,
    ) -> None:
        """Write the fields that the author changed."""
        if sheet.saved.back:
            self.revive(passage)
        if was.text == new.text:
            return
        first, known = sheet.saved.first or only_add, len(self._plan.fields)
        if was.header != new.header:
            moved_on = not sheet.saved.again or self._view.segment(passage).header != was.header
            self._edit_header(passage, was, new, first=first and moved_on)
        if was.gap != new.gap and not first:
            self._set(passage, schema.GAP, new.gap, passage.gap)
        splices: list[Splice] = []
        if was.body != new.body:
            live = self._plan.live(self._view, passage.id, was, sheet.seen)
            edits = additions if first else rebase
            splices = edits(was.body, new.body, live.text)
            self._plan.edit(live, splices)
        twins = self._view.twins(sheet.saved.origin, passage.id)
        if first and not splices and len(self._plan.fields) == known:
            return  # Nothing in it is news, and what others deleted since stays so.
        if (passage.deleted or twins) and was.digest != new.digest:
            self.revive(passage)
            self._bury_twins(sheet.saved.origin, passage.id)

    def _edit_header(self, passage: Passage, was: Segment, new: Segment, *, first: bool) -> None:
        tags, old_tags = set(new.parsed.tags), set(was.parsed.tags)
        for tag in sorted(tags - old_tags):
            self._set(passage, schema.TAG + tag, 1, int(tag in passage.tags))
        values, old_values = dict(new.parsed.metadata), dict(was.parsed.metadata)
        for key, value in values.items():
            if value != old_values.get(key) and not (first and key in old_values):
                self._set(passage, schema.METADATA + key, value, passage.metadata.get(key))
        if first:
            return
        if new.name != was.name:
            self._set(passage, schema.NAME, new.name, passage.name)
            if was.name and _is_renamed(was, new):
                self._plan.fields[passage.id, schema.FORMER + was.name] = 1
                self.renamed.append(Renamed(passage.id, was.name, new.name))
        for tag in sorted(old_tags - tags):
            self._set(passage, schema.TAG + tag, 0, int(tag in passage.tags))
        for key in old_values.keys() - values.keys():
            self._set(passage, schema.METADATA + key, None, passage.metadata.get(key))
        self._set(passage, schema.HEADER, new.header, passage.header)

    def _set(self, passage: Passage, name: str, value: Scalar, live: Scalar) -> None:
        if value != live:
            self._plan.fields[passage.id, name] = value

    def revive(self, passage: Passage) -> None:
        """Take back that a passage is deleted, by whatever was saved before or just now."""
        for content in passage.deleted | self._buried.pop(passage.id, set()):
            self._plan.fields[passage.id, schema.DELETED + content] = 0
        if passage.deleted and passage.copy_of is not None:
            self._plan.fields[passage.id, schema.COPY_OF] = None

    def bury(self, sheet: Sheet, part: Part, by: Scalar = 1) -> None:
        """Delete a passage as the author saw it; ``by``: what tells the same, and they keep."""
        passage = self._view.passages[part.id]
        file = self._view.files.get(passage.file)
        is_elsewhere = file is None or file.path != sheet.saved.origin
        if is_elsewhere and (passage.file not in sheet.files or sheet.has_lost(part.id)):
            return  # A co-author moved it to another file, or its whole file; the move wins.
        content = segment_of(part).digest
        if content not in passage.deleted.difference(passage.told_by):
            self._plan.fields[passage.id, schema.DELETED + content] = by
            self._buried[passage.id].add(content)
        self._bury_twins(sheet.saved.origin, passage.id)

    def _bury_twins(self, path: StoryPath, id_: str) -> None:
        """Delete what is hidden as a passage's twin, for its sake; see View.alive."""
        for twin in self._view.twins(path, id_):
            content = self._view.segment(self._view.passages[twin]).digest
            self._plan.fields[twin, schema.DELETED + content] = id_

    def absorb(self, group: Group, seen: Container[str]) -> None:
        """
        Empty a passage that stands within another one; what others write in it since stays.

        What they split off from it since is a part of it for its author, who has ``seen`` those
        passages.
        """
        for part in group.parts:
            passage, was = self._view.passages[part.id], segment_of(part)
            live = self._plan.live(self._view, part.id, was, lambda: seen)
            self._plan.edit(live, rebase(was.body, "", live.text))
            content = passage_digest(was.name, was.parsed.tags if was.header else (), "")
            if content not in passage.deleted:
                self._plan.fields[part.id, schema.DELETED + content] = 1


def _cut(text: str, places: Iterable[int]) -> list[str]:
    """Cut a text at those of some places that are in it."""
    inside = [at for at in places if 0 <= at < len(text)]
    return [text[start:end] for start, end in pairwise([0, *inside, len(text)])]


def _is_renamed(was: Segment, new: Segment) -> bool:
    """Tell whether this is certainly one passage, so that links to it may be changed."""
    return was.body == new.body or likeness(was.words, new.words) >= SAME_BODY
