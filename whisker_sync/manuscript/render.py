"""
What the document shows as files.

A view keeps what it has read and rendered, passage by passage and file by file,
and reads again only what a change touched: a save must not cost a walk over the
whole story.

Everything here is a function of the document's content alone, so devices that
hold the same content show the same bytes. Registers were written by other
peers; one that makes no sense is passed over, never trusted and never an
exception.

Two living files with one path are one file on disk: nobody has to know of
anybody who makes the same file at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from whisker_sync.document import Document, Scalar, Touch
from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript import pictures, schema
from whisker_sync.manuscript.files import Problem
from whisker_sync.manuscript.likeness import asset_digest, bare
from whisker_sync.manuscript.limits import MAX_ASSET_BYTES
from whisker_sync.manuscript.pieces import Segment
from whisker_sync.manuscript.shadow import Content, Page, Part, Picture, Piece, runs_of
from whisker_sync.manuscript.stretches import Stretch, stretches
from whisker_sync.manuscript.twins import (
    family_of,
    is_as_born,
    is_of_one_file,
    is_where_born,
    kin_of,
    name_of,
    words_of,
)
from whisker_sync.paths import accept
from whisker_sync.story.codec import Eol
from whisker_sync.story.similarity import passage_digest, words
from whisker_sync.story.twee import rewrite
from whisker_sync.text.tokens import is_row_of

_SHA256_HEX = 64


@dataclass(slots=True, eq=False)
class Passage:
    """A passage of the document, dead or alive."""

    id: str
    file: str
    key: str
    name: str
    former: frozenset[str]
    """Names that it had."""

    tags: frozenset[str]
    metadata: Mapping[str, str]
    header: str
    """The raw header line that serves as template."""

    gap: str
    headless: bool
    deleted: frozenset[str]
    """The contents with which it is deleted."""

    told_by: Mapping[str, str]
    """Those of them that a twin has told since, and that passage."""

    born: Scalar
    birth: str
    copy_of: Scalar
    inside: str
    """The passage in whose text its words are; empty: it has a text of its own."""

    segment: Segment | None = field(default=None, repr=False)
    """As it stands in its file, once that was asked for."""


@dataclass(slots=True, eq=False)
class File:
    """A file of the document, there or gone."""

    id: str
    path: StoryPath | None
    """None: nowhere, because it has no path or one that we do not accept."""

    eol: Eol
    bom: bool
    picture: Picture | None
    saved: Scalar
    """Of a text that must be whole, its newest save; see checked.py."""

    deleted: frozenset[str]
    former: frozenset[str]
    """Paths that it had."""

    problem: Problem | None
    own: str | None = field(default=None, repr=False)
    """Its text outside of passages, once that was asked for."""


class View:
    """The files that a document shows, kept up to date by what changed."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.read_all()

    def read_all(self) -> None:
        """Read the whole document, whatever was known of it."""
        self.passages: dict[str, Passage] = {}
        self.files: dict[str, File] = {}
        self._fields: defaultdict[str, dict[str, Scalar]] = defaultdict(dict)
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        self._at: defaultdict[StoryPath, set[str]] = defaultdict(set)
        self._pages: dict[StoryPath, Content | None] = {}
        self._twins: dict[StoryPath, dict[str, list[str]]] = {}
        self._births: defaultdict[str, set[str]] = defaultdict(set)
        self._split_off: defaultdict[str, set[str]] = defaultdict(set)
        self._families: set[str] = set()
        """Births of several passages."""

        self._kin: defaultdict[str, set[str]] = defaultdict(set)
        self._named: defaultdict[str, set[str]] = defaultdict(set)
        self._made_as: defaultdict[str, set[str]] = defaultdict(set)
        self._scattered: set[str] = set()
        """Names at birth of several passages, in whatever files."""

        self._worded: defaultdict[str, set[str]] = defaultdict(set)
        self._repeated: set[str] = set()
        """Words at birth of several passages, whatever they are called."""

        self._telling: defaultdict[str, set[str]] = defaultdict(set)
        """Passages that were deleted for the sake of one."""

        self._copies: set[str] = set()
        self._shared: set[str] = set()
        """Names of several passages."""

        self._clans: set[str] = set()
        """What several passages have in common that may be one."""

        for key, value in self._document.values(schema.FILES).items():
            file, _, name = key.partition("/")
            self._fields[file][name] = value
        for file in self._fields:
            self._read_file(file)
        for id_, fields in self._document.records(schema.PASSAGES).items():
            self._read_passage(id_, fields)

    # Keeping up.

    def refresh(self, touched: Iterable[Touch]) -> set[StoryPath]:
        """Read again what was touched; return the paths whose files may have changed."""
        files: set[str] = set()
        passages: set[str] = set()
        for root, key in touched:
            if root == schema.PASSAGES and key is not None:
                passages.add(key)
            elif root == schema.FILES and key is not None:
                file, _, name = key.partition("/")
                self._fields[file][name] = self._document.value(root, key)
                files.add(file)
            elif root.startswith(schema.BODY):
                passages.add(root[len(schema.BODY) :])
            elif root.startswith(schema.OWN):
                files.add(root[len(schema.OWN) :])
        for id_ in list(passages):
            passages |= self.sharing(id_) | self._telling.get(id_, set())
        dirty: set[StoryPath] = set()
        for id_ in files:
            dirty |= self._paths_of(id_)
            self._read_file(id_)
            dirty |= self._paths_of(id_)
            for member in self._members.get(id_, ()):
                dirty |= self._paths_of_twins(self.passages[member])
        for id_ in passages:
            for when in ("before", "now"):
                if when == "now":
                    self._read_passage(id_, self._document.record(schema.PASSAGES, id_))
                if passage := self.passages.get(id_):
                    dirty |= self._paths_of(passage.file) | self._paths_of_twins(passage)
        for path in dirty:
            self._pages.pop(path, None)
            self._twins.pop(path, None)
        return dirty

    def _paths_of(self, file: str) -> set[StoryPath]:
        known = self.files.get(file)
        return {known.path} if known and known.path is not None else set()

    def _paths_of_twins(self, passage: Passage) -> set[StoryPath]:
        family = family_of(passage.birth)
        if family not in self._families:
            return set()
        twins = (self.passages[id_] for id_ in self._births[family])
        return {path for twin in twins for path in self._paths_of(twin.file)}

    def _read_file(self, id_: str) -> None:
        if (old := self.files.pop(id_, None)) and old.path is not None:
            self._at[old.path].discard(id_)
        if not schema.is_id(id_):
            return
        fields = self._fields[id_]
        path, problem = _path(fields.get(schema.PATH))
        picture, doubt = _picture(id_, fields.get(schema.ASSET), path)
        self.files[id_] = File(
            id=id_,
            path=path,
            eol=_eol(fields.get(schema.EOL)),
            bom=bool(fields.get(schema.BOM)),
            picture=picture,
            saved=fields.get(schema.SAVED),
            deleted=_tombstones(fields),
            former=frozenset(_named(fields, schema.FORMER)),
            problem=problem or doubt,
        )
        if path is not None:
            self._at[path].add(id_)

    def _read_passage(self, id_: str, fields: Mapping[str, Scalar] | None) -> None:
        if old := self.passages.pop(id_, None):
            self._members[old.file].discard(id_)
            self._births[family_of(old.birth)].discard(id_)
            self._kin[kin_of(old.birth)].discard(id_)
            self._named[old.name].discard(id_)
            self._split_off[old.inside].discard(id_)
            self._made_as[name_of(old.birth)].discard(id_)
            self._worded[words_of(old.birth)].discard(id_)
            self._copies.discard(id_)
            for twin in old.told_by.values():
                self._telling[twin].discard(id_)
        if fields is None or not schema.is_id(id_):
            return
        file, _, key = _text(fields.get(schema.PLACE)).partition(" ")
        if not schema.is_id(file):
            file = ""  # Nowhere to be seen, but the shadow of a file may still speak of it.
        told_by = {
            name[len(schema.DELETED) :]: value
            for name, value in fields.items()
            if name.startswith(schema.DELETED) and isinstance(value, str)
        }
        self.passages[id_] = Passage(
            id=id_,
            file=file,
            key=key,
            name=_text(fields.get(schema.NAME)),
            former=frozenset(_named(fields, schema.FORMER)),
            tags=frozenset(_named(fields, schema.TAG)),
            metadata={
                name[len(schema.METADATA) :]: value
                for name, value in fields.items()
                if name.startswith(schema.METADATA) and isinstance(value, str)
            },
            header=_text(fields.get(schema.HEADER)),
            gap=_text(fields.get(schema.GAP)),
            headless=fields.get(schema.SHOWN, 1) == 0,
            deleted=_tombstones(fields) | told_by.keys(),
            told_by=told_by,
            born=fields.get(schema.BORN),
            birth=_text(fields.get(schema.BIRTH)),
            copy_of=fields.get(schema.COPY_OF),
            inside=_text(fields.get(schema.INSIDE)),
        )
        self._members[file].add(id_)
        for twin in told_by.values():
            self._telling[twin].add(id_)
        if inside := self.passages[id_].inside:
            self._split_off[inside].add(id_)
        birth = self.passages[id_].birth
        if family := family_of(birth):
            self._births[family].add(id_)
            if len(self._births[family]) > 1:
                self._families.add(family)
        if self.passages[id_].copy_of is not None:
            self._copies.add(id_)
        name = self.passages[id_].name
        self._named[name].add(id_)
        if len(self._named[name]) > 1:
            self._shared.add(name)
        if made_as := name_of(birth):
            self._made_as[made_as].add(id_)
            if len(self._made_as[made_as]) > 1:
                self._scattered.add(made_as)
        if worded := words_of(birth):
            self._worded[worded].add(id_)
            if len(self._worded[worded]) > 1:
                self._repeated.add(worded)
        if kin := kin_of(birth):
            self._kin[kin].add(id_)
            if len(self._kin[kin]) > 1:
                self._clans.add(kin)

    @property
    def clients(self) -> int:
        """Return how many client ids are in the document."""
        return len(self._document.clocks())

    # Passages.

    def body(self, id_: str) -> str:
        """Return the body of a passage."""
        root = self.root(id_)
        text = self.text(root)
        if id_ == root and not self._split_off.get(root):
            return text
        stretch = self.stretches(root, text).get(id_)
        return "" if stretch is None else text[stretch.start : stretch.end]

    def root(self, id_: str) -> str:
        """Return the passage in whose text the words of this one are."""
        passage = self.passages.get(id_)
        return id_ if passage is None or not passage.inside else passage.inside

    def text(self, root: str) -> str:
        """Return a whole text: the body of a passage, and of those split off from it."""
        return self._document.text(schema.BODY + root)

    def stretches(self, root: str, text: str) -> dict[str, Stretch]:
        """Return what of such a text, perhaps as it is after some edits, is whose."""
        return stretches(text, root, self._split_off.get(root, ()))

    def sharing(self, id_: str) -> set[str]:
        """Return the passages whose words are in one text with those of this one."""
        root = self.root(id_)
        return {root, *self._split_off.get(root, ())}

    def header(self, passage: Passage) -> str:
        """Return the header line of a passage, whether it is shown or not."""
        return rewrite(passage.header, passage.name, sorted(passage.tags), passage.metadata)

    def segment(self, passage: Passage) -> Segment:
        """Return a passage as it stands in its file."""
        if passage.segment is None:
            header = "" if passage.headless else self.header(passage)
            passage.segment = Segment(header, self.body(passage.id), passage.gap)
        return passage.segment

    def alive(self, passage: Passage) -> bool:
        """
        Tell whether a passage is not deleted as it is now.

        If that was for the sake of a twin, and somebody else has emptied that for the sake of this
        one, there would be none.
        """
        if not passage.deleted or (content := self.segment(passage).digest) not in passage.deleted:
            return True
        twin = self.passages.get(passage.told_by.get(content, ""))
        return twin is not None and twin.copy_of == passage.id

    # Twins.

    def twins(self, path: StoryPath, id_: str) -> list[str]:
        """Return the passages (or files) that are not shown because this one is the same."""
        self.content(path)
        here = self._twins.get(path, {}).get(id_, [])
        passage = self.passages.get(id_)
        family = self._family(passage) if passage else []
        return [*here, *(each.id for each in family if self._outshone_by(each) is passage)]

    def is_twin(self, passage: Passage) -> bool:
        """Tell whether a passage is not shown because another one is the same."""
        return self._outshone_by(passage) is not None

    def born_as(self, birth: str) -> Collection[str]:
        """Return the ids of all passages of one birth, dead or alive."""
        return self._births.get(family_of(birth), ())

    def worded_as(self, birth: str) -> Collection[str]:
        """Return the ids of all passages with the same words at birth, dead or alive."""
        return self._worded.get(words_of(birth), ())

    def akin_to(self, birth: str) -> Collection[str]:
        """Return the ids of all passages with one name at birth in one file, dead or alive."""
        return self._kin.get(kin_of(birth), ())

    def kin(self) -> list[list[Passage]]:
        """Return those that are shown of each such name, if there are several, in order."""
        return self._several(self._kin[kin] for kin in sorted(self._clans))

    def scattered(self) -> list[list[Passage]]:
        """Return those that are shown of each name at birth, in whatever files, if several."""
        return self._several(self._made_as[name] for name in sorted(self._scattered))

    def repeated(self) -> list[list[Passage]]:
        """Return those that are shown and had the same words at birth, if there are several."""
        return self._several(self._worded[words] for words in sorted(self._repeated))

    def _several(self, rows: Iterable[Collection[str]]) -> list[list[Passage]]:
        """Return of each row, in order, those that are shown and may be one, if several."""
        passages = ([self.passages[id_] for id_ in sorted(ids)] for ids in rows)
        shown = ([each for each in row if self._may_be_one(each)] for row in passages)
        return [row for row in shown if len(row) > 1]

    def namesakes(self) -> list[list[Passage]]:
        """Return those that are shown under one name, if there are several."""
        return self._several(self._named[name] for name in sorted(self._shared))

    def born_beside(self, passage: Passage) -> list[Passage]:
        """Return what one device made in a file as well, or was split off, if it is shown."""
        made = [
            each.id
            for each in self.passages.values()
            if each.born == passage.born and is_of_one_file(each.birth, passage.birth)
        ]
        ids = {other for id_ in (passage.id, *made) for other in self.sharing(id_)}
        found = (self.passages[id_] for id_ in sorted(ids - {passage.id}))
        return [each for each in found if self._may_be_one(each)]

    def _may_be_one(self, passage: Passage) -> bool:
        return passage.copy_of is None and self._is_shown(passage)

    def leftovers(self) -> list[tuple[Passage, Passage]]:
        """
        Return what is left of passages that were emptied because they stand in others, and these.

        Somebody wrote there meanwhile, and all of it is in the other as well.
        """
        found: list[tuple[Passage, Passage]] = []
        for passage in (self.passages[id_] for id_ in sorted(self._copies)):
            original = self.passages.get(_text(passage.copy_of))
            if original is None or not (self._is_shown(passage) and self._is_shown(original)):
                continue
            left = bare(self.segment(passage).words)
            if passage.deleted and is_row_of(left, bare(self._words_beside(passage, original))):
                found.append((passage, original))
        return found

    def _words_beside(self, passage: Passage, original: Passage) -> list[str]:
        """Return the words of a passage and of what was joined to it, or to its copy."""
        file = self.files.get(original.file)
        content = self.content(file.path) if file is not None and file.path is not None else None
        runs = runs_of(content) if isinstance(content, Page) else ()
        joined = (run[1:] for run in runs if run[0].id in {passage.id, original.id})
        texts = (part.text for parts in joined for part in parts if part.id != passage.id)
        return [*self.segment(original).words, *(word for text in texts for word in words(text))]

    def circles(self) -> list[tuple[Passage, Passage]]:
        """
        Return passages of which each was emptied for the sake of the other, so that both are gone.

        Two devices did that at the same time. The first of each pair has the smaller id.
        """
        found: list[tuple[Passage, Passage]] = []
        for passage in (self.passages[id_] for id_ in sorted(self._copies)):
            other = self.passages.get(_text(passage.copy_of))
            if other is None or other.copy_of != passage.id or other.id < passage.id:
                continue
            if not any(self.alive(each) or self.body(each.id) for each in (passage, other)):
                found.append((passage, other))
        return found

    def rivals(self) -> list[tuple[Passage, Passage]]:
        """Return twins that are shown both, because both were edited: which stays, which goes."""
        rivals: list[tuple[Passage, Passage]] = []
        for family in sorted(self._families):
            shown = [each for each in self._family_of(family) if not self._outshone_by(each)]
            rivals += ((shown[0], each) for each in shown[1:] if each.born != shown[0].born)
        return rivals

    def _family(self, passage: Passage) -> list[Passage]:
        family = family_of(passage.birth)
        if family not in self._families or passage.copy_of is not None:
            return []
        return self._family_of(family)

    def _family_of(self, family: str) -> list[Passage]:
        """Return those that live of the same birth; the first one is shown in any case."""
        same = (self.passages[id_] for id_ in self._births[family])
        return sorted(
            (each for each in same if each.copy_of is None and self.alive(each)),
            key=lambda each: (self._is_as_born(each), self._is_where_born(each), each.id),
        )

    def _outshone_by(self, passage: Passage) -> Passage | None:
        """Return the twin that is shown in place of a passage."""
        family = self._family(passage)
        if not family or not self._is_as_born(passage):
            return None
        ahead = family[: family.index(passage)]
        others = (each for each in ahead if each.born != passage.born)
        return next((each for each in others if not self._outshone_by(each)), None)

    def _is_as_born(self, passage: Passage) -> bool:
        return is_as_born(passage.birth, self.segment(passage))

    def _is_where_born(self, passage: Passage) -> bool:
        file = self.files.get(passage.file)
        return is_where_born(passage.birth, file.path if file else None)

    # Files.

    def own(self, file: File) -> str:
        """Return the text of a file outside of its passages."""
        if file.own is None:
            file.own = self._document.text(schema.OWN + file.id)
        return file.own

    def own_digest(self, file: File) -> str:
        """Return the short name of a file's own content."""
        if file.picture:
            return asset_digest(file.picture.sha256)
        return passage_digest("", (), self.own(file))

    def own_alive(self, file: File) -> bool:
        """Tell whether a file's own content is not deleted as it is now."""
        return not file.deleted or self.own_digest(file) not in file.deleted

    def files_at(self, path: StoryPath) -> list[File]:
        """Return the files of the document with this path, there or gone, in order."""
        return [self.files[id_] for id_ in sorted(self._at.get(path, ()))]

    def renamed(self, path: StoryPath) -> set[str]:
        """Return the files that once had a path."""
        return {f.id for f in self.files.values() if path in f.former and f.path != path}

    def members(self, files: Iterable[str]) -> list[Passage]:
        """Return the passages of some files, dead or alive, in order."""
        ids = {id_ for file in files for id_ in self._members.get(file, ())}
        return sorted((self.passages[i] for i in ids), key=lambda each: (each.key, each.id))

    def there(self, file: File) -> bool:
        """Tell whether a file is to be seen."""
        return self.own_alive(file) or any(
            self._is_shown(self.passages[id_]) for id_ in self._members.get(file.id, ())
        )

    def _is_shown(self, passage: Passage) -> bool:
        return (
            self.alive(passage)
            and not self._outshone_by(passage)
            and not self._is_split_off_again(passage)
        )

    def _is_split_off_again(self, passage: Passage) -> bool:
        """Tell whether somebody else split off the same under the same name."""
        if not passage.inside or self.body(passage.id):
            return False
        ids = list(self.stretches(passage.inside, self.text(passage.inside)))
        behind = ids[ids.index(passage.id) + 1 :] if passage.id in ids else []
        other = self.passages[behind[0]] if behind else passage
        return other.born != passage.born and passage.name in {other.name, *other.former}

    def content(self, path: StoryPath) -> Content | None:
        """Return what the file under a path must hold; None: there must be none."""
        if path not in self._pages:
            self._pages[path] = self._compose(path)
        return self._pages[path]

    def paths(self) -> list[StoryPath]:
        """Return the paths of all files to be seen."""
        return [path for path in sorted(self._at) if self.content(path) is not None]

    def problems(self) -> list[Problem]:
        """Return what is wrong with files that would be seen otherwise."""
        wrong = sorted(id_ for id_, file in self.files.items() if file.problem)
        files = [self.files[id_] for id_ in wrong]
        return [file.problem for file in files if file.problem and self.there(file)]

    # Rendering.

    def _compose(self, path: StoryPath) -> Content | None:
        files = [file for file in self.files_at(path) if self.there(file)]
        texts = [file for file in files if not file.picture]
        if not texts:
            return files[0].picture if files else None
        twins: dict[str, list[str]] = {}
        parts = [Part(Piece.OWN, file.id, own) for file, own in self._owns(texts, twins)]
        for passage in self._without_twins(
            [each for each in self.members(file.id for file in files) if self._is_shown(each)],
            twins,
        ):
            piece = Piece.HEADLESS if passage.headless else Piece.PASSAGE
            parts.append(Part(piece, passage.id, self.segment(passage).text))
        self._twins[path] = twins
        return Page.of(_joined(parts, texts[0].eol), texts[0].eol, texts[0].bom)

    def _owns(self, files: list[File], twins: dict[str, list[str]]) -> list[tuple[File, str]]:
        """Return the own text of each file, empty where it is deleted or said before."""
        first: dict[str, str] = {}
        owns: list[tuple[File, str]] = []
        for file in files:
            own = self.own(file) if self.own_alive(file) else ""
            if own and first.setdefault(own, file.id) != file.id:
                twins.setdefault(first[own], []).append(file.id)
                own = ""
            owns.append((file, own))
        return owns

    def _without_twins(self, passages: list[Passage], twins: dict[str, list[str]]) -> list[Passage]:
        """Leave out what two devices got by different ways: one of the two is enough."""
        named: defaultdict[str, list[Passage]] = defaultdict(list)
        for passage in passages:
            if not passage.headless:
                named[passage.name].append(passage)
        hidden: set[str] = set()
        for same in named.values():
            if len(same) > 1:
                hidden |= self._hide(sorted(same, key=lambda each: each.id), twins)
        return [each for each in passages if each.id not in hidden]

    def _hide(self, same: list[Passage], twins: dict[str, list[str]]) -> set[str]:
        hidden: set[str] = set()
        for i, one in enumerate(same):
            if one.id in hidden or one.copy_of is not None:
                continue
            for other in same[i + 1 :]:
                if (
                    other.copy_of is None
                    and other.born != one.born
                    and other.id not in hidden
                    and self.segment(one).digest == self.segment(other).digest
                ):
                    hidden.add(other.id)
                    twins.setdefault(one.id, []).append(other.id)
        return hidden


def _joined(parts: list[Part], eol: Eol) -> tuple[Part, ...]:
    """Return the parts so that none runs into the header of the next."""
    last = max((i for i, part in enumerate(parts) if part.text), default=0)
    joined: list[Part] = []
    for i, part in enumerate(parts):
        text = part.text
        if eol != "raw" and "\r" in text:
            # Left from before the line ends of the file were made all the same.
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if i < last and text and not text.endswith("\n") and not _runs_on(parts, i):
            text += "\n"
        joined.append(part if text is part.text else Part(part.piece, part.id, text))
    return tuple(joined)


def _runs_on(parts: list[Part], i: int) -> bool:
    """Tell whether what follows a part is a passage that continues it."""
    following = (part for part in parts[i + 1 :] if part.text)
    return next(following).piece is Piece.HEADLESS


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else ""


def _eol(value: Scalar) -> Eol:
    match value:
        case "\r\n" | "\r" | "raw" | "html":
            return value
        case _:
            return "\n"


def _named(fields: Mapping[str, Scalar], prefix: str) -> list[str]:
    """Return what follows a prefix in the names of the registers that hold 1."""
    return [n[len(prefix) :] for n, value in fields.items() if value == 1 and n.startswith(prefix)]


def _tombstones(fields: Mapping[str, Scalar]) -> frozenset[str]:
    return frozenset(_named(fields, schema.DELETED))


def _path(value: Scalar) -> tuple[StoryPath | None, Problem | None]:
    match value:
        case None:
            return None, None
        case str():
            try:
                return accept(value), None
            except UnsafePath as unsafe:
                return None, Problem(value, str(unsafe))
        case _:
            return None, Problem(str(value), str(UnsafePath(str(value), "its name is not a text")))


def _picture(
    id_: str, value: Scalar, path: StoryPath | None
) -> tuple[Picture | None, Problem | None]:
    picture = pictures.decode(id_, value)
    if picture is None:
        return None, None
    if picture.size > MAX_ASSET_BYTES and path is not None:
        return picture, Problem(path, too_large(path, picture.size, MAX_ASSET_BYTES))
    return picture, None


def too_large(path: str, size: int, limit: int) -> str:
    """Write the sentence for a file that is left out because of its size."""
    return (
        f"{path} is not synced: it has {size:,} bytes and {limit:,} is the limit; "
        "your copy stays as it is"
    )
