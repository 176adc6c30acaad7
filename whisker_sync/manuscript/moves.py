"""
Passages that are not where they were: moved, pasted, cut, deleted, or new.

A passage that vanished from one file and one that appeared in another may be the same, in one
batch of saves or, for ten minutes, from one save to the next (limbo.py). Then nothing is deleted
and nothing made: it stays the same passage, and what others write in it comes along. What is
found here is noted in the sheets of the files, and written as edits of passages.

A passage that was pasted before it was cut was taken for a copy at first. When the cut follows,
the passage goes to where its copy is, with what was written there, and the copy is emptied.
One that was cut, and stands within another passage by now, is emptied too: its words are there.

Nothing is deleted that its author may not have seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from whisker_sync.manuscript import schema
from whisker_sync.manuscript.align import is_moved, moved
from whisker_sync.manuscript.cutting import Group, joined_to
from whisker_sync.manuscript.limbo import Limbo, Taken, nearest
from whisker_sync.manuscript.limits import MAX_NAMESAKES
from whisker_sync.manuscript.passage_edits import PassageEdits
from whisker_sync.manuscript.pieces import Segment, distribute, segment_of
from whisker_sync.manuscript.places import Places
from whisker_sync.manuscript.plan import Plan, empty, taken_out, unite
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.returned import Returned, is_brought, look_for, pasted_as
from whisker_sync.manuscript.saves import Sheet
from whisker_sync.manuscript.shadow import Part, Piece
from whisker_sync.manuscript.twins import birth_of, family_of, kin_of
from whisker_sync.manuscript.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True)
class _Copied:
    """What was cut after it had been pasted."""

    sheet: Sheet
    group: Group
    copy: str
    """The passage that it was pasted as."""

    seen: Segment
    """What its author had seen of it."""

    known: bool = True
    """They have certainly cut it; else it may only be missing from an old text."""


@dataclass(frozen=True, slots=True)
class _Gone:
    """Passages that are not in their file any more."""

    sheet: Sheet | None
    """The save that has not got them; None: it was one before."""

    group: Group
    version: Group
    """How its author may have seen them."""

    resaved: bool = False
    """They are in another file, where a co-author put them; see limbo.py."""

    @property
    def head(self) -> str:
        """The first passage."""
        return self.version.parts[0].id

    @property
    def ids(self) -> set[str]:
        """All of them."""
        return _ids(self.version)


class Moves:
    """What became of the passages of a batch that do not stand where they stood."""

    def __init__(
        self,
        view: View,
        plan: Plan,
        edits: PassageEdits,
        limbo: Limbo,
        where: Whereabouts,
        places: Places,
        sheets: Sequence[Sheet],
        now: float,
    ) -> None:
        self._view = view
        self._plan = plan
        self._edits = edits
        self._limbo = limbo
        self._where = where
        self._places = places
        self._sheets = sheets
        self._now = now
        self._copies: list[_Copied] = []
        self._gone_to: dict[str, Sequence[Part]] = {}
        """Copies that were emptied before, and what is where they were now."""

        self._made: defaultdict[str, list[tuple[str, Segment]]] = defaultdict(list)
        """Passages that were made in this batch, by name."""

    # Before anything is edited: what belongs together.

    def pair(self) -> None:
        """Find the passages that went from file to file, in this batch or since the last."""
        self._limbo.forget(self._now, self._view.passages)
        returned = look_for(self._sheets, self._view, self._limbo, self._where)
        self._take_back({(id(sheet), sheet.match[i]) for sheet, i in returned.moved})
        self._pair_between_files(returned)

    def _take_back(self, returned: Container[tuple[int, int | None]]) -> None:
        """What was cut here and is in a file again, because co-authors say so, is there to stay."""
        seen: set[str] = set()
        pasted: defaultdict[str, list[Segment]] = defaultdict(list)
        for sheet in self._sheets:
            for old, segment in zip(sheet.match, sheet.fresh, strict=True):
                if old is None:
                    pasted[segment.name].append(segment)
        for sheet in self._sheets:
            still = {old for old in sheet.match if old is not None}
            for i, group in enumerate(sheet.groups):
                if (id(sheet), i) in returned:
                    continue
                ids = _ids(group)
                cut = self._cut_of(ids)
                if i in still and cut is not None and not self._is_back(cut, sheet, pasted):
                    continue
                seen |= ids
                if i in still and cut is not None:
                    for id_ in ids:
                        self._edits.revive(self._view.passages[id_])
        self._limbo.seen(seen)

    def _cut_of(self, ids: Collection[str]) -> Taken | None:
        """Return what was cut of some passages."""
        taken = (t for t in self._limbo.taken if any(part.id in ids for part in t.group.parts))
        return next(taken, None)

    def _is_back(self, cut: Taken, sheet: Sheet, pasted: Mapping[str, Sequence[Segment]]) -> bool:
        """Tell whether what was cut is in a file again for good, and not only for now."""
        was = cut.group.segment
        if any(is_moved(was, segment) for segment in pasted.get(was.name, ())):
            return False  # Co-authors, or we, put it back; its author goes on with the move.
        if cut.known:
            # In the same file it may be only until what the author did is written there.
            files = (self._view.files[id_] for id_ in sheet.files if id_ in self._view.files)
            same = any(cut.path in {file.path, *file.former} for file in files)
            return not same
        return True

    def _pair_between_files(self, returned: Returned) -> None:
        vanished: list[tuple[Sheet, Group]] = []
        appeared: list[tuple[Sheet, int]] = []
        for sheet in self._sheets:
            if not sheet.saved.first or sheet.saved.again:
                vanished += ((sheet, sheet.groups[i]) for i in sheet.vanished())
            vanished += ((sheet, group) for group in [*sheet.missed, *(sheet.gone or ())])
            appeared += ((sheet, i) for i in sheet.appeared())
        gone = self._versions_of(vanished)
        places = [*appeared, *returned.moved, *returned.deleted]
        pairs = moved(
            [(id(each.sheet or each.group), self._with_name(each.version)) for each in gone],
            [(id(sheet), sheet.fresh[i]) for sheet, i in places],
        )
        known: set[str] = set()
        for old, new in pairs:
            target, segment = places[new]
            fresh, path = target.fresh[segment], target.saved.path
            same = [each for each in gone if each.head == gone[old].head and not each.ids & known]
            if not same:
                continue  # Another version of what has arrived already.
            segments = [each.version.segment for each in same]
            n = nearest(fresh, segments)
            chosen = same[n]
            if chosen.resaved and chosen.version.segment.name != fresh.name:
                continue  # A new one, made from what is elsewhere.
            if chosen.sheet is None and self._where.is_nearer(path, fresh, segments[n], chosen.ids):
                continue  # A copy of what its author still has.
            if places[new] in returned.deleted:
                if is_brought(places[new], segments[n]):
                    target.let_go(segment)
                elif not self._has_cut_elsewhere(chosen.group, target):
                    continue
            known |= chosen.ids
            self._see(chosen)
            self._move(chosen.sheet or target, chosen.version, target, segment)
        self._note_unseen(appeared)
        for sheet, i in places[len(appeared) :]:
            if sheet.match[i] is not None:
                for id_ in pasted_as((sheet, i), self._where):
                    self._limbo.show(id_, sheet.files[0], self._now)

    def _versions_of(self, vanished: Iterable[tuple[Sheet, Group]]) -> list[_Gone]:
        """Return what vanished just now and what was cut before, as it is and as it was."""
        found: list[_Gone] = []
        for sheet, group in vanished:
            earlier = self._where.earlier(group)
            found += (_Gone(sheet, group, version) for version in (*earlier, group))
        cut = [t for t in self._limbo.taken if t.resaved or not self._where.is_elsewhere(t)]
        # What its author has certainly cut comes first, and what they cut last.
        for taken in sorted(cut, key=lambda taken: (not taken.known, -taken.when)):
            versions = (*taken.earlier, taken.group)
            found += (_Gone(None, taken.group, version, taken.resaved) for version in versions)
        joined = [
            (one.group, joined_to(one.group, other.group))
            for one, other in pairwise(cut)
            if (one.path, one.when) == (other.path, other.when)
            if _ids(one.group).isdisjoint(_ids(other.group))
        ]
        found += (_Gone(None, one, both) for one, both in joined)
        for sheet in self._sheets:
            beside = [
                (sheet.groups[i], sheet.groups[next_])
                for i, next_ in pairwise(sheet.vanished())
                if next_ == i + 1
            ]
            found += (_Gone(sheet, one, joined_to(one, other)) for one, other in beside)
        return found

    def _see(self, gone: _Gone) -> None:
        """Let passages be as their author saw them who moves them."""
        for part in gone.version.parts[1:]:
            if not self._view.passages[part.id].headless:
                self._plan.fields[part.id, schema.SHOWN] = 0  # They joined it, and moved all.
        if gone.version is gone.group:
            return
        # What co-authors split off from what an author saw whole is not missing for itself.
        for others in [self._view.sharing(id_).difference(gone.ids) for id_ in gone.ids]:
            for sheet in self._sheets:
                sheet.depart(others)

    def _has_cut_elsewhere(self, group: Group, sheet: Sheet) -> bool:
        """Tell whether the author took away in another file what this one still shows."""
        return any(
            taken.known and taken.group is group and taken.path != sheet.saved.path
            for taken in self._limbo.taken
        )

    def _with_name(self, group: Group) -> Segment:
        """Return a group with the header that it has even where that is not shown."""
        if group.parts[0].piece is not Piece.HEADLESS:
            return group.segment
        passage = self._view.passages[group.parts[0].id]
        return Segment(self._view.header(passage), group.segment.body, group.segment.gap)

    def _note_unseen(self, appeared: Iterable[tuple[Sheet, int]]) -> None:
        """Remember what came with our last write: its author may have pasted it as well."""
        for sheet, i in appeared:
            if (there := sheet.match[i]) is not None:
                self.note_made(sheet.groups[there].parts[0].id, sheet.fresh[i])

    def _move(self, source: Sheet, group: Group, target: Sheet, segment: int) -> None:
        """Let passages that vanished from one file be what appeared in another."""
        ids = _ids(group)
        for sheet in self._sheets:  # It may be missing in several, in one of old text, too.
            sheet.depart(ids)
        self._limbo.seen(ids)
        for id_ in ids:
            self._limbo.shown(id_)  # Where it was shown before says nothing any more.
        there = target.match[segment]
        here = set() if there is None else _ids(target.groups[there])
        if there is None or here <= ids:
            if there is not None:
                # The same, or a part of it: what was joined to it elsewhere came along.
                target.let_go(segment)
            self._revive(ids)
            if group.parts[0].piece is Piece.HEADLESS:
                group.shown = True
            [arrived] = self._edits.edit_group(source, group, [target.fresh[segment]])
            target.arrived[segment] = arrived
        elif self._is_copy(target, there, ids):
            # A co-author pasted the same there before; that was a copy.
            self._revive(ids)
            copy = target.groups[there].parts[0].id
            self._copies.append(_Copied(target, group, copy, group.segment))
        else:
            self._revive(ids & here)  # What else there was of it is there as text.

    def _revive(self, ids: Iterable[str]) -> None:
        for id_ in sorted(ids):
            self._edits.revive(self._view.passages[id_])

    def _is_copy(self, target: Sheet, there: int, ids: Collection[str]) -> bool:
        """Tell whether a group of a file is a copy of passages that were pasted there."""
        copy = self._view.passages[target.groups[there].parts[0].id]
        return copy.id not in ids and copy.copy_of is None and self._where.is_copy(copy, ids)

    # One file after the other: what goes, and what comes.

    def vanish(self, sheet: Sheet) -> None:
        """Delete what the author took away, unless it was pasted elsewhere before."""
        for group in self._not_arrived([sheet.groups[i] for i in sheet.vanished()]):
            if self._is_elsewhere(sheet, group):
                sheet.depart(_ids(group))
            elif self._where.is_within(group):
                self._edits.absorb(group, sheet.seen())
            elif (original := self._where.original_of(group)) is not None:
                self._edits.absorb(group, sheet.seen())
                self._plan.fields[group.parts[0].id, schema.COPY_OF] = original
            else:
                earlier = self._where.earlier(group)
                self._limbo.take(group, sheet.saved.path, self._now, earlier=earlier)
                by = self._where.copy_of(group)
                for part in group.parts:
                    self._edits.bury(sheet, part, by or 1)

    def _not_arrived(self, groups: Iterable[Group]) -> Iterator[Group]:
        """Yield passages without what was joined to them, but has come elsewhere for itself."""
        came = {p.id for sheet in self._sheets for parts in sheet.arrived.values() for p in parts}
        for group in groups:
            still = [part for part in group.parts if part.id not in came]
            if len(still) == len(group.parts):
                yield group
            elif still:
                yield Group(still, group.shown)

    def miss(self, sheet: Sheet, groups: Iterable[Group]) -> None:
        """Remember what is not in a file any more, although its author may not have cut it."""
        for group in groups:
            was_pasted = self._was_pasted(sheet, group, known=sheet.known)
            if not (was_pasted or self._is_shown_again(group)):
                path, earlier = sheet.saved.path, self._where.earlier(group)
                self._limbo.take(group, path, self._now, known=sheet.known, earlier=earlier)

    def _is_elsewhere(self, sheet: Sheet, group: Group) -> bool:
        """Tell whether a passage that vanished stands elsewhere; it then goes there."""
        return (
            self._was_pasted(sheet, group) or self._is_shown_again(group) or self._is_refiled(group)
        )

    def _was_pasted(self, sheet: Sheet, group: Group, *, known: bool = True) -> bool:
        """Tell whether a passage was pasted before it vanished; it then goes there."""
        id_ = group.parts[0].id
        if any(id_ == copied.group.parts[0].id for copied in self._copies):
            return False
        copy = self._limbo.copy_of(id_, group.segment, self._where.missing() | {id_})
        if copy is None or self._view.passages[copy].copy_of is not None:
            return False
        if self._view.passages[id_].copy_of == copy:
            return False  # A co-author found it the other way round, and has emptied this one.
        if id_ not in self._limbo.pasted and self._is_copy_of_older(id_, copy):
            # Whoever made this one may just be putting the older one in its place.
            del self._limbo.pasted[copy]
            unite(self._plan, self._view, self._view.passages[copy], self._view.passages[id_])
            return True
        seen = self._limbo.pasted.pop(copy).made_from(id_, group.segment)
        self._copies.append(_Copied(sheet, group, copy, seen, known))
        return True

    def _is_copy_of_older(self, id_: str, other: str) -> bool:
        """Tell whether a passage was made in sight of one of its name, and another was not."""
        births = (self._view.passages[each].birth for each in (id_, other))
        return [bool(kin_of(birth)) for birth in births] == [False, True]

    def _is_shown_again(self, group: Group) -> bool:
        """Tell whether another file showed a passage that co-authors had moved; it goes there."""
        passages = [self._view.passages[part.id] for part in group.parts]
        file = self._limbo.shown(passages[0].id)
        if file is None or file == passages[0].file:
            return False
        for passage in passages:
            self._edits.revive(passage)
            self._plan.fields[passage.id, schema.PLACE] = f"{file} {passage.key}"
        there = self._view.files.get(file)
        if there is not None and there.path is not None:
            # That may have been old text; if it is pasted now, it goes on.
            self._limbo.take(group, there.path, self._now)
        return True

    def _is_refiled(self, group: Group) -> bool:
        """
        Tell whether a co-author has emptied another one for its sake, which its author keeps.

        They pasted it as that, or saw both and deleted this one. It goes there.
        """
        id_ = group.parts[0].id
        emptied = self._where.copies_of(id_)
        others = self._limbo.pasted.keys() - emptied
        copy = self._limbo.copy_of(id_, group.segment, self._where.vanished() | others)
        copy = copy or self._where.kept_for(id_, group.segment)
        if copy is None:
            return False
        place = self._view.passages[copy]
        self._put(group.parts, f"{place.file} {place.key}")
        self._gone_to[copy] = group.parts
        return True

    def _put(self, parts: Sequence[Part], place: str) -> None:
        """Give a place to passages that stand together."""
        for part, at in zip(parts, self._places.from_here(place, len(parts)), strict=True):
            self._edits.revive(self._view.passages[part.id])
            self._plan.fields[part.id, schema.PLACE] = at

    def appear(self, sheet: Sheet, i: int) -> list[Part]:
        """Return what a segment is that came from nowhere: one known from before, or a new one."""
        segment = sheet.fresh[i]
        found = self._where.known(sheet, segment)
        if found is None:
            return [Part(Piece.PASSAGE, self._make(sheet, segment), segment.text)]
        known, was = found
        if self._view.alive(known):
            self._edits.edit(sheet, known, was, segment, only_add=True)
        else:
            self._edits.edit(sheet, known, was, segment)
            self._edits.revive(known)
        sheet.arrived[i] = [Part(Piece.PASSAGE, known.id, segment.text)]
        self._where.found.add(known.id)
        if not sheet.saved.first:
            self.note_made(known.id, segment)  # It may be a co-author's copy of another.
        return sheet.arrived[i]

    def _make(self, sheet: Sheet, segment: Segment) -> str:
        birth = birth_of(segment, sheet.saved.path)
        if self._where.is_seen(self._view.born_as(birth)):
            birth = ""
        else:
            has_words = self._where.is_seen(self._view.worded_as(birth))
            has_words = has_words or self._where.has_words(segment)
            has_name = self._has_namesake(segment, birth)
            birth = birth_of(segment, sheet.saved.path, name=not has_name, words=not has_words)
        original = sheet.original(segment)
        is_common = family_of(birth) and original is None and sheet.saved.base is not None
        common = sheet.saved.path if is_common else None
        id_ = self._edits.make(segment, birth or None, original, common=common)
        if not sheet.saved.first:
            self.note_made(id_, segment)
        return id_

    def _has_namesake(self, segment: Segment, birth: str) -> bool:
        """Tell whether the author has a passage of which a new one may be a copy."""
        namesakes = {*self._where.namesakes(segment.name), *self._view.akin_to(birth)}
        return self._where.is_seen(namesakes)

    def note_made(self, id_: str, segment: Segment) -> None:
        """Remember what may be a copy of what, of all that has one name."""
        new = self._made[segment.name][-MAX_NAMESAKES:]
        names = self._where.namesakes(segment.name)[-MAX_NAMESAKES:]
        originals = {each: self._where.pasted_from(each, segment) for each in names}
        originals |= {other: its.text for other, its in new}
        originals.pop(id_, None)
        if originals:
            self._limbo.paste(id_, segment, originals, self._now)
        for other, its in new:  # Which of the two was pasted, nobody knows before one is cut.
            self._limbo.paste(other, its, {id_: segment.text}, self._now)
        self._made[segment.name].append((id_, segment))

    # When all files are taken in.

    def finish(self) -> dict[str, Sequence[Part]]:
        """
        Empty what stands elsewhere by now.

        Return the passages that were only copies, and what stands in their place now.
        """
        self._limbo.take_out(self._edited(), self._left)
        for copied in self._copies:
            self._refile(copied)
        seen = {id_ for sheet in self._sheets for id_ in sheet.seen()}
        cut = [taken for taken in self._limbo.taken if taken.known]
        for taken in [taken for taken in cut if self._where.is_within(taken.group)]:
            self._edits.absorb(taken.group, seen)
            self._limbo.seen(_ids(taken.group))
        return self._gone_to | {copied.copy: copied.group.parts for copied in self._copies}

    def _edited(self) -> set[str]:
        """Return the passages whose words are in texts that are edited."""
        roots = (root.removeprefix(schema.BODY) for root in self._plan.texts)
        return {id_ for root in roots for id_ in self._view.sharing(root)}

    def _left(self, id_: str, body: str) -> str:
        """Return an older body of a passage without what its author took out of that just now."""
        return taken_out(body, self._view.body(id_), self._plan.live(self._view, id_).text)

    def _refile(self, copied: _Copied) -> None:
        """Put a passage where its copy is, with what was written there; the copy is emptied."""
        parts = copied.group.parts
        passages = [self._view.passages[part.id] for part in parts]
        copy = self._view.passages[copied.copy]
        place = self._plan.fields.get((copy.id, schema.PLACE), f"{copy.file} {copy.key}")
        self._put(parts, str(place))
        if copy.headless:
            self._plan.fields[parts[0].id, schema.SHOWN] = 0  # A co-author joined it there.
        body = self._plan.live(self._view, copy.id).text
        now = Segment(self._view.header(copy), body, copy.gap)
        for passage, was, new in zip(passages, *_shares(parts, copied.seen, now), strict=True):
            self._edits.edit(copied.sheet, passage, was, new, only_add=not copied.known)
        empty(self._plan, self._view, copy, passages[0])


def _ids(group: Group) -> set[str]:
    """Return the passages of a group."""
    return {part.id for part in group.parts}


def _shares(
    parts: Sequence[Part], seen: Segment, now: Segment
) -> tuple[Sequence[Segment], Sequence[Segment]]:
    """Return what of a copy belongs to each part of a group, as it was pasted and as it is."""
    if len(parts) == 1:
        return [seen], [now]
    was = distribute([part.text for part in parts], seen.text)
    is_ = distribute(was, now.text)
    return _segments(parts, was), _segments(parts, is_)


def _segments(parts: Sequence[Part], texts: Sequence[str]) -> list[Segment]:
    return [
        segment_of(Part(part.piece, part.id, text)) for part, text in zip(parts, texts, strict=True)
    ]
