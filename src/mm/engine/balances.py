"""What the venues say that the accounts hold, against the profit that was counted from events."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mm.engine.engine import Engine


def residual(engine: Engine) -> Fraction:
    """What the venues last said of their balances, in dollars, less the profit: 0 when all is told.

    A contract's profit is in the balance once it is closed; what is held counts with its mean cost, as venues do. They
    cut that to a digit of their own at each partial close, so that up to 10^-10 dollars a close may be on the way.
    """
    balances = {
        (venue.name, asset): total
        for venue in engine.venues.values()
        if venue.name in engine.accounts.opened
        for asset, total in venue.balances.items()
    }
    contracts = {}
    for key, market in engine.markets.items():
        if market.is_margin:
            instrument, quantity = market.instrument, market.position.quantity
            numerator, denominator = market.position.average_price_exact
            cost = Fraction(numerator * quantity, denominator or 1) * instrument.multiplier
            contracts[key] = (quantity, cost / int(10**instrument.cost_precision))
    return engine.accounts.residual(balances, contracts)
