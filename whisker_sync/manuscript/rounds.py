"""
What of a batch of saves is left out, because it is one more round of two formatters.

Whether a save only formats is told by the disk, not by the version that it was made from: where
the words are the same, nobody can tell that for sure. When a round is one too many is decided in
formatters.py, for each passage, for what is outside of passages, and for how a file is spelled.
"""

from __future__ import annotations

from collections.abc import Mapping

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.formatters import Formatters, Spelling
from whisker_sync.manuscript.saves import Moment, Saved, Text
from whisker_sync.manuscript.shadow import Content, Page, Part


class Rounds:
    """Which changes of one batch are left out."""

    def __init__(
        self, formatters: Formatters, when: Moment, on_disk: Mapping[StoryPath, Content]
    ) -> None:
        """``on_disk``: what each file held before."""
        self._formatters = formatters
        self._when = when
        self._on_disk = on_disk
        self._texts: dict[StoryPath, Mapping[str, str]] = {}
        self.stand_off: set[str] = set()
        """Passages and files of which is left out how they were formatted."""

    def leaves_out(self, saved: Saved, part: Part, new: str, live: str) -> bool:
        """Tell whether what a save made of a part is left out; the document shows it ``live``."""
        was = self._parts(saved.origin).get(part.id, part.text)
        if was == new or saved.first or saved.again or saved.back:
            return False
        if not self._formatters.stand_off(part.id, saved.path, was, new, live, self._when):
            return False
        self.stand_off.add(part.id)
        return True

    def leaves_spelling(self, saved: Saved, text: Text, id_: str, live: Spelling) -> bool:
        """Tell whether how a save spells a file is left out."""
        was = self._on_disk.get(saved.origin)
        if not isinstance(was, Page) or saved.back:
            return False
        before = Spelling(was.eol, was.bom)
        new = Spelling(text.eol if "\n" in text.text else was.eol, text.bom)
        if new == before:
            return False
        return self._formatters.spells_apart(id_, saved.path, before, new, live, self._when)

    def _parts(self, path: StoryPath) -> Mapping[str, str]:
        """Return the parts of a file as they were on disk before this batch."""
        if path not in self._texts:
            page = self._on_disk.get(path)
            parts = page.parts if isinstance(page, Page) else ()
            self._texts[path] = {part.id: part.text for part in parts}
        return self._texts[path]
