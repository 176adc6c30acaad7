"""
The shortest story that ends as badly.

Of a world in which a word was lost, else of one in which a word was doubled, steps are left out
for as long as that is so: halves of them, then quarters, at last each alone (Zeller and
Hildebrandt, Simplifying and isolating failure-inducing input, 2002). What is left names
the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.merge.world import ACTIONS, WORD, Machines, Step, Verdict, World, cut


@dataclass(frozen=True, slots=True)
class Smallest:
    """A world of few steps with a bad end."""

    world: World
    verdict: Verdict

    def __str__(self) -> str:
        lost, doubled = len(self.verdict.lost), len(self.verdict.doubled)
        steps = " ".join(f"{step.writer}{step.kind}" for step in self.world.steps)
        return f"{self.world.seed}: {lost} lost, {doubled} doubled by {steps or 'nothing'}"

    def story(self) -> str:
        """Tell it step by step."""
        bad = self.verdict.lost | self.verdict.doubled
        lines = [str(self), *self.world.diary, "In the end:"]
        for path, content in sorted(self.world.writers[0].folder.items()):
            passages = cut(content.decode())
            lines += [f"--- {path}\n{p}" for p in passages if bad & set(WORD.findall(p))]
        lines.append(f"lost: {sorted(self.verdict.lost)}")
        lines.append(f"doubled: {sorted(self.verdict.doubled)}")
        return "\n".join(lines)


def smallest(
    seed: int,
    *,
    actions: Iterable[str] = ACTIONS,
    plain: bool = False,
    machines: Machines = Machines(),  # noqa: B008 - it is frozen
) -> Smallest:
    """Return a world of some steps of one, with a bad word; of all steps, if it has none."""
    chosen = set(actions)

    def run(steps: Sequence[Step] | None) -> Smallest:
        world = World(seed, actions=chosen, plain=plain, machines=machines, steps=steps)
        world.run()
        return Smallest(world, world.judge())

    best = run(None)
    kind = "lost" if best.verdict.lost else "doubled"
    if not getattr(best.verdict, kind):
        return best
    size = len(best.world.steps) // 2
    while size:
        at = 0
        while at < len(best.world.steps):
            steps = best.world.steps
            shorter = run([*steps[:at], *steps[at + size :]])
            if getattr(shorter.verdict, kind):
                best = shorter
            else:
                at += size
        size = min(size // 2, len(best.world.steps))
    return best
