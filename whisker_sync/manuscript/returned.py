"""
What a save shows in a file although co-authors have taken it out of that.

Either the editor showed old text, or its author has pasted it there again: back from the file to
which it was moved, or from a copy for whose sake it was deleted. Words tell: a save that shows
the passage as it was then, and not as it is now, is of old text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from whisker_sync.manuscript.align import RENAMED
from whisker_sync.manuscript.cutting import Group
from whisker_sync.manuscript.likeness import likeness
from whisker_sync.manuscript.limbo import Limbo, nearest
from whisker_sync.manuscript.pieces import Segment
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Sheet
from whisker_sync.manuscript.whereabouts import Whereabouts

Place = tuple[Sheet, int]
"""A segment of a save."""


@dataclass(slots=True)
class Returned:
    """What may have been pasted where it stood before."""

    moved: list[Place] = field(default_factory=list)
    """Co-authors had moved it, and the save shows it as it is now."""

    deleted: list[Place] = field(default_factory=list)
    """Co-authors had deleted it."""


def look_for(sheets: Iterable[Sheet], view: View, limbo: Limbo, where: Whereabouts) -> Returned:
    """Find it; the saves are then compared with what their authors saw last of it."""
    found = Returned()
    for sheet in sheets:
        for i in sheet.returned():
            group = _group(sheet, i)
            if not view.alive(view.passages[group.parts[0].id]):
                found.deleted.append((sheet, i))
            elif _is_as_now(sheet, i, view, limbo, where):
                found.moved.append((sheet, i))
    return found


def _is_as_now(sheet: Sheet, i: int, view: View, limbo: Limbo, where: Whereabouts) -> bool:
    """Compare a segment with the newest text that it has, if it has that."""
    group = _group(sheet, i)
    others = [taken.group for taken in limbo.taken]
    others += where.elsewhere(group.parts[0].id, sheet.saved.path)
    versions = [group, *(each for each in others if _is_of(group, each, view))]
    seen = nearest(sheet.fresh[i], [each.segment for each in versions])
    if not seen:
        return False
    known = {part.id: part for part in group.parts}
    parts = [replace(known[new.id], text=new.text) for new in versions[seen].parts]
    sheet.groups[sheet.groups.index(group)] = Group(parts)
    return True


def _is_of(group: Group, other: Group, view: View) -> bool:
    """Tell whether two groups are the same passages, but for what went into others since."""
    ids, others = ([part.id for part in each.parts] for each in (group, other))
    went = [view.passages[id_] for id_ in ids if id_ not in others]
    return ids[:1] == others[:1] and set(others) <= set(ids) and not any(map(view.alive, went))


def is_brought(place: Place, what: Segment) -> bool:
    """Tell whether a segment is as like to something else as to what was deleted there."""
    sheet, i = place
    return nearest(sheet.fresh[i], [_group(sheet, i).segment, what]) == 1


def pasted_as(place: Place, where: Whereabouts) -> Iterable[str]:
    """Yield the passages that a segment may be by now; they stand in other files."""
    sheet, i = place
    fresh = sheet.fresh[i]
    for id_ in {*where.namesakes(fresh.name), _group(sheet, i).parts[0].id}:
        others = [each.segment for each in where.elsewhere(id_, sheet.saved.path)]
        if any(likeness(each.words, fresh.words) >= RENAMED for each in others):
            yield id_


def _group(sheet: Sheet, i: int) -> Group:
    there = sheet.match[i]
    assert there is not None
    return sheet.groups[there]
