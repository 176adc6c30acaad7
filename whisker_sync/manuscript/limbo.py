"""
Passages on their way from one file to another, between two saves.

An author who moves a passage cuts it, saves, pastes it somewhere else, and saves
again; or the other way round. For ten minutes we remember what was cut and what appeared,
so that the two halves are found to be one move. What is not remembered becomes a
deletion and something new, and no word is lost by that.

It is kept in the journal, where they begin anew when the process does. Like a
shadow it is checked as strictly as bytes from a stranger.
"""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from whisker_sync.errors import UnsafePath
from whisker_sync.ids import StoryPath
from whisker_sync.manuscript.align import NAMESAKE
from whisker_sync.manuscript.cutting import Group
from whisker_sync.manuscript.likeness import likeness_of_namesakes
from whisker_sync.manuscript.limits import MAX_LIMBO, MAX_REMEMBERED, MOVE_SECONDS
from whisker_sync.manuscript.pieces import Segment, headed, segment_of
from whisker_sync.manuscript.schema import is_id
from whisker_sync.manuscript.shadow import Part, Piece
from whisker_sync.paths import accept

LIMBO_FACT = "shadow//limbo"
"""The fact that keeps it; no file has this path."""

_FORMAT = 6
_MAX_UNPACKED = 8 * MAX_LIMBO


@dataclass(frozen=True, slots=True)
class Taken:
    """What was cut, as its author saw it."""

    group: Group
    path: StoryPath
    """The file that it was in."""

    when: float
    """Infinite: before this process began."""

    known: bool = True
    """Its author has certainly seen it; else it may only be missing from an old text."""

    resaved: bool = False
    """A save without it is all that says that its author cut it; see resaved.py."""

    earlier: tuple[Group, ...] = ()
    """What it was before, oldest first; an editor may have shown that."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """What appeared as a copy, as it was then."""

    segment: Segment
    when: float
    originals: Mapping[str, str | None]
    """The passages of its name that were there before, as its author had them; None: in no file."""

    def made_from(self, original: str, cut: Segment) -> Segment:
        """
        Return what its author saw of an original that they pasted, and then ``cut``.

        In between a co-author's words may have come there, which are not in what was pasted.
        """
        text = self.originals.get(original)
        if text is None:
            return cut
        versions = (headed(text), cut)
        return versions[nearest(self.segment, versions)]


class Limbo:
    """What was cut and what appeared lately."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.pasted: dict[str, Pasted] = {}
        """By the id of the passage that it became."""

        self._shown: dict[str, tuple[str, float]] = {}
        """Passages that a file showed again which co-authors had moved: the file, and when."""

        self._stored: bytes | None = None

    @classmethod
    def recall(cls, fact: bytes) -> Limbo:
        """Return what was kept; nothing if it is damaged."""
        limbo = cls()
        limbo._stored = fact
        try:
            inflate = zlib.decompressobj()
            text = inflate.decompress(fact, _MAX_UNPACKED)
            match json.loads(text):
                case [format_, [*taken], [*pasted], {**shown}] if (
                    format_ == _FORMAT and inflate.eof
                ):
                    groups = [_taken(each) for each in taken]
                    copies = [_pasted(copy) for copy in pasted]
                    limbo.taken = [each for each in groups if each.group.parts]
                    limbo.pasted = dict(copies)
                    limbo._shown = dict(_shown(*each) for each in shown.items())
        except (zlib.error, ValueError, TypeError, RecursionError, UnsafePath):
            pass
        return limbo

    def changed(self) -> bool:
        """Tell whether the journal must hear of it; see :attr:`stored`."""
        before, self._stored = self._stored, self._encode()
        return before != self._stored

    @property
    def stored(self) -> bytes | None:
        """What the journal shall hold; None: there is nothing to remember."""
        return self._stored

    def _encode(self) -> bytes | None:
        room = MAX_LIMBO
        taken: list[list[object]] = []
        for each in reversed(self.taken):
            if each.resaved:
                continue  # It says little, and less later.
            groups = (each.group, *each.earlier)
            room -= sum(len(part.text) for group in groups for part in group.parts)
            if room >= 0:
                taken.append([each.path, each.known, *map(_to_json, groups)])
        pasted: list[list[object]] = []
        for id_, copy in reversed(self.pasted.items()):
            text, texts = copy.segment.text, dict(sorted(copy.originals.items()))
            short = {original: "" if was == text else was for original, was in texts.items()}
            room -= len(text) + sum(len(id_) + len(was or "") for id_, was in short.items())
            if room >= 0:
                pasted.append([id_, text, short])
        if not taken and not pasted and not self._shown:
            return None
        shown = {id_: file for id_, (file, _) in self._shown.items()}
        form = json.dumps([_FORMAT, taken[::-1], pasted[::-1], shown], ensure_ascii=False)
        return zlib.compress(form.encode(), 1)

    def take(
        self,
        group: Group,
        path: StoryPath,
        now: float,
        *,
        known: bool = True,
        resaved: bool = False,
        earlier: Iterable[Group] = (),
    ) -> None:
        """Remember what was cut."""
        self.taken.append(Taken(group, path, now, known, resaved, tuple(earlier)))
        del self.taken[:-MAX_REMEMBERED]

    def paste(
        self, id_: str, segment: Segment, originals: Mapping[str, str | None], now: float
    ) -> None:
        """Remember what appeared beside what it may be a copy of."""
        known = self.pasted.get(id_)
        others = known.originals if known is not None else {}
        self.pasted[id_] = Pasted(segment, now, {**others, **originals})
        if len(self.pasted) > MAX_REMEMBERED:
            del self.pasted[next(iter(self.pasted))]

    def show(self, id_: str, file: str, now: float) -> None:
        """Remember that a file showed a passage which co-authors had moved to another one."""
        self._shown.pop(id_, None)
        self._shown[id_] = (file, now)
        if len(self._shown) > MAX_REMEMBERED:
            del self._shown[next(iter(self._shown))]

    def shown(self, id_: str) -> str | None:
        """Return the file that showed such a passage lately, once."""
        file, _ = self._shown.pop(id_, (None, 0.0))
        return file

    def forget(self, now: float, known: Container[str]) -> None:
        """Forget what happened too long ago, or what the document does not know any more."""
        self.taken = [
            replace(each, when=min(now, each.when))
            for each in self.taken
            if now - each.when <= MOVE_SECONDS
            and all(part.id in known for part in each.group.parts)
        ]
        self.pasted = {
            id_: replace(each, when=min(now, each.when))
            for id_, each in self.pasted.items()
            if now - each.when <= MOVE_SECONDS and id_ in known
        }
        self._shown = {
            id_: (file, min(now, when))
            for id_, (file, when) in self._shown.items()
            if now - when <= MOVE_SECONDS and id_ in known
        }

    def seen(self, ids: Container[str]) -> None:
        """Forget what was cut and is in a file again."""
        self.taken = [
            each for each in self.taken if not any(part.id in ids for part in each.group.parts)
        ]

    def take_out(self, edited: Container[str], left: Callable[[str, str], str]) -> None:
        """
        Let go of words that its author has taken out of passages just now.

        No co-author deleted them. So if they are in what is pasted nevertheless, they stay.
        ``left`` returns what is left of the body of an ``edited`` passage.
        """

        def shortened(part: Part) -> Part:
            if part.id not in edited:
                return part
            was = segment_of(part)
            body = left(part.id, was.body)
            return replace(part, text=Segment(was.header, body, was.gap).text)

        self.taken = [
            each
            if each.known
            else replace(
                each,
                group=_changed(each.group, shortened),
                earlier=tuple(_changed(group, shortened) for group in each.earlier),
            )
            for each in self.taken
        ]
        for id_, pasted in self.pasted.items():
            texts = {
                original: text and shortened(Part(Piece.PASSAGE, original, text)).text
                for original, text in pasted.originals.items()
            }
            self.pasted[id_] = replace(pasted, originals=texts)

    def copy_of(self, original: str, segment: Segment, but: Container[str]) -> str | None:
        """
        Return the passage that appeared as a copy of what vanishes now.

        Of several that is the one which is most like it, and the last of these.
        """
        best: str | None = None
        most = (0.0, 0.0)
        for id_, pasted in self.pasted.items():
            if original not in pasted.originals or id_ in but:
                continue
            if _alike(pasted.segment, pasted.made_from(original, segment)) < NAMESAKE:
                continue
            alike = _alike(pasted.segment, segment), pasted.when
            if best is None or alike >= most:
                best, most = id_, alike
        return best


def nearest(copy: Segment, versions: Sequence[Segment]) -> int:
    """Return which version a copy was most likely made from; of equal ones the last."""
    words = Counter(copy.words)

    def alike(i: int) -> tuple[float, bool, int]:
        others = Counter(versions[i].words)
        different = ((words - others) + (others - words)).total()
        return -different, copy.header == versions[i].header, i

    return max(range(len(versions)), key=alike)


def _changed(group: Group, change: Callable[[Part], Part]) -> Group:
    parts = [change(part) for part in group.parts]
    return group if parts == group.parts else Group(parts, group.shown)


def _alike(one: Segment, other: Segment) -> float:
    return 1.0 if one.body == other.body else likeness_of_namesakes(one.words, other.words)


def _taken(form: object) -> Taken:
    """Return what was cut, or raise ValueError."""
    match form:
        case [str(path), bool(known), [*parts], *earlier]:
            group, *others = (_group(each) for each in (parts, *earlier))
            return Taken(group, accept(path), math.inf, known, earlier=tuple(others))
        case _:
            raise ValueError


def _to_json(group: Group) -> list[object]:
    return [[part.piece.value + part.id, part.text] for part in group.parts]


def _group(form: object) -> Group:
    """Return some passages, or raise ValueError."""
    match form:
        case [*parts]:
            return Group([_part(part) for part in parts])
        case _:
            raise ValueError


def _pasted(form: object) -> tuple[str, Pasted]:
    """Return what appeared, with its id, or raise ValueError."""
    match form:
        case [str(id_), str(text), {**originals}] if is_id(id_):
            texts: dict[str, str | None] = {}
            for original, was in originals.items():
                if not isinstance(original, str) or not is_id(original):
                    raise ValueError
                if was is not None and not isinstance(was, str):
                    raise ValueError
                texts[original] = text if was == "" else was
            return id_, Pasted(headed(text), math.inf, texts)
    raise ValueError


def _shown(id_: object, file: object) -> tuple[str, tuple[str, float]]:
    """Return what was shown again, or raise ValueError."""
    if isinstance(id_, str) and isinstance(file, str) and is_id(id_) and is_id(file):
        return id_, (file, math.inf)
    raise ValueError


def _part(form: object) -> Part:
    """Return a part, or raise ValueError."""
    match form:
        case [str(name), str(text)] if is_id(name[1:]):
            return Part(Piece(name[:1]), name[1:], text)
    raise ValueError
