"""What an operator says in the middle of a run: a step of the kill ladder, perhaps a restart under it, and a resume."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from mm.chaos.faults import Fault
from mm.steps import CANCEL, FLATTEN, HALT

NUMBER: Final = 12
"""Of the class: the process is told to stand still, and is started again."""
STEPS: Final = (CANCEL, FLATTEN, HALT)
RESUME: Final = "resume"
SHARE: Final = 0.3
"""Of the seeds."""
SPAN: Final = (0.3, 0.6)
"""Of the run: it has traded before, and trades again long enough for the seed to count."""
HOLD_S: Final = (3.0, 45.0)


def words(seed: int, seconds: float, classes: Sequence[int] = ()) -> list[Fault]:
    """What the seed's operator says, in its order; nothing where these classes leave it out, or are a pair in turn."""
    chance = Random(f"operator:{seed}")
    if chance.random() >= SHARE or len(classes) == 2 or (classes and NUMBER not in classes):
        return []
    at_s = seconds * chance.uniform(*SPAN)
    hold_s = min(chance.uniform(*HOLD_S), seconds * 0.1)
    said = [Fault(NUMBER, act=chance.choice(STEPS), at_s=round(at_s, 3))]
    if chance.random() < 0.6:
        restart_s = at_s + hold_s * chance.choice((0.0, 0.01, 0.3, 0.6))
        said.append(Fault(NUMBER, act="restart", at_s=round(restart_s, 3)))
    said.append(Fault(NUMBER, act=RESUME, at_s=round(at_s + hold_s, 3)))
    return said
