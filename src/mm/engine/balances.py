"""What the venues say that the accounts hold, against the profit that was counted from events."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mm._core.positions import Position
from mm.engine.holdings import order_effect
from mm.instruments import AMOUNT_PRECISION, Instrument

if TYPE_CHECKING:
    from mm.engine.engine import Engine


def unread(engine: Engine) -> tuple[str, ...]:
    """Venues with money of ours whose balances nobody has heard in this start: without them there is no residual."""
    accounts = engine.accounts.opened
    return tuple(name for name, venue in engine.venues.items() if name in accounts and not venue.was_ready)


def left(engine: Engine) -> tuple[str, ...]:
    """Venues with money of ours that this run does not read: they count as their last start left them."""
    return tuple(name for name in engine.elsewhere.get("venues", {}) if name in engine.accounts.opened)


def elsewhere(engine: Engine) -> list[tuple[Instrument, Position]]:
    """What is held at venues that the settings do not have any more, as their last start left it."""
    found = []
    for each in engine.elsewhere.get("markets", []):
        instrument = Instrument.from_json(each["definition"].encode())
        position = Position(each["venue"], each["symbol"], instrument.price_precision, instrument.size_precision)
        position.restore(each["position"])
        found.append((instrument, position))
    return found


def residual(engine: Engine) -> Fraction:
    """What the venues last said of their balances, in dollars, less the profit: 0 when all is told.

    A contract's profit is in the balance once it is closed; what is held counts with its mean cost, as venues do, in
    the venue's own order of the fills (`order_effect`). They cut that to a digit of their own at each partial close, so
    that up to 10^-10 dollars a close may be on the way.
    """
    balances = {
        (venue.name, asset): total
        for venue in engine.venues.values()
        if venue.name in engine.accounts.opened
        for asset, total in venue.balances.items()
    }
    margin = [(key, market) for key, market in engine.markets.items() if market.is_margin]
    contracts = {key: _held(market.position, market.instrument, order_effect(market)[0]) for key, market in margin}
    # Of a venue that the settings do not have any more: as its last start left it.
    for name, each in engine.elsewhere.get("venues", {}).items():
        if name in engine.accounts.opened:
            balances |= {(name, asset): total for asset, total in each["balances"].items()}
    for instrument, position in elsewhere(engine):
        if instrument.is_contract:
            contracts[instrument.venue, instrument.symbol] = _held(position, instrument)
    return engine.accounts.residual(balances, contracts)


def _held(position: Position, instrument: Instrument, moved: Fraction = Fraction(0)) -> tuple[int, Fraction]:
    """Contracts, and what they cost at their mean price and `moved` 10^-12 beyond that."""
    numerator, denominator = position.average_price_exact
    cost = Fraction(numerator * position.quantity, denominator or 1) * instrument.multiplier
    return position.quantity, cost / int(10**instrument.cost_precision) + moved / 10**AMOUNT_PRECISION
