"""Hedges every debt that is a lot on the other venue, at once, as far as its book and the account there reach.

The policy for quotes that were priced by this hedge: their edge is only real while the hedge follows the fill at once,
so that the threshold is where it begins and not where it waits. What its depth or the balance does not reach waits for
the next look at the book.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm._core.hedge_policy import FollowPlanner
from mm.config import rule
from mm.inventory.hedging.policy import HedgeParameters, HedgePlan, HedgePolicy, HedgeState


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
    native: FollowPlanner

    def __init__(self, name: str, parameters: CrossExchangeParameters) -> None:
        super().__init__(name, parameters)
        self.native = FollowPlanner(self.threshold, self.slippage_bps, float(parameters.depth_share))

    def plan(self, state: HedgeState) -> HedgePlan:
        """Return one crossing order, cut to depth and balance."""
        return self.native.plan(state)
