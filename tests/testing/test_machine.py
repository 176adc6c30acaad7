"""A world, driven step by step by Hypothesis: each operation is a rule."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from whisker_sync.testing.histories import NAMES, Carry, Operation, Rename, make_world, perform
from whisker_sync.testing.strategies import operations
from whisker_sync.testing.world import World

EXAMPLES = 8
"""Worlds that are driven in one run of this test."""

STEPS = 20
"""Operations in one of them at most."""

MAY_DOUBLE = (Carry, Rename)
"""Moves of which it is not said that no word is there twice if the text changes as well."""


class Steps(RuleBasedStateMachine):
    """Somebody does something, a moment passes, and nothing may be wrong."""

    world: World

    @initialize(seed=st.integers(0, (1 << 32) - 1), replicas=st.integers(2, 4))
    def begin(self, seed: int, replicas: int) -> None:
        self.world = make_world(seed)
        for name in NAMES[:replicas]:
            self.world.machine(name)

    @rule(operation=operations(without=MAY_DOUBLE))
    def happen(self, operation: Operation) -> None:
        perform(operation, self.world)

    @rule(milliseconds=st.integers(1, 2_000))
    def let_time_pass(self, milliseconds: int) -> None:
        self.world.run(milliseconds / 1000)

    @invariant()
    def nobody_keeps_too_much_or_breaks_a_promise(self) -> None:
        if hasattr(self, "world"):
            for machine in self.world.machines.values():
                assert machine.overfull + machine.broken_promises == []

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.settle()
            assert self.world.check() == []
        finally:
            self.world.close()


TestSteps = Steps.TestCase
TestSteps.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
