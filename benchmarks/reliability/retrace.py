"""
How a file with a word in it came to be as it is, from the journal that a bad run left.

    python -m benchmarks.reliability.retrace DIR WORD

DIR is an author's folder. Each line is an entry of the journal after which the document
shows that file otherwise: who wrote it when, and for each passage its title, how many
watched words it has, and the last of them. The journal itself is copied, not touched.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.reliability.author import cut
from benchmarks.reliability.judge import WORD
from whisker_sync.document import Document
from whisker_sync.manuscript.render import View
from whisker_sync.manuscript.schema import STORY, STORY_SCHEMA
from whisker_sync.manuscript.shadow import Page
from whisker_sync.record import Entry
from whisker_sync.store.journal import Journal
from whisker_sync.store.layout import Layout


def retrace(root: Path, word: str) -> list[str]:
    """The lines for one folder."""
    layout, shown = Layout(root), []
    with tempfile.TemporaryDirectory() as place:
        for part in layout.local.glob(f"{layout.journal.name}*"):
            shutil.copy(part, place)
        journal = Journal.open(Path(place) / layout.journal.name, b"retraced")
        document, before = Document(STORY, STORY_SCHEMA, 1), ""
        for entry in journal.read(0, 1 << 30):
            document.merge(entry.record.update, "journal")
            now = _files_with(document, word)
            if now != before:
                shown.append(f"{_origin(entry)}{now}")
                before = now
        journal.close()
    return shown


def _files_with(document: Document, word: str) -> str:
    view, found = View(document), ""
    for path in view.paths():
        page = view.content(path)
        text = page.data().decode() if isinstance(page, Page) else ""
        if re.search(rf"\b{word}\b", text):
            found += f"\n    {path}"
            for passage in cut(text)[1]:
                words = WORD.findall(passage)
                found += f"\n        {passage.partition(chr(10))[0]} {len(words)} {words[-1:]}"
    return found


def _origin(entry: Entry) -> str:
    made = time.strftime("%H:%M:%S", time.localtime(entry.record.time / 1000))
    author = entry.record.author.hex()[:6]
    return f"{entry.seq} by {author} at {made},{entry.record.time % 1000:03}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("word")
    arguments = parser.parse_args()
    print("\n".join(retrace(arguments.folder, arguments.word)))
