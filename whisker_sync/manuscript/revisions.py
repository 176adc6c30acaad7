"""
What a batch of saves did, passage by passage, to be kept as history.

A save is compared with the version that it was made from, as it was for the document: what
others wrote meanwhile is theirs, and stands in revisions of their own. So each word that a
save took away is in the text that its author began with.

Of a binary file only is said that it was saved, without any text, or removed.

A passage that only changed its place among others is no news, and a passage that went to
another file while its text stayed is one version, not a loss and a gain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Saved
from whisker_sync.manuscript.shadow import Content, Page, Picture, Piece
from whisker_sync.revision import Version

Stand = tuple[StoryPath, str, bool]
"""Where a part stands: the path, its text, and whether it is a file's own."""


def versions(
    batch: Sequence[Saved], contents: Mapping[StoryPath, Content | None], view: View
) -> tuple[Version, ...]:
    """
    What changed from the versions that saves were made from to what is on disk now.

    ``contents`` is what each saved file holds by now, ``view`` the document with all of it.
    """
    before: dict[str, Stand] = {}
    after: dict[str, Stand] = {}
    for saved in batch:
        if not saved.first:  # else nobody knows what the author saw, and nothing was taken away
            _collect(before, saved.origin, saved.base)
        _collect(after, saved.path, contents.get(saved.path))
    found = []
    for id_ in dict.fromkeys([*after, *before]):
        old, new = before.get(id_), after.get(id_)
        if old != new and not _is_blank(old, new):
            found.append(_version(id_, old, new, view))
    return (*found, *_pictures(batch, contents))


def _pictures(
    batch: Sequence[Saved], contents: Mapping[StoryPath, Content | None]
) -> Iterable[Version]:
    for saved in batch:
        content = contents.get(saved.path)
        if isinstance(content, Picture) and (content != saved.base or saved.was is not None):
            yield Version(content.id, saved.path, "", None, None, None)
        elif content is None and isinstance(saved.base, Picture):
            yield Version(saved.base.id, saved.path, "", None, None, "")


def repairs(bodies: Mapping[str, tuple[str, str]], view: View) -> tuple[Version, ...]:
    """What changed where links follow a new name: bodies before and after, by passage."""
    found = []
    for id_, (before, after) in bodies.items():
        passage = view.passages[id_]
        file = view.files.get(passage.file)
        if file is not None and file.path is not None:
            header = view.header(passage)
            old, new = (f"{header}\n{body}{passage.gap}" for body in (before, after))
            path = file.path
            found.append(_version(id_, (path, old, False), (path, new, False), view))
    return tuple(found)


def stand(contents: Mapping[StoryPath, Content | None], view: View) -> tuple[Version, ...]:
    """How all files stand, to come back to."""
    now: dict[str, Stand] = {}
    for path, content in contents.items():
        _collect(now, path, content)
    return tuple(_version(id_, None, new, view) for id_, new in now.items())


def _version(id_: str, old: Stand | None, new: Stand | None, view: View) -> Version:
    there = new or old
    assert there is not None
    path, _, own = there
    passage = None if own else view.passages.get(id_)
    return Version(
        id=id_,
        path=path,
        place="" if passage is None else passage.key,
        name=None if own else ("" if passage is None else passage.name),
        text=None if new is None else new[1],
        before=None if old is None else old[1],
    )


def _collect(stands: dict[str, Stand], path: StoryPath, content: Content | None) -> None:
    if isinstance(content, Page):
        for part in content.parts:
            stands[part.id] = (path, part.text, part.piece is Piece.OWN)


def _is_blank(old: Stand | None, new: Stand | None) -> bool:
    """Whether it is but the empty text outside of passages of a file that came or went."""
    return all(stand is None or (stand[2] and not stand[1]) for stand in (old, new))
