"""
A crowd of peers in one process: dicts for folders, lists for journals, no network.

Frames arrive at once and in order. What is persisted is committed when
:meth:`Crowd.run` comes to it. Time passes only in :meth:`Crowd.wait`.
"""

from __future__ import annotations

import hashlib
from collections import deque
from random import Random

from whisker_sync.batch import Batch, Recalled
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.papers import Papers
from whisker_sync.ids import Address, Incarnation, LinkId, StoryPath, WorkspaceId
from whisker_sync.manuscript.files import FileSeen, PutInTrash, WriteAsset, WriteFile
from whisker_sync.manuscript.schema import STORY, STORY_SCHEMA
from whisker_sync.peer.acts import Act
from whisker_sync.peer.effects import (
    Compact,
    Dial,
    Drop,
    Effect,
    Hangup,
    Persist,
    Proven,
    ReadAsset,
    ReadLog,
    ReadRevisions,
    Send,
    Tell,
)
from whisker_sync.peer.events import Done, Event
from whisker_sync.peer.inputs import (
    AssetRead,
    Committed,
    Do,
    Drained,
    FileKept,
    FilesSeen,
    FileStuck,
    FileWritten,
    FrameArrived,
    Input,
    LinkDown,
    LinkUp,
    LogRead,
    RevisionsRead,
    Tick,
)
from whisker_sync.peer.peer import Peer
from whisker_sync.peer.status import Ourselves
from whisker_sync.record import Entry
from whisker_sync.revision import Revision
from whisker_sync.revision import decode as decode_revision
from whisker_sync.testing.people import People, sealer
from whisker_sync.wire.codec import decode
from whisker_sync.wire.messages import Message, Part, Push

KEY = b"k" * 32
WORKSPACE = WorkspaceId(b"w" * 16)
SCHEMAS = {STORY: STORY_SCHEMA}


class Someone:
    """A peer with a folder and a journal."""

    def __init__(
        self, crowd: Crowd, name: str, key: bytes = KEY, papers: Papers | None = None
    ) -> None:
        self.crowd = crowd
        self.name = name
        self.device_key = DeviceKey(hashlib.sha256(name.encode()).digest())
        self.device = self.device_key.device
        self.key = key
        self.folder: dict[StoryPath, bytes] = {}
        self.trash: list[bytes] = []
        self.entries: list[Entry] = []
        self.facts: dict[str, bytes] = {}
        self.assets: dict[bytes, bytes] = {}
        self.revisions: dict[bytes, bytes] = {}
        self.incarnation = Incarnation(crowd.dice.randbytes(8))
        self.events: list[Event] = []
        self.papers = papers or crowd.enrol(self.device_key, name, key)
        self.pushes = 0
        self.boot()

    def boot(self) -> None:
        """Start, with what the journal holds, and look at the folder."""
        recalled = Recalled(
            incarnation=self.incarnation,
            head=len(self.entries),
            first=1,
            facts=dict(self.facts),
            documents={STORY: tuple(entry.record.update for entry in self.entries)},
            tail=tuple(self.entries),
            revisions={id_: self.revision(id_).time for id_ in self.revisions},
        )
        self.peer = Peer(
            Ourselves(self.device_key, self.name, self.name, self.papers),
            recalled,
            SCHEMAS,
            dice=self.crowd.dice,
            now=self.crowd.now,
            files=True,
            sealer=sealer,
        )
        self.crowd.links = {
            link: ends for link, ends in self.crowd.links.items() if self not in ends
        }
        files = tuple(FileSeen(path, content) for path, content in sorted(self.folder.items()))
        self.tell(FilesSeen(files, 1, everything=True))

    def revision(self, id_: bytes) -> Revision:
        """A revision of the history by its id."""
        revision = decode_revision(self.revisions[id_])
        assert revision is not None
        return revision

    def save(self, path: str, text: str | bytes | None) -> None:
        """Save or remove a file, and let the peer see it."""
        content = text.encode() if isinstance(text, str) else text
        if content is None:
            self.folder.pop(StoryPath(path), None)
        else:
            self.folder[StoryPath(path)] = content
        self.tell(FilesSeen((FileSeen(StoryPath(path), content),), 1))

    def read(self, path: str) -> str:
        return self.folder[StoryPath(path)].decode()

    def do(self, act: Act) -> str | None:
        """Do something about who belongs; return why not."""
        self.crowd.acts += 1
        number = self.crowd.acts
        self.tell(Do(number, act))
        self.crowd.run()
        (done,) = [e for e in self.events if isinstance(e, Done) and e.number == number]
        return done.problem

    def tell(self, input_: Input) -> None:
        """Give the peer an input, and put what it asks for in line."""
        for effect in self.peer.handle(input_, self.crowd.now):
            self.crowd.agenda.append((self, effect))

    def persist(self, batch: Batch) -> None:
        self.entries += batch.entries
        assert [entry.seq for entry in self.entries] == list(range(1, len(self.entries) + 1))
        for name, value in batch.facts:
            if value is None:
                self.facts.pop(name, None)
            else:
                self.facts[name] = value
        self.assets |= dict(batch.assets)
        self.revisions |= {revision.id: revision.encoded for revision in batch.revisions}

    def write(self, path: StoryPath, content: bytes | None, expected: bytes | None) -> None:
        now = self.folder.get(path)
        if (None if now is None else hashlib.sha256(now).digest()) != expected:
            self.tell(FileStuck(path, None, 1) if now is None else FileKept(path, now, 1))
            return
        if content is None:
            self.folder.pop(path, None)
        else:
            self.folder[path] = content
        self.tell(FileWritten(path, content, 1))


class Crowd:
    """Everybody, and what is under way."""

    def __init__(self, seed: int = 1) -> None:
        self.dice = Random(seed)
        self.now = 0.0
        self.agenda: deque[tuple[Someone, Effect]] = deque()
        self.links: dict[LinkId, tuple[Someone, Someone]] = {}
        self.said: list[tuple[str, Message]] = []
        self.people: dict[bytes, People] = {}
        self.acts = 0
        self.slow: set[str] = set()
        """Whose disks take for ever; until they are taken out again."""

        self.clogged: set[str] = set()
        """Whose links never say that all has left."""

        self._next = 0
        self._written: list[tuple[Someone, Effect]] = []

    def join(self, name: str, key: bytes = KEY, papers: Papers | None = None) -> Someone:
        return Someone(self, name, key, papers)

    def enrol(self, device: DeviceKey, name: str, key: bytes = KEY) -> Papers:
        people = self.people.setdefault(key, People(WORKSPACE, key))
        return people.enrol(device, name)

    def connect(self, dialling: Someone, dialled: Someone) -> LinkId:
        """Open a link; both ends have one number, told apart by whose it is."""
        self._next += 1
        link = LinkId(self._next)
        self.links[link] = (dialling, dialled)
        binding = link.to_bytes(32, "big")
        dialling.tell(LinkUp(link, f"candidate {link}", Address("192.0.2.1", 1), binding, 1))
        dialled.tell(LinkUp(link, None, Address("192.0.2.2", 2), binding, 1))
        return link

    def cut(self, link: LinkId, reason: str = "cut") -> None:
        for end in self.links.pop(link, ()):
            end.tell(LinkDown(link, reason, 2))

    def run(self, limit: int = 100_000) -> None:
        """Carry out all that is asked for."""
        waiting, self._written = self._written, []
        self.agenda.extendleft(reversed(waiting))
        while self.agenda:
            limit -= 1
            assert limit, "they never come to rest"
            who, effect = self.agenda.popleft()
            self._do(who, effect)

    def wait(self, seconds: float = 3.0) -> None:
        """Let time pass for everybody, deadline by deadline."""
        self.run()
        until = self.now + seconds
        for _ in range(10_000):
            everybody = {end.name: end for ends in self.links.values() for end in ends}
            times = [(end.peer.deadline(), name) for name, end in everybody.items()]
            due = [(time, name) for time, name in times if time is not None and time <= until]
            if not due:
                break
            time, name = min(due)
            self.now = max(self.now, time)
            everybody[name].tell(Tick())
            self.run()
        else:
            raise AssertionError("somebody ticks without end")
        self.now = until

    def _do(self, who: Someone, effect: Effect) -> None:
        match effect:
            case Persist() if who.name in self.slow:
                self._written.append((who, effect))
            case Persist(ticket, batch):
                who.persist(batch)
                who.tell(Committed(ticket))
            case Send(link, frame):
                self._carry(who, link, frame)
            case Hangup(link, reason):
                self.cut(link, reason)
            case WriteFile(path, content, expected):
                who.write(path, content, expected)
            case WriteAsset(path, asset, expected, list_):
                assets = who.peer.chunks(list_) if list_ else (asset,)
                who.write(path, b"".join(who.assets[each] for each in assets), expected)
            case PutInTrash(_, content):
                who.trash.append(content)
            case ReadLog(link, after, _):
                who.tell(LogRead(link, tuple(who.entries[after:])))
            case ReadAsset(link, asset):
                who.tell(AssetRead(link, asset, who.assets.get(asset)))
            case ReadRevisions(link, ids):
                who.tell(RevisionsRead(link, tuple(who.revisions.get(id_) for id_ in ids)))
            case Tell(event):
                who.events.append(event)
            case Dial() | Compact() | Proven() | Drop():  # what was sent has left by then
                pass
            case _:
                raise AssertionError(f"nobody named a relay, and yet: {effect}")

    def _carry(self, who: Someone, link: LinkId, frame: bytes) -> None:
        ends = self.links.get(link)
        if ends is None:
            return
        other = ends[0] if ends[1] is who else ends[1]
        message = decode(frame, who.device)
        if not isinstance(message, Part):
            self.said.append((who.name, message))
            who.pushes += isinstance(message, Push)
        other.tell(FrameArrived(link, frame))
        if who.name not in self.clogged:
            who.tell(Drained(link))
