"""
What an author did to files, as edits of the document.

Of a text file the document knows its path, its kind of line ends, its byte order mark, and the
text outside of passages; of a binary file its path and the hash of its content. Each is written
only if the author changed it. What is outside of passages merges word by word.

Like a passage, a file is deleted as what its author saw. It is there as long as that is not
what it holds, or a passage in it is there; whoever edits it brings it back.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import pictures, schema
from whisker_sync.manuscript.formatters import Spelling
from whisker_sync.manuscript.likeness import asset_digest
from whisker_sync.manuscript.passage_edits import PassageEdits
from whisker_sync.manuscript.pieces import distribute, headed, headless, segment_of
from whisker_sync.manuscript.plan import Plan, additions
from whisker_sync.manuscript.render import File, View
from whisker_sync.manuscript.rounds import Rounds
from whisker_sync.manuscript.saves import Blob, Saved, Sheet, Text
from whisker_sync.manuscript.shadow import Page, Part, Picture, Piece
from whisker_sync.story.codec import Eol
from whisker_sync.story.similarity import passage_digest
from whisker_sync.text.edits import Splice
from whisker_sync.text.merge import rebase


class FileEdits:
    """Edits of files, added to a plan."""

    def __init__(
        self, view: View, plan: Plan, dice: Random, passages: PassageEdits, rounds: Rounds
    ) -> None:
        self._view = view
        self._plan = plan
        self._dice = dice
        self._passages = passages
        self._rounds = rounds

    # Binary files.

    def keep_picture(self, saved: Saved, base: Picture | None, blob: Blob) -> Picture:
        """Take in a binary file; return what its path holds now."""
        file = self._view.files[base.id] if base else None
        before = pictures.made_from(base, file.picture if file else None) if base else ()
        picture = Picture("", blob.sha256, blob.size, blob.list, before)
        value = pictures.encode(picture)
        if base is not None and file is not None and file.picture:
            id_ = file.id
            if base.sha256 != blob.sha256:
                self._plan.registers[f"{id_}/{schema.ASSET}"] = value
            if saved.was is not None and file.path != saved.path:
                self._plan.registers[f"{id_}/{schema.PATH}"] = saved.path
            if base.sha256 != blob.sha256 or saved.back:
                self._revive_file(file)
        elif gone := self._gone_file(saved.path, asset_digest(blob.sha256), picture=True):
            id_ = gone.id
            self._revive_file(gone)
        else:
            id_ = schema.fresh_id(self._dice)
            self._plan.registers[f"{id_}/{schema.PATH}"] = saved.path
            self._plan.registers[f"{id_}/{schema.ASSET}"] = value
        return replace(picture, id=id_)

    def delete_picture(self, base: Picture) -> None:
        """Delete a binary file as its author saw it."""
        self._bury_file(self._view.files[base.id], asset_digest(base.sha256))

    # Text files, outside of passages.

    def edit(self, sheet: Sheet) -> None:
        """Take in what a saved file holds outside of passages, or that it is gone."""
        saved, text = sheet.saved, sheet.text
        if text is None:
            for part in sheet.own:
                if part.piece is Piece.OWN:
                    self._bury_own(saved.origin, self._view.files[part.id], part.text)
                else:
                    self._passages.bury(sheet, part)
            return
        if not sheet.files:
            sheet.files.append(self._new_file(saved.path, text, sheet.beginning))
            sheet.parts.append(Part(Piece.OWN, sheet.files[0], sheet.beginning))
            return
        self._registers(sheet, text)
        news = distribute([part.text for part in sheet.own], sheet.beginning)
        for part, new in zip(sheet.own, news, strict=True):
            sheet.parts.append(Part(part.piece, part.id, new))
            if part.piece is Piece.OWN:
                if not new and sheet.has_lost(part.id):
                    continue  # A co-author gave its file another name, and took it along.
                file = self._view.files[part.id]
                if not self._rounds.leaves_out(sheet.saved, part, new, self._view.own(file)):
                    self._edit_own(sheet, file, part.text, new)
            else:
                was = segment_of(part)
                is_ = headed(new) if part.piece is Piece.PASSAGE else headless(new)
                self._passages.edit(sheet, self._view.passages[part.id], was, is_)

    def _new_file(self, path: StoryPath, text: Text, own: str) -> str:
        known = self._view.files_at(path)
        content = passage_digest("", (), own) if known else ""
        if gone := self._gone_file(path, content, picture=False):
            self._revive_file(gone)
            live = self._view.own(gone)
            self._plan.splice(schema.OWN + gone.id, rebase(live, own, live))
            self._style(gone.id, text, gone.eol, bom=gone.bom)
            return gone.id
        id_ = schema.fresh_id(self._dice)
        self._plan.registers[f"{id_}/{schema.PATH}"] = path
        self._style(id_, text, None, bom=False)
        if own:
            self._plan.splice(schema.OWN + id_, [Splice(0, 0, own)])
        return id_

    def _gone_file(self, path: StoryPath, own: str, *, picture: bool) -> File | None:
        """Return the file that was deleted here with just this content."""
        gone = [
            file
            for file in self._view.files_at(path)
            if (file.picture is not None) == picture and not self._view.there(file)
        ]
        for file in gone:
            if own in file.deleted and own == self._view.own_digest(file):
                return file
        return None

    def _registers(self, sheet: Sheet, text: Text) -> None:
        base = sheet.saved.base
        assert isinstance(base, Page)
        for id_ in sheet.files:
            file = self._view.files[id_]
            was = file.path if sheet.saved.first else sheet.saved.was
            if was == sheet.saved.was and was is not None and file.path != sheet.saved.path:
                self._plan.registers[f"{id_}/{schema.PATH}"] = sheet.saved.path
                self._plan.registers[f"{id_}/{schema.FORMER}{was}"] = 1
            if sheet.saved.back:
                self._revive_file(file)
            if not sheet.saved.first and not self._leaves_spelling(sheet.saved, text, file):
                self._style(id_, text, base.eol, bom=base.bom)

    def _leaves_spelling(self, saved: Saved, text: Text, file: File) -> bool:
        live = Spelling(file.eol or "\n", file.bom)
        return self._rounds.leaves_spelling(saved, text, file.id, live)

    def _style(self, id_: str, text: Text, eol: Eol | None, *, bom: bool) -> None:
        if "\n" in text.text and text.eol != (eol or "\n"):
            self._plan.registers[f"{id_}/{schema.EOL}"] = text.eol
        if text.bom != bom:
            self._plan.registers[f"{id_}/{schema.BOM}"] = int(text.bom)

    def _edit_own(self, sheet: Sheet, file: File, was: str, new: str) -> None:
        if was == new:
            return
        live = self._plan.after(schema.OWN + file.id, self._view.own(file))
        if not was and not self._view.own_alive(file):
            # The author did not see what others deleted; it must not come back with this.
            splices = [Splice(0, len(live), new)]
        elif sheet.saved.first:
            if not (splices := additions(was, new, live)):
                return
        else:
            splices = rebase(was, new, live)
        self._plan.splice(schema.OWN + file.id, splices)
        self._revive_file(file)
        self._bury_twin_files(sheet.saved.origin, file.id)

    def _revive_file(self, file: File) -> None:
        for content in file.deleted:
            self._plan.registers[f"{file.id}/{schema.DELETED}{content}"] = 0

    def _bury_own(self, path: StoryPath, file: File, text: str) -> None:
        self._bury_file(file, passage_digest("", (), text))
        self._bury_twin_files(path, file.id)

    def _bury_twin_files(self, path: StoryPath, id_: str) -> None:
        for twin in self._view.twins(path, id_):
            file = self._view.files[twin]
            self._bury_file(file, self._view.own_digest(file))

    def _bury_file(self, file: File, content: str) -> None:
        if content not in file.deleted:
            self._plan.registers[f"{file.id}/{schema.DELETED}{content}"] = 1
