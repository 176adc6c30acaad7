"""
The author's files and one document, kept the same.

A manuscript is told what happened to the files and to the document, and answers
with what follows: edits, facts to remember, files to write. It reads and writes
nothing itself. Whoever runs it makes change, facts and assets of an outcome
durable in one step *before* it sends the change or touches a file: a save whose
edits were sent but not remembered would be found again after a crash, and every
word in it would be there twice.

Three things are known of a path: what is on disk (the shadow), what a write that
we asked for will leave there (staged), and what the document shows. A save is
the difference from the first to what was found; then whatever the document shows
and the disk does not is written back. At most one write for a path is asked for
at a time, so none is ever based on a guess about the one before.

News or nothing: what is found as we know it, or as we staged it, causes nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from whisker_sync import chunks
from whisker_sync.document import Change, Document, Touch
from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import back, pictures, schema
from whisker_sync.manuscript.checked import Checked
from whisker_sync.manuscript.chosen import Chosen
from whisker_sync.manuscript.editors import Editors
from whisker_sync.manuscript.files import FileSeen, Large, Outcome, Problem, WriteAsset, WriteFile
from whisker_sync.manuscript.ingest import Intake
from whisker_sync.manuscript.kept import KEPT, MAX_KEPT, missed
from whisker_sync.manuscript.kept import encode as encode_kept
from whisker_sync.manuscript.kept import recall as recall_kept
from whisker_sync.manuscript.limbo import LIMBO_FACT, Limbo
from whisker_sync.manuscript.limits import (
    MAX_ASSET_BYTES,
    MAX_FILES,
    MAX_TEXT_BYTES,
    PATIENCE_SECONDS,
)
from whisker_sync.manuscript.names import Links, format_of, new_targets
from whisker_sync.manuscript.origins import (
    Departed,
    Departure,
    files_of,
    is_mostly,
    renames,
    with_news,
)
from whisker_sync.manuscript.pieces import segment_of
from whisker_sync.manuscript.plan import Plan, unite
from whisker_sync.manuscript.render import View, too_large
from whisker_sync.manuscript.revisions import repairs, stand, versions
from whisker_sync.manuscript.saves import Blob, Found, Landing, Saved, Text
from whisker_sync.manuscript.shadow import (
    OWN_FACT,
    PREFIX,
    Content,
    Page,
    Part,
    Picture,
    Piece,
    Shadow,
    decode,
    sha256_of,
)
from whisker_sync.paths import accept, same_as
from whisker_sync.revision import Version
from whisker_sync.story import codec
from whisker_sync.story.kinds import is_twee

ORIGIN = "folder"
"""Origin of the edits that a save causes."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What came of a batch of saves."""

    batch: Sequence[Saved] = ()
    contents: Mapping[StoryPath, Content | None] = field(default_factory=dict)
    """What each saved file holds."""

    bodies: Mapping[str, str] = field(default_factory=dict)
    """The bodies of passages that were edited, as they were."""

    repaired: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Bodies in which links follow a new name, before and after."""

    change: Change | None = None


class Manuscript:
    """The files of one story as a document, and the other way round."""

    def __init__(
        self, document: Document, facts: Mapping[str, bytes], dice: Random, person: str = ""
    ) -> None:
        self._person = person
        self._document = document
        self._dice = dice
        self._view = View(document)
        self._shadows: dict[StoryPath, Shadow] = {}
        self._born = ""
        self._held: set[bytes] = set()
        """Binary contents that can be written, because they are in the journal."""

        self._left_out: set[StoryPath] = set()
        """Files on disk that we leave alone."""

        self._later: set[StoryPath] = set()
        """Paths to look at again with whatever happens next."""

        self._deferred: dict[StoryPath, FileSeen] = {}
        """Files found while a write was on its way, until it is answered."""

        self._deferred_since = 0.0
        self._landings: list[Landing] = []
        """What became of files whose content is as the document says."""

        self._departed = Departed()
        self._limbo = Limbo()
        self._links = Links()
        self._kept = recall_kept(list(facts.items()))
        self._checked = Checked(facts)
        self._chosen = Chosen(facts)
        self._past = back.Past(facts)
        self._back = back.Back(self._past, self._shadows)
        self._editors = Editors(self._shadows, self._limbo)
        self._again = False  # the journal is older than the files that are just taken in
        self._now = 0.0
        self._at = 0
        self._room = MAX_FILES

        self._told: set[Problem] = set()
        self._facts_to_come: list[tuple[str, bytes | None]] = []
        for name, fact in facts.items():
            if name == OWN_FACT:
                self._born = fact.decode("ascii", "replace")
            elif name == LIMBO_FACT:
                self._limbo = Limbo.recall(fact)
                self._editors = Editors(self._shadows, self._limbo)
            elif name.startswith(PREFIX):
                self._recall(name[len(PREFIX) :], fact)

    def _recall(self, path: str, fact: bytes) -> None:
        try:
            accepted = accept(path)
        except UnsafePath:
            return
        shadow = decode(fact)
        if shadow is None or not (self._fits(shadow.disk) and self._fits_staged(shadow)):
            # Damaged, or of another document: the file is met as if for the first time.
            shadow = Shadow(stored=fact)
        elif not all(self._fits(version) for version in shadow.earlier):
            shadow.earlier = ()
        self._shadows[accepted] = shadow
        for content in (shadow.disk, shadow.staged and shadow.staged.content):
            if isinstance(content, Picture):
                self._held.add(content.sha256)

    def _fits_staged(self, shadow: Shadow) -> bool:
        return shadow.staged is None or self._fits(shadow.staged.content)

    def _fits(self, content: Content | None) -> bool:
        """Tell whether the document knows whatever a shadow speaks of."""
        match content:
            case None:
                return True
            case Picture(id_):
                return id_ in self._view.files
            case Page(parts):
                files, passages = self._view.files, self._view.passages
                return any(part.piece is Piece.OWN for part in parts) and all(
                    part.id in (files if part.piece is Piece.OWN else passages) for part in parts
                )

    def _recall_what_came_back(self) -> None:
        """Recall shadows of what the document did not know at first, and was told since."""
        for path, shadow in list(self._shadows.items()):
            if shadow.disk is None and shadow.staged is None and shadow.stored:
                self._recall(path, shadow.stored)

    # What happened to the files.

    def saw(self, files: Sequence[FileSeen], now: float, at: int | None = None) -> Outcome:
        """
        Take in files that were saved, made or removed.

        All that happened together belongs into one call: a file that is gone and
        one that is new may be the same one under another name. ``at`` is when, in
        milliseconds since 1970, for display. Files that go back together to how they were
        before co-authors wrote in them are left out; see back.py.
        """
        if not self._again:
            files = self._back.sift(files)
            self._left_out |= self._back.held.keys()
        return self._saw(files, now, at)

    def _saw(self, files: Sequence[FileSeen], now: float, at: int | None) -> Outcome:
        self._now = now
        self._at = self._at if at is None else at
        problems: list[Problem] = []
        found: dict[StoryPath, Found | None] = {}
        assets: dict[bytes, bytes] = {}
        larges: list[Large] = []
        self._room = MAX_FILES - sum(1 for each in self._shadows.values() if each.disk is not None)
        news = self._news(files, now)
        for path, seen in news.items():
            content = seen.content
            what = None if content is None else self._found(path, content)
            if isinstance(what, Problem):
                self._left_out.add(path)
                self._tell(problems, what)
                continue
            found[path] = what
            if isinstance(what, Blob):
                self._held.add(what.sha256)
                if isinstance(content, bytes) and not what.list:
                    assets[what.sha256] = content
                elif isinstance(content, bytes):
                    assets |= {sha256_of(chunk) or b"": chunk for chunk in chunks.cut(content)}
                    larges.append(_large(content))
                elif content is not None:
                    larges.append(content)
                if is_twee(path):
                    self._tell(problems, Problem(path, _is_whole(path, what.size)))
        taken = self._take(found, news, now)
        change = taken.change
        dirty = set(found) | self._later
        if change:
            dirty |= self._view.refresh(change.touched)
            self._note_links(taken.bodies)
        outcome = self._outcome(change, dirty, tuple(assets.items()), problems)
        filed = versions(taken.batch, taken.contents, self._view)
        ids = {version.id for version in filed}
        filed += tuple(v for v in repairs(taken.repaired, self._view) if v.id not in ids)
        return replace(outcome, versions=filed, larges=tuple(larges))

    def goes_back(self, files: Iterable[FileSeen]) -> bool:
        """Tell whether a file is how it was before co-authors wrote in it; see back.py."""
        return any(map(self._back.goes_back, files))

    @property
    def went_back(self) -> tuple[StoryPath, ...]:
        """The files of which nothing is made until their author has chosen."""
        return tuple(sorted(self._back.held))

    def share_older(self, now: float, at: int | None = None) -> Outcome:
        """Take in the files that went back: the author means what they hold."""
        self._back.release(files := self._back.meant())
        return self._saw(files, now, at)

    def bring_newest(self, now: float, at: int | None = None) -> Outcome:
        """Write what the story holds into the files that went back; what they held is replaced."""
        files = [seen for seen in self._back.held.values() if self._is_at_hand(seen.path)]
        new = self._back.release(files)
        outcome = self._saw(new, now, at)
        brought = {seen.path: seen for seen in files if seen not in new}
        writes = tuple(self._bring(seen) for seen in brought.values())
        facts = self._facts(set(brought))
        return replace(outcome, writes=(*outcome.writes, *writes), facts=(*outcome.facts, *facts))

    def _is_at_hand(self, path: StoryPath) -> bool:
        want = self._view.content(path)
        return not isinstance(want, Picture) or want.sha256 in self._held

    def _bring(self, seen: FileSeen) -> WriteFile | WriteAsset:
        want, expected = self._view.content(seen.path), sha256_of(seen.content)
        self._shadows.setdefault(seen.path, Shadow()).ask(want)
        self._left_out.discard(seen.path)
        if isinstance(want, Picture):
            return WriteAsset(seen.path, want.sha256, expected, want.list)
        return WriteFile(seen.path, None if want is None else want.data(), expected)

    def _news(self, files: Sequence[FileSeen], now: float) -> dict[StoryPath, FileSeen]:
        """
        Return what was found that we neither knew nor put there.

        A save found while a write for its path is on its way was made before it or
        after it, and only the answer to the write tells. Until then it waits, and all
        that happened together with it, or a passage moved between two files would
        appear in one long before it vanished from the other.
        """
        news: dict[StoryPath, FileSeen] = {}
        for path, seen in (self._deferred | {seen.path: seen for seen in files}).items():
            shadow = self._shadows.get(path) or Shadow()
            sha256 = sha256_of(seen.content)
            if shadow.late and sha256 == sha256_of(shadow.late.content):
                shadow.staged = shadow.late
            if shadow.staged and sha256 == sha256_of(shadow.staged.content):
                self._landed_by_itself(path, shadow.disk, shadow.staged.content)
                self._landed(path)
            elif sha256 == sha256_of(shadow.disk):
                self._left_out.discard(path)
                self._later.add(path)
            else:
                news[path] = seen
        waits = any(path in self._shadows and self._shadows[path].waiting for path in news)
        if not self._deferred:
            self._deferred_since = now
        if waits and now - self._deferred_since < PATIENCE_SECONDS:
            # Whatever is known of reading is not about the write that is on its way.
            self._deferred = {path: FileSeen(path, seen.content) for path, seen in news.items()}
            return {}
        self._deferred = {}
        return news

    def resume(
        self,
        files: Sequence[FileSeen],
        now: float,
        unreadable: Iterable[StoryPath] = (),
        *,
        at: int | None = None,
        again: bool = False,
    ) -> Outcome:
        """
        Take in the whole folder, at the start.

        What we knew and is not here was removed while nobody looked, unless it is
        ``unreadable``: there, but nobody knows as what. A write that was asked for and
        not carried out is asked for again.

        ``again``: the journal is older than the files, and others may have told us since
        what became of them. Then nothing is deleted, and nothing said twice.
        """
        # Nobody had to tell us what came from the network before the folder was read.
        self._view = View(self._document)
        if not again:
            self._recall_what_came_back()
        for shadow in self._shadows.values():
            shadow.flights.clear()
        self._deferred.clear()
        here = {seen.path for seen in files} | set(unreadable)
        missing = [
            FileSeen(path, None)
            for path, shadow in self._shadows.items()
            if path not in here and shadow.disk is not None
        ]
        self._later |= set(self._shadows) | set(self._view.paths())
        self._again = again
        outcome = self.saw([*files, *missing], now, at)
        self._again = False
        return outcome

    def wrote(self, path: StoryPath, content: bytes | Large | None) -> Outcome:
        """Take note that a write was carried out; return the next one for this path, if any."""
        shadow = self._shadows.get(path)
        if shadow is None or not shadow.answered(sha256_of(content)):
            return Outcome()  # Something was seen on disk before the answer came.
        self._landed(path)
        return self.saw((), self._now) if self._deferred else self._outcome(None, {path})

    def kept(self, path: StoryPath, content: bytes | Large | None, now: float) -> Outcome:
        """Take in what was found on disk instead of what a write expected there."""
        shadow = self._shadows.get(path)
        if shadow is not None:
            self._later.add(path)
            staged = shadow.staged
            if shadow.refused() and staged and sha256_of(content) != sha256_of(staged.content):
                shadow.staged = None  # It is certainly not on disk.
                if sha256_of(content) == sha256_of(shadow.disk):
                    # Nothing stood in its way: not at once again, or we would spin.
                    return Outcome()
        return self.saw([FileSeen(path, content)], now)

    def stuck(self, path: StoryPath) -> Outcome:
        """Take note that a write failed; it is asked for again with whatever happens next."""
        shadow = self._shadows.get(path)
        if shadow is None or not shadow.refused():
            return Outcome()
        shadow.staged = None
        outcome = self.saw((), self._now) if self._deferred else Outcome()
        self._later.add(path)
        return outcome

    def _landed(self, path: StoryPath) -> None:
        shadow = self._shadows[path]
        assert shadow.staged is not None
        if shadow.staged.content is None and shadow.disk is not None:
            departure = Departure(shadow.disk, self._now, False, shadow.earlier)
            self._departed.remember(path, departure)
        self._past.left(path, shadow.disk, shadow.staged.content, by_others=True)
        shadow.landed()
        self._checked.came(path, self._view)
        self._left_out.discard(path)
        self._later.add(path)

    def _found(self, path: StoryPath, content: bytes | Large) -> Found | Problem:
        shadow = self._shadows.get(path)
        if shadow is None or shadow.disk is None:
            if self._room <= 0:
                return Problem(path, f"{path} is not synced: {MAX_FILES:,} files is the limit")
            self._room -= 1
        elif isinstance(shadow.disk, Page):
            size = len(content) if isinstance(content, bytes) else content.size
            if size > MAX_TEXT_BYTES:  # co-authors may be editing it; a whole file ends that
                return Problem(path, too_large(path, size, MAX_TEXT_BYTES))
        return _what(path, content)

    # From files to edits.

    def _take(
        self,
        found: Mapping[StoryPath, Found | None],
        news: Mapping[StoryPath, FileSeen],
        now: float,
    ) -> _Taken:
        """Write what the author did; the shadows are then as the disk is."""
        if not found and not self._landings:
            return _Taken()
        on_disk = {path: each.disk for path, each in self._shadows.items() if each.disk is not None}
        intake = Intake(self._view, self._dice, self._mark(), self._limbo, now, on_disk)
        beside: dict[StoryPath, Content] = {}
        earlier = {path: shadow.earlier for path, shadow in self._shadows.items() if path in found}
        batch = self._batch_again(found, beside) if self._again else None
        if batch is None:
            batch = self._batch(found, news, now, beside)
        intake.take(batch, self._landings)
        self._landings.clear()
        self._checked.saved(batch, intake.contents, intake.plan, max(self._at, 1))
        change = None
        bodies = {
            id_: self._view.body(id_)
            for root in intake.plan.texts
            if (id_ := root.removeprefix(schema.BODY)) in self._view.passages
        }
        if intake.plan:
            with self._document.edit(ORIGIN, once=True) as edit:
                intake.plan.write(edit)
            change = edit.change
        for path, content in {**intake.contents, **beside}.items():
            shadow = self._shadows.setdefault(path, Shadow())
            if path in found:
                if isinstance(content, Picture):
                    content = replace(content, saved_at=max(self._at, 1))  # noqa: PLW2901
                self._past.left(path, shadow.disk, content, by_others=False)
                shadow.saved(content)
                self._left_out.discard(path)
            else:
                self._later.add(path)
        for saved in batch:
            # An editor goes on with what it had opened, whatever the file is called by now.
            if saved.was is not None and _is_same(saved.found, saved.base):
                self._shadows[saved.path].earlier = earlier.get(saved.was, ())
        if intake.refiled:
            for shadow in self._shadows.values():
                shadow.renamed(intake.refiled)
        if self._limbo.changed():
            self._facts_to_come.append((LIMBO_FACT, self._limbo.stored))
        return _Taken(batch, intake.contents, bodies, intake.repaired, change)

    def _batch(
        self,
        found: Mapping[StoryPath, Found | None],
        news: Mapping[StoryPath, FileSeen],
        now: float,
        beside: dict[StoryPath, Content],
    ) -> list[Saved]:
        """Find the version that each save was made from."""
        self._departed.forget(now, self._fits)
        self._editors.forget(now)
        gone = {
            path: shadow.disk
            for path, what in found.items()
            if what is None and (shadow := self._shadows[path]).disk is not None
        }
        batch: list[Saved] = []
        new: dict[StoryPath, Found] = {}
        here: set[str] = set()
        for path, what in found.items():
            if what is None:
                continue
            live = self._view.content(path)
            if live is not None and live.sha256 == what.sha256:
                self._adopt(path, live)
                here |= files_of(live)
            elif base := self._base(news[path], what, gone):
                newest, unseen = self._editors.newest(path, base), self._editors.unseen(path, base)
                here |= files_of(base)
                if isinstance(base, Page) and isinstance(what, Text) and newest is None:
                    newest, base = base, self._editors.without_doubtful(path, base, what)
                batch.append(Saved(path, what, base, newest=newest, unseen=unseen))
            else:
                new[path] = what
        for path, origin in renames(gone | self._departed.since(self._deferred_since), new):
            what = new.pop(path)
            if origin in gone:
                base = self._made_from(origin, gone[origin], what)
            else:
                base = self._departed_as(origin, self._departed.contents[origin], what)
            batch.append(Saved(path, what, base, was=origin))
            here |= files_of(base)
        for path, origin in renames(self._departed.lately(new), new):
            # By the author's hand it comes back whole; what others deleted does not.
            departed = self._departed.contents.pop(origin)
            was = origin if origin != path else None
            what = new.pop(path)
            base = self._departed_as(origin, departed, what)
            batch.append(Saved(path, what, base, back=departed.by_author, was=was))
        batch += self._under_old_names(new)
        if gone:
            here |= self._elsewhere(found)
        for path, base in gone.items():
            self._shadow_gone(path)
            if not here & files_of(base):
                # Else it has another name now, given here or by a co-author, or by both.
                batch.append(Saved(path, None, base))
                self._departed.remember(path, Departure(base, now, by_author=True))
        batch += (self._first(path, what, beside) for path, what in new.items())
        return batch

    def _batch_again(
        self, found: Mapping[StoryPath, Found | None], beside: dict[StoryPath, Content]
    ) -> list[Saved]:
        """Find what each file may have been made from; the newest of that may be forgotten."""
        known = {path: live for path in self._view.paths() if (live := self._view.content(path))}
        known |= {path: each.disk for path, each in self._shadows.items() if each.disk is not None}
        batch: list[Saved] = []
        new: dict[StoryPath, Found] = {}
        for path, what in found.items():
            live = self._view.content(path)
            if what is None:
                self._shadow_gone(path)  # Whether the author removed it nobody knows.
            elif live is not None and live.sha256 == what.sha256:
                self._adopt(path, live)
            elif path in known or not isinstance(what, Text):
                base = self._base(FileSeen(path, None), what, {}) or known.get(path)
                batch.append(self._again_from(path, what, base, beside))
            else:
                new[path] = what
        here = {path for path, what in found.items() if what is not None}
        here |= {path for path, shadow in self._shadows.items() if shadow.disk is not None}
        gone = {p: each for p, each in known.items() if p not in here and isinstance(each, Page)}
        for path, origin in renames(gone, new):
            what, base = new.pop(path), with_news(gone[origin], self._view, origin)
            batch.append(Saved(path, what, base, first=True, again=True, was=origin))
        batch += (self._first(path, what, beside) for path, what in new.items())
        return batch

    def _again_from(
        self, path: StoryPath, what: Found, base: Content | None, beside: dict[StoryPath, Content]
    ) -> Saved:
        live = self._view.content(path)
        if isinstance(base, Page) and isinstance(what, Text) and not isinstance(live, Picture):
            return Saved(path, what, with_news(base, self._view, path), first=True, again=True)
        if base is not None and live is not None and base.sha256 == live.sha256:
            return Saved(path, what, live)
        return self._first(path, what, beside)

    def _elsewhere(self, found: Mapping[StoryPath, Found | None]) -> set[str]:
        """Return the files that are on disk under paths of which nothing was told just now."""
        return {
            id_
            for path, shadow in self._shadows.items()
            if path not in found and shadow.disk is not None
            for id_ in files_of(shadow.disk)
        }

    def _made_from(self, origin: StoryPath, base: Content, what: Found) -> Content:
        """Our last write of a file that was renamed may have come first, unseen."""
        shadow = self._shadows.get(origin)
        staged = shadow.staged.content if shadow and shadow.staged else None
        if isinstance(what, Text) and isinstance(base, Page):
            versions = [*(shadow.earlier if shadow else ()), base]
            if isinstance(staged, Page):
                versions.append(staged)
            return self._editors.opened(origin, what, versions)
        return base

    def _departed_as(self, path: StoryPath, departed: Departure, what: Found) -> Content:
        """Return the version that an editor shows of a file that went."""
        if not isinstance(what, Text) or not isinstance(departed.content, Page):
            return departed.content
        versions = [each for each in departed.earlier if self._fits(each)]
        versions.append(departed.content)
        return self._editors.opened(path, what, versions)

    def _under_old_names(self, new: dict[StoryPath, Found]) -> Iterator[Saved]:
        """Take out what editors still save under names that files once had."""
        for path in [path for path in new if self._view.content(path) is None]:
            if base := self._editors.under_old_name(self._view, path, new[path]):
                yield Saved(path, new.pop(path), base)

    def _adopt(self, path: StoryPath, live: Content) -> None:
        """The author's disk holds what the document shows, whatever way it came there."""
        shadow = self._shadows.setdefault(path, Shadow())
        self._past.left(path, shadow.disk, live, by_others=False)
        self._landed_by_itself(path, shadow.disk, live)
        shadow.saved(live)
        self._left_out.discard(path)

    def _base(
        self, seen: FileSeen, what: Found, gone: Mapping[StoryPath, Content]
    ) -> Content | None:
        """Return the version that a save was made from, of those that may have been there."""
        shadow = self._shadows.get(seen.path)
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
            if not told:
                told = [self._editors.opened(seen.path, what, versions)]
            base = told[0]
            self._note_kept(seen.path, what.text, base, shadow.disk)
            return base
        if shadow.disk is not None or not isinstance(staged, Page):
            return shadow.disk
        # Our write may have come first. Or the author gave the file this name, as a
        # co-author did; or made a file of this name without knowing of ours.
        others = [*gone.values(), *self._departed.since(self._deferred_since).values()]
        same = [each for each in others if files_of(each) & files_of(staged)]
        versions = [*(page for page in same if isinstance(page, Page)), staged]
        base = self._editors.opened(seen.path, what, versions)
        return base if is_mostly(what.text, base) else None

    def _landed_by_itself(self, path: StoryPath, was: Content | None, now: Content | None) -> None:
        """Note what a file holds as the document says: by our write, or by its author's hand."""
        before, after = _passages_of(was), _passages_of(now)
        gone = [part for id_, part in before.items() if id_ not in after]
        came = [part for id_, part in after.items() if id_ not in before]
        self._editors.left(gone, self._now)
        if gone or came:
            self._landings.append(Landing(path, tuple(gone), tuple(came)))

    def _note_kept(self, path: StoryPath, text: str, base: Page, newest: Page) -> None:
        """Remember what a save misses and is kept; who goes on from the text has seen it."""
        if base is newest:
            for id_ in [each.id for each in self._kept.values() if each.path == path]:
                self._forget_kept(id_)
            return
        for each in missed(path, text, base, newest, self._at):
            self._kept.pop(each.id, None)
            self._kept[each.id] = each
            self._facts_to_come.append((KEPT + each.id, encode_kept(each)))
        while len(self._kept) > MAX_KEPT:
            self._forget_kept(next(iter(self._kept)))

    def _forget_kept(self, id_: str) -> None:
        del self._kept[id_]
        self._facts_to_come.append((KEPT + id_, None))

    def _mark(self) -> str:
        """Return the mark under which this device makes passages."""
        if not self._born:
            self._born = schema.fresh_id(self._dice)
            self._facts_to_come.append((OWN_FACT, self._born.encode()))
        return self._born

    def _first(self, path: StoryPath, what: Found, beside: dict[StoryPath, Content]) -> Saved:
        """Meet a file of which there is no shadow."""
        match self._view.content(path), what:
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
                beside[path] = Picture(id_, what.sha256, 0)
                return Saved(_beside(path, what.sha256), what, None)

    def _shadow_gone(self, path: StoryPath) -> None:
        shadow = self._shadows[path]
        self._past.left(path, shadow.disk, None, by_others=False)
        shadow.saved(None)
        self._later.add(path)

    # What happened to the document.

    def merged(self, touched: Iterable[Touch]) -> Outcome:
        """Say which files must be written because the document changed."""
        dirty = self._view.refresh(touched)
        told: list[Problem] = []
        plan, doubts = self._checked.put_beside(
            dirty, self._view, self._person, self._is_taken, lambda: schema.fresh_id(self._dice)
        )
        for problem in doubts:
            self._tell(told, problem)
        change, seen = self._mend(self._lost_pictures(dirty, told), plan)
        if change:
            dirty |= self._view.refresh(change.touched)
        return replace(self._outcome(change, dirty, problems=told), versions=seen)

    def _mend(
        self, lost: Mapping[str, str], plan: Plan
    ) -> tuple[Change | None, tuple[Version, ...]]:
        """
        Write what only this device can.

        Delete what a save brought here and a save elsewhere brought there, too; put beside what
        was ``lost``, and do what the ``plan`` says; repair links that our author made to a name
        which was changed meanwhile; and make one of two twins that were both edited.
        """
        doubled, late = self._document.doubled(), self._links.late(self._view)
        rivals = [(one, other) for one, other in self._view.rivals() if other.born == self._born]
        if not doubled and not lost and not late and not rivals and not plan:
            return None, ()
        for stays, goes in rivals:
            unite(plan, self._view, stays, goes)
        for id_, splices in late.items():
            plan.splice(schema.BODY + id_, splices)
        bodies = {id_: self._view.body(id_) for id_ in late}
        with self._document.edit(ORIGIN) as edit:
            plan.write(edit)
            for root, start, length in sorted(doubled, reverse=True):
                if root not in plan.texts:
                    edit.delete(root, start, length)
            for key, value in lost.items():
                edit.set(schema.FILES, key, value)
        mended = {id_: (body, self._view.body(id_)) for id_, body in bodies.items()}
        return edit.change, repairs(mended, self._view)

    def _note_links(self, before: Mapping[str, str]) -> None:
        """Remember the links that a save brought to names which are in the author's files."""
        story_format = format_of(self._view) if before else None
        shown: set[str] | None = None
        for id_, body in before.items():
            passage = self._view.passages.get(id_)
            if passage is None:
                continue
            targets = new_targets(body, self._view.body(id_), story_format, passage.tags)
            if targets and shown is None:
                shown = self._names_on_disk()
            self._links.made(id_, targets & (shown or set()))

    def _names_on_disk(self) -> set[str]:
        return {
            segment_of(part).name
            for shadow in self._shadows.values()
            if isinstance(shadow.disk, Page)
            for part in shadow.disk.parts
            if part.piece is Piece.PASSAGE
        }

    def _lost_pictures(self, dirty: set[StoryPath], told: list[Problem]) -> dict[str, str]:
        """Return registers that put beside what an author changed while somebody else did."""
        registers: dict[str, str] = {}
        for path in sorted(dirty):
            shadow, theirs = self._shadows.get(path), self._view.content(path)
            ours = shadow.disk if shadow is not None else None
            if not isinstance(ours, Picture) or not isinstance(theirs, Picture):
                continue
            if shadow is None or not ours.saved_at or ours.sha256 == theirs.sha256:
                continue
            shadow.disk = pictures.unclaimed(ours, theirs.id)
            if ours.id == theirs.id and not pictures.is_lost(ours, theirs):
                continue
            file = self._view.files.get(ours.id)
            if ours.id != theirs.id and (file is None or file.path != path):
                continue  # it is elsewhere by now, under a name of its own
            beside = pictures.name_beside(path, self._person, ours.saved_at, self._is_taken)
            id_ = schema.fresh_id(self._dice) if ours.id == theirs.id else ours.id
            registers[f"{id_}/{schema.PATH}"] = beside
            registers[f"{id_}/{schema.ASSET}"] = pictures.encode(ours)
            self._tell(told, Problem(beside, _two_pictures(path, beside)))
        return registers

    def _is_taken(self, path: StoryPath) -> bool:
        return path in self._shadows or self._view.content(path) is not None

    def wanted_writes_for(self, asset: bytes) -> Outcome:
        """
        Take note that a binary content is in the journal; return the writes that waited for it.

        Call it for each of :meth:`assets` that the journal holds at the start, too.
        """
        self._held.add(asset)
        waiting = {
            path
            for path in self._view.paths()
            if isinstance(content := self._view.content(path), Picture) and content.sha256 == asset
        }
        return self._outcome(None, waiting)

    # What the document shows.

    def fetch_up_to(self, size: int | None) -> None:
        """Say how large a binary file may be to come by itself; None: whatever it is."""
        self._chosen.up_to = size

    def fetch(self, paths: Iterable[StoryPath]) -> Outcome:
        """Let binary files come, however large they are; see chosen.py."""
        self._chosen.fetch(paths)
        return self._outcome(None, set())

    def not_fetched(self) -> dict[StoryPath, int]:
        """Return the binary files that are not here because nobody asked for them, and sizes."""
        if self._chosen.up_to is None:
            return {}
        contents = {path: self._view.content(path) for path in self._view.paths()}
        return {
            path: content.size
            for path, content in contents.items()
            if isinstance(content, Picture)
            and content.size <= MAX_ASSET_BYTES
            and not self._is_wanted(path, content)
        }

    def _is_wanted(self, path: StoryPath, picture: Picture) -> bool:
        """Tell whether a binary file comes: what is here already is kept up to date."""
        shadow = self._shadows.get(path)
        is_here = shadow is not None and shadow.disk is not None
        return is_here or self._chosen.wants(path, picture.size)

    def assets(self) -> frozenset[bytes]:
        """Return the SHA-256 of every binary content that the files need and that is one asset."""
        return frozenset(each.sha256 for each in self._pictures() if not each.list)

    def larges(self) -> frozenset[tuple[bytes, bytes, int]]:
        """Return those that are cut into chunks: SHA-256 of content and list, and size."""
        return frozenset(
            (each.sha256, each.list, each.size) for each in self._pictures() if each.list
        )

    def _pictures(self) -> Iterator[Picture]:
        for path in self._view.paths():
            content = self._view.content(path)
            if not isinstance(content, Picture) or content.size > MAX_ASSET_BYTES:
                continue
            if self._is_wanted(path, content):
                yield content

    def known(self) -> tuple[StoryPath, ...]:
        """Return the paths of all files that are on disk, as far as we know."""
        return tuple(path for path, each in self._shadows.items() if each.disk is not None)

    def paths(self) -> tuple[StoryPath, ...]:
        """Return the paths of all files that the document shows."""
        return tuple(self._view.paths())

    def shown(self) -> dict[StoryPath, Content]:
        """Return what each file holds that the document shows, whatever is on disk."""
        view = View(self._document)
        contents = {path: view.content(path) for path in view.paths()}
        return {path: content for path, content in contents.items() if content is not None}

    def render(self, path: StoryPath) -> bytes | None:
        """Return a text file as the document shows it; None: there is none of this name."""
        content = self._view.content(path)
        return content.data() if isinstance(content, Page) else None

    def stand(self) -> tuple[Version, ...]:
        """Return how the whole story stands, for a milestone."""
        return stand({path: self._view.content(path) for path in self._view.paths()}, self._view)

    # From the document to files.

    def _outcome(
        self,
        change: Change | None,
        dirty: set[StoryPath],
        assets: tuple[tuple[bytes, bytes], ...] = (),
        problems: Sequence[Problem] = (),
    ) -> Outcome:
        told = list(problems)
        dirty |= self._later
        self._later.clear()
        names = self._folded(dirty)
        settled = [self._settle(path, names, told) for path in sorted(dirty)]
        writes = [write for write in settled if write is not None]
        for problem in self._view.problems():
            self._tell(told, problem)
        # Files that go come first: on some systems the new name may be the same as the old.
        writes.sort(key=lambda each: not (isinstance(each, WriteFile) and each.content is None))
        return Outcome(change, self._facts(dirty), assets, tuple(writes), tuple(told))

    def _settle(
        self, path: StoryPath, names: Mapping[str, set[StoryPath]], told: list[Problem]
    ) -> WriteFile | WriteAsset | None:
        """Compare a path with what it must hold; return the write that makes them the same."""
        want = self._view.content(path)
        shadow = self._shadows.setdefault(path, Shadow())
        if shadow.waiting or path in self._left_out or path in self._deferred:
            return None
        expected = sha256_of(shadow.disk)
        if sha256_of(want) == expected:
            shadow.rest(want)
            return None
        if shadow.disk is None and self._clashes(path, names[same_as(path)], told):
            return None
        match want:
            case None:
                write: WriteFile | WriteAsset = WriteFile(path, None, expected)
            case Page():
                write = WriteFile(path, want.data(), expected)
            case Picture(_, sha256, size, list_):
                if sha256 not in self._held or size > MAX_ASSET_BYTES:
                    return None
                write = WriteAsset(path, sha256, expected, list_)
        shadow.ask(want)
        return write

    def _folded(self, dirty: set[StoryPath]) -> Mapping[str, set[StoryPath]]:
        """Return the names on disk, as far as one about to come there may be the same."""
        names: defaultdict[str, set[StoryPath]] = defaultdict(set)
        if all((shadow := self._shadows.get(path)) and shadow.disk for path in dirty):
            return names
        for path, shadow in self._shadows.items():
            if shadow.disk is not None or shadow.staged is not None:
                names[same_as(path)].add(path)
        return names

    def _clashes(self, path: StoryPath, names: set[StoryPath], told: list[Problem]) -> bool:
        """Tell whether some system takes this name and one on disk for the same."""
        for other in sorted(names - {path}):
            if self._view.content(other) is not None:
                self._tell(told, Problem(path, _clash(path, other)))
                return True
        names.add(path)
        return False

    def _facts(self, dirty: set[StoryPath]) -> tuple[tuple[str, bytes | None], ...]:
        facts = [*self._facts_to_come, *self._checked.news(), *self._past.news()]
        facts += self._chosen.news()
        self._facts_to_come = []
        for path in sorted(dirty):
            shadow = self._shadows[path]
            if shadow.changed():
                facts.append((PREFIX + path, shadow.stored))
            if shadow.blank():
                del self._shadows[path]
        return tuple(facts)

    def _tell(self, told: list[Problem], problem: Problem) -> None:
        """Report a problem once."""
        if problem not in self._told:
            self._told.add(problem)
            told.append(problem)


def _passages_of(content: Content | None) -> dict[str, Part]:
    parts = content.parts if isinstance(content, Page) else ()
    return {part.id: part for part in parts if part.piece is Piece.PASSAGE}


def _what(path: StoryPath, content: bytes | Large) -> Found | Problem:
    """Say what a file on disk is, or why it is left out."""
    if isinstance(content, bytes):
        if len(content) <= MAX_TEXT_BYTES and (decoded := codec.decode(content, path)):
            sha256 = hashlib.sha256(content).digest()
            return Text(decoded.text, decoded.eol, decoded.bom, sha256)
        if len(content) <= chunks.MAX_WHOLE:
            return Blob(hashlib.sha256(content).digest(), len(content))
        content = _large(content)
    if content.size > MAX_ASSET_BYTES:
        return Problem(path, too_large(path, content.size, MAX_ASSET_BYTES))
    return Blob(content.sha256, content.size, chunks.id_of(content.list))


def _large(content: bytes) -> Large:
    return Large(
        hashlib.sha256(content).digest(), len(content), chunks.list_of(chunks.cut(content))
    )


def _is_whole(path: StoryPath, size: int) -> str:
    if size > MAX_TEXT_BYTES:
        return (
            f"{path} has {size:,} bytes, so it is shared as a whole and never merged; "
            f"up to {MAX_TEXT_BYTES:,} bytes are, so cut it into several files"
        )
    return (
        f"{path} is not UTF-8, so it is shared as a whole and never merged; "
        "save it as UTF-8 in your editor"
    )


def _two_pictures(path: StoryPath, beside: StoryPath) -> str:
    return (
        f"{path} was changed here and elsewhere at the same time; theirs is there now, and "
        f"yours is beside it as {beside}: keep one of them"
    )


def _clash(path: StoryPath, other: StoryPath) -> str:
    return (
        f"{path} is not written here: it differs from {other} only in capital letters or in "
        "how accents are spelled, which makes it the same file on Windows or macOS; both are "
        "kept, so rename one of them"
    )


def _beside(path: StoryPath, sha256: bytes) -> StoryPath:
    """Return the name under which a file stands beside another one of its name."""
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    mark = f" ({sha256.hex()[:8]})"
    return StoryPath(folder + slash + (f"{stem}{mark}{dot}{suffix}" if stem else name + mark))


def _is_same(found: Found | None, base: Content | None) -> bool:
    return found is not None and base is not None and found.sha256 == base.sha256
