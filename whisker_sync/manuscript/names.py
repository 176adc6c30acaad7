"""
Links that lead to a passage by the name that it had.

Who renames a passage repairs all links to it, in the same edit. What co-authors link to
the old name meanwhile arrives later, and is repaired by the device that wrote it, and by
no other: two that repair one link would both write the new name beside each other. So a
device remembers the links that its author makes to names that are in the author's files.
A link to a name that is not there yet is a plan for a new passage, and is left alone.

Former names stay with a passage; one that two passages had leads nowhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from whisker_sync.manuscript import schema
from whisker_sync.manuscript.plan import Plan
from whisker_sync.manuscript.render import Passage, View
from whisker_sync.story.check import STORY_DATA
from whisker_sync.story.data import read_data, with_start
from whisker_sync.story.links.find import references, relink
from whisker_sync.story.rename import format_of_data
from whisker_sync.text.edits import Splice, apply

MAX_BODY = 64 * 1024
"""Letters of a passage above which its links are not looked at when it is saved."""

MAX_LINKS = 1_000
"""Names to which links were made here lately, newest kept."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A passage that was certainly renamed by what is saved just now."""

    id: str
    old: str
    new: str


class Links:
    """Links that were made here, and may turn out to lead to an old name."""

    def __init__(self) -> None:
        self._made: dict[str, set[str]] = {}

    def made(self, passage: str, targets: Iterable[str]) -> None:
        """Remember links that a passage got."""
        for target in targets:
            passages = self._made.pop(target, set())
            passages.add(passage)
            self._made[target] = passages
            if len(self._made) > MAX_LINKS:
                del self._made[next(iter(self._made))]

    def late(self, view: View) -> dict[str, list[Splice]]:
        """Return the repairs of those that lead to an old name, by passage."""
        if not self._made:
            return {}
        names, former = _names(view)
        repairs: dict[str, list[Splice]] = {}
        for old in [name for name in self._made if name not in names and name in former]:
            new = former[old]
            passages = self._made.pop(old)
            if new is None:
                continue
            story_format = format_of(view)
            for id_ in sorted(passages - repairs.keys()):
                passage = view.passages.get(id_)
                if passage and view.alive(passage):
                    splices = repaired(passage, view.body(id_), old, new, story_format)
                    if splices:
                        repairs[id_] = splices
        return repairs


def repair(renamed: Iterable[Renamed], view: View, plan: Plan) -> dict[str, tuple[str, str]]:
    """
    Let what led to passages by their old names lead to them by their new ones.

    Return the bodies in which that changed something, before and after, by passage.
    """
    bodies: dict[str, tuple[str, str]] = {}
    for id_, old, new in ((each.id, each.old, each.new) for each in renamed):
        is_made = any(fields[schema.NAME] == old for fields in plan.made.values())
        if is_made or not new or has_name(view, old, id_):
            continue
        story_format = format_of(view)
        for passage in view.passages.values():
            live = plan.live(view, passage.id)
            body = live.text
            if old in body and view.alive(passage):
                splices = repaired(passage, body, old, new, story_format)
                plan.edit(live, splices)
                if splices:
                    first, _ = bodies.get(passage.id, (body, ""))
                    bodies[passage.id] = (first, apply(body, splices))
    return bodies


def new_targets(before: str, after: str, story_format: str | None, tags: Iterable[str]) -> set[str]:
    """Return where a text leads that it did not lead to before."""
    if len(after) > MAX_BODY:
        return set()
    known = {each.target for each in references(before, story_format, frozenset(tags))}
    return {each.target for each in references(after, story_format, frozenset(tags))} - known


def repaired(
    passage: Passage, body: str, old: str, new: str, story_format: str | None
) -> list[Splice]:
    """Return the edits to a body that make its links to one name lead to another."""
    if old not in body:
        return []
    if passage.name == STORY_DATA:
        return with_start(body, old, new) if read_data(body).start == old else []
    return relink(body, story_format, old, new, passage.tags)


def format_of(view: View) -> str | None:
    """Return the story's format, as its ``StoryData`` says; None: it does not."""
    return format_of_data(
        view.body(id_)
        for id_, passage in sorted(view.passages.items())
        if passage.name == STORY_DATA and view.alive(passage)
    )


def has_name(view: View, name: str, but: str) -> bool:
    """Tell whether another passage that is there has a name."""
    return any(
        passage.name == name and id_ != but and view.alive(passage)
        for id_, passage in view.passages.items()
    )


def former_names(view: View) -> dict[str, str]:
    """Return former names that no passage has now, each with that of the one that had it."""
    names, former = _names(view)
    return {old: new for old, new in former.items() if new is not None and old not in names}


def _names(view: View) -> tuple[set[str], Mapping[str, str | None]]:
    """Return the names there are, and what became of former ones; None: nobody can tell."""
    names: set[str] = set()
    former: defaultdict[str, set[str]] = defaultdict(set)
    for passage in view.passages.values():
        if (passage.former or passage.name) and view.alive(passage):
            names.add(passage.name)
            for name in passage.former:
                former[name].add(passage.name)
    return names, {old: next(iter(new)) if len(new) == 1 else None for old, new in former.items()}
