"""
A batch of saves becomes the smallest edits of the document.

What the author did is the difference between a save and the version it was made
from; only that is written. Fields the author left alone are not touched, so they
merge with what others do to them, and a body gets only the words that changed,
put where they belong in the text as it is now.

The plan is made on a view that stands still and written afterwards in one
transaction: nothing is half done if something turns out to be impossible.

The first time that a file is met without a shadow, everything in the document
may be news to the author and everything in the file news to the document. Then
nothing is deleted or overwritten, on either side.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random
from types import MappingProxyType

from whisker_sync.document import Scalar
from whisker_sync.document.order import is_key, keys
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import pictures, schema
from whisker_sync.manuscript.align import SAME_BODY, moved, staying
from whisker_sync.manuscript.cutting import Group, cut
from whisker_sync.manuscript.likeness import asset_digest, likeness
from whisker_sync.manuscript.limbo import Limbo
from whisker_sync.manuscript.names import format_of, has_name, repaired
from whisker_sync.manuscript.pieces import Segment, distribute, headed, headless, segment_of
from whisker_sync.manuscript.plan import Plan, additions, empty
from whisker_sync.manuscript.render import File, Passage, View
from whisker_sync.manuscript.saves import Blob, Landing, Saved, Sheet, Text, landed, missed
from whisker_sync.manuscript.shadow import Content, Page, Part, Picture, Piece
from whisker_sync.manuscript.twins import birth_of
from whisker_sync.manuscript.whereabouts import Whereabouts
from whisker_sync.story.codec import Eol
from whisker_sync.story.kinds import is_twee
from whisker_sync.story.similarity import passage_digest
from whisker_sync.text.edits import Splice, apply
from whisker_sync.text.merge import rebase


class Intake:
    """What a batch of saves does to the document, and what each file then is."""

    def __init__(
        self,
        view: View,
        dice: Random,
        born: str,
        limbo: Limbo,
        now: float,
        on_disk: Mapping[StoryPath, Content] = MappingProxyType({}),
    ) -> None:
        """``on_disk``: what the author had before this batch."""
        self._view = view
        self._dice = dice
        self._born = born
        self._limbo = limbo
        self._now = now
        self._sheets: list[Sheet] = []
        self._where = Whereabouts(view, limbo, on_disk, self._sheets)
        self._copies: list[tuple[Sheet, Part, str, Segment]] = []
        """What was cut after it had been pasted, its copy, and what that was at first."""

        self._renamed: list[tuple[str, str, str]] = []
        """Passages with the name they had and the one they got."""

        self.repaired: dict[str, tuple[str, str]] = {}
        """Passages in which links were repaired, with their bodies before and after."""

        self.plan = Plan()
        self.refiled: dict[str, str] = {}
        """Passages that were only copies, and which ones stand in their place now."""

        self.contents: dict[StoryPath, Content | None] = {}
        """What is on disk now, path by path."""

    def take(self, batch: Iterable[Saved], landings: Iterable[Landing] = ()) -> None:
        """Plan what a batch of saves does, and what follows from what they have in common."""
        for saved in batch:
            self._begin(saved)
        self._sheets += map(landed, landings)
        self._limbo.forget(self._now, self._view.passages)
        self._take_back()
        self._move_between_files()
        for sheet in self._sheets:
            if sheet.gone is not None:
                for group in sheet.gone:
                    if not self._is_copied(sheet, group):
                        self._limbo.take(group, sheet.saved.path, self._now, known=False)
                continue
            self._own(sheet)
            self._passages(sheet)
            self._place(sheet)
            text = sheet.text
            if text is not None:
                eol = _eol(sheet.saved.base, text)
                page = Page(tuple(sheet.parts), eol, text.bom, text.sha256)
                self.contents[sheet.saved.path] = page
        for sheet, part, copy, birth in self._copies:
            self._refile(sheet, part, copy, birth)
        cut = [taken for taken in self._limbo.taken if taken.known]
        for taken in [taken for taken in cut if self._where.is_inside(taken.group)]:
            self._absorb(taken.group)
            self._limbo.seen({part.id for part in taken.group.parts})
        self._repair_links()

    def _repair_links(self) -> None:
        """Let what led to a passage by its old name lead to it by its new one."""
        for id_, old, new in self._renamed:
            now = {id_ for id_, fields in self.plan.made.items() if fields[schema.NAME] == old}
            if now or not new or has_name(self._view, old, id_):
                continue
            story_format = format_of(self._view)
            for passage in self._view.passages.values():
                root = schema.BODY + passage.id
                body = self.plan.after(root, self._view.body(passage.id))
                if old in body and self._view.alive(passage):
                    splices = repaired(passage, body, old, new, story_format)
                    self.plan.splice(root, splices)
                    if splices:
                        first, _ = self.repaired.get(passage.id, (body, ""))
                        self.repaired[passage.id] = (first, apply(body, splices))

    # Kinds of files.

    def _begin(self, saved: Saved) -> None:
        self.contents[saved.path] = None
        base, found = saved.base, saved.found
        if isinstance(base, Picture) and not isinstance(found, Blob):
            self._delete_picture(base)
            base = None
            if found is None:
                return
        if not isinstance(found, Blob):
            assert not isinstance(base, Picture)
            if base is not None and found is not None and _is_page(base.eol) != _is_page(found.eol):
                # Passages of a page are no part of a text, nor the other way round.
                self._sheets.append(self._sheet(saved, base, None))
                saved, base = replace(saved, base=None, was=None, first=False), None
            self._sheets.append(self._sheet(saved, base, found))
            return
        if isinstance(base, Page):
            self._sheets.append(self._sheet(saved, base, None))
            base = None
        self._keep_picture(saved, base, found)

    def _keep_picture(self, saved: Saved, base: Picture | None, blob: Blob) -> None:
        file = self._view.files[base.id] if base else None
        before = pictures.made_from(base, file.picture if file else None) if base else ()
        picture = Picture("", blob.sha256, blob.size, blob.list, before)
        value = pictures.encode(picture)
        if base is not None and file is not None and file.picture:
            id_ = file.id
            if base.sha256 != blob.sha256:
                self.plan.registers[f"{id_}/{schema.ASSET}"] = value
            if saved.was is not None and file.path != saved.path:
                self.plan.registers[f"{id_}/{schema.PATH}"] = saved.path
            if base.sha256 != blob.sha256 or saved.back:
                self._revive_file(file)
        elif gone := self._gone_file(saved.path, asset_digest(blob.sha256), picture=True):
            id_ = gone.id
            self._revive_file(gone)
        else:
            id_ = schema.fresh_id(self._dice)
            self.plan.registers[f"{id_}/{schema.PATH}"] = saved.path
            self.plan.registers[f"{id_}/{schema.ASSET}"] = value
        self.contents[saved.path] = replace(picture, id=id_)

    def _delete_picture(self, base: Picture) -> None:
        self._bury_file(self._view.files[base.id], asset_digest(base.sha256))

    def _sheet(self, saved: Saved, base: Page | None, text: Text | None) -> Sheet:
        sheet = Sheet(saved, text)
        eol = text.eol if text is not None else base.eol if base is not None else "raw"
        twee = is_twee(saved.path) or _is_page(eol)
        for part in base.parts if base else ():
            if part.piece is Piece.OWN:
                sheet.files.append(part.id)
            if part.piece is Piece.PASSAGE and twee:
                sheet.groups.append(Group([part]))
            elif part.piece is Piece.OWN or not sheet.groups:
                sheet.own.append(part)
            else:
                sheet.groups[-1].parts.append(part)
        if text is None:
            return sheet
        if twee:
            self._cut(sheet, text.text)
        else:
            sheet.beginning = text.text
        return sheet

    def _cut(self, sheet: Sheet, text: str) -> None:
        renames = not sheet.saved.first or sheet.saved.again
        found = cut(sheet.own, sheet.groups, text, renames=renames)
        sheet.beginning, sheet.fresh, sheet.match = found.beginning, found.fresh, found.match
        sheet.left |= found.absorbed
        if sheet.saved.newest is not None:
            sheet.missed = missed(sheet, sheet.saved.newest)
        for id_ in found.hidden:
            if not self._view.passages[id_].headless:
                self.plan.fields[id_, schema.SHOWN] = 0

    def _take_back(self) -> None:
        """What was cut here and is in a file again, because co-authors say so, is there to stay."""
        seen: set[str] = set()
        for sheet in self._sheets:
            still = {old for old in sheet.match if old is not None}
            for i, group in enumerate(sheet.groups):
                ids = {part.id for part in group.parts}
                seen |= ids
                if i in still and any(
                    part.id in ids for t in self._limbo.taken for part in t.group.parts
                ):
                    for id_ in ids:
                        self._revive(self._view.passages[id_])
        self._limbo.seen(seen)

    def _move_between_files(self) -> None:
        vanished: list[tuple[Sheet, Group]] = []
        appeared: list[tuple[Sheet, int]] = []
        for sheet in self._sheets:
            if not sheet.saved.first or sheet.saved.again:
                vanished += ((sheet, sheet.groups[i]) for i in sheet.vanished())
            vanished += ((sheet, group) for group in [*sheet.missed, *(sheet.gone or ())])
            appeared += ((sheet, i) for i in sheet.appeared())
        limbo = [taken.group for taken in self._limbo.taken if not self._where.is_elsewhere(taken)]
        pairs = moved(
            [
                *((id(sheet), group.segment) for sheet, group in vanished),
                *((id(group), group.segment) for group in limbo),
            ],
            [(id(sheet), sheet.fresh[i]) for sheet, i in appeared],
        )
        known: set[str] = set()
        for old, new in pairs:
            target, segment = appeared[new]
            source, group = (
                vanished[old] if old < len(vanished) else (target, limbo[old - len(vanished)])
            )
            ids = {part.id for part in group.parts}
            if ids & known:
                continue  # Another version of what has arrived already.
            known |= ids
            source.depart(ids)
            self._limbo.seen(ids)
            for part in group.parts:
                self._revive(self._view.passages[part.id])
            there = target.match[segment]
            if there is None:
                target.arrived[segment] = self._edit_group(source, group, target.fresh[segment])
            elif len(group.parts) == 1:
                # A co-author pasted the same there before; that was a copy.
                copy = self._view.passages[target.groups[there].parts[0].id]
                if copy.id not in ids and copy.copy_of is None and self._where.is_copy(copy, ids):
                    self._copies.append((target, group.parts[0], copy.id, group.segment))

    # What a file holds outside of passages.

    def _own(self, sheet: Sheet) -> None:
        saved, text = sheet.saved, sheet.text
        if text is None:
            for part in sheet.own:
                if part.piece is Piece.OWN:
                    self._bury_own(saved.origin, self._view.files[part.id], part.text)
                else:
                    self._bury(sheet, part)
            return
        if not sheet.files:
            sheet.files.append(self._new_file(saved.path, text, sheet.beginning))
            sheet.parts.append(Part(Piece.OWN, sheet.files[0], sheet.beginning))
            return
        self._registers(sheet, text)
        news = distribute([part.text for part in sheet.own], sheet.beginning)
        for part, new in zip(sheet.own, news, strict=True):
            sheet.parts.append(Part(part.piece, part.id, new))
            if part.piece is Piece.OWN:
                self._edit_own(sheet, self._view.files[part.id], part.text, new)
            else:
                was = segment_of(part)
                is_ = headed(new) if part.piece is Piece.PASSAGE else headless(new)
                self._edit(sheet, self._view.passages[part.id], was, is_)

    def _new_file(self, path: StoryPath, text: Text, own: str) -> str:
        known = self._view.files_at(path)
        content = passage_digest("", (), own) if known else ""
        if gone := self._gone_file(path, content, picture=False):
            self._revive_file(gone)
            live = self._view.own(gone)
            self.plan.splice(schema.OWN + gone.id, rebase(live, own, live))
            self._style(gone.id, text, gone.eol, bom=gone.bom)
            return gone.id
        id_ = schema.fresh_id(self._dice)
        self.plan.registers[f"{id_}/{schema.PATH}"] = path
        self._style(id_, text, None, bom=False)
        if own:
            self.plan.splice(schema.OWN + id_, [Splice(0, 0, own)])
        return id_

    def _gone_file(self, path: StoryPath, own: str, *, picture: bool) -> File | None:
        """Return the file that was deleted here with just this content."""
        gone = [
            file
            for file in self._view.files_at(path)
            if (file.picture is not None) == picture and not self._view.there(file)
        ]
        for file in gone:
            if own in file.deleted and own == self._view.own_digest(file):
                return file
        return None

    def _registers(self, sheet: Sheet, text: Text) -> None:
        base = sheet.saved.base
        assert isinstance(base, Page)
        for id_ in sheet.files:
            file = self._view.files[id_]
            was = file.path if sheet.saved.first else sheet.saved.was
            if was == sheet.saved.was and was is not None and file.path != sheet.saved.path:
                self.plan.registers[f"{id_}/{schema.PATH}"] = sheet.saved.path
                self.plan.registers[f"{id_}/{schema.FORMER}{was}"] = 1
            if sheet.saved.back:
                self._revive_file(file)
            if not sheet.saved.first:
                self._style(id_, text, base.eol, bom=base.bom)

    def _style(self, id_: str, text: Text, eol: Eol | None, *, bom: bool) -> None:
        if "\n" in text.text and text.eol != (eol or "\n"):
            self.plan.registers[f"{id_}/{schema.EOL}"] = text.eol
        if text.bom != bom:
            self.plan.registers[f"{id_}/{schema.BOM}"] = int(text.bom)

    def _edit_own(self, sheet: Sheet, file: File, was: str, new: str) -> None:
        if was == new:
            return
        live = self.plan.after(schema.OWN + file.id, self._view.own(file))
        if not was and not self._view.own_alive(file):
            # The author did not see what others deleted; it must not come back with this.
            splices = [Splice(0, len(live), new)]
        elif sheet.saved.first:
            if not (splices := additions(was, new, live)):
                return
        else:
            splices = rebase(was, new, live)
        self.plan.splice(schema.OWN + file.id, splices)
        self._revive_file(file)
        self._bury_twin_files(sheet.saved.origin, file.id)

    def _revive_file(self, file: File) -> None:
        for content in file.deleted:
            self.plan.registers[f"{file.id}/{schema.DELETED}{content}"] = 0

    def _bury_own(self, path: StoryPath, file: File, text: str) -> None:
        self._bury_file(file, passage_digest("", (), text))
        self._bury_twin_files(path, file.id)

    def _bury_twin_files(self, path: StoryPath, id_: str) -> None:
        for twin in self._view.twins(path, id_):
            file = self._view.files[twin]
            self._bury_file(file, self._view.own_digest(file))

    def _bury_file(self, file: File, content: str) -> None:
        if content not in file.deleted:
            self.plan.registers[f"{file.id}/{schema.DELETED}{content}"] = 1

    # Passages.

    def _passages(self, sheet: Sheet) -> None:
        if not sheet.saved.first:
            for i in sheet.vanished():
                self._vanish(sheet, sheet.groups[i])
        for group in sheet.missed:
            if not self._is_copied(sheet, group):
                self._limbo.take(group, sheet.saved.path, self._now, known=False)
        for i, (old, segment) in enumerate(zip(sheet.match, sheet.fresh, strict=True)):
            if old is not None:
                parts = self._edit_group(sheet, sheet.groups[old], segment)
            elif i in sheet.arrived:
                parts = sheet.arrived[i]
            elif (known := self._where.known(sheet, segment)) is not None:
                if self._view.alive(known):
                    self._edit(sheet, known, self._view.segment(known), segment, only_add=True)
                else:
                    self._edit(sheet, known, self._view.segment(known), segment)
                    self._revive(known)
                parts = sheet.arrived[i] = [Part(Piece.PASSAGE, known.id, segment.text)]
                self._where.found.add(known.id)
            else:
                parts = [Part(Piece.PASSAGE, self._make(sheet, segment), segment.text)]
            sheet.ids.append([part.id for part in parts])
            sheet.parts += parts

    def _vanish(self, sheet: Sheet, group: Group) -> None:
        """Delete what the author took away, unless it was pasted elsewhere before."""
        if self._is_copied(sheet, group):
            sheet.depart({group.parts[0].id})
            return
        if self._where.is_inside(group) or self._where.is_joined(group):
            self._absorb(group)
            return
        self._limbo.take(group, sheet.saved.path, self._now)
        for part in group.parts:
            self._bury(sheet, part)

    def _is_copied(self, sheet: Sheet, group: Group) -> bool:
        """Tell whether a passage was pasted before it vanished; it then goes there."""
        id_ = group.parts[0].id
        if any(id_ == part.id for _, part, _, _ in self._copies):
            return False
        copy = self._limbo.copy_of(id_, group.segment, self._where.missing() | {id_})
        if copy is None or self._view.passages[copy].copy_of is not None:
            return False
        if len(group.parts) > 1:
            self._absorb(group)
            return True
        birth = self._limbo.pasted.pop(copy).segment
        self._copies.append((sheet, group.parts[0], copy, birth))
        return True

    def _absorb(self, group: Group) -> None:
        """Empty a passage that stands within another one; what others write in it since stays."""
        for part in group.parts:
            passage, was = self._view.passages[part.id], segment_of(part)
            root = schema.BODY + part.id
            live = self.plan.after(root, self._view.body(part.id))
            self.plan.splice(root, rebase(was.body, "", live))
            content = passage_digest(was.name, was.parsed.tags if was.header else (), "")
            if content not in passage.deleted:
                self.plan.fields[part.id, schema.DELETED + content] = 1

    def _refile(self, sheet: Sheet, part: Part, copy_id: str, birth: Segment) -> None:
        """Put a passage where its copy is, with what was written there; the copy is emptied."""
        passage, copy = self._view.passages[part.id], self._view.passages[copy_id]
        self._revive(passage)
        place = self.plan.fields.get((copy_id, schema.PLACE), f"{copy.file} {copy.key}")
        self.plan.fields[passage.id, schema.PLACE] = place
        body = self.plan.after(schema.BODY + copy_id, self._view.body(copy_id))
        now = Segment(self._view.header(copy), body, copy.gap)
        self._edit(sheet, passage, birth, now)
        empty(self.plan, copy, body, passage)
        self.refiled[copy_id] = passage.id

    def _edit_group(self, sheet: Sheet, group: Group, new: Segment) -> list[Part]:
        """Edit a passage and those that continue it; return what they are in the save."""
        texts = distribute([part.text for part in group.parts], new.text)
        parts: list[Part] = []
        for n, (part, text) in enumerate(zip(group.parts, texts, strict=True)):
            passage = self._view.passages[part.id]
            was, piece = segment_of(part), part.piece
            if n == 0 and group.shown:
                was, piece = Segment(self._view.header(passage), was.body, was.gap), Piece.PASSAGE
                if passage.headless:
                    self.plan.fields[part.id, schema.SHOWN] = 1
            elif len(group.parts) == 1:
                was = group.segment
            parts.append(Part(piece, part.id, text))
            is_ = new if len(group.parts) == 1 else segment_of(parts[-1])
            self._edit(sheet, passage, was, is_)
        return parts

    def _edit(
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
            self._revive(passage)
        if was.text == new.text:
            return
        first, known = sheet.saved.first or only_add, len(self.plan.fields)
        if was.header != new.header:
            moved_on = not sheet.saved.again or self._view.segment(passage).header != was.header
            self._edit_header(passage, was, new, first=first and moved_on)
        if was.gap != new.gap and not first:
            self._set(passage, schema.GAP, new.gap, passage.gap)
        splices: list[Splice] = []
        if was.body != new.body:
            live = self.plan.after(schema.BODY + passage.id, self._view.body(passage.id))
            edits = additions if first else rebase
            splices = edits(was.body, new.body, live)
            self.plan.splice(schema.BODY + passage.id, splices)
        twins = self._view.twins(sheet.saved.origin, passage.id)
        if first and not splices and len(self.plan.fields) == known:
            return  # Nothing in it is news, and what others deleted since stays so.
        if (passage.deleted or twins) and was.digest != new.digest:
            self._revive(passage)
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
                self.plan.fields[passage.id, schema.FORMER + was.name] = 1
                self._renamed.append((passage.id, was.name, new.name))
        for tag in sorted(old_tags - tags):
            self._set(passage, schema.TAG + tag, 0, int(tag in passage.tags))
        for key in old_values.keys() - values.keys():
            self._set(passage, schema.METADATA + key, None, passage.metadata.get(key))
        self._set(passage, schema.HEADER, new.header, passage.header)

    def _set(self, passage: Passage, name: str, value: Scalar, live: Scalar) -> None:
        if value != live:
            self.plan.fields[passage.id, name] = value

    def _revive(self, passage: Passage) -> None:
        for content in passage.deleted:
            self.plan.fields[passage.id, schema.DELETED + content] = 0

    def _bury(self, sheet: Sheet, part: Part) -> None:
        """Delete a passage as the author saw it."""
        passage = self._view.passages[part.id]
        file = self._view.files.get(passage.file)
        if passage.file not in sheet.files and (file is None or file.path != sheet.saved.origin):
            return  # A co-author moved it to another file; the move wins.
        content = segment_of(part).digest
        if content not in passage.deleted:
            self.plan.fields[passage.id, schema.DELETED + content] = 1
        self._bury_twins(sheet.saved.origin, passage.id)

    def _bury_twins(self, path: StoryPath, id_: str) -> None:
        for twin in self._view.twins(path, id_):
            content = self._view.segment(self._view.passages[twin]).digest
            self.plan.fields[twin, schema.DELETED + content] = 1

    def _make(self, sheet: Sheet, segment: Segment) -> str:
        id_ = schema.fresh_id(self._dice)
        fields: dict[str, Scalar] = {
            schema.NAME: segment.name,
            schema.HEADER: segment.header,
            schema.GAP: segment.gap,
            schema.BORN: self._born,
        }
        fields |= {schema.TAG + tag: 1 for tag in segment.parsed.tags}
        fields |= {schema.METADATA + key: value for key, value in segment.parsed.metadata.items()}
        birth = birth_of(segment, sheet.saved.path)
        if birth is not None and not self._where.is_seen(self._view.born_as(birth)):
            fields[schema.BIRTH] = birth
        if original := self._original(sheet, segment):
            fields[schema.COPY_OF] = original
        self.plan.made[id_] = fields
        if not sheet.saved.first and (namesakes := self._where.namesakes(segment.name)):
            self._limbo.paste(id_, segment, namesakes, self._now)
        if segment.body:
            self.plan.splice(schema.BODY + id_, [Splice(0, 0, segment.body)])
        return id_

    def _original(self, sheet: Sheet, segment: Segment) -> str | None:
        """Return the passage that this one is a copy of, made on purpose in the same file."""
        for group in sheet.groups:
            if group.segment.name == segment.name and group.segment.digest == segment.digest:
                return group.parts[0].id
        return None

    # Places.

    def _place(self, sheet: Sheet) -> None:
        """Give a place to every passage that does not stand where it stood."""
        stays = self._staying(sheet)
        if len(stays) == len(sheet.ids):
            return
        home = self._view.members(self._home(sheet))
        live = sorted({each.key for each in home if is_key(each.key)})
        i = 0
        while i < len(sheet.ids):
            if i in stays:
                i += 1
                continue
            start = i
            while i < len(sheet.ids) and i not in stays:
                i += 1
            run = [id_ for ids in sheet.ids[start:i] for id_ in ids]
            run = [id_ for id_ in run if not self._stuck(sheet, id_)]
            if run:
                before = sheet.ids[start - 1][-1] if start else None
                behind = sheet.ids[i][0] if i < len(sheet.ids) else None
                self._run(sheet, run, live, before, behind)

    def _staying(self, sheet: Sheet) -> set[int]:
        home = set(self._home(sheet))
        here = [
            (i, old)
            for i, old in enumerate(sheet.match)
            if old is not None and self._view.passages[sheet.ids[i][0]].file in home
        ]
        run = staying([old for _, old in here])
        return {i for n, (i, _) in enumerate(here) if n in run}

    def _stuck(self, sheet: Sheet, id_: str) -> bool:
        """Tell whether a passage keeps a place that is not the one in this save."""
        if id_ in self.plan.made:
            return False
        if any(part.id == id_ for parts in sheet.arrived.values() for part in parts):
            known = self._view.passages[id_]
            at_home = known.file in self._home(sheet) or sheet.saved.first
            return id_ in self._where.found and at_home and self._view.alive(known)
        # On first contact the live order wins; and a co-author's move to another file does.
        return sheet.saved.first or self._view.passages[id_].file not in self._home(sheet)

    def _run(
        self,
        sheet: Sheet,
        run: list[str],
        live: list[str],
        before: str | None,
        behind: str | None,
    ) -> None:
        left, right = None, None
        if before is not None:
            key = self._view.passages[before].key
            right_at = bisect_right(live, key)
            left = live[right_at - 1] if right_at else None
            right = live[right_at] if right_at < len(live) else None
        elif behind is not None:
            at = bisect_left(live, self._view.passages[behind].key)
            left = live[at - 1] if at else None
            right = live[at] if at < len(live) else None
        elif live:
            left = live[-1]
        file = self._view.passages[before].file if before else sheet.files[0]
        for id_, key in zip(run, keys(len(run), left, right, self._dice), strict=True):
            place = f"{file} {key}"
            if id_ in self.plan.made:
                self.plan.made[id_][schema.PLACE] = place
            else:
                self.plan.fields[id_, schema.PLACE] = place

    def _home(self, sheet: Sheet) -> list[str]:
        """Return the files whose passages stand in one row with those of this save."""
        ids = dict.fromkeys(sheet.files)
        for id_ in sheet.files:
            if (file := self._view.files.get(id_)) and file.path is not None:
                ids |= dict.fromkeys(each.id for each in self._view.files_at(file.path))
        return list(ids)


def _is_renamed(was: Segment, new: Segment) -> bool:
    """Tell whether this is certainly one passage, so that links to it may be changed."""
    return was.body == new.body or likeness(was.words, new.words) >= SAME_BODY


def _is_page(eol: Eol) -> bool:
    """Tell whether a file is a page of Twine's, spelled as passages."""
    return eol == "html"


def _eol(base: Content | None, text: Text) -> Eol:
    """Return the kind of line ends; a text without any keeps the one it had."""
    return text.eol if "\n" in text.text or not isinstance(base, Page) else base.eol
