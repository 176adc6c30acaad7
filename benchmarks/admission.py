"""Letting somebody into a workspace without a conversation, to measure or test what follows."""

from __future__ import annotations

from pathlib import Path

from whisker_sync.identity import acts
from whisker_sync.identity.keyring import key_ring
from whisker_sync.identity.roster import Role
from whisker_sync.node.settings import User, join_workspace, load_config, load_papers, save_papers
from whisker_sync.store.layout import Layout


def let_in(
    owner: User, first: Layout, newcomer: User, root: Path, role: Role = Role.WRITER
) -> Layout:
    """
    Make ``root`` a place of the workspace ``first``, for a newcomer whom its owner lets in.

    A process that has ``first`` open already hears of it from the newcomer.
    """
    papers = acts.admit(load_papers(first), owner.key, newcomer.card(), role)
    key = key_ring(papers, owner.key).key
    assert key is not None
    papers = acts.reseal(papers, key)
    save_papers(first, papers)
    return join_workspace(root, load_config(first).title, papers, ())
