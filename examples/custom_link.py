"""
Links of one's own: two programs on one machine share notes through Unix sockets.

    python custom_link.py

No network is touched: each listens at a path in the file system, which the other is told. Who
may open the path is for the file system to say, so nothing has to be encrypted here.
"""

import asyncio
import hashlib
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from whisker_sync import Address, Kind, Places, Root, Schema, Workspace
from whisker_sync.errors import CannotConnect, LinkClosed

SCHEMAS = {"notes": Schema((Root("body", Kind.TEXT),))}

MOST = 2 << 20
"""Bytes of a frame; nobody sends more than half of it."""


class SocketLink:
    """Frames through a stream: a letter for their kind, their size, and their bytes."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: Address
    ) -> None:
        self.address = address
        self.binding = b""
        self._reader, self._writer = reader, writer

    async def greet(self, ours: str, *, dialled: bool) -> None:
        """Exchange where we are, and draw together what only both of us know."""
        nonce = secrets.token_bytes(32)
        self._put(b"G", nonce + ours.encode())
        heard = await self._get(b"G")
        if not dialled:
            self.address = Address(heard[32:].decode(), 1)
        both = (nonce, heard[:32]) if dialled else (heard[:32], nonce)
        self.binding = hashlib.sha256(b"".join(both)).digest()

    def prove(self) -> None:
        """Nothing: strangers cannot open the path."""

    async def send(self, frame: bytes) -> None:
        """Send a frame; waits while the other side takes none."""
        try:
            self._put(b"F", frame)
            await self._writer.drain()
        except OSError:
            raise LinkClosed("the other side is gone") from None

    async def receive(self) -> bytes:
        """The next frame."""
        return await self._get(b"F")

    async def close(self, reason: str) -> None:
        """Say why, and end."""
        with suppress(OSError, LinkClosed, TimeoutError):
            async with asyncio.timeout(1):
                self._put(b"E", reason.encode())
                await self._writer.drain()
                self._writer.close()
                await self._writer.wait_closed()
        self.abort()

    def abort(self) -> None:
        """End at once."""
        self._writer.transport.abort()

    def _put(self, kind: bytes, content: bytes) -> None:
        if self._writer.is_closing():
            raise LinkClosed("it was ended here")
        self._writer.write(kind + len(content).to_bytes(4, "big") + content)

    async def _get(self, wanted: bytes) -> bytes:
        try:
            head = await self._reader.readexactly(5)
            size = int.from_bytes(head[1:], "big")
            content = await self._reader.readexactly(min(size, MOST))
        except (OSError, asyncio.IncompleteReadError):
            raise LinkClosed("the other side is gone") from None
        if head[:1] == wanted and size <= MOST:
            return content
        self.abort()
        raise LinkClosed(content.decode(errors="replace") if head[:1] == b"E" else "it is garbled")


class SocketLinks:
    """The links of one device, which listens at a path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._arrived: asyncio.Queue[SocketLink] = asyncio.Queue()
        self._accepted: list[SocketLink] = []
        self._server: asyncio.Server | None = None

    async def listen(self) -> int:
        """Let others in. A path has no port, so all have the same."""
        self._server = await asyncio.start_unix_server(self._greet, self.path)
        self.path.chmod(0o600)
        return 1

    async def accept(self) -> SocketLink:
        """The next link that somebody else opened."""
        return await self._arrived.get()

    async def dial(self, addresses: Sequence[Address]) -> SocketLink:
        """Open a link to the first of the addresses that answers."""
        for address in addresses:
            with suppress(OSError, LinkClosed, TimeoutError):
                async with asyncio.timeout(5):
                    link = SocketLink(*await asyncio.open_unix_connection(address.host), address)
                    await link.greet(str(self.path), dialled=True)
                    return link
        raise CannotConnect(", ".join(map(str, addresses)), "nobody listens there")

    def stop(self) -> None:
        """Let nobody in any more."""
        if self._server is not None:
            self._server.close()
            self.path.unlink(missing_ok=True)

    async def close(self) -> None:
        """End what came in."""
        self.stop()
        for link in self._accepted:
            link.abort()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = SocketLink(reader, writer, Address("", 1))
        with suppress(LinkClosed):
            await link.greet(str(self.path), dialled=False)
            self._accepted.append(link)
            self._arrived.put_nowait(link)


async def main() -> None:
    """Ada writes a note, and Bob reads it."""
    with tempfile.TemporaryDirectory() as directory:
        here = Path(directory)
        ada_at, bob_at = here / "ada.sock", here / "bob.sock"
        Workspace.create(here / "ada", "Notes", home=here / "home-ada")
        async with Workspace.open(
            here / "ada",
            schemas=SCHEMAS,
            lan=False,
            home=here / "home-ada",
            links=SocketLinks(ada_at),
        ) as ada:
            with ada.edit("notes") as edit:
                edit.insert("body", 0, "Nothing of this went through a network.")
            others = Places([Address(str(ada_at), 1)])
            await Workspace.join(
                await ada.invite(),
                here / "bob",
                home=here / "home-bob",
                links=SocketLinks(bob_at),
                discovery=others,
            )
            async with Workspace.open(
                here / "bob",
                schemas=SCHEMAS,
                home=here / "home-bob",
                links=SocketLinks(bob_at),
                discovery=others,
            ) as bob:
                await bob.until(lambda status: any(peer.in_sync for peer in status.peers))
                print("Bob reads:", bob.document("notes").text("body"))
                print("Ada is at:", bob.status.peers[0].via)


if __name__ == "__main__":
    asyncio.run(main())
