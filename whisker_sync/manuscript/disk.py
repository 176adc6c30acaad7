"""
What we know to be on the author's disk, path by path.

News or nothing: what is found as we know it, or as we asked for it to be written, is no work of
the author's and causes nothing. So our own writes and everybody's echoes die here.

Each path has a shadow (shadow.py). There are four ways for one to change, and no other: the
author *saved* something; what we wrote has *landed*; a file holds what the document shows,
whatever way it came there (*adopt*); or it is *gone*. Whatever is remembered of what was there
before follows from these: the past of a path (back.py), files that went (origins.py), passages
that left a file.

It never guesses. A shadow that speaks of what the document does not know is damaged or of
another document; then the file is met as if for the first time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence

from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.back import Past
from whisker_sync.manuscript.checked import Checked
from whisker_sync.manuscript.limits import MAX_REMEMBERED, MOVE_SECONDS, UNSEEN_SECONDS
from whisker_sync.manuscript.origins import Departed, Departure, files_of
from whisker_sync.manuscript.pieces import segment_of
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Landing
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
from whisker_sync.paths import accept


class Disk:
    """The shadows of all paths, and what is remembered of what was there."""

    def __init__(self, view: View, facts: Mapping[str, bytes], checked: Checked) -> None:
        self._view = view
        self._checked = checked
        self.shadows: dict[StoryPath, Shadow] = {}
        self.past = Past(facts)
        self.departed = Departed()
        self.left: dict[Part, float] = {}
        """Passages that left a file lately by no save of its author's, and when."""

        self.left_out: set[StoryPath] = set()
        """Files on disk that we leave alone."""

        self.later: set[StoryPath] = set()
        """Paths to look at again with whatever happens next."""

        self.in_our_way: StoryPath | None = None
        """A file whose author saved it before we could write it; it is looked at just now."""

        self._landings: list[Landing] = []
        self._written: defaultdict[StoryPath, list[float]] = defaultdict(list)
        """When what we wrote lately came to be there."""

        for name, fact in facts.items():
            if name.startswith(PREFIX) and name != OWN_FACT:
                self._recall(name[len(PREFIX) :], fact)

    # What the journal holds.

    def _recall(self, path: str, fact: bytes) -> None:
        try:
            accepted = accept(path)
        except UnsafePath:
            return
        shadow = decode(fact)
        if shadow is None or not all(self.fits(each) for each in _contents_of(shadow)):
            # Damaged, or of another document: the file is met as if for the first time.
            shadow = Shadow(stored=fact)
        elif not all(self.fits(version) for version in shadow.earlier):
            shadow.earlier = ()
        self.shadows[accepted] = shadow

    def recall_what_came_back(self) -> None:
        """Recall shadows of what the document did not know at first, and was told since."""
        for path, shadow in list(self.shadows.items()):
            if shadow.disk is None and shadow.staged is None and shadow.stored:
                self._recall(path, shadow.stored)

    def fits(self, content: Content | None) -> bool:
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

    def news(self, paths: Iterable[StoryPath]) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that changed; ``paths`` are those that may have."""
        facts = self.past.news()
        for path in sorted(paths):
            shadow = self.shadows[path]
            if shadow.changed():
                facts.append((PREFIX + path, shadow.stored))
            if shadow.blank():
                del self.shadows[path]
        return facts

    # What is known.

    def contents(self) -> dict[StoryPath, Content]:
        """Return what each file holds that is there."""
        return {path: each.disk for path, each in self.shadows.items() if each.disk is not None}

    def unanswered(self, but: Container[StoryPath]) -> dict[StoryPath, Content]:
        """
        Return what new files hold that we asked for, and nobody said whether they were written.

        A process that ended may have written them; who finds none there finds it perhaps
        under another name.
        """
        return {
            path: shadow.staged.content
            for path, shadow in self.shadows.items()
            if shadow.disk is None and shadow.staged and not shadow.flights and path not in but
            if shadow.staged.content is not None
        }

    def pictures(self) -> Iterator[bytes]:
        """Yield the SHA-256 of binary contents that are there, or that we had ready to write."""
        for shadow in self.shadows.values():
            yield from (each.sha256 for each in _contents_of(shadow) if isinstance(each, Picture))

    def files(self, but: Collection[StoryPath]) -> set[str]:
        """Return the files of the document that are there under any path ``but`` some."""
        contents = (content for path, content in self.contents().items() if path not in but)
        return {id_ for content in contents for id_ in files_of(content)}

    def names(self) -> set[str]:
        """Return the names of all passages in files."""
        return {
            segment_of(part).name
            for content in self.contents().values()
            for part in _passages_of(content).values()
        }

    def is_taken(self, path: StoryPath) -> bool:
        """Tell whether there is or will be something under a path."""
        shadow = self.shadows.get(path)
        is_here = shadow is not None and (shadow.disk is not None or not shadow.stood)
        return is_here or self._view.content(path) is not None

    # What happens to it.

    def is_news(self, path: StoryPath, sha256: bytes | None, now: float) -> bool:
        """Tell whether what was found is neither what we know nor what we asked for."""
        shadow = self.shadows.get(path) or Shadow()
        if shadow.late and sha256 == sha256_of(shadow.late.content):
            shadow.staged = shadow.late
        if shadow.staged and sha256 == sha256_of(shadow.staged.content):
            # What is found before our write is answered, or in its way, was not written by us.
            by_author = shadow.waiting or path == self.in_our_way
            self._note_passages(path, shadow.disk, shadow.staged.content, now, by_author=by_author)
            self.landed(path, now)
        elif sha256 == sha256_of(shadow.disk):
            self.left_out.discard(path)
            self.later.add(path)
        else:
            return True
        return False

    def saved(self, path: StoryPath, content: Content | None) -> None:
        """Note that the author's own work is there."""
        shadow = self.shadows.setdefault(path, Shadow())
        self.past.left(path, shadow.disk, content, by_others=False)
        shadow.saved(content)
        self.left_out.discard(path)

    def renamed(self, was: StoryPath, path: StoryPath, earlier: tuple[Page, ...]) -> None:
        """Note that a file got another name as it was, with versions that editors may show."""
        self.shadows[path].earlier = earlier
        if was in self._written:
            self._written[path] = self._written.pop(was)

    def adopt(self, path: StoryPath, live: Content, now: float) -> None:
        """Note that a file holds what the document shows, whatever way it came there."""
        shadow = self.shadows.setdefault(path, Shadow())
        self._note_passages(path, shadow.disk, live, now, by_author=True)
        self.saved(path, live)

    def before_we_wrote(self, path: StoryPath) -> Content | None:
        """Return what was there before what we wrote lately; None: we wrote nothing there."""
        earlier, times = self.shadows[path].earlier, self._written.get(path, ())
        return earlier[-min(len(times), len(earlier))] if earlier and times else None

    def written(self, path: StoryPath) -> Sequence[float]:
        """Return when we wrote a file lately, oldest first."""
        return self._written.get(path, ())

    def gone(self, path: StoryPath) -> None:
        """Note that a file is not there any more."""
        shadow = self.shadows[path]
        self.past.left(path, shadow.disk, None, by_others=False)
        shadow.saved(None)
        self.later.add(path)
        self._bound_past()

    def landed(self, path: StoryPath, now: float) -> None:
        """Note that what we asked for is there."""
        shadow = self.shadows[path]
        assert shadow.staged is not None
        if shadow.staged.content is None and shadow.disk is not None:
            departure = Departure(shadow.disk, now, False, shadow.earlier)
            self.departed.remember(path, departure)
        self.past.left(path, shadow.disk, shadow.staged.content, by_others=True)
        shadow.landed()
        self._written[path].append(now)
        if shadow.stood:
            self._bound_past()
        self._checked.came(path, self._view)
        self.left_out.discard(path)
        self.later.add(path)

    def stood(self, path: StoryPath) -> list[Page]:
        """Return the versions that stood under a path before its file went, oldest first."""
        shadow = self.shadows.get(path) or Shadow()
        return [version for version in shadow.stood if self.fits(version)]

    def _bound_past(self) -> None:
        """Of files that went, remember the last ones."""
        went = [path for path, shadow in self.shadows.items() if shadow.stood]
        for path in went[: max(0, len(went) - MAX_REMEMBERED)]:
            self.shadows[path].stood = ()
            self.later.add(path)

    def _note_passages(
        self,
        path: StoryPath,
        was: Content | None,
        now: Content | None,
        when: float,
        *,
        by_author: bool = False,
    ) -> None:
        """Note which passages left a file or came into it, as co-authors wanted it as well."""
        gone, came = _without(was, now), _without(now, was)
        self.left |= dict.fromkeys((parts[0] for parts in gone), when)
        if gone or came:
            self._landings.append(Landing(path, gone, came, by_author))

    # What is remembered for a while.

    @property
    def has_landings(self) -> bool:
        """Whether passages went or came otherwise than by a save; see :meth:`take_landings`."""
        return bool(self._landings)

    def take_landings(self) -> list[Landing]:
        """Return what became of files whose content is as the document says, once."""
        landings, self._landings = self._landings, []
        return landings

    def take_later(self) -> set[StoryPath]:
        """Return the paths to look at again, once."""
        later, self.later = self.later, set()
        return later

    def forget_flights(self) -> None:
        """Expect no answers any more: the process that asked for those writes has ended."""
        for shadow in self.shadows.values():
            shadow.flights.clear()

    def forget(self, now: float) -> None:
        """Forget what went too long ago."""
        self.departed.forget(now, self.fits)
        self.left = {p: when for p, when in self.left.items() if now - when <= MOVE_SECONDS}
        for path, times in list(self._written.items()):
            self._written[path] = [when for when in times if now - when < UNSEEN_SECONDS]
            if not self._written[path]:
                del self._written[path]


def _contents_of(shadow: Shadow) -> list[Content | None]:
    return [shadow.disk, shadow.staged.content if shadow.staged else None]


def _passages_of(content: Content | None) -> dict[str, Part]:
    parts = content.parts if isinstance(content, Page) else ()
    return {part.id: part for part in parts if part.piece is Piece.PASSAGE}


def _without(content: Content | None, other: Content | None) -> tuple[tuple[Part, ...], ...]:
    """Return the passages that are in one version only, each with what continues it there."""
    elsewhere = {part.id for part in other.parts} if isinstance(other, Page) else set()
    runs: list[list[Part]] = []
    parts = content.parts if isinstance(content, Page) else ()
    for part in parts:
        if part.piece is Piece.PASSAGE:
            runs.append([part])
        elif runs and part.piece is Piece.HEADLESS and part.id not in elsewhere:
            runs[-1].append(part)
    return tuple(tuple(run) for run in runs if run[0].id not in elsewhere)
