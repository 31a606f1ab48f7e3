"""Hedges at once when the debt reaches the threshold, with one crossing order, back to the edge of a no-trade band."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm._core.hedge_policy import ThresholdPlanner
from mm.config import rule
from mm.inventory.hedging.policy import HedgeParameters, HedgePlan, HedgePolicy, HedgeState


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmediateParameters(HedgeParameters):
    """band: dollars of debt that are left alone when it hedges; 0 hedges everything."""

    band: Decimal = rule.number("usd", default=0, least=0, most=1_000_000_000)


class Immediate(HedgePolicy):
    """See the module's text."""

    Parameters = ImmediateParameters
    parameters: ImmediateParameters
    native: ThresholdPlanner

    def __init__(self, name: str, parameters: ImmediateParameters) -> None:
        super().__init__(name, parameters)
        self.native = ThresholdPlanner(self.threshold, self.slippage_bps, float(parameters.band))

    def plan(self, state: HedgeState) -> HedgePlan:
        """Return one crossing order for what is above the band."""
        return self.native.plan(state)
