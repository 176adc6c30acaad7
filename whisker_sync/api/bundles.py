"""Changes as an encrypted file, made and taken in while no daemon has the workspace open."""

from __future__ import annotations

from whisker_sync.daemon.control import Answer
from whisker_sync.daemon.main import unpacking
from whisker_sync.node.node import Node
from whisker_sync.node.settings import User
from whisker_sync.store.layout import Layout


async def carry(layout: Layout, user: User, question: Answer) -> Answer:
    """
    Open a workspace for as long as it takes to do what a daemon would be asked.

    ``question`` is ``{"do": "bundle" or "unbundle", "path": ..., "since": ...}``.

    Raises:
        WorkspaceBusy: A program that is no daemon has it open.
        BadBundle, BadSettings, NotEntitled: As for :mod:`whisker_sync.node.bundles`.
    """
    node = await Node.open(layout, user, lan=False)
    try:
        return await unpacking(node, question)
    finally:
        await node.close()
