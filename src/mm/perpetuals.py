"""What contracts are worth: value, profit, fees, margin and funding, in whole numbers.

Money is 1e-12 of the settlement asset, prices are 1e-12 of the quote asset (a mean price is off the tick), rates 1e-8
of the value, funding rates 1e-12. What does not come out even is rounded against us: what we pay up, what we get down.
A linear contract is worth price x multiplier in the quote asset; an inverse one is worth multiplier / price in the base
asset. Spot is the linear contract of one base unit. (MEXC Futures reference: arithmetic.)
"""

from __future__ import annotations

from typing import Final

from mm.instruments import AMOUNT_PRECISION, RATE_ONE, Instrument

ONE: Final = 10**AMOUNT_PRECISION


def price_e12(instrument: Instrument, price: int) -> int:
    """Return a price in units of the tick grid as 1e-12 of the quote asset."""
    return _scaled(price, instrument.price_precision)


def base_amount(instrument: Instrument, size: int, mark_e12: int = 0) -> int:
    """Return contracts in 1e-12 of the base asset, towards zero; an inverse contract's depends on the mark price."""
    contracts = size * instrument.multiplier
    decimals = instrument.size_precision + instrument.multiplier_precision
    if instrument.linear:
        return _scaled(contracts, decimals)
    if mark_e12 <= 0:
        raise ValueError(f"{instrument.symbol}: mark_e12 {mark_e12}: expected a price above zero")
    return _toward_zero(contracts * ONE * ONE, mark_e12 * _ten(decimals))


def value(instrument: Instrument, price_e12: int, size: int) -> int:
    """Return what contracts are worth at a price, in the settlement asset, rounded up. Raises ValueError for a price
    of zero or less."""
    if price_e12 <= 0:
        raise ValueError(f"{instrument.symbol}: price_e12 {price_e12}: expected a price above zero")
    numerator, denominator = _value(instrument, price_e12, size)
    return _up(numerator, denominator)


def profit(instrument: Instrument, side: int, open_e12: int, close_e12: int, size: int) -> int:
    """Return what contracts opened at one price and closed at another bring, without fees; side: +1 long, -1 short."""
    if open_e12 <= 0 or close_e12 <= 0:
        raise ValueError(f"{instrument.symbol}: prices {open_e12}, {close_e12}: expected prices above zero")
    opened, denominator = _value(instrument, open_e12, size)
    closed, denominator_closed = _value(instrument, close_e12, size)
    difference = closed * denominator - opened * denominator_closed
    return (side if instrument.linear else -side) * difference // (denominator * denominator_closed)


def fee(value: int, rate_e8: int) -> int:
    """Return the fee of a value: above zero paid, below zero a rebate."""
    return _up(value * rate_e8, RATE_ONE)


def initial_margin(value: int, leverage: int, taker_fee_e8: int) -> int:
    """Return what a position (or an order) of this value binds: its share by leverage, and the fee of closing it."""
    if leverage <= 0:
        raise ValueError(f"leverage {leverage}: expected 1 or more")
    return _up(value * (RATE_ONE + leverage * taker_fee_e8), leverage * RATE_ONE)


def maintenance_margin(value: int, rate_e8: int) -> int:
    """Return the margin below which the venue takes a position of this value over."""
    return _up(value * rate_e8, RATE_ONE)


def funding(side: int, value: int, rate_e12: int) -> int:
    """Return one settlement of funding: above zero received. A long pays where the rate is above zero."""
    return -side * rate_e12 * value // ONE


def realized(profit: int, fees: int, funding: int = 0) -> int:
    """Return what a position has brought: fees as positions show them, below zero paid."""
    return profit + fees + funding


def cut(amount: int, decimals: int) -> int:
    """Return an amount as the venue shows it: the decimals beyond `decimals` cut off, not rounded."""
    step = _ten(AMOUNT_PRECISION - decimals)
    return _toward_zero(amount, step) * step


def price_band(instrument: Instrument, index_e12: int, bid_rate_e8: int, ask_rate_e8: int) -> tuple[int, int]:
    """Return the lowest price of a sell and the highest of a buy that the venue takes, in units, cut to the tick."""
    unit = _ten(AMOUNT_PRECISION - instrument.price_precision) * RATE_ONE * instrument.tick
    lowest = index_e12 * (RATE_ONE - ask_rate_e8) // unit * instrument.tick
    return lowest, index_e12 * (RATE_ONE + bid_rate_e8) // unit * instrument.tick


def liquidation_estimate(
    instrument: Instrument,
    side: int,
    entry_e12: int,
    size: int,
    margin: int,
    maintenance_e8: int,
    taker_fee_e8: int,
) -> int:
    """Return about where a linear position of this margin is taken over (isolated: its own, cross: what the account
    has); 0 where no price above zero does that.

    An estimate, for a position that the venue has not told of yet: the venue's own figure counts. On the late side of
    neither: rounded towards the entry.
    """
    if not instrument.linear:
        raise ValueError(f"{instrument.symbol}: no estimate for an inverse contract")
    contracts = size * instrument.multiplier
    if contracts <= 0:
        raise ValueError(f"{instrument.symbol}: size {size}: expected contracts above zero")
    decimals = instrument.size_precision + instrument.multiplier_precision
    room = margin * _ten(decimals) // contracts
    costs = _up(entry_e12 * (maintenance_e8 + taker_fee_e8), RATE_ONE)
    return max(0, entry_e12 - side * (room - costs))


def liquidation_distance_e8(side: int, mark_e12: int, liquidation_e12: int) -> int:
    """Return how far the mark price may move against a position before it is taken over, in 1e-8 of the mark price;
    below zero: it is past it. Without a liquidation price (0) a long has all the way, a short twice that."""
    if mark_e12 <= 0:
        raise ValueError(f"mark_e12 {mark_e12}: expected a price above zero")
    if liquidation_e12 <= 0:
        return RATE_ONE if side > 0 else 2 * RATE_ONE
    return side * (mark_e12 - liquidation_e12) * RATE_ONE // mark_e12


def _value(instrument: Instrument, price_e12: int, size: int) -> tuple[int, int]:
    """The value in 1e-12 as numerator and denominator."""
    contracts = size * instrument.multiplier
    decimals = instrument.size_precision + instrument.multiplier_precision
    if instrument.linear:
        return price_e12 * contracts, _ten(decimals)
    return contracts * ONE * ONE, price_e12 * _ten(decimals)


def _scaled(units: int, decimals: int) -> int:
    if decimals <= AMOUNT_PRECISION:
        return units * _ten(AMOUNT_PRECISION - decimals)
    return _toward_zero(units, _ten(decimals - AMOUNT_PRECISION))


def _ten(power: int) -> int:
    """10^power of 0 or more; the type checker cannot know that it is whole."""
    return int(10**power)


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def _toward_zero(numerator: int, denominator: int) -> int:
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)
