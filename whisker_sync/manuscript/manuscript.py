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

How it works
============

It is made of parts that each know one thing, and a part knows only parts below it::

    Taking                    saves are written into the document, and the shadows follow
    Mending  Settling         what only we can put right; which files must be written
    Lineage                   from which version each save was made
    Contents                  binary contents: which are wanted, which are here
    Back  Arrivals  Editors   files that went back; saves that wait; what editors may show
    Formatters                which passages two devices format in turn
    Disk                      what we know to be on the author's disk
    View                      what the document shows

A save comes in by :meth:`Manuscript.saw`: is it news, what is it, what was it made from, which
edits is that? What others write comes in by :meth:`Manuscript.merged`. Both end in
:meth:`Manuscript._outcome`, which compares what the document shows with what is on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random

from whisker_sync.document import Change, Document, Touch
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.arrivals import Arrivals
from whisker_sync.manuscript.back import Back
from whisker_sync.manuscript.checked import Checked
from whisker_sync.manuscript.contents import Contents
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.files import FileSeen, Large, Outcome, Problem
from whisker_sync.manuscript.formatters import Formatters
from whisker_sync.manuscript.mending import Mending
from whisker_sync.manuscript.reading import read
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.revisions import stand
from whisker_sync.manuscript.saves import Blob, Moment
from whisker_sync.manuscript.settling import Settling
from whisker_sync.manuscript.shadow import Content, Page, sha256_of
from whisker_sync.manuscript.taking import Taking
from whisker_sync.revision import Version


class Manuscript:
    """The files of one story as a document, and the other way round."""

    def __init__(
        self, document: Document, facts: Mapping[str, bytes], dice: Random, person: str = ""
    ) -> None:
        self._document = document
        self._view = View(document)
        self._checked = Checked(facts)
        self._disk = Disk(self._view, facts, self._checked)
        self._back = Back(self._disk.past, self._disk.shadows)
        self._arrivals = Arrivals(self._disk)
        self._contents = Contents(self._view, self._disk, facts)
        self._formatters = Formatters(facts)
        self._settling = Settling(
            self._view, self._disk, self._contents, self._arrivals, self._formatters
        )
        self._taking = Taking(
            document, self._view, self._disk, self._checked, self._formatters, dice, facts
        )
        self._mending = Mending(document, self._view, self._disk, self._checked, dice, person)
        self._when = Moment()
        self._told: set[Problem] = set()

    # What happened to the files.

    def saw(
        self,
        files: Sequence[FileSeen],
        now: float,
        at: int | None = None,
        *,
        since: float | None = None,
    ) -> Outcome:
        """
        Take in files that were saved, made or removed.

        All that happened together belongs into one call: a file that is gone and
        one that is new may be the same one under another name. ``at`` is when, in
        milliseconds since 1970, for display; ``since`` is when the first of them was found, if
        that was before now. Files that go back together to how they were before co-authors
        wrote in them are left out; see back.py.
        """
        self._taking.saved_again(self._arrivals.unchanged(files), now)
        return self._sift(files, now, at, since)

    def _sift(
        self, files: Sequence[FileSeen], now: float, at: int | None, since: float | None = None
    ) -> Outcome:
        rest = self._back.sift(files)
        self._disk.left_out |= self._back.held.keys()
        return self._take(rest, now, at, since)

    def overtaken(self, files: Sequence[FileSeen], now: float, at: int | None = None) -> Outcome:
        """
        Take in what waits for the answer to a write, if one of some files was saved over it.

        It comes before :meth:`saw` of these files, or :meth:`kept`: each of two saves is one, also
        if both come while we write there.
        """
        if not self._arrivals.are_overtaken(files):
            return Outcome()
        return self._take((), now, at)

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
        self._view.read_all()
        if not again:
            self._disk.recall_what_came_back()
            self._contents.hold(self._disk.pictures())
        self._disk.forget_flights()
        self._arrivals.clear()
        here = {seen.path for seen in files} | set(unreadable)
        missing = [FileSeen(path, None) for path in self._disk.contents() if path not in here]
        self._disk.later |= {*self._disk.shadows, *self._view.paths()}
        if again:
            return self._take([*files, *missing], now, at, again=True)
        return self._sift([*files, *missing], now, at)

    def _take(
        self,
        files: Iterable[FileSeen],
        now: float,
        at: int | None,
        since: float | None = None,
        *,
        again: bool = False,
    ) -> Outcome:
        news = self._arrivals.news(files, now, since)
        self._when = Moment(now, self._when.at if at is None else at, self._arrivals.since)
        files_read = read(news, self._disk)
        self._disk.left_out |= files_read.left_out
        found = files_read.found
        contents = {what.sha256 for what in found.values() if isinstance(what, Blob)}
        # A co-author's file may wait for just that.
        dirty = set(found) | self._contents.hold(contents)
        taken = self._taking.take(found, news, self._when, again=again)
        if taken.change:
            dirty |= self._view.refresh(taken.change.touched)
            self._mending.note_links(taken.bodies)
        return replace(
            self._outcome(taken.change, dirty, files_read.problems),
            assets=tuple(files_read.assets.items()),
            larges=tuple(files_read.larges),
            versions=taken.versions(self._view),
        )

    # What became of a write.

    def wrote(self, path: StoryPath, content: bytes | Large | None, now: float) -> Outcome:
        """Take note that a write was carried out; return the next one for this path, if any."""
        shadow = self._disk.shadows.get(path)
        if shadow is None or not shadow.answered(sha256_of(content)):
            return Outcome()  # Something was seen on disk before the answer came.
        self._disk.landed(path, now)
        return self._go_on(now) if self._arrivals else self._outcome(None, {path})

    def kept(self, path: StoryPath, content: bytes | Large | None, now: float) -> Outcome:
        """Take in what was found on disk instead of what a write expected there."""
        shadow = self._disk.shadows.get(path)
        if shadow is not None:
            self._disk.later.add(path)
            staged = shadow.staged
            if shadow.refused() and staged and sha256_of(content) != sha256_of(staged.content):
                shadow.staged = None  # It is certainly not on disk.
                if sha256_of(content) == sha256_of(shadow.disk):
                    # Nothing stood in its way: not at once again, or we would spin.
                    return Outcome()
        self._disk.in_our_way = path
        outcome = self.saw([FileSeen(path, content)], now)
        self._disk.in_our_way = None
        return outcome

    def stuck(self, path: StoryPath, now: float) -> Outcome:
        """Take note that a write failed; it is asked for again with whatever happens next."""
        shadow = self._disk.shadows.get(path)
        if shadow is None or not shadow.flights:
            return Outcome()
        to_remove = shadow.flights[0].content is None
        if not shadow.refused():
            if to_remove:
                self._disk.departed.was_by_author(path)  # It is gone, and that was not us.
            return Outcome()
        shadow.staged = None
        outcome = self._go_on(now) if self._arrivals else Outcome()
        self._disk.later.add(path)
        return outcome

    def _go_on(self, now: float) -> Outcome:
        """Take in the saves that waited for an answer."""
        return self.saw((), now)

    # Files that went back.

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
        return self._take(files, now, at)

    def bring_newest(self, now: float, at: int | None = None) -> Outcome:
        """Write what the story holds into the files that went back; what they held is replaced."""
        held = self._back.held.values()
        files = [seen for seen in held if self._contents.is_at_hand(self._view.content(seen.path))]
        new = self._back.release(files)
        outcome = self._take(new, now, at)
        brought = {seen.path: sha256_of(seen.content) for seen in files if seen not in new}
        writes = tuple(self._settling.bring(path, found) for path, found in brought.items())
        facts = self._facts(brought.keys())
        return replace(outcome, writes=(*outcome.writes, *writes), facts=(*outcome.facts, *facts))

    # What happened to the document.

    def merged(self, touched: Iterable[Touch]) -> Outcome:
        """Say which files must be written because the document changed."""
        dirty = self._view.refresh(touched)
        mended = self._mending.mend(dirty, self._taking.born)
        versions = mended.versions(self._view)
        if mended.change:
            dirty |= self._view.refresh(mended.change.touched)
        return replace(self._outcome(mended.change, dirty, mended.problems), versions=versions)

    def wanted_writes_for(self, asset: bytes) -> Outcome:
        """
        Take note that a binary content is in the journal; return the writes that waited for it.

        Call it for each of :meth:`assets` that the journal holds at the start, too.
        """
        return self._outcome(None, self._contents.hold([asset]))

    # Which binary files come.

    def fetch_up_to(self, size: int | None) -> None:
        """Say how large a binary file may be to come by itself; None: whatever it is."""
        self._contents.fetch_up_to(size)

    def fetch(self, paths: Iterable[StoryPath]) -> Outcome:
        """Let binary files come, however large they are; see chosen.py."""
        self._contents.fetch(paths)
        return self._outcome(None, set())

    def not_fetched(self) -> dict[StoryPath, int]:
        """Return the binary files that are not here because nobody asked for them, and sizes."""
        return self._contents.not_fetched()

    def assets(self) -> frozenset[bytes]:
        """Return the SHA-256 of every binary content that the files need and that is one asset."""
        return frozenset(each.sha256 for each in self._contents.wanted() if not each.list)

    def larges(self) -> frozenset[tuple[bytes, bytes, int]]:
        """Return those that are cut into chunks: SHA-256 of content and list, and size."""
        wanted = self._contents.wanted()
        return frozenset((each.sha256, each.list, each.size) for each in wanted if each.list)

    # What the document shows.

    def known(self) -> tuple[StoryPath, ...]:
        """Return the paths of all files that are on disk, as far as we know."""
        return tuple(self._disk.contents())

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

    # What follows.

    def _outcome(
        self, change: Change | None, dirty: set[StoryPath], problems: Iterable[Problem] = ()
    ) -> Outcome:
        """Say what is to be remembered and written, now that files or document are different."""
        dirty = dirty | self._disk.take_later()
        writes, doubts = self._settling.settle(dirty)
        told = self._not_told([*problems, *doubts])
        return Outcome(
            change,
            self._facts(dirty),
            writes=tuple(writes),
            problems=told,
            trash=self._back.dropped(),
        )

    def _facts(self, paths: Iterable[StoryPath]) -> tuple[tuple[str, bytes | None], ...]:
        return (
            *self._taking.news(),
            *self._checked.news(),
            *self._formatters.news(),
            *self._contents.news(),
            *self._disk.news(paths),
        )

    def _not_told(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Return the problems that were not reported before, each once."""
        new = tuple(each for each in dict.fromkeys(problems) if each not in self._told)
        self._told.update(new)
        return new
