"""Hedges in equal parts over a time: `num_orders` children in `duration_secs`, which add up exactly, in lots.

A debt at the threshold starts a schedule; each child is due at its time, a little earlier or later by a jitter that the
seed decides, so that nobody can lean against a clock. A child that could not be sent or filled is caught up with the
next, at most `catch_up_max` children at once. When quotes unwind the debt by themselves its children shrink first, and
the schedule ends when nothing is owed that the venue would take; what the debt grows by meanwhile goes with the
children that are due. Children that the venue would not take by themselves wait for one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

from mm.config import rule
from mm.inventory.hedging.policy import HedgeOrder, HedgeParameters, HedgePlan, HedgePolicy, HedgeState

SECOND_NS = 1_000_000_000
JITTER = 0.25
"""Of the distance between two children, to each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwapParameters(HedgeParameters):
    """duration_secs: from the first child to the last; num_orders: children; catch_up_max: children in one order."""

    duration_secs: Decimal = rule.number("s", default=60, above=0, most=86_400)
    num_orders: int = rule.integer(default=6, least=1, most=1000)
    catch_up_max: int = rule.integer(default=2, least=1, most=1000)


def shares(lots: int, count: int) -> list[int]:
    """Split lots into so many parts that differ by one at most and add up exactly, the larger ones first."""
    sums = [-(-lots * index // count) for index in range(count + 1)]
    return [after - before for before, after in pairwise(sums)]


class Twap(HedgePolicy):
    """See the module's text."""

    Parameters = TwapParameters
    parameters: TwapParameters

    def __init__(self, name: str, parameters: Any) -> None:
        super().__init__(name, parameters)
        self._started_ns = self._side = self._lots = 0

    def due_ns(self, index: int, started_ns: int, seed: int) -> int:
        """When a child is due, after the start; never before the child ahead of it."""
        count = self.parameters.num_orders
        if not index:
            return 0
        step_ns = float(self.parameters.duration_secs) * SECOND_NS / (count - 1)
        is_last = index == count - 1
        shift = 0.0 if is_last else Random(f"{seed}:{started_ns}:{index}").uniform(-JITTER, JITTER)
        return int(step_ns * (index + shift))

    def plan(self, state: HedgeState) -> HedgePlan:
        """Return what the schedule is behind as one order."""
        is_running = self._started_ns and self._side == state.side
        if not state.debt or (not is_running and state.worth < self.threshold):
            return HedgePlan(note="under the threshold" if state.debt else "nothing owed")
        lots = self._lots if is_running else abs(state.debt)
        parts = shares(lots, self.parameters.num_orders)
        due, next_ns = parts[0], 0
        if is_running:
            passed_ns = state.now_ns - self._started_ns
            for index, part in enumerate(parts[1:], 1):
                at_ns = self.due_ns(index, self._started_ns, state.seed)
                if at_ns <= passed_ns:
                    due += part
                else:
                    next_ns = self._started_ns + at_ns
                    break
        # What is owed beyond the rest of the schedule: unfilled children come again, and what quotes unwind does not.
        wanted = state.owed - (lots - due)
        if not is_running:
            # A schedule begins with an order.
            wanted = max(wanted, state.least)
        wanted = min(wanted, max(self.parameters.catch_up_max * max(parts), state.least), state.owed, state.depth)
        if state.balance is not None:
            wanted = min(wanted, state.balance)
        note = f"{due} of {lots} lots are due"
        if wanted <= 0:
            return HedgePlan(note=note, due_ns=next_ns)
        if wanted < state.least:
            return HedgePlan(note=f"{note}, less than the venue takes", due_ns=next_ns)
        order = HedgeOrder(state.side, wanted, state.crossing_price(self.slippage_bps), True)
        return HedgePlan(order, note=note, due_ns=next_ns)

    def on_sent(self, now_ns: int, order: HedgeOrder, debt: int) -> None:
        """The first child starts the schedule."""
        if not self._started_ns or self._side != order.side:
            self._started_ns, self._side, self._lots = now_ns, order.side, abs(debt)

    def on_paid(self) -> None:
        """The schedule is over."""
        self._started_ns = self._side = self._lots = 0

    def facts(self) -> tuple[Any, ...]:
        """The schedule."""
        return (self._started_ns, self._side, self._lots)
