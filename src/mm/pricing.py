"""Quotes that pay for their hedge: the worst price at which a fill, hedged at once, still earns the wanted edge.

A bid that is filled is sold at the hedge market's bid, less what the order slips and the taker's fee there; the maker's
fee is paid on the fill. An ask is the mirror. All fractions, all of one currency:

    bid = hedge_bid (1 - taker - slippage) (1 - edge) / (1 + maker)
    ask = hedge_ask (1 + taker + slippage) (1 + edge) / (1 - maker)

then rounded away from risk: a bid down, an ask up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class HedgePricing:
    """The fractions of the formula. Raises ValueError for one that makes no price."""

    maker: Fraction
    taker: Fraction
    slippage: Fraction
    edge: Fraction

    def __post_init__(self) -> None:
        """Refuse what would turn a price around."""
        if not (-1 < self.maker < 1 and self.taker + self.slippage < 1 and self.edge < 1):
            raise ValueError(f"{self}: fees, slippage and edge have to be fractions well under 1")

    @property
    def bid_factor(self) -> Fraction:
        """What the hedge market's bid is multiplied with."""
        return (1 - self.taker - self.slippage) * (1 - self.edge) / (1 + self.maker)

    @property
    def ask_factor(self) -> Fraction:
        """What the hedge market's ask is multiplied with."""
        return (1 + self.taker + self.slippage) * (1 + self.edge) / (1 - self.maker)

    def bid(self, hedge_bid: Fraction) -> Fraction:
        """The highest bid that still earns the edge when it is sold at the hedge market's bid."""
        return hedge_bid * self.bid_factor

    def ask(self, hedge_ask: Fraction) -> Fraction:
        """The lowest ask that still earns the edge when it is bought back at the hedge market's ask."""
        return hedge_ask * self.ask_factor


def down(price: Fraction, tick: Fraction) -> int:
    """Whole ticks at or under a price: the safe side of a bid."""
    return math.floor(price / tick)


def up(price: Fraction, tick: Fraction) -> int:
    """Whole ticks at or over a price: the safe side of an ask."""
    return math.ceil(price / tick)
