"""
Where passages stand: in which file, and behind which other.

A place is one value, a file and a key between those of its neighbours, so that a move and an
edit do not know of each other. Only what does not stand any more where it stood gets a new one:
the longest run of passages that kept their order stays, and what came between them is put there.

What may come to other devices by another way gets the same place there, if its neighbours are
the same.

A co-author's move to another file is left as it is, and so is, at first contact, the order that
the document has.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from random import Random

from whisker_sync.document.order import is_key, keys
from whisker_sync.manuscript import schema
from whisker_sync.manuscript.align import staying
from whisker_sync.manuscript.plan import Plan
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Sheet
from whisker_sync.manuscript.shadow import Page
from whisker_sync.manuscript.whereabouts import Whereabouts


class Places:
    """Places for the passages of saved files, added to a plan."""

    def __init__(self, view: View, plan: Plan, dice: Random, where: Whereabouts) -> None:
        self._view = view
        self._plan = plan
        self._dice = dice
        self._where = where

    def give(self, sheet: Sheet) -> None:
        """Give a place to every passage that does not stand where it stood."""
        ids = [id_ for each in sheet.ids for id_ in each]
        stays = self._staying(sheet)
        if len(stays) == len(ids):
            return
        home = self._view.members(self._home(sheet))
        live = sorted({each.key for each in home if is_key(each.key)})
        i = 0
        while i < len(ids):
            if ids[i] in stays:
                i += 1
                continue
            start = i
            while i < len(ids) and ids[i] not in stays:
                i += 1
            run = [id_ for id_ in ids[start:i] if not self._stuck(sheet, id_)]
            if run:
                before = ids[start - 1] if start else None
                behind = ids[i] if i < len(ids) else None
                self._run(sheet, run, live, before, behind)

    def from_here(self, place: str, count: int) -> list[str]:
        """Return a place and those right behind it, for what stands together."""
        if count == 1:
            return [place]
        file, _, key = place.partition(" ")
        others = {each.key for each in self._view.members([file]) if is_key(each.key)}
        right = min((other for other in others if other > key), default=None)
        rest = keys(count - 1, key if is_key(key) else None, right, self._dice)
        return [place, *(f"{file} {each}" for each in rest)]

    def _staying(self, sheet: Sheet) -> set[str]:
        """Return a longest row of passages that stand in the order in which they stood."""
        home = set(self._home(sheet))
        base = sheet.saved.base
        places = {p.id: n for n, p in enumerate(base.parts)} if isinstance(base, Page) else {}
        here = [
            id_
            for ids, old in zip(sheet.ids, sheet.match, strict=True)
            for id_ in ids
            if old is not None and id_ in places and self._view.passages[id_].file in home
        ]
        run = staying([places[id_] for id_ in here])
        return {id_ for n, id_ in enumerate(here) if n in run}

    def _stuck(self, sheet: Sheet, id_: str) -> bool:
        """Tell whether a passage keeps a place that is not the one in this save."""
        if id_ in self._plan.made:
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
        is_common = all(id_ in self._plan.common for id_ in run)
        dice = Random(" ".join(run)) if is_common else self._dice
        for id_, key in zip(run, keys(len(run), left, right, dice), strict=True):
            place = f"{file} {key}"
            if id_ in self._plan.made:
                self._plan.made[id_][schema.PLACE] = place
            else:
                self._plan.fields[id_, schema.PLACE] = place

    def _home(self, sheet: Sheet) -> list[str]:
        """Return the files whose passages stand in one row with those of this save."""
        ids = dict.fromkeys(sheet.files)
        for id_ in sheet.files:
            if (file := self._view.files.get(id_)) and file.path is not None:
                ids |= dict.fromkeys(each.id for each in self._view.files_at(file.path))
        return list(ids)
