"""Hedges at once when the debt reaches the threshold, with one crossing order, back to the edge of a no-trade band."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from mm._core.hedge_policy import ThresholdPlanner
from mm.config import rule
from mm.inventory.hedging.policy import HedgeParameters, HedgePlan, HedgePolicy, HedgeState

if TYPE_CHECKING:
    from mm.config import HedgeSettings
    from mm.config.crosscheck import Wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmediateParameters(HedgeParameters):
    """band: dollars of debt that are left alone when it hedges; 0 hedges everything."""

    band: Decimal = rule.number("usd", default=0, least=0, most=1_000_000_000)

    def wrong(self, hedge: HedgeSettings) -> Iterator[Wrong]:
        """A band is under the debt from which it hedges."""
        # A dataclass with slots is another class than the one that `super` would look for.
        yield from HedgeParameters.wrong(self, hedge)
        if self.band and self.band >= self.threshold:
            expected = f"less than threshold = {self.threshold}"
            yield "band", expected, str(self.band), "the debt is hedged from the threshold down to the band"


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
