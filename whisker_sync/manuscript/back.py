"""
Many files at once that are how they were before: somebody checked out an old commit.

To an author who saves, an older text is a text like any other. But if several files are back
to what they held before, at once, and co-authors wrote what came after, then it was hardly an
author who undid all that: it was git, or a backup, and its user may only want to look. So
nothing is made of these files until the author has chosen. They are neither shared nor
written; all others go on.

Whether a content is an older one is known from the *past* of its path: the SHA-256 of the
contents that were replaced there, shortened, and of each whether co-authors wrote what came
into its place. It is kept in the journal under ``shadow//past/<path>``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.files import FileSeen, Large, PutInTrash, is_lost
from whisker_sync.manuscript.limits import MAX_FILES
from whisker_sync.manuscript.shadow import Content, Page, Shadow, sha256_of
from whisker_sync.paths import accept
from whisker_sync.text.tokens import is_reworded

PAST = "shadow//past/"
"""What the facts begin with; the path follows. No file has such a path."""

MANY = 3
"""So many files that go back at once are no author's doing. Fewer are: an undo, and saved."""

MAX_PAST = 64
"""Contents of one path that are remembered, newest kept."""

_SHORT = 8
_ENTRY = _SHORT + 1


@dataclass(frozen=True, slots=True)
class _Left:
    """A content that was replaced."""

    sha256: bytes
    by_others: bool
    """What came into its place was not saved here: co-authors have written in it."""


class Past:
    """What was under each path before."""

    def __init__(self, facts: Mapping[str, bytes]) -> None:
        self._left: dict[StoryPath, list[_Left]] = {}
        self._news: dict[StoryPath, None] = {}
        for name, fact in facts.items():
            if name.startswith(PAST):
                self._recall(name[len(PAST) :], fact)

    def _recall(self, name: str, fact: bytes) -> None:
        try:
            path = accept(name)
        except UnsafePath:
            return
        if len(fact) % _ENTRY == 0 and len(fact) <= MAX_PAST * _ENTRY:
            entries = (fact[at : at + _ENTRY] for at in range(0, len(fact), _ENTRY))
            self._left[path] = [_Left(each[:_SHORT], bool(each[_SHORT])) for each in entries]

    def left(
        self, path: StoryPath, old: Content | None, new: Content | None, *, by_others: bool
    ) -> None:
        """Note that a content is not there any more."""
        sha256 = sha256_of(old)
        if sha256 is None or sha256 == sha256_of(new):
            return
        known = self._left.pop(path, [])
        self._left[path] = [*known, _Left(sha256[:_SHORT], by_others)][-MAX_PAST:]
        self._news[path] = None
        if len(self._left) > MAX_FILES:
            oldest = next(iter(self._left))
            del self._left[oldest]
            self._news[oldest] = None

    def knows(self, path: StoryPath, sha256: bytes | None) -> bool:
        """Tell whether a content was there before."""
        return self._after(path, sha256) is not None

    def is_at_stake(self, path: StoryPath, sha256: bytes | None) -> bool:
        """Tell whether going back to a content takes away what co-authors wrote since."""
        return any(each.by_others for each in self._after(path, sha256) or ())

    def _after(self, path: StoryPath, sha256: bytes | None) -> list[_Left] | None:
        entries = self._left.get(path, [])
        for at in range(len(entries) - 1, -1, -1):
            if sha256 is not None and entries[at].sha256 == sha256[:_SHORT]:
                return entries[at:]
        return None

    def news(self) -> list[tuple[str, bytes | None]]:
        """Return the facts to keep that changed."""
        paths, self._news = list(self._news), {}
        return [(PAST + path, self._fact(path)) for path in paths]

    def _fact(self, path: StoryPath) -> bytes | None:
        entries = self._left.get(path)
        if entries is None:
            return None
        return b"".join(each.sha256 + bytes([each.by_others]) for each in entries)


class Back:
    """The files that went back, until their author has chosen what that means."""

    def __init__(self, past: Past, shadows: Mapping[StoryPath, Shadow]) -> None:
        self._past = past
        self._shadows = shadows
        self.held: dict[StoryPath, FileSeen] = {}
        """What is in the folder; of some, that there is nothing."""

        self._dropped: list[PutInTrash] = []

    def goes_back(self, seen: FileSeen) -> bool:
        """Tell whether a file holds what it held before, and co-authors wrote since."""
        shadow, sha256 = self._shadows.get(seen.path), sha256_of(seen.content)
        if shadow is None or shadow.disk is None or sha256 in _expected(shadow):
            return False
        return self._past.is_at_stake(seen.path, sha256) and _has_other_words(
            seen.content, shadow.disk
        )

    def sift(self, files: Sequence[FileSeen]) -> list[FileSeen]:
        """
        Take out what goes back, if it is much; return the rest.

        What came, went or changed together with it belongs to the same commit, whether or not
        anybody remembers it.
        """
        rest = [seen for seen in files if not self._keeps(seen)]
        if sum(map(self.goes_back, rest)) < (1 if self.held else MANY):
            return rest
        news = [seen for seen in rest if self._is_news(seen)]
        self.held |= {seen.path: seen for seen in news}
        return [seen for seen in rest if seen.path not in self.held]

    def _keeps(self, seen: FileSeen) -> bool:
        """Hold on to a file that is held, unless it is as it should be again."""
        if seen.path not in self.held:
            return False
        self._drop(self.held[seen.path], seen)
        if self._is_news(seen):
            self.held[seen.path] = seen
            return True
        del self.held[seen.path]
        return False

    def _drop(self, held: FileSeen, seen: FileSeen) -> None:
        """Note that something else was saved over what is held, which nobody had before."""
        content, sha256 = held.content, sha256_of(held.content)
        is_new = is_lost(content, seen.content) and not self._past.knows(held.path, sha256)
        if isinstance(content, bytes) and is_new:
            self._dropped.append(PutInTrash(held.path, content))

    def dropped(self) -> tuple[PutInTrash, ...]:
        """Return what was held and saved over since this was last asked."""
        dropped, self._dropped = self._dropped, []
        return tuple(dropped)

    def _is_news(self, seen: FileSeen) -> bool:
        shadow = self._shadows.get(seen.path) or Shadow()
        return sha256_of(seen.content) not in _expected(shadow)

    def meant(self) -> list[FileSeen]:
        """Return the files that are held as saves by which their author means what they hold."""
        return [
            FileSeen(path, seen.content, made_from=sha256_of(self._disk(path)))
            for path, seen in self.held.items()
        ]

    def release(self, files: Iterable[FileSeen]) -> list[FileSeen]:
        """Hold files no longer; return those that nobody had under their names before."""
        unknown = []
        for seen in files:
            del self.held[seen.path]
            is_new = seen.content is not None and self._disk(seen.path) is None
            if is_new and not self._past.knows(seen.path, sha256_of(seen.content)):
                unknown.append(seen)
        return unknown

    def _disk(self, path: StoryPath) -> Content | None:
        shadow = self._shadows.get(path)
        return None if shadow is None else shadow.disk


def _has_other_words(found: bytes | Large | None, disk: Content) -> bool:
    """Tell whether a word is another one; to format a text anew takes nothing from anybody."""
    if not isinstance(found, bytes) or not isinstance(disk, Page):
        return True
    return is_reworded(found.decode("utf-8", "replace"), disk.data().decode("utf-8", "replace"))


def _expected(shadow: Shadow) -> set[bytes | None]:
    """Return what may be there that the author did not put there just now."""
    staged = [each.content for each in (shadow.staged, shadow.late) if each is not None]
    flights = [flight.content for flight in shadow.flights]
    return {sha256_of(each) for each in (shadow.disk, *staged, *flights)}


def sentence(paths: Iterable[StoryPath]) -> str:
    """Say what happened, and what to do."""
    names = sorted(paths)
    some = ", ".join(names[:MANY]) + (", ..." if len(names) > MANY else "")
    return (
        f"{len(names)} files ({some}) are back to how they were before co-authors wrote in them, "
        "as after checking out an old commit; nothing is shared of that and nothing is written "
        "there until they are the newest again, or you choose: whisker sync older"
    )
