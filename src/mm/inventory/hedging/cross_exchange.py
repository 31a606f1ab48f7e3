"""Hedges every debt that is a lot on the other venue, at once, as far as its book and the account there reach.

The policy for quotes that were priced by this hedge: their edge is only real while the hedge follows the fill at once,
so that the threshold is where it begins and not where it waits. What its depth or the balance does not reach waits for
the next look at the book.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm.config import rule
from mm.inventory.hedging.policy import HedgeOrder, HedgeParameters, HedgePlan, HedgePolicy, HedgeState


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossExchangeParameters(HedgeParameters):
    """threshold: dollars of debt from which it hedges, 0 from the first lot; depth_share: of what the book offers
    within the slippage, how much one order may take."""

    threshold: Decimal = rule.number("usd", default=0, least=0, most=1_000_000_000)
    depth_share: Decimal = rule.number(default="0.5", above=0, most=1)


class CrossExchange(HedgePolicy):
    """See the module's text."""

    Parameters = CrossExchangeParameters
    parameters: CrossExchangeParameters

    def plan(self, state: HedgeState) -> HedgePlan:
        """Return one crossing order, cut to depth and balance."""
        if not state.owed or state.worth < self.threshold:
            return HedgePlan(note="nothing owed")
        lots = min(state.owed, int(state.depth * float(self.parameters.depth_share)))
        if state.balance is not None:
            lots = min(lots, state.balance)
        if lots <= 0:
            return HedgePlan(note="the hedge market has not enough depth, or the account not enough balance")
        return HedgePlan(HedgeOrder(state.side, lots, state.crossing_price(self.slippage_bps), True), note="follows")
