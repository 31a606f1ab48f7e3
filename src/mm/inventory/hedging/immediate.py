"""Hedges at once when the debt reaches the threshold, with one crossing order, back to the edge of a no-trade band."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm.config import rule
from mm.inventory.hedging.policy import HedgeOrder, HedgeParameters, HedgePlan, HedgePolicy, HedgeState


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmediateParameters(HedgeParameters):
    """band: dollars of debt that are left alone when it hedges; 0 hedges everything."""

    band: Decimal = rule.number("usd", default=0, least=0, most=1_000_000_000)


class Immediate(HedgePolicy):
    """See the module's text."""

    Parameters = ImmediateParameters
    parameters: ImmediateParameters

    def plan(self, state: HedgeState) -> HedgePlan:
        """Return one crossing order for what is above the band."""
        if state.worth < self.threshold or not state.debt:
            return HedgePlan(note="under the threshold")
        lots = state.owed
        band = float(self.parameters.band)
        if band and state.worth > 0:
            lots -= int(abs(state.debt) * min(1.0, band / state.worth))
        lots = min(lots, state.depth)
        if state.balance is not None:
            lots = min(lots, state.balance)
        if lots <= 0:
            return HedgePlan(note="hedge orders are out" if state.committed else "nothing to be had in the slippage")
        return HedgePlan(HedgeOrder(state.side, lots, state.crossing_price(self.slippage_bps), True), note="at once")
