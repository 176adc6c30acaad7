"""
Attacks by those who know something: a key, an old roster, half a code.

Each by its name, over real sockets, against a real node, as in
:mod:`tests.transport.test_attacks`.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.node.test_node import CAVE, HERE, Author, in_sync, until
from tests.transport.test_attacks import (
    ELSEWHERE,
    MALLORY,
    SECONDS,
    Scene,
    attacked,
    hear,
    heard_until_the_end,
    linux,
    say,
)
from whisker_sync.errors import LinkClosed, NobodyInvites
from whisker_sync.identity import acts as signing
from whisker_sync.identity.card import Card, PersonId
from whisker_sync.identity.evidence import Evidence
from whisker_sync.identity.keyring import key_ring
from whisker_sync.identity.keys import DeviceKey
from whisker_sync.identity.link import InvitationLink
from whisker_sync.identity.offers import TRIES_PER_ADDRESS, Terms
from whisker_sync.identity.pairing import Host, Joiner
from whisker_sync.identity.papers import Papers
from whisker_sync.identity.roster import Role, Roster
from whisker_sync.ids import Address
from whisker_sync.node.joining import Admission, ask_to_join
from whisker_sync.node.node import Node
from whisker_sync.node.settings import load_papers
from whisker_sync.peer.acts import Remove
from whisker_sync.sync.handshake import Handshake
from whisker_sync.transport.lan import LanLink, Listener, dial
from whisker_sync.wire.codec import decode, encode
from whisker_sync.wire.messages import Challenge, Hello, Members, Message, Standing

MALLORYS_CARD = Card.issue(MALLORY, "laptop", PersonId(b"m" * 16), "Mallory", 0)


async def prove(
    scene: Scene, device: DeviceKey, keys: tuple[bytes, ...], papers: Papers
) -> LanLink:
    """A connection to Alice on which a device has proven to know a key."""
    link = await dial([scene.address])
    standing = Standing(papers.digest, tuple(sorted(papers.tips)))
    handshake = Handshake(
        device,
        scene.workspace,
        keys,
        standing,
        link.binding,
        random.randbytes(32),
        dialling=True,
    )
    for _ in range(2):
        for answer in handshake.receive(await hear(link)):
            await say(link, answer)
    assert handshake.other == scene.alice.user.key.device
    return link


async def tell(link: LanLink, device: DeviceKey, papers: Papers) -> None:
    """Say all that some papers say."""
    for frame in encode(Members(papers.digest, papers.evidence().encode()), device.device):
        await link.send(frame)


async def said_until_the_end(link: LanLink, scene: Scene) -> list[Message]:
    """All messages that still come on a link, until Alice ends it."""
    heard: list[Message] = []
    async with asyncio.timeout(SECONDS):
        with suppress(LinkClosed):
            while True:
                message = decode(await link.receive(), scene.alice.user.key.device)
                assert not isinstance(message, tuple)
                heard.append(message)  # type: ignore[arg-type]  # nothing here needs parts
    return heard


def evidence_in(messages: list[Message]) -> list[Evidence]:
    """What was told of who belongs; there must be nothing else."""
    assert {type(message) for message in messages} <= {Members}
    return [Evidence.decode(m.evidence) for m in messages if isinstance(m, Members)]


async def test_non_member_with_the_key(tmp_path: Path) -> None:
    """Mallory got hold of the key, and says that the story is theirs."""
    async with attacked(tmp_path) as scene:
        own = signing.found(MALLORY, scene.workspace, MALLORYS_CARD, scene.key)
        link = await prove(scene, MALLORY, (scene.key,), own)
        await tell(link, MALLORY, own)
        told = evidence_in(await said_until_the_end(link, scene))
        assert not any(evidence.rosters or evidence.seals for evidence in told)
        assert scene.bob.user.key.device not in {t.device for e in told for t in e.tickets}
        assert scene.node.papers.membership.role(MALLORY.device) is None
        assert not scene.devices_met()


async def without_bob(scene: Scene) -> Papers:
    """Alice removes Bob; his papers from before."""
    before = scene.node.papers
    await scene.node.act(Remove(frozenset({scene.bob.user.key.device})))
    return before


async def bob_is_let_in_again(scene: Scene) -> None:
    """As the attack is over: see that Alice's node still works."""
    bob = scene.bob.user
    invitation = await scene.node.invite(Terms("x", yes=True), words=False, interface=HERE)
    link = InvitationLink.parse(invitation.link)
    admission = await ask_to_join(link, bob, lan=False, asked=yes)
    assert isinstance(admission, Admission)
    assert admission is not None
    assert admission.papers.membership.may_read(bob.key.device)
    from whisker_sync.node.settings import join_again

    join_again(scene.bob.layout, admission.papers, ())


async def yes(_: Host) -> bool:
    return True


async def test_removed_member_hears_the_notice_and_nothing_else(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        before = await without_bob(scene)
        bob = scene.bob.user.key
        link = await prove(scene, bob, key_ring(before, bob).keys, before)
        await tell(link, bob, before)
        *credentials, farewell = evidence_in(await said_until_the_end(link, scene))
        assert not any(evidence.rosters or evidence.seals for evidence in credentials)
        assert farewell == Evidence(scene.workspace, notices=farewell.notices)
        assert [notice.device for notice in farewell.notices] == [bob.device]
        assert not scene.devices_met()
        await bob_is_let_in_again(scene)


async def test_removed_member_who_is_connected_is_cut_off_at_once(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        async with scene.bob.online() as b:
            b.connect(scene.address)
            await in_sync(scene.node, b)
            await without_bob(scene)
            (scene.alice.folder / "cave.twee").write_text(CAVE + "\n:: Secret\nNot for Bob.\n")
            await until(lambda: b.status.outside is not None, scene.node, b)
            await scene.node.look()
            assert b"Secret" not in scene.bob.files()["cave.twee"]
        await bob_is_let_in_again(scene)


async def test_stale_roster_brings_nobody_back(tmp_path: Path) -> None:
    """Bob, who was removed, signs on from before, and brings Mallory along."""
    async with attacked(tmp_path) as scene:
        before = await without_bob(scene)
        bob = scene.bob.user.key
        branch = signing.admit(before, bob, MALLORYS_CARD, Role.WRITER)
        for device in (bob, MALLORY):
            link = await prove(scene, device, key_ring(before, bob).keys, branch)
            await tell(link, device, branch)
            told = evidence_in(await said_until_the_end(link, scene))
            assert not any(evidence.rosters or evidence.seals for evidence in told)
        members = scene.node.papers.membership
        assert [member.device for member in members.members] == [scene.alice.user.key.device]
        await bob_is_let_in_again(scene)


async def test_forged_roster_makes_nobody_an_owner(tmp_path: Path) -> None:
    """Bob, who may write, signs a roster in which he owns the story and Alice is gone."""
    async with attacked(tmp_path) as scene:
        papers, bob = scene.node.papers, scene.bob.user.key
        (tip,) = (papers.rosters[tip] for tip in papers.tips)
        ticket = next(t for t in papers.tickets.values() if t.device == bob.device)
        entry = replace(tip.members[0], ticket=ticket, role=Role.OWNER, role_by=bob.public)
        forged: Roster = replace(
            tip,
            version=tip.version + 1,
            previous=(tip.hash,),
            by=bob.public,
            members=(entry,),
            removed=((scene.alice.user.key.device, tip.version + 1),),
        ).signed_by(bob)
        link = await prove(scene, bob, (scene.key,), papers)
        evidence = Evidence(scene.workspace, (forged,))
        for frame in encode(Members(b"d" * 32, evidence.encode()), bob.device):
            await link.send(frame)
        async with asyncio.timeout(SECONDS):
            while not isinstance(decode(await link.receive(), scene.alice.user.key.device), Hello):
                pass  # she says hello when she has read what was told
        link.abort()
        members = scene.node.papers.membership
        assert members.role(scene.alice.user.key.device) is Role.OWNER
        assert members.role(bob.device) is Role.WRITER


# Those who say that they were invited.


async def knock(link: LanLink, scene: Scene, invited: InvitationLink) -> Joiner:
    """Knock with what an invitation comes down to."""
    challenge = await hear(link)
    assert isinstance(challenge, Challenge)
    bob = scene.bob.user.key
    joiner = Joiner(invited.pairing_key(), bob, link.binding, challenge.nonce, random.randbytes(32))
    await link.send(joiner.begin())
    return joiner


async def opened(scene: Scene, minutes: int = 10) -> InvitationLink:
    """An invitation of Alice's."""
    asked = Terms("The Cave", yes=True, minutes=minutes)
    return InvitationLink.parse((await scene.node.invite(asked, words=False, interface=HERE)).link)


def wrong(link: InvitationLink) -> InvitationLink:
    return replace(link, secret=random.randbytes(16))


@linux
async def test_code_guessing_ends_after_three_tries_from_one_address(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        invited = await opened(scene)
        for _ in range(TRIES_PER_ADDRESS):
            link = await dial([scene.address])
            await knock(link, scene, wrong(invited))
            assert await heard_until_the_end(link) == b""
        link = await dial([scene.address])
        await knock(link, scene, invited)
        assert await heard_until_the_end(link) == b""
        (offer,) = scene.node.offers
        assert offer.ending is None
        assert ELSEWHERE != HERE


async def test_expired_code_opens_nothing(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        invited = await opened(scene, minutes=1)
        clock = scene.node._running.clock
        scene.node._running.clock = lambda: clock() + 61.0  # type: ignore[method-assign]
        with pytest.raises(NobodyInvites, match="its time is over"):
            await ask_to_join(invited, scene.bob.user, lan=False, asked=yes)
        scene.node._running.clock = clock  # type: ignore[method-assign]


async def test_used_code_opens_nothing_for_another_device(tmp_path: Path) -> None:
    async with attacked(tmp_path) as scene:
        invited = await opened(scene)
        assert await ask_to_join(invited, scene.bob.user, lan=False, asked=yes) is not None
        mallory = replace(scene.bob.user, key=MALLORY)
        from whisker_sync.errors import TurnedAway

        with pytest.raises(TurnedAway, match="used already"):
            await ask_to_join(invited, mallory, lan=False, asked=yes)
        assert scene.node.papers.membership.role(MALLORY.device) is None


async def test_replayed_knock(tmp_path: Path) -> None:
    """Mallory was in the room with a tape, and plays what Bob said to the door."""
    async with attacked(tmp_path) as scene:
        invited = await opened(scene)
        first = await dial([scene.address])
        challenge = await hear(first)
        assert isinstance(challenge, Challenge)
        said = Joiner(
            invited.pairing_key(), scene.bob.user.key, first.binding, challenge.nonce, b"n" * 32
        ).begin()
        first.abort()
        again = await dial([scene.address])
        await hear(again)
        await again.send(said)
        assert await heard_until_the_end(again) == b""


async def test_man_in_the_middle_of_an_invitation(tmp_path: Path) -> None:
    """Mallory has Bob dial a port of theirs, and passes on what both say."""
    async with attacked(tmp_path) as scene:
        invited = await opened(scene)
        listener = await Listener.open(interface=HERE)
        there = replace(invited, addresses=(Address(HERE, listener.port),))
        joining = asyncio.ensure_future(ask_to_join(there, scene.bob.user, lan=False, asked=yes))
        to_bob = await listener.accept()
        to_alice = await dial([scene.address])
        await to_bob.send(await to_alice.receive())
        await to_alice.send(await to_bob.receive())
        assert await heard_until_the_end(to_alice) == b""
        to_bob.abort()
        with pytest.raises(NobodyInvites):
            await joining
        await listener.close()


async def test_copied_folder_on_another_machine_is_no_member(tmp_path: Path) -> None:
    """Whoever copies a folder has its journal, and not the device's key."""
    async with attacked(tmp_path) as scene:
        copy = Author(tmp_path, "carol")
        thief = replace(copy.user, key=MALLORY)
        assert load_papers(scene.bob.layout).membership.role(MALLORY.device) is None
        copy.layout.papers.write_bytes(scene.bob.layout.papers.read_bytes())
        copy.layout.config.write_bytes(scene.bob.layout.config.read_bytes())
        node = await Node.open(copy.layout, thief, lan=False, interface=HERE)
        node.connect(scene.address, keep=False)
        assert "no member" in (node.status.outside or "")
        await node.close()
        assert not scene.devices_met()
