"""
From which version each save of a batch was made.

What an author did is the difference between a save and the version it was made from, so all
depends on finding that. The path alone does not say it: an editor may show an older text, a file
may have got another name, by its author's hand or by a co-author's, and our own last write may
have come before the save or after it. What is known is asked one thing after the other, and
what is found is no question any more:

* files of which there is a shadow: which of its versions had the editor opened (editors.py)?
* files that are new while others are gone: is one the other, under a new name (origins.py)?
* files that went lately and are back, or are saved under a name that a file once had.

What is left over, nobody has seen before: the file is met for the first time, and then nothing
is deleted or overwritten. Files that are gone, and were not found again under another name, were
removed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.editors import Editors
from whisker_sync.manuscript.files import FileSeen
from whisker_sync.manuscript.kept import Noted
from whisker_sync.manuscript.limbo import Limbo
from whisker_sync.manuscript.limits import RENAME_SECONDS
from whisker_sync.manuscript.origins import (
    Departure,
    files_of,
    is_mostly,
    is_nearest,
    names_of,
    renames,
)
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Blob, Found, Moment, Saved, Text
from whisker_sync.manuscript.shadow import Content, Page, Part, Picture, is_same_file
from whisker_sync.story.twee import parse

V = TypeVar("V")


@dataclass(slots=True)
class Traced:
    """Saves with the versions that they were made from, while these are looked for."""

    saves: list[Saved] = field(default_factory=list)
    beside: dict[StoryPath, Content] = field(default_factory=dict)
    """Files that cannot merge with what the document has under their path, as they are there."""

    gone: dict[StoryPath, Content] = field(default_factory=dict)
    """Files that were there and are not."""

    new: dict[StoryPath, Found] = field(default_factory=dict)
    """Files of which nobody knows yet what they were made from."""

    here: set[str] = field(default_factory=set)
    """The files of the document that were found under some path."""

    def add(self, saved: Saved) -> None:
        """Note what a save was made from."""
        self.saves.append(saved)
        if saved.base is not None:
            self.here |= files_of(saved.base)

    def meet(self, view: View) -> None:
        """Take in what is left over: files that are met for the first time."""
        for path, what in self.new.items():
            self.saves.append(self.first(view, path, what))

    def first(self, view: View, path: StoryPath, what: Found) -> Saved:
        """Meet a file of which there is no shadow."""
        match view.content(path), what:
            case None, _:
                return Saved(path, what, None)
            case Page() as live, Text() if (live.eol == "html") == (what.eol == "html"):
                return Saved(path, what, live, first=True)
            case Picture(_, sha256) as live, Blob(same) if sha256 == same:
                return Saved(path, what, live)
            case live, _:
                # Two files that cannot merge: theirs keeps the path, ours moves beside it.
                assert live is not None
                id_ = live.id if isinstance(live, Picture) else live.parts[0].id
                self.beside[path] = Picture(id_, what.sha256, 0)
                return Saved(_beside(path, what.sha256), what, None)


class Lineage:
    """What is known of how an author's files came about."""

    def __init__(self, view: View, disk: Disk, limbo: Limbo, facts: Mapping[str, bytes]) -> None:
        self._view = view
        self._disk = disk
        self._editors = Editors(disk, limbo)
        self._noted = Noted(facts)
        self._astray: dict[str, float] = {}
        """Files of the document that were saved lately under a name they have no more, and when."""

    def news(self) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that changed."""
        return self._noted.news()

    def trace(
        self,
        found: Mapping[StoryPath, Found | None],
        news: Mapping[StoryPath, FileSeen],
        when: Moment,
    ) -> Traced:
        """Find the version that each save was made from; ``news`` says how it was found."""
        self._disk.forget(when.now)
        self._astray = {
            id_: at for id_, at in self._astray.items() if when.now - at <= RENAME_SECONDS
        }
        there = self._disk.contents()
        self._editors.look_at(found)
        traced = Traced(
            gone={p: there[p] for p, what in found.items() if what is None and p in there}
        )
        for path, what in found.items():
            if what is not None:
                self._under_its_name(traced, news[path], what, when)
        self._renamed(traced, found, when)
        self._brought_back(traced, when)
        self._under_old_names(traced, when)
        self._saved_much_later(traced, when)
        self._removed(traced, {path: news[path] for path in found}, when)
        traced.meet(self._view)
        return traced

    def _under_its_name(self, traced: Traced, seen: FileSeen, what: Found, when: Moment) -> None:
        """Look at what is known of a file's own path."""
        path = seen.path
        live = self._view.content(path)
        if live is not None and live.sha256 == what.sha256:
            self._disk.adopt(path, live, when.now)
            traced.here |= files_of(live)
        elif old := self._under_a_name_of_another(path, what):
            traced.add(Saved(path, what, old[0], newest=old[1]))
        elif base := self.base(seen, what, traced.gone, when):
            newest, unseen = self._editors.newest(path, base), self._editors.unseen(path, base)
            traced.here |= files_of(base)
            if isinstance(base, Page) and isinstance(what, Text) and newest is None:
                newest, base = base, self._editors.without_doubtful(path, base, what)
            traced.saves.append(Saved(path, what, base, newest=newest, unseen=unseen))
        else:
            traced.new[path] = what

    def _under_a_name_of_another(
        self, path: StoryPath, what: Found
    ) -> tuple[Page, Page | None] | None:
        """Return what an editor shows that saves a file under a name which another has by now."""
        shadow = self._disk.shadows.get(path)
        if shadow is None or not isinstance(what, Text):
            return None
        base, newest = self._editors.under_old_name(self._view, path, what)
        if base is None and (stood := self._disk.stood(path)):
            shown = self._editors.opened(path, what, stood)
            base = shown if is_mostly(what.text, shown) else None
        staged = shadow.staged.content if shadow.staged else None
        here = [each for each in (*shadow.earlier, shadow.disk, staged) if each is not None]
        if not here and base is not None:
            live = self._view.content(path)  # That has the name, and is not in the folder yet.
            here = [] if live is None else [live]
        if base is None or not here or any(is_same_file(base, each) for each in here):
            return None
        has_seen = names_of(what) & {name for each in here for name in names_of(each)}
        is_old = not has_seen - names_of(base) and is_nearest(what.text, base, here)
        return (base, newest) if is_old else None

    def _renamed(self, traced: Traced, found: Container[StoryPath], when: Moment) -> None:
        """Look among what went just now: the author may have given it another name."""
        departed = self._disk.departed
        unanswered = self._unanswered(traced.new, found)
        origins = unanswered | traced.gone | departed.since(when.since, traced.new)
        earlier = {path: self._earlier(path) for path in traced.gone}
        alike = partial(renames, earlier=earlier, parts=True)
        pairs = alike(origins, self._but_old_names(traced.new, origins))
        left = _all_but(origins, (origin for _, origin in pairs))
        pairs += alike(left, _all_but(traced.new, (path for path, _ in pairs)))
        for path, origin in pairs:
            what = traced.new.pop(path)
            if origin in traced.gone:
                base = self._made_from(origin, traced.gone[origin], what)
            elif origin in unanswered:
                base = self._asked_as(origin, unanswered[origin], what)
            else:
                # It has another name, and is gone no more.
                base = self._departed_as(path, departed.contents.pop(origin), what)
            traced.add(Saved(path, what, base, was=origin))

    def _but_old_names(
        self, new: Mapping[StoryPath, Found], origins: Mapping[StoryPath, Content]
    ) -> dict[StoryPath, Found]:
        """
        Leave out what an editor saved under a name that one of some files had before.

        Another new file may be that one; else it has its old name again.
        """
        had = {path for content in origins.values() for path in self._former(content)}
        return {path: what for path, what in new.items() if path not in had or path in origins}

    def _former(self, content: Content) -> set[str]:
        known = (self._view.files.get(id_) for id_ in files_of(content))
        return {path for file in known if file is not None for path in file.former}

    def _unanswered(
        self, new: Mapping[StoryPath, Found], found: Container[StoryPath]
    ) -> dict[StoryPath, Content]:
        """Look among what we asked for before we ended: that may be what an author renamed."""
        unanswered = self._disk.unanswered(but=found) if new else {}
        there = list(self._disk.contents().values())
        texts = [what.text for what in new.values() if isinstance(what, Text)]
        return {
            path: content
            for path, content in unanswered.items()
            if any(is_nearest(text, content, there) for text in texts)
        }

    def _brought_back(self, traced: Traced, when: Moment) -> None:
        """Look among what went lately; by its author's hand it comes back whole."""
        if not traced.new:
            return
        departed = self._disk.departed
        lately = departed.lately(traced.new)
        went = {path: departed.contents[path] for path in lately}
        # An old editor shows all of it, under its own name; a new one is not of what went on.
        went |= {path: self._without_moved(went[path]) for path in lately if path not in traced.new}
        origins = {
            path: each.content
            for path, each in went.items()
            if not traced.here & files_of(each.content)
        }
        for path, origin in renames(origins, traced.new):
            what = traced.new.pop(path)
            del departed.contents[origin]
            was = origin if origin != path else None
            base = self._departed_as(path, went[origin], what)
            if was is None:
                self._note_astray(base, when)
            traced.saves.append(Saved(path, what, base, back=went[origin].by_author, was=was))

    def _saved_much_later(self, traced: Traced, when: Moment) -> None:
        """
        Look for what old editors save under the name of a file that went long ago.

        It is what its author shows, so all of it is back; but what is in other files stays there.
        """
        here = traced.here | self._disk.files(but=())
        for path, what in list(traced.new.items()):
            stood = [each for each in self._disk.stood(path) if not here & files_of(each)]
            if not stood or not isinstance(what, Text) or self._view.content(path) is not None:
                continue
            base = self._editors.opened(path, what, stood)
            if is_mostly(what.text, base):
                del traced.new[path]
                self._note_astray(base, when)
                traced.saves.append(Saved(path, what, base, back=True))

    def _without_moved(self, departed: Departure) -> Departure:
        """
        Return a file that went without the passages that are in other files by now.

        They do not come back with it. If all of it is there, it only has another name.
        """
        content = departed.content
        if not isinstance(content, Page) or files_of(content) & self._disk.files(but=()):
            return departed
        pages = (page for page in self._disk.contents().values() if isinstance(page, Page))
        here = {part.id for page in pages for part in page.parts}
        if here.isdisjoint(part.id for part in content.parts):
            return departed
        earlier = tuple(_without(page, here) for page in departed.earlier)
        return replace(departed, content=_without(content, here), earlier=earlier)

    def _under_old_names(self, traced: Traced, when: Moment) -> None:
        """Look for what editors still save under names that files once had."""
        for path in [path for path in traced.new if self._view.content(path) is None]:
            base, newest = self._editors.under_old_name(self._view, path, traced.new[path])
            if base is not None:
                traced.saves.append(Saved(path, traced.new.pop(path), base, newest=newest))
                self._note_astray(base, when)

    def _note_astray(self, content: Content, when: Moment) -> None:
        """
        Remember a file that was saved under a name it has no more: that one is taken away again.

        It may have been the first half of giving it that name back.
        """
        self._astray |= dict.fromkeys(files_of(content), when.now)

    def _removed(self, traced: Traced, news: Mapping[StoryPath, FileSeen], when: Moment) -> None:
        """What is gone, and was not found under any path, was removed."""
        if traced.gone:
            traced.here |= self._disk.files(but=set(news))
        for path, content in traced.gone.items():
            before = self._disk.before_we_wrote(path)
            self._disk.gone(path)
            if files_of(content) & self._astray.keys():
                continue  # Its author has it under that name, or had: it is written once more.
            if not traced.here & files_of(content):
                seen = before is None or news[path].read_since_write is True
                seen = seen or self._stands_elsewhere(traced, path, content, before)
                removed = content if seen else _seen_of(content, before)
                if removed is not None:
                    traced.saves.append(Saved(path, None, removed))
            elif any(saved.was == path for saved in traced.saves):
                continue  # Its author gave it another name.
            # Removed; or it has a co-author's new name, and its author's is still to be found.
            self._disk.departed.remember(path, Departure(content, when.now, by_author=True))

    def _stands_elsewhere(
        self, traced: Traced, path: StoryPath, content: Content, before: Content | None
    ) -> bool:
        """Tell whether what came to a file before it was removed was copied to another one."""
        if not isinstance(content, Page) or not isinstance(before, Page):
            return False
        disks = (shadow.disk for other, shadow in self._disk.shadows.items() if other != path)
        others = {
            part.text.rstrip() for page in disks if isinstance(page, Page) for part in page.parts
        }
        for what in (*traced.new.values(), *(saved.found for saved in traced.saves)):
            if isinstance(what, Text):
                others |= {passage.text.rstrip() for passage in parse(what.text).passages}
        came = (part for part in content.parts if part not in before.parts)
        return all(part.text.rstrip() in others for part in came)

    # Which version an editor had opened.

    def base(
        self, seen: FileSeen, what: Found, gone: Mapping[StoryPath, Content], when: Moment
    ) -> Content | None:
        """Return the version that a save was made from, of those that may have been there."""
        shadow = self._disk.shadows.get(seen.path)
        if shadow is None:
            return None
        staged = shadow.staged.content if shadow.staged else None
        if not isinstance(what, Text):
            return shadow.disk
        if isinstance(shadow.disk, Page):
            versions = [*shadow.earlier, shadow.disk]
            if isinstance(staged, Page):
                versions.append(staged)
            elif seen.read_since_write is False and shadow.earlier:
                versions.pop()  # Nobody opened it.
            told = [version for version in versions if version.sha256 == seen.made_from]
            base = told[0] if told else self._editors.opened(seen.path, what, versions)
            self._noted.note(seen.path, what.text, base, shadow.disk, when.at)
            return base
        if shadow.disk is not None or not isinstance(staged, Page):
            return shadow.disk
        # Our write may have come first. Or the author gave the file this name, as a
        # co-author did; or made a file of this name without knowing of ours.
        others = [*gone.values(), *self._disk.departed.since(when.since, {}).values()]
        same = [each for each in others if files_of(each) & files_of(staged)]
        versions = [*(page for page in same if isinstance(page, Page)), staged]
        base = self._editors.opened(seen.path, what, versions)
        return base if is_mostly(what.text, base) else None

    def _earlier(self, path: StoryPath) -> Sequence[Page]:
        shadow = self._disk.shadows.get(path)
        return () if shadow is None else shadow.earlier

    def _made_from(self, origin: StoryPath, base: Content, what: Found) -> Content:
        """Our last write of a file that was renamed may have come first, unseen."""
        shadow = self._disk.shadows.get(origin)
        staged = shadow.staged.content if shadow and shadow.staged else None
        if isinstance(what, Text) and isinstance(base, Page):
            versions = [*self._earlier(origin), base]
            if isinstance(staged, Page):
                versions.append(staged)
            return self._editors.opened(origin, what, versions)
        return base

    def _asked_as(self, path: StoryPath, asked: Content, what: Found) -> Content:
        """Return the version that an editor shows of a file that we may have written anew."""
        if not isinstance(what, Text) or not isinstance(asked, Page):
            return asked
        return self._editors.opened(path, what, [*self._disk.stood(path), asked])

    def _departed_as(self, path: StoryPath, departed: Departure, what: Found) -> Content:
        """Return the version that an editor shows of a file that went, and is at a path now."""
        if not isinstance(what, Text) or not isinstance(departed.content, Page):
            return departed.content
        # It may have had this path before, and an editor shows what it was then.
        stood = [each for each in self._disk.stood(path) if is_same_file(each, departed.content)]
        versions = [*stood, *(each for each in departed.earlier if self._disk.fits(each))]
        versions.append(departed.content)
        return self._editors.opened(path, what, versions)


def _all_but(all_: Mapping[StoryPath, V], paths: Iterable[StoryPath]) -> dict[StoryPath, V]:
    left_out = set(paths)
    return {path: each for path, each in all_.items() if path not in left_out}


def _only(page: Page, is_meant: Callable[[Part], bool]) -> Page:
    return Page.of(tuple(filter(is_meant, page.parts)), page.eol, page.bom)


def _without(page: Page, ids: Container[str]) -> Page:
    return _only(page, lambda part: part.id not in ids)


def _seen_of(content: Content, before: Content | None) -> Page | None:
    """
    Return what a file held that was in an older version, too, as it was there; None: nothing.

    What had left it before it was removed was not removed with it. That may be all of it: its
    file has another name, and this was a co-author's new one.
    """
    if not isinstance(before, Page) or not isinstance(content, Page):
        return None
    still = {part.id for part in content.parts}
    seen = _only(before, lambda part: part.id in still)
    return seen if seen.parts else None


def _beside(path: StoryPath, sha256: bytes) -> StoryPath:
    """Return the name under which a file stands beside another one of its name."""
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    mark = f" ({sha256.hex()[:8]})"
    return StoryPath(folder + slash + (f"{stem}{mark}{dot}{suffix}" if stem else name + mark))
