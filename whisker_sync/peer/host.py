"""
What the user wants about who belongs, and the guests that come of it.

Rule 1: an act is done when it is durable, and answered then; what cannot be done is answered
with a sentence at once.

Rule 2: a guest is let in when it is durable that they belong, and that they have a seat. Until
then they hear what :mod:`whisker_sync.identity.pairing` says, or find at a relay what
:mod:`whisker_sync.identity.correspondence` says, and nothing of the workspace.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from random import Random

from whisker_sync.errors import InvitationError, MembershipError, NotEntitled
from whisker_sync.identity.offers import Verdict
from whisker_sync.identity.pairing_messages import Reason, is_pairing
from whisker_sync.identity.seals import Sealer
from whisker_sync.ids import DeviceId, LinkId, MailboxId
from whisker_sync.peer import acts, events
from whisker_sync.peer.circle import Circle
from whisker_sync.peer.conversation import Conversation
from whisker_sync.peer.effects import Effect, Hangup, Proven, Send, Tell
from whisker_sync.peer.inputs import MailRefused
from whisker_sync.peer.invitations import Invitations, LetterInput
from whisker_sync.peer.library import Library
from whisker_sync.peer.lines import WITHOUT_A_WORD, Lines
from whisker_sync.peer.reception import OfferStatus, Reception, Reply, VisitId
from whisker_sync.peer.status import Ourselves
from whisker_sync.sync.handshake import State as Proving


class Host:
    """See the module."""

    def __init__(
        self,
        ourselves: Ourselves,
        library: Library,
        lines: Lines,
        circle: Circle,
        dice: Random,
        sealer: Sealer,
    ) -> None:
        us, key = circle.belonging.membership.member(ourselves.device), ourselves.device_key
        self._reception = Reception(key, us.card, sealer) if us is not None else None
        self._letters = Invitations(key, library, dice.randbytes)
        self._relay = ""
        self._device = ourselves.device
        self._library = library
        self._lines = lines
        self._circle = circle
        self._replacing: dict[DeviceId, tuple[DeviceId, ...]] = {}  # what goes when somebody comes
        self._doing: deque[tuple[int, int]] = deque()  # what is done with which ticket
        self._leaving: int | None = None  # the number of the act that is done when we have left

    # What is known.

    def offers(self, now: float) -> tuple[OfferStatus, ...]:
        """The invitations of this process, and who waits at them."""
        return self._reception.status(now) if self._reception is not None else ()

    def tags(self, now: float) -> tuple[bytes, ...]:
        """What to announce, so that those who were invited find us."""
        return self._reception.tags(now) if self._reception is not None else ()

    def proven(self) -> Collection[LinkId]:
        """The links of guests who have proven to be invited: when that ends, they are told."""
        return self._reception.proven() if self._reception is not None else ()

    # Guests.

    def expects(self, conversation: Conversation, frame: bytes) -> bool:
        """Whether somebody speaks who was invited, rather than a member; or says so."""
        if self._reception is None:
            return False
        if self._reception.admits(conversation.link):
            return True
        # Only who was dialled can be knocked at, and only with the first frame.
        return conversation.handshake.state is Proving.AWAITING_PROOF and is_pairing(frame)

    def hear(self, conversation: Conversation, frame: bytes, now: float) -> Iterator[Effect]:
        """
        Hear somebody who was invited, or says so.

        Raises:
            NotInvited, ProtocolError: See :meth:`Reception.hear`.
        """
        link, reception = conversation.link, self._reception
        assert reception is not None
        if not reception.admits(link):
            reception.begin(
                link, conversation.binding, conversation.nonce, conversation.address.host
            )
        knew = reception.guest(link)
        for answer in reception.hear(link, frame, now):
            yield Proven(link)
            conversation.until = reception.until(link)
            yield Send(link, answer)
        guest = reception.guest(link)
        if guest is not None and knew is None:
            yield Tell(events.GuestWaiting(guest.name, guest.fingerprint))

    def leave(self, link: LinkId) -> None:
        """A connection ended."""
        if self._reception is not None:
            self._reception.leave(link)

    def see_to_guests(self, now: float) -> Iterator[Effect]:
        """Let in, once it is durable, and turn away."""
        reception, belonging = self._reception, self._circle.belonging
        if reception is None:
            return
        if self._circle.outside is not None:
            self._forget_letters(reception)
        for link, guest in reception.decided(now):
            role, replacing = guest.offer.terms.role, self._replacing.pop(guest.device, ())
            try:
                changed = belonging.admit(guest.card, role, replacing, now)
            except MembershipError as problem:
                yield Tell(events.Trouble(f"{guest.name} could not be let in: {problem}"))
                yield from self._answer(link, reception.refuse(link, Reason.DECLINED))
                continue
            if changed:
                yield from self._circle.changed()
            self._letters.keep()
            reception.let_in(link, self._library.due)
        for link, guest in reception.welcome(self._library.committed, now):
            payload = belonging.welcome(guest.device)
            yield from self._answer(link, reception.admission(link, payload, now))
            yield Tell(events.GuestJoined(guest.device, guest.name))
        for link, refusal in reception.refusals(now):
            yield from self._answer(link, refusal)
        self._letters.keep()

    def _answer(self, visit: VisitId, reply: Reply) -> Iterator[Effect]:
        if isinstance(reply, tuple):
            self._letters.answer(*reply)
            return
        assert not isinstance(visit, bytes)
        conversation = self._lines.get(visit)
        assert conversation is not None
        conversation.over = True
        yield Send(visit, reply)
        yield Hangup(visit, WITHOUT_A_WORD)

    # Guests who write.

    def name_relay(self, url: str, at: int, now: float) -> None:
        """Say which relay there is (empty: none), at a time of the day in milliseconds."""
        self._relay = url
        if self._reception is not None and self._circle.outside is None:
            for petition in self._letters.elsewhere(url):
                self._reception.leave(petition)
            card = self._reception.card
            for offer in self._letters.use(url, card, at, now):
                self._reception.reopen(offer)

    def expects_letter(self, mailbox: MailboxId) -> bool:
        """Whether a mailbox is one where those write whom we invited."""
        return self._letters.knows(mailbox)

    def read(self, said: LetterInput, now: float) -> Iterator[Effect]:
        """Take what the relay said of one of these."""
        assert self._reception is not None
        for guest in self._letters.hear(said, now):
            self._reception.read(guest, now)
            if guest.verdict(now) is Verdict.WAIT:
                yield Tell(events.GuestWaiting(guest.guest.name, guest.guest.fingerprint))
        if isinstance(said, MailRefused):
            yield Tell(events.Trouble(f"an answer to a guest waits for the relay: {said.sentence}"))

    def follow(self, now: float) -> Iterator[Effect]:
        """What is to be asked of the relay for those who were invited."""
        yield from self._letters.follow(now)

    def deadline(self) -> float:
        """When :meth:`follow` has something to do, if nothing happens before."""
        return self._letters.deadline()

    def _forget_letters(self, reception: Reception) -> None:
        for petition in self._letters.waiting:
            reception.leave(petition)
        self._letters.forget()

    # What the user wants.

    def do(self, number: int, act: acts.Act, now: float) -> Iterator[Effect]:
        """Do what the user asks for, or say why not."""
        try:
            if self._reception is None or self._circle.outside is not None:
                raise NotEntitled("this device is no member of the story")
            changed = self._act(number, act, self._reception, now)
        except (MembershipError, InvitationError) as problem:
            yield Tell(events.Done(number, str(problem)))
            return
        if isinstance(act, acts.Leave):
            self._leaving = number
            return
        if changed:
            yield from self._circle.changed()
        self._doing.append((number, self._library.due))

    def tell_what_is_done(self) -> Iterator[Effect]:
        """Answer what is durable by now."""
        if self._leaving is not None and not self._circle.leaves:
            self._doing.append((self._leaving, self._library.due))
            self._leaving = None
        while self._doing and self._doing[0][1] <= self._library.committed:
            yield Tell(events.Done(self._doing.popleft()[0], None))

    def _act(self, number: int, act: acts.Act, reception: Reception, now: float) -> bool:
        belonging = self._circle.belonging
        match act:
            case acts.Invite(_, terms, meeting):
                if not belonging.membership.may_admit(self._device, terms.role):
                    role = terms.role.name.lower()
                    raise NotEntitled(f"your role does not let you invite somebody as {role}")
                offer = reception.open(number, act, now)
                if meeting is not None and self._relay:
                    self._letters.begin(
                        self._relay, meeting.secret, reception.card, offer, meeting.at
                    )
                return False
            case acts.Withdraw(offer):
                reception.withdraw(offer)
                return False
            case acts.Confirm(who, replacing):
                guest = reception.find(who, now)
                if replacing and not belonging.membership.may_remove(self._device):
                    raise NotEntitled("only an owner can replace a device")
                guest.offer.confirm(guest, now)
                self._replacing[guest.device] = replacing
                return False
            case acts.Decline(who):
                guest = reception.find(who, now)
                guest.offer.decline(guest)
                return False
            case acts.Remove(devices):
                return belonging.remove(devices, now)
            case acts.ChangeRole(devices, role):
                return belonging.change_role(devices, role, now)
            case acts.SetRecovery(public):
                return belonging.set_recovery(public, now)
            case acts.Restore(key):
                return belonging.restore(key, now)
            case acts.Leave():
                self._circle.leave(now)
                return False
