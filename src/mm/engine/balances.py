"""What the venues say that the accounts hold, against the profit that was counted from events."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mm.engine.engine import Engine


def residual(engine: Engine) -> Fraction:
    """What the venues last said of their balances, in dollars, less the profit: 0 when all is told."""
    balances = {
        (venue.name, asset): total
        for venue in engine.venues.values()
        if venue.name in engine.accounts.opened
        for asset, total in venue.balances.items()
    }
    return engine.accounts.residual(balances)
