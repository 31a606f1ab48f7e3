"""What a venue's account has to hold of each asset of the run, by everything that was booked.

What was there at the start, with deposits, and then each fill, fee and settlement of funding. Spot moves base and
quote; a contract moves what it settles in by the profit of what was closed: what is held counts with its mean cost, as
venues do. They cut that to a digit of their own at each partial close, so a contract's money has a slack.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from mm.instruments import AMOUNT_PRECISION
from mm.perpetuals import value

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market
    from mm.engine.venue import VenueState

CUT: Final = 100
"""10^-10 of the settlement asset, in 10^-12: what a partial close of a contract may be cut by."""


@dataclass(slots=True)
class Holding:
    """One asset of one venue, in 10^-12. slack: how far the venue's own word may be off; is_sure: nothing is known that
    would make it another (an estimate, a contract from before this start); moved, moved_slack: see `order_effect`."""

    amount: Fraction = Fraction(0)
    slack: int = 0
    is_sure: bool = True
    moved: Fraction = Fraction(0)
    moved_slack: int = 0

    def beyond(self, theirs: int) -> int:
        """What a venue says to hold beyond this; 0 within the slack, in one order of the fills or the other."""
        difference = round(theirs - self.amount)
        is_moved = self.moved and abs(difference - self.moved) <= self.slack + self.moved_slack
        return difference if abs(difference) > self.slack and not is_moved else 0


def holdings(engine: Engine, venue: VenueState) -> dict[str, Holding]:
    """What the account of a venue has to hold, of each asset that the run's markets there trade."""
    found: dict[str, Holding] = {}
    for market in venue.markets.values():
        if market.instrument.linear:
            (_contract if market.instrument.is_contract else _spot)(market, found)
    for asset, holding in found.items():
        holding.amount += engine.accounts.opening(venue.name, asset)
    return found


def _spot(market: Market, found: dict[str, Holding]) -> None:
    instrument, position = market.instrument, market.position
    base = found.setdefault(instrument.base, Holding())
    base.amount += _scaled(instrument.base_units(position.quantity), instrument.base_precision)
    quote = found.setdefault(instrument.quote, Holding())
    quote.amount += _scaled(instrument.money(position.cash), instrument.cost_precision)
    base.is_sure = quote.is_sure = base.is_sure and quote.is_sure and not market.is_frozen
    _fees(market, found)


def _contract(market: Market, found: dict[str, Holding]) -> None:
    instrument, position = market.instrument, market.position
    settle = found.setdefault(instrument.settle, Holding())
    numerator, denominator = position.average_price_exact
    cost = Fraction(numerator * position.quantity, denominator or 1)
    money = (position.cash + cost) * instrument.multiplier
    settle.amount += money * 10**AMOUNT_PRECISION / 10**instrument.cost_precision
    settle.slack += CUT * (1 + position.fill_count)
    effect = _venue_order(market)
    moved, slack = effect or (Fraction(0), 0)
    perpetual = market.perpetual
    if perpetual is not None and perpetual.is_two_sided:
        # Each leg realizes by its own mean price: there is no order of the fills in which their net would do the same.
        settle.amount += moved
        settle.slack += slack
    elif abs(moved) > slack:
        settle.moved += moved
        settle.moved_slack += slack
    if perpetual is not None:
        settle.amount += perpetual.funding.get(instrument.settle, 0)
        is_untold = perpetual.is_two_sided and effect is None
        if perpetual.base or perpetual.estimates or perpetual.gap or is_untold or market.is_uncounted:
            # Closing what was there before makes a profit that nobody here can know. With a long and a short beside
            # each other that is known as long as the venue's word of both is of what we hold.
            settle.is_sure = False
    _fees(market, found)


def order_effect(market: Market) -> tuple[Fraction, int]:
    """What a contract's balance is more by the venue's own mean prices of what is held, in 10^-12 of the settlement
    asset, and how far that may be off by the digits of those prices; 0 where they are the same as ours.

    A fill that is told late is booked behind newer ones. In which order fills came changes what was realized and what
    the rest has cost, by the same amount: their sum, and the profit, are what they are. So does a long and a short
    beside each other, of which each is closed for itself.
    """
    moved, slack = _venue_order(market) or (Fraction(0), 0)
    return (moved, slack) if abs(moved) > slack else (Fraction(0), 0)


def _venue_order(market: Market) -> tuple[Fraction, int] | None:
    """The same whatever it is; None where the venue's word is not of what we hold."""
    instrument, position, perpetual = market.instrument, market.position, market.perpetual
    reports = tuple(perpetual.positions.values()) if perpetual is not None else ()
    if not reports or perpetual is None or perpetual.base or perpetual.net != position.quantity:
        return None
    numerator, denominator = position.average_price_exact
    ours = Fraction(numerator * position.quantity, denominator or 1) * instrument.multiplier
    moved, slack = -ours * Fraction(10**AMOUNT_PRECISION, 10**instrument.cost_precision), 0
    for report in reports:
        price = report.entry_price_e12
        if price <= 0:
            return None
        text = str(price)
        # It may be cut behind its last digit, but no venue writes a mean price on a coarser grid than prices.
        digit = min(
            10 ** (len(text) - len(text.rstrip("0"))), 10 ** max(0, AMOUNT_PRECISION - instrument.price_precision)
        )
        moved += report.side * value(instrument, price, report.size)
        slack += value(instrument, digit, report.size) + 1
    return moved, slack


def _fees(market: Market, found: dict[str, Holding]) -> None:
    for asset, fee in market.position.fees.items():
        found.setdefault(asset, Holding()).amount -= fee


def _scaled(units: int, precision: int) -> Fraction:
    return Fraction(units * 10**AMOUNT_PRECISION, 10**precision)
