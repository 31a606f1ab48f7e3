"""The terms of a symbol as they are now: its grid, its status, what trading costs there. Part of the engine.

A symbol that its venue does not list any more keeps its place: the book is gone, and what is held and what stands there
is counted on, shown, and said by name wherever somebody asks for it to be closed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mm.engine.venue_news import MAINTENANCE

if TYPE_CHECKING:
    from mm._core import events as ev
    from mm.config import VenueSettings
    from mm.engine.engine import Engine
    from mm.engine.market import Market
    from mm.instruments import Instrument

BP_E8: Final = 10_000
"""One basis point in the unit of fees."""
GONE: Final = "delisted"
OUT: Final = frozenset({GONE, "unlisted"})
"""Statuses of a symbol that its venue does not list (`mm.exchanges.absences`)."""


class Terms:
    """Takes what a venue says of its symbols."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, market: Market, instrument: Instrument) -> None:
        """Go by a definition from now on."""
        engine = self._engine
        was = market.status
        market.take_instrument(instrument)
        if was in (MAINTENANCE, GONE) and instrument.status not in (MAINTENANCE, GONE):
            engine.cancels_are_taken()
        for desk in engine.desks.values():
            desk.choose()
        market.changed = True
        engine.cap(market)
        if not instrument.linear:
            market.is_frozen = True
            market.problem = f"{market.symbol} is an inverse contract, worth less the higher its price: not traded here"
        engine.prepare(market)
        if was != instrument.status and GONE in (was, instrument.status):
            self._tell_listing(market, was)

    def on_fee_rates(self, event: ev.FeeRates) -> None:
        """The account pays these rates."""
        market = self._engine.markets.get((event.venue, event.symbol))
        if market is not None:
            maker, taker = event.maker_fee_e8, event.taker_fee_e8
            self.take(market, replace(market.instrument, maker_fee_e8=maker, taker_fee_e8=taker))

    def _tell_listing(self, market: Market, was: str) -> None:
        name = f"{market.venue.name} {market.symbol}"
        if was == GONE:
            self._engine.tell(f"{name} is listed again ({market.status.replace('_', ' ')})")
            return
        held = market.position.quantity
        text = f"{name} is delisted: nothing is sent there any more"
        if held:
            size = market.instrument.base_text(held)
            text += f"; {size} {market.instrument.base} that were bought there cannot be closed there"
        if count := self._engine.orders.open_count(market.venue.name, market.symbol):
            text += f"; {count} own orders there are open until the venue says otherwise"
        self._engine.tell(text)


def with_fees(instrument: Instrument, venue: VenueSettings) -> Instrument:
    """Take the stated fees where the venue has not told any."""
    if instrument.maker_fee_e8 < 0 and venue.maker_fee_bps is not None:
        instrument = replace(instrument, maker_fee_e8=int(venue.maker_fee_bps * BP_E8))
    if instrument.taker_fee_e8 < 0 and venue.taker_fee_bps is not None:
        instrument = replace(instrument, taker_fee_e8=int(venue.taker_fee_bps * BP_E8))
    return instrument
