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

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from whisker_sync.document import Change, Document, Touch
from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import schema
from whisker_sync.manuscript.files import FileSeen, Outcome, Problem, WriteAsset, WriteFile
from whisker_sync.manuscript.ingest import Blob, Found, Intake, Saved, Text
from whisker_sync.manuscript.likeness import distance, likeness, words
from whisker_sync.manuscript.limits import (
    MAX_ASSET_BYTES,
    MAX_FILES,
    MAX_PAIRS,
    MAX_REMEMBERED,
    MAX_TEXT_BYTES,
    RENAME_SECONDS,
)
from whisker_sync.manuscript.pieces import Segment, segment_of
from whisker_sync.manuscript.render import View, too_large
from whisker_sync.manuscript.shadow import (
    OWN_FACT,
    PREFIX,
    Content,
    Page,
    Picture,
    Piece,
    Shadow,
    Staged,
    decode,
    sha256_of,
)
from whisker_sync.paths import accept
from whisker_sync.story import codec
from whisker_sync.story.kinds import is_twee
from whisker_sync.story.twee import parse

ORIGIN = "folder"
"""Origin of the edits that a save causes."""

SAME_FILE = 0.5
"""So much of a file must be found again for it to be the same under another name."""


class Manuscript:
    """The files of one story as a document, and the other way round."""

    def __init__(self, document: Document, facts: Mapping[str, bytes], dice: Random) -> None:
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

        self._went: dict[StoryPath, tuple[Content, float]] = {}
        """Files that the author took away lately, with the time."""

        self._told: set[Problem] = set()
        self._facts_to_come: list[tuple[str, bytes | None]] = []
        for name, fact in facts.items():
            if name == OWN_FACT:
                self._born = fact.decode("ascii", "replace")
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
                return any(part.piece is Piece.OWN for part in parts) and all(
                    part.id in (self._view.files if part.piece is Piece.OWN else self._view.passages)
                    for part in parts
                )

    # What happened to the files.

    def saw(self, files: Sequence[FileSeen], now: float) -> Outcome:
        """
        Take in files that were saved, made or removed.

        All that happened together belongs into one call: a file that is gone and
        one that is new may be the same one under another name.
        """
        problems: list[Problem] = []
        found: dict[StoryPath, Found | None] = {}
        assets: dict[bytes, bytes] = {}
        count = sum(1 for shadow in self._shadows.values() if shadow.disk is not None)
        for seen in files:
            shadow = self._shadows.get(seen.path) or Shadow()
            sha256 = sha256_of(seen.content)
            count += shadow.disk is None and sha256 is not None
            if shadow.staged and sha256 == sha256_of(shadow.staged.content):
                self._landed(seen.path)
            elif sha256 == sha256_of(shadow.disk):
                self._left_out.discard(seen.path)
                self._later.add(seen.path)
            elif seen.content is None or sha256 is None:
                found[seen.path] = None
            else:
                what = _found(seen.path, seen.content, sha256, count)
                if isinstance(what, Problem):
                    self._left_out.add(seen.path)
                    self._tell(problems, what)
                    continue
                found[seen.path] = what
                if isinstance(what, Blob):
                    assets[sha256] = seen.content
                    if is_twee(seen.path):
                        self._tell(problems, Problem(seen.path, _not_utf8(seen.path)))
        change = self._take(found, now)
        self._held |= assets.keys()
        dirty = set(found) | self._later
        if change:
            dirty |= self._view.refresh(change.touched)
        return self._outcome(change, dirty, tuple(assets.items()), problems)

    def resume(self, files: Sequence[FileSeen], now: float) -> Outcome:
        """
        Take in the whole folder, at the start.

        What we knew and is not here was removed while nobody looked. A write that
        was asked for and not carried out is asked for again.
        """
        for shadow in self._shadows.values():
            shadow.waiting = False
        here = {seen.path for seen in files}
        missing = [
            FileSeen(path, None)
            for path, shadow in self._shadows.items()
            if path not in here and shadow.disk is not None
        ]
        self._later |= set(self._shadows) | set(self._view.paths())
        return self.saw([*files, *missing], now)

    def wrote(self, path: StoryPath, content: bytes | None) -> Outcome:
        """Take note that a write was carried out; return the next one for this path, if any."""
        shadow = self._shadows.get(path)
        if shadow is None:
            return Outcome()
        if shadow.staged and sha256_of(content) == sha256_of(shadow.staged.content):
            self._landed(path)
        elif shadow.waiting and shadow.staged is None:
            shadow.waiting = False  # The author saved since; that has been taken in already.
        else:
            return Outcome()  # Seen on disk before the answer came.
        return self._outcome(None, {path})

    def kept(self, path: StoryPath, content: bytes | None, now: float) -> Outcome:
        """Take in what was found on disk instead of what a write expected there."""
        shadow = self._shadows.get(path)
        if shadow is not None:
            overtaken = shadow.waiting and shadow.staged is None
            shadow.waiting = False
            if sha256_of(content) == sha256_of(shadow.disk) and not overtaken:
                # Nothing stood in the way but it failed: not at once again, or we would spin.
                self._later.add(path)
                return Outcome()
            self._later.add(path)
        return self.saw([FileSeen(path, content)], now)

    def _landed(self, path: StoryPath) -> None:
        shadow = self._shadows[path]
        assert shadow.staged is not None
        shadow.disk, shadow.staged, shadow.waiting = shadow.staged.content, None, False
        self._left_out.discard(path)
        self._later.add(path)

    # From files to edits.

    def _take(self, found: Mapping[StoryPath, Found | None], now: float) -> Change | None:
        """Write what the author did; the shadows are then as the disk is."""
        if not found:
            return None
        if not self._born:
            self._born = schema.fresh_id(self._dice)
            self._facts_to_come.append((OWN_FACT, self._born.encode()))
        intake = Intake(self._view, self._dice, self._born)
        beside: dict[StoryPath, Content] = {}
        intake.take(self._batch(found, now, beside))
        change = None
        if intake.plan:
            with self._document.edit(ORIGIN) as edit:
                intake.plan.write(edit)
            change = edit.change
        for path, content in {**intake.contents, **beside}.items():
            shadow = self._shadows.setdefault(path, Shadow())
            if path in found:
                shadow.disk, shadow.staged = content, None
                self._left_out.discard(path)
            else:
                self._later.add(path)
        return change

    def _batch(
        self,
        found: Mapping[StoryPath, Found | None],
        now: float,
        beside: dict[StoryPath, Content],
    ) -> list[Saved]:
        """Find the version that each save was made from."""
        batch: list[Saved] = []
        gone: dict[StoryPath, Content] = {}
        new: dict[StoryPath, Found] = {}
        for path, what in found.items():
            base = self._base(path, what)
            live = self._view.content(path)
            if live is not None and what is not None and live.sha256 == what.sha256:
                self._adopt(path, live)
            elif what is None:
                if base is not None:
                    gone[path] = base
            elif base is not None:
                batch.append(Saved(path, what, base))
            else:
                new[path] = what
        for path, (content, when) in list(self._went.items()):
            if now - when > RENAME_SECONDS or not self._fits(content):
                del self._went[path]
        for path, origin in _renames({p: c for p, (c, _) in self._went.items()} | gone, new):
            was = origin if origin != path else None
            base = gone.pop(origin, None)
            back = base is None
            if base is None:
                base, _ = self._went.pop(origin)
            batch.append(Saved(path, new.pop(path), base, back=back, was=was))
            if was is not None and not back:
                self._went.pop(origin, None)
                self._shadow_gone(origin)
        for path, base in gone.items():
            batch.append(Saved(path, None, base))
            self._remember(path, base, now)
        for path, what in new.items():
            batch.append(self._first(path, what, beside))
        return batch

    def _adopt(self, path: StoryPath, live: Content) -> None:
        """The author's disk holds what the document shows, whatever way it came there."""
        shadow = self._shadows.setdefault(path, Shadow())
        shadow.disk, shadow.staged = live, None
        self._left_out.discard(path)

    def _base(self, path: StoryPath, what: Found | None) -> Content | None:
        """Return the version that a save was made from, of those that may have been there."""
        shadow = self._shadows.get(path)
        if shadow is None:
            return None
        staged = shadow.staged.content if shadow.staged else None
        if (
            isinstance(what, Text)
            and isinstance(staged, Page)
            and (not isinstance(shadow.disk, Page) or _nearer(what.text, staged, shadow.disk))
        ):
            return staged
        return shadow.disk

    def _first(
        self, path: StoryPath, what: Found, beside: dict[StoryPath, Content]
    ) -> Saved:
        """Meet a file of which there is no shadow."""
        match self._view.content(path), what:
            case None, _:
                return Saved(path, what, None)
            case Page() as live, Text():
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
        shadow.disk, shadow.staged = None, None
        self._later.add(path)

    def _remember(self, path: StoryPath, content: Content, now: float) -> None:
        self._went.pop(path, None)
        self._went[path] = (content, now)
        if len(self._went) > MAX_REMEMBERED:
            del self._went[next(iter(self._went))]

    # What happened to the document.

    def merged(self, touched: Iterable[Touch]) -> Outcome:
        """Say which files must be written because the document changed."""
        return self._outcome(None, self._view.refresh(touched))

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

    def assets(self) -> frozenset[bytes]:
        """Return the SHA-256 of every binary content that the files need."""
        contents = (self._view.content(path) for path in self._view.paths())
        return frozenset(
            each.sha256
            for each in contents
            if isinstance(each, Picture) and each.size <= MAX_ASSET_BYTES
        )

    def paths(self) -> tuple[StoryPath, ...]:
        """Return the paths of all files that the document shows."""
        return tuple(self._view.paths())

    def render(self, path: StoryPath) -> bytes | None:
        """Return a text file as the document shows it; None: there is none of this name."""
        content = self._view.content(path)
        return content.data() if isinstance(content, Page) else None

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
        writes: list[WriteFile | WriteAsset] = []
        for path in sorted(dirty):
            if write := self._settle(path, names, told):
                writes.append(write)
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
        if shadow.waiting or path in self._left_out:
            return None
        expected = sha256_of(shadow.disk)
        if sha256_of(want) == expected:
            shadow.rest(want)
            return None
        if shadow.disk is None and self._clashes(path, names[path.casefold()], told):
            return None
        match want:
            case None:
                write: WriteFile | WriteAsset = WriteFile(path, None, expected)
            case Page():
                write = WriteFile(path, want.data(), expected)
            case Picture(_, sha256, size):
                if sha256 not in self._held or size > MAX_ASSET_BYTES:
                    return None
                write = WriteAsset(path, sha256, size, expected)
        shadow.staged, shadow.waiting = Staged(want), True
        return write

    def _folded(self, dirty: set[StoryPath]) -> Mapping[str, set[StoryPath]]:
        """Return the names on disk, as far as one about to come there may be the same."""
        names: defaultdict[str, set[StoryPath]] = defaultdict(set)
        if all((shadow := self._shadows.get(path)) and shadow.disk for path in dirty):
            return names
        for path, shadow in self._shadows.items():
            if shadow.disk is not None or shadow.staged is not None:
                names[path.casefold()].add(path)
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
        facts, self._facts_to_come = self._facts_to_come, []
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


def _found(path: StoryPath, content: bytes, sha256: bytes, count: int) -> Found | Problem:
    """Say what a file on disk is, or why it is left out."""
    if count > MAX_FILES:
        return Problem(path, f"{path} is not synced: {MAX_FILES:,} files is the limit")
    if len(content) > MAX_TEXT_BYTES:
        return Problem(path, too_large(path, len(content), MAX_TEXT_BYTES))
    match codec.decode(content):
        case codec.Decoded(text, eol, bom):
            return Text(text, eol, bom, sha256)
        case _ if len(content) > MAX_ASSET_BYTES:
            return Problem(path, too_large(path, len(content), MAX_ASSET_BYTES))
        case _:
            return Blob(sha256, len(content))


def _not_utf8(path: StoryPath) -> str:
    return (
        f"{path} is not UTF-8, so it is shared as a whole and never merged; "
        "save it as UTF-8 in your editor"
    )


def _clash(path: StoryPath, other: StoryPath) -> str:
    return (
        f"{path} is not written here: it differs from {other} only in capital letters, "
        "which makes it the same file on Windows and macOS; rename one of them"
    )


def _nearer(text: str, one: Page, other: Page) -> bool:
    """Tell whether a text was made from one version rather than from another."""
    found = words(text)
    return distance(found, _words_of(one)) < distance(found, _words_of(other))


def _words_of(page: Page) -> list[str]:
    return words("".join(part.text for part in page.parts))


def _beside(path: StoryPath, sha256: bytes) -> StoryPath:
    """Return the name under which a file stands beside another one of its name."""
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    mark = f" ({sha256.hex()[:8]})"
    return StoryPath(folder + slash + (f"{stem}{mark}{dot}{suffix}" if stem else name + mark))


def _renames(
    gone: Mapping[StoryPath, Content], new: Mapping[StoryPath, Found]
) -> list[tuple[StoryPath, StoryPath]]:
    """Say which new files are old ones: new path, old path."""
    renames = [(path, path) for path in new if path in gone]
    olds = {path: content for path, content in gone.items() if path not in new}
    news = {path: found for path, found in new.items() if path not in gone}
    same: defaultdict[bytes, list[StoryPath]] = defaultdict(list)
    for old in sorted(olds, reverse=True):
        same[olds[old].sha256].append(old)
    for path, found in list(news.items()):
        if candidates := same.get(found.sha256):
            name = path.rpartition("/")[2]
            old = next((o for o in candidates if o.rpartition("/")[2] == name), candidates[-1])
            candidates.remove(old)
            renames.append((path, old))
            del olds[old], news[path]
    pages = {path: _traits(content) for path, content in olds.items()}
    if len(pages) * len(news) <= MAX_PAIRS:
        pairs = [
            (alike, path, old)
            for path, traits in ((path, _traits(found)) for path, found in news.items())
            for old, others in pages.items()
            if (alike := _alike(traits, others)) >= SAME_FILE
        ]
        for _, path, old in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
            if path in news and old in olds:
                renames.append((path, old))
                del olds[old], news[path]
    return renames


def _traits(content: Content | Found) -> tuple[Counter[str], list[str]]:
    """Return what a file is recognised by: its passages, its other words."""
    match content:
        case Page(parts):
            passages = [segment_of(part) for part in parts if part.piece is not Piece.OWN]
            own = "".join(part.text for part in parts if part.piece is Piece.OWN)
        case Text(text):
            source = parse(text)
            passages = [Segment(each.header, each.body, each.gap) for each in source.passages]
            own = source.prologue
        case _:
            return Counter(), []
    return Counter(each.digest for each in passages), words(own)


def _alike(one: tuple[Counter[str], list[str]], other: tuple[Counter[str], list[str]]) -> float:
    passages, others = one[0], other[0]
    if passages and others:
        return (passages & others).total() / max(passages.total(), others.total())
    return likeness(one[1], other[1])
