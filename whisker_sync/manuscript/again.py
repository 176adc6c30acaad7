"""
From which version each file was made, if the journal was put back.

A backup knows of a time before: co-authors may have told us since what became of these files,
and the newest that was on disk may be forgotten. So a file is compared with what the document
shows by now, or with the version that comes nearest, together with what is new there. Nothing is
deleted, and nothing is said twice. Whether its author removed a file that is not there, nobody
knows; it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.disk import Disk
from whisker_sync.manuscript.files import FileSeen
from whisker_sync.manuscript.lineage import Lineage, Traced
from whisker_sync.manuscript.origins import renames, with_news
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.saves import Found, Moment, Saved, Text
from whisker_sync.manuscript.shadow import Content, Page, Picture


def trace_again(
    view: View,
    disk: Disk,
    lineage: Lineage,
    found: Mapping[StoryPath, Found | None],
    when: Moment,
) -> Traced:
    """Find what each file of the whole folder may have been made from."""
    known = {path: live for path in view.paths() if (live := view.content(path))}
    known |= disk.contents()
    traced = Traced()
    for path, what in found.items():
        live = view.content(path)
        if what is None:
            disk.gone(path)
        elif live is not None and live.sha256 == what.sha256:
            disk.adopt(path, live, when.now)
        elif path in known or not isinstance(what, Text):
            base = lineage.base(FileSeen(path, None), what, {}, when) or known.get(path)
            traced.saves.append(_made_from(traced, view, path, what, base))
        else:
            traced.new[path] = what
    here = {path for path, what in found.items() if what is not None} | disk.contents().keys()
    gone = {p: each for p, each in known.items() if p not in here and isinstance(each, Page)}
    for path, origin in renames(gone, traced.new):
        what, base = traced.new.pop(path), with_news(gone[origin], view, origin)
        traced.saves.append(Saved(path, what, base, first=True, again=True, was=origin))
    traced.meet(view)
    return traced


def _made_from(
    traced: Traced, view: View, path: StoryPath, what: Found, base: Content | None
) -> Saved:
    live = view.content(path)
    if isinstance(base, Page) and isinstance(what, Text) and not isinstance(live, Picture):
        return Saved(path, what, with_news(base, view, path), first=True, again=True)
    if base is not None and live is not None and base.sha256 == live.sha256:
        return Saved(path, what, live)
    return traced.first(view, path, what)
