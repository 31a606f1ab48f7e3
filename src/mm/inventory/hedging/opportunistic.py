"""Hedges passively at the touch, and crosses when waiting costs more than it saves.

A passive hedge saves the spread and the difference of the fees; a debt that waits carries the market's risk. The time
at which the two are even is the deadline: with a saving of s bps and a volatility of v bps over a second, a wait of t
seconds risks v x sqrt(t), so that t = (s / v)^2, never longer than `wait_secs_max`. Before it, the order rests at the
touch and follows it; after it, it is taken back and one crossing order follows when that is proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm._core.events import BUY
from mm.config import rule
from mm.inventory.hedging.policy import HedgeOrder, HedgeParameters, HedgePlan, HedgePolicy, HedgeState

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunisticParameters(HedgeParameters):
    """volatility_bps: of the price over one second; saving_bps: of a passive hedge over a crossing one, fees included;
    wait_secs_max: never waits longer than so."""

    volatility_bps: Decimal = rule.number("bps", default=1, above=0, most=1000)
    saving_bps: Decimal = rule.number("bps", default=4, above=0, most=1000)
    wait_secs_max: Decimal = rule.number("s", default=60, least=0, most=3600)


class Opportunistic(HedgePolicy):
    """See the module's text."""

    Parameters = OpportunisticParameters
    parameters: OpportunisticParameters

    def wait_ns(self) -> int:
        """How long a debt may wait for a passive hedge."""
        knobs = self.parameters
        even_s = float(knobs.saving_bps / knobs.volatility_bps) ** 2
        return int(min(even_s, float(knobs.wait_secs_max)) * SECOND_NS)

    def plan(self, state: HedgeState) -> HedgePlan:
        """Return a passive order before the deadline, a crossing one after it."""
        if not state.debt or state.worth < self.threshold:
            return HedgePlan(cancel=tuple(state.orders), note="under the threshold")
        deadline_ns = state.oldest_ns + self.wait_ns()
        if state.now_ns >= deadline_ns:
            resting = tuple(order for order in state.orders if order.time_in_force != "ioc")
            lots = min(state.owed, state.depth)
            if state.balance is not None:
                lots = min(lots, state.balance)
            if lots <= 0:
                return HedgePlan(cancel=resting, note="waited long enough: taking the passive order back")
            order = HedgeOrder(state.side, lots, state.crossing_price(self.slippage_bps), True)
            return HedgePlan(order, resting, "waited long enough: crosses")
        touch = state.bid if state.side == BUY else state.ask
        stale = tuple(order for order in state.orders if order.price != touch or order.side != state.side)
        lots = state.owed
        if state.balance is not None:
            lots = min(lots, state.balance)
        if lots <= 0 or stale:
            # What is out of place is taken back first; until that is proven it may still fill.
            return HedgePlan(cancel=stale, note="rests at the touch", due_ns=deadline_ns)
        return HedgePlan(HedgeOrder(state.side, lots, touch, False), note="joins the touch", due_ns=deadline_ns)
