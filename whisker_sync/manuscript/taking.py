"""
A batch of saves is written into the document, and the shadows follow.

Three steps, and each is whole before the next begins: find the version that every save was made
from (lineage.py, or again.py), plan the edits (ingest.py), and write them in one transaction.
Then the shadows are as the disk is, and what to remember is ready for the same batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

from whisker_sync.document import Change, Document
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import schema
from whisker_sync.manuscript.again import trace_again
from whisker_sync.manuscript.checked import Checked
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.files import FileSeen
from whisker_sync.manuscript.formatters import Formatters
from whisker_sync.manuscript.ingest import Intake
from whisker_sync.manuscript.limbo import LIMBO_FACT, Limbo
from whisker_sync.manuscript.lineage import Lineage
from whisker_sync.manuscript.pieces import distribute
from whisker_sync.manuscript.plan import ORIGIN, Plan
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.resaved import taken_out
from whisker_sync.manuscript.revisions import repairs, versions
from whisker_sync.manuscript.saves import Found, Had, Moment, Saved, Text
from whisker_sync.manuscript.shadow import OWN_FACT, Content, Page, Part, Picture, Shadow
from whisker_sync.revision import Version


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a batch of saves."""

    batch: Sequence[Saved] = ()
    contents: Mapping[StoryPath, Content | None] = field(default_factory=dict)
    """What each saved file holds."""

    bodies: Mapping[str, str] = field(default_factory=dict)
    """The bodies of passages that were edited, as they were."""

    repaired: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Bodies in which links follow a new name, before and after."""

    change: Change | None = None
    stand_off: Collection[str] = ()
    """Passages and files of which was left out how they were formatted."""

    def versions(self, view: View) -> tuple[Version, ...]:
        """Return what is kept as history; ``view`` is the document with all of it."""
        saved = versions(self.batch, self.contents, view)
        saved = tuple(version for version in saved if version.id not in self.stand_off)
        ids = {version.id for version in saved}
        return saved + tuple(v for v in repairs(self.repaired, view) if v.id not in ids)


class Taking:
    """Batches of saves, one after the other."""

    def __init__(
        self,
        document: Document,
        view: View,
        disk: Disk,
        checked: Checked,
        formatters: Formatters,
        dice: Random,
        facts: Mapping[str, bytes],
    ) -> None:
        self._document = document
        self._view = view
        self._disk = disk
        self._checked = checked
        self._formatters = formatters
        self._dice = dice
        self._limbo = Limbo.recall(facts[LIMBO_FACT]) if LIMBO_FACT in facts else Limbo()
        self._lineage = Lineage(view, disk, self._limbo, facts)
        self.born = facts.get(OWN_FACT, b"").decode("ascii", "replace")
        """The mark under which this device makes passages; empty: it has made none yet."""

        self._facts: dict[str, bytes | None] = {}

    def news(self) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that changed."""
        facts, self._facts = self._facts, {}
        return [*facts.items(), *self._lineage.news()]

    def saved_again(self, paths: Iterable[StoryPath], now: float) -> None:
        """Take note of files that were saved as they are."""
        for path in paths:
            if isinstance(page := self._disk.shadows[path].disk, Page):
                self._note_resaved(path, "".join(part.text for part in page.parts), page, now)

    def _note_resaved(self, path: StoryPath, text: str, base: Page, now: float) -> None:
        shadow = self._disk.shadows.get(path) or Shadow()
        known = {part.id for taken in self._limbo.taken for part in taken.group.parts}
        for group in taken_out(shadow.earlier, base, text, self._view, known):
            self._limbo.take(group, path, now, known=False, resaved=True)

    def take(
        self,
        found: Mapping[StoryPath, Found | None],
        news: Mapping[StoryPath, FileSeen],
        when: Moment,
        *,
        again: bool,
    ) -> Taken:
        """
        Write what the author did; the shadows are then as the disk is.

        ``again``: the journal is older than the files, which are all that there are.
        """
        if not found and not self._disk.has_landings:
            return Taken()
        earlier = {path: shadow.earlier for path, shadow in self._disk.shadows.items()}
        stood = {path: shadow.stood for path, shadow in self._disk.shadows.items()}
        had = Had(self._disk.contents(), earlier)
        intake = Intake(
            self._view, self._dice, self._mark(), self._limbo, self._formatters, when, had
        )
        if again:
            traced = trace_again(self._view, self._disk, self._lineage, found, when)
        else:
            traced = self._lineage.trace(found, news, when)
        for saved in traced.saves:
            if isinstance(saved.base, Page) and isinstance(saved.found, Text):
                self._note_resaved(saved.path, saved.found.text, saved.base, when.now)
        done = intake.take(traced.saves, self._disk.take_landings())
        at = max(when.at, 1)
        self._checked.saved(traced.saves, done.contents, done.plan, at)
        bodies = self._bodies(done.plan)
        change = self._write(done.plan)
        self._follow({**done.contents, **traced.beside}, found, at)
        self._carry_over(traced.saves, earlier, stood)
        self._refile(done.refiled)
        if self._limbo.changed():
            self._facts[LIMBO_FACT] = self._limbo.stored
        return Taken(traced.saves, done.contents, bodies, done.repaired, change, done.stand_off)

    def _mark(self) -> str:
        if not self.born:
            self.born = schema.fresh_id(self._dice)
            self._facts[OWN_FACT] = self.born.encode()
        return self.born

    def _bodies(self, plan: Plan) -> dict[str, str]:
        """Return the bodies that are about to be edited, as they are."""
        return {
            id_: self._view.body(id_)
            for root in plan.texts
            for id_ in self._view.sharing(root.removeprefix(schema.BODY))
            if id_ in self._view.passages
        }

    def _write(self, plan: Plan) -> Change | None:
        if not plan:
            return None
        with self._document.edit(ORIGIN, once=True) as edit:
            plan.write(edit)
        return edit.change

    def _follow(
        self,
        contents: Mapping[StoryPath, Content | None],
        found: Mapping[StoryPath, Found | None],
        at: int,
    ) -> None:
        """Let the shadows be as the disk is."""
        for path, content in contents.items():
            if path not in found:
                self._disk.shadows.setdefault(path, Shadow())
                self._disk.later.add(path)
            elif isinstance(content, Picture):
                self._disk.saved(path, replace(content, saved_at=at))
            else:
                self._disk.saved(path, content)

    def _carry_over(
        self,
        batch: Sequence[Saved],
        earlier: Mapping[StoryPath, tuple[Page, ...]],
        stood: Mapping[StoryPath, tuple[Page, ...]],
    ) -> None:
        """An editor goes on with what it had opened, whatever the file is called by now."""
        for saved in batch:
            if saved.was is not None and _is_same(saved.found, saved.base):
                known = earlier.get(saved.was) or stood.get(saved.was, ())
                others = tuple(each for each in known if not _is_same(saved.found, each))
                self._disk.renamed(saved.was, saved.path, others)

    def _refile(self, refiled: Mapping[str, Sequence[Part]]) -> None:
        """Let the shadows say whose passages stand where there were only copies."""
        for shadow in self._disk.shadows.values() if refiled else ():
            shadow.refiled(partial(_in_place_of, refiled))


def _in_place_of(refiled: Mapping[str, Sequence[Part]], part: Part) -> Sequence[Part]:
    """Return what a part of a file is by now: a copy may have been of several passages."""
    others = refiled.get(part.id)
    if others is None:
        return (part,)
    texts = distribute([each.text for each in others], part.text)
    pieces = [part.piece, *(each.piece for each in others[1:])]
    return [
        Part(piece, each.id, text) for piece, each, text in zip(pieces, others, texts, strict=True)
    ]


def _is_same(found: Found | None, base: Content | None) -> bool:
    return found is not None and base is not None and found.sha256 == base.sha256
