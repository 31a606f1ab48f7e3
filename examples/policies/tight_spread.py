"""A hedging policy of your own in one file: crosses the hedge market while that is tight, and waits while it is wide.

Who crosses pays half of the spread. Around news the spread of the hedge market is many times its usual one for some
seconds; a debt that waits them out saves that, and carries the market's risk meanwhile, so that the wait has an end.

Use it without touching the package. Write into mine.toml (see examples/kraken-mexc-sim.toml for the other tables):

    [hedging.btc]
    policy = "tight_spread:TightSpread"
    primary = "kraken"
    symbol = "BTC/USD"
    hedge = "mexc_spot"
    hedge_symbol = "BTC/USDT"
    threshold = 50
    spread_bps_max = 0.5
    wait_secs_max = 10

    PYTHONPATH=examples/policies .venv/bin/python -m mm.run --config mine.toml
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from mm.config import number
from mm.inventory.hedging import HedgeOrder, HedgeParameters, HedgePlan, HedgePolicy, HedgeState

if TYPE_CHECKING:
    from mm.config import HedgeSettings
    from mm.config.crosscheck import Wrong

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TightSpreadParameters(HedgeParameters):
    """The keys of the policy, beside `threshold` and `slippage_bps`; each is checked before anything runs.

    spread_bps_max: the widest spread that is crossed at once; wait_secs_max: a debt of this age is hedged at any.
    """

    spread_bps_max: Decimal = number("bps", default="0.5", above=0, most=100)
    wait_secs_max: Decimal = number("s", default=10, least=0, most=600)

    def wrong(self, hedge: HedgeSettings) -> Iterator[Wrong]:
        """What contradicts itself is a sentence at the start, and not a surprise at the first wide spread."""
        # A dataclass with slots is another class than the one that `super` would look for.
        yield from HedgeParameters.wrong(self, hedge)
        if not self.wait_secs_max:
            yield "wait_secs_max", "above 0", "0", "a debt that never waits is hedged at any spread: use immediate"


class TightSpread(HedgePolicy):
    """See the module's text."""

    Parameters = TightSpreadParameters
    parameters: TightSpreadParameters

    def plan(self, state: HedgeState) -> HedgePlan:
        """The same state gives the same plan: no clock but `state.now_ns`, no chance, nothing sent from here."""
        if not state.debt or state.worth < self.threshold:
            return HedgePlan(note="under the threshold")
        spread_bps = (state.ask - state.bid) / (state.ask + state.bid) * 20_000
        ends_ns = state.oldest_ns + int(self.parameters.wait_secs_max * SECOND_NS)
        if spread_bps > self.parameters.spread_bps_max and state.now_ns < ends_ns:
            # Looked at again with each change of the book, and at the end of the wait by itself.
            return HedgePlan(note="waits for a tighter spread", due_ns=ends_ns)
        # What is owed and not on its way already, as far as the book and what is held there reach.
        lots = min(state.owed, state.depth)
        if state.balance is not None:
            lots = min(lots, state.balance)
        if lots < state.least:
            return HedgePlan(note="less than the venue takes")
        return HedgePlan(HedgeOrder(state.side, lots, state.crossing_price(self.slippage_bps), True), note="crosses")
