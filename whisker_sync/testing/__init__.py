"""
A simulated world, for tests of ours and of whoever builds on us.

Production peers and journals in imagined machines, with imagined time, networks, crashes
and folders, all from one seed::

    with World(seed=1, schemas={"notes": NOTES}, files=False) as world:
        alice, bob = world.machine("alice"), world.machine("bob")
        world.part([alice])
        with alice.edit("notes") as edit:
            edit.insert("body", 0, "hello ")
        with bob.edit("notes") as edit:
            edit.insert("body", 0, "world ")
        alice.crash()
        world.settle()
        assert world.check() == []

A :class:`History` is what happens in a world as a value: drawn by Hypothesis
(:mod:`whisker_sync.testing.strategies`), or made from a seed by :func:`random_history`.
"""

from whisker_sync.testing.histories import History, Judgement, random_history, shorten
from whisker_sync.testing.machine import Machine
from whisker_sync.testing.words import Words
from whisker_sync.testing.world import World

__all__ = ["History", "Judgement", "Machine", "Words", "World", "random_history", "shorten"]
