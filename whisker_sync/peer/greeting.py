"""
From a connection to a conversation: who is it, do they belong, and then hello.

::

    LinkUp ---proof---> we know which device it is ---papers---> it belongs ---> a session

Rule: whoever has not come to the end of this line learns nothing of the workspace but what
:mod:`~whisker_sync.sync.handshake` and :mod:`~whisker_sync.peer.circle` say.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from whisker_sync.ids import DeviceId
from whisker_sync.peer.acquaintances import Acquaintances
from whisker_sync.peer.circle import Circle
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.dialing import Dialing
from whisker_sync.peer.doubles import Doubles
from whisker_sync.peer.effects import Effect, Hangup, Proven
from whisker_sync.peer.inputs import LinkUp
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import WITHOUT_A_WORD, Lines
from whisker_sync.peer.status import Ourselves
from whisker_sync.sync.handshake import HANDSHAKE_SECONDS, NONCE_BYTES, Handshake
from whisker_sync.sync.session import Session
from whisker_sync.wire.codec import decode_greeting
from whisker_sync.wire.limits import MAX_LINKED
from whisker_sync.wire.messages import Hello

PAPERS_SECONDS = 30.0
"""How long it may take from the proof until both know whether the other is a member."""

HELLO_SECONDS = 30.0
"""How long after we know that the other is a member it may take until they say hello."""


class Greeting:
    """See the module; ``boot`` is drawn for this process, ``speaks`` versions of the protocol."""

    def __init__(
        self,
        ourselves: Ourselves,
        boot: bytes,
        speaks: tuple[int, int],
        library: Library,
        lines: Lines,
        circle: Circle,
        acquaintances: Acquaintances,
        dialing: Dialing,
        doubles: Doubles,
        dice: Random,
    ) -> None:
        self.port = 0
        """Where we listen; 0: nowhere."""

        self._self = ourselves
        self._boot = boot
        self._speaks = speaks
        self._library = library
        self._lines = lines
        self._circle = circle
        self._acquaintances = acquaintances
        self._dialing = dialing
        self._doubles = doubles
        self._dice = dice

    def begin(self, up: LinkUp, now: float) -> Iterator[Effect]:
        """A connection was opened: begin the proof."""
        self._dialing.answered(up.candidate)
        belonging = self._circle.belonging
        if belonging.outside is not None:
            self._dialing.hung_up(up.candidate, now, synced=False, stranger=True)
            yield Hangup(up.link, WITHOUT_A_WORD)
            return
        nonce = self._dice.randbytes(NONCE_BYTES)
        handshake = Handshake(
            self._self.device_key,
            self._self.workspace,
            belonging.ring.keys,
            belonging.standing,
            up.binding,
            nonce,
            dialling=up.candidate is not None,
            speaks=self._speaks,
        )
        conversation = Conversation(
            up.link,
            up.candidate,
            up.address,
            up.binding,
            nonce,
            handshake,
            now,
            now + HANDSHAKE_SECONDS,
        )
        self._lines.add(conversation)
        for greeting in handshake.begin():
            yield from self._lines.send(conversation, greeting)

    def hear(
        self, conversation: Conversation, frame: bytes, now: float, *, at_rest: bool
    ) -> Iterator[Effect]:
        """
        Hear somebody of whom we do not know yet who they are, or whether they belong.

        Raises:
            ProtocolError, Refused, MembershipError: They cannot prove it, or say something else.
        """
        if conversation.handshake.other is None:
            yield from self._hear_proof(conversation, frame, now, at_rest=at_rest)
        elif (yield from self._circle.hear(conversation, frame, now)) and not conversation.over:
            yield from self._judge(conversation, now, at_rest=at_rest)

    # Private methods.

    def _hear_proof(
        self, conversation: Conversation, frame: bytes, now: float, *, at_rest: bool
    ) -> Iterator[Effect]:
        handshake = conversation.handshake
        for greeting in handshake.receive(decode_greeting(frame)):
            yield from self._lines.send(conversation, greeting)
        if handshake.other is None:
            return
        yield Proven(conversation.link)
        self._dialing.reached(conversation.candidate, handshake.other)
        if handshake.other == self._self.device:
            yield from self._doubles.met_ourselves(handshake)
            yield Hangup(conversation.link, "that is this device itself")
            return
        conversation.until = now + PAPERS_SECONDS
        assert handshake.theirs is not None
        conversation.tips = handshake.theirs.tips
        if handshake.ours.digest == handshake.theirs.digest:
            conversation.papers = handshake.ours.digest
            yield from self._judge(conversation, now, at_rest=at_rest)
        else:
            yield from self._circle.introduce(conversation)

    def _judge(self, conversation: Conversation, now: float, *, at_rest: bool) -> Iterator[Effect]:
        """Talk with a member; see anybody else out."""
        other = conversation.handshake.other
        assert other is not None
        if not self._circle.includes(other):
            conversation.stranger = True
            yield from self._circle.see_out(conversation)
            return
        hello = self._hello(other, at_rest=at_rest)
        mute, deaf = self._circle.we_read, self._circle.reads(other)
        conversation.until = now + HELLO_SECONDS
        conversation.session = Session(other, hello, now, mute=mute, deaf=deaf)
        yield from self._lines.send(conversation, hello)

    def _hello(self, device: DeviceId, *, at_rest: bool) -> Hello:
        library = self._library
        cursor_of, cursor = self._acquaintances.cursor(device)
        linked = sorted(self._lines.connected() - {device})[:MAX_LINKED]
        return Hello(
            boot=self._boot,
            incarnation=library.incarnation,
            first=library.first,
            head=library.head,
            cursor_of=cursor_of,
            cursor=cursor,
            fingerprint=library.fingerprint() if at_rest else b"",
            linked=tuple(linked),
            name=self._self.name,
            person=self._self.person,
            port=self.port,
        )
