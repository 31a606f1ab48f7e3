"""The terms of a symbol as they are now: its grid, its status, what trading costs there. Part of the engine.

A symbol that its venue does not list any more keeps its place: the book is gone, and what is held and what stands there
is counted on, shown, and said by name wherever somebody asks for it to be closed.

Fees are what the venue tells of the account, else what the configuration states; a fill that was charged more is
believed before either, until one is charged as told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from mm.engine.venue_news import MAINTENANCE
from mm.instruments import AMOUNT_PRECISION, RATE_ONE, UNKNOWN_FEE

if TYPE_CHECKING:
    from mm._core import events as ev
    from mm.config import VenueSettings
    from mm.engine.engine import Engine
    from mm.engine.market import Market
    from mm.instruments import Instrument

BP_E8: Final = 10_000
"""One basis point in the unit of fees."""
CUT_MAX: Final = 10**8
"""In 1e-12 of its asset: a fee of less may be written as 0. Venues print four decimals and more."""
AMOUNT_ONE: Final = 10**AMOUNT_PRECISION
MAKER, TAKER = "m", "t"
WORDS: Final = {MAKER: "maker's", TAKER: "taker's"}
GONE: Final = "delisted"
OUT: Final = frozenset({GONE, "unlisted"})
"""Statuses of a symbol that its venue does not list (`mm.exchanges.absences`)."""


class Terms:
    """Takes what a venue says of its symbols."""

    __slots__ = ("_engine", "_unpriced")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._unpriced: set[tuple[str, str]] = set()
        """Assets that a venue took fees in and that nothing here has a price of: told once."""

    def take(self, market: Market, instrument: Instrument) -> None:
        """Go by a definition from now on: by its rates, or by those that fills were charged where they are higher."""
        engine = self._engine
        was = market.status
        market.told = instrument
        market.take_instrument(_as_charged(instrument, market.charged))
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
            self.take(market, replace(market.told, maker_fee_e8=maker, taker_fee_e8=taker))

    def on_charged(self, market: Market, fill: ev.Fill) -> None:
        """A fill was charged more than what is told, or one of its market was, or in an asset of neither side.

        A fee is rounded to a digit that nobody tells, at most the last one that it has: that much of it says nothing.
        Of a fee of 0 no digit is known: it says something where the charged rate would have shown. The higher rate is
        let go by a fee that cannot be it, and can be what is told.
        """
        kind, instrument = fill.liquidity, market.told
        worth = _worth(instrument, fill)
        if worth is None:
            self._look_at_asset(market, fill.fee_asset)
            return
        told = instrument.maker_fee_e8 if kind == MAKER else instrument.taker_fee_e8
        if told == UNKNOWN_FEE:
            return
        text = str(abs(fill.fee))
        digit = 10 ** (len(text) - len(text.rstrip("0"))) if fill.fee else 0
        least, most = floor((fill.fee - digit) * RATE_ONE / worth), ceil(fill.fee * RATE_ONE / worth)
        charged = market.charged.get(kind, told)
        if fill.fee:
            is_other = ceil((fill.fee + digit) * RATE_ONE / worth) < charged
        else:
            is_other = told <= 0 and charged * worth >= CUT_MAX * RATE_ONE
        if least > told and (least - charged) * 100 > abs(charged):
            market.charged[kind] = most
            self._tell_charged(market, kind, told, most)
        elif kind in market.charged and least <= told and is_other:
            del market.charged[kind]
            name = f"{market.venue.name} {market.symbol}"
            self._engine.tell(f"{name}: a {WORDS[kind]} fill was charged {_percent(told)} again, as told")
        else:
            return
        market.surcharged = bool(market.charged)
        self.take(market, instrument)

    def recharge(self, market: Market, charged: Mapping[str, int]) -> None:
        """Go by what fills of an earlier start were charged, until one is charged as told."""
        market.charged.update(charged)
        market.surcharged = bool(market.charged)
        self.take(market, market.told)

    def _tell_charged(self, market: Market, kind: str, told: int, charged: int) -> None:
        text = (
            f"{market.venue.name} {market.symbol}: a {WORDS[kind]} fill was charged {_percent(charged)} and "
            f"{_percent(told)} is told: prices and funds go by the higher; look at the account's fees"
        )
        knobs = market.strategy.parameters if market.strategy is not None else None
        spread = getattr(knobs, "spread_bps", None)
        if kind == MAKER and spread is not None and float(spread) * BP_E8 < 2 * charged:
            lost = 2 * charged / BP_E8 - float(spread)
            text += f"; strategies.{market.strategy_name}.spread_bps = {spread} loses {lost:g} bps a round trip by it"
        self._engine.tell(text)

    def _look_at_asset(self, market: Market, asset: str) -> None:
        """Whether a fee in an asset that its market does not trade can be valued."""
        key = (market.venue.name, asset)
        traded = [each.instrument for each in market.venue.markets.values() if not each.instrument.is_contract]
        is_priced = asset in self._engine.rates or any(each.base == asset for each in traded)
        if not is_priced and key not in self._unpriced:
            self._unpriced.add(key)
            self._engine.tell(
                f"{key[0]}: fees of {market.symbol} are taken in {asset}, whose worth is not known here: they are "
                f"counted in {asset}, missing in the profit in dollars, and nobody sees whether they are as told"
            )

    def _tell_listing(self, market: Market, was: str) -> None:
        name = f"{market.venue.name} {market.symbol}"
        if was == GONE:
            self._engine.tell(f"{name} is listed again ({market.status.replace('_', ' ')})")
            return
        held = market.position.held
        text = f"{name} is delisted: nothing is sent there any more"
        if held:
            size = market.instrument.base_text(held)
            text += f"; {size} {market.instrument.base} that were bought there cannot be closed there"
        if count := self._engine.orders.open_count(market.venue.name, market.symbol):
            text += f"; {count} own orders there are open until the venue says otherwise"
        self._engine.tell(text)


def _as_charged(instrument: Instrument, charged: Mapping[str, int]) -> Instrument:
    maker, taker = instrument.maker_fee_e8, instrument.taker_fee_e8
    rates = max(maker, charged.get(MAKER, maker)), max(taker, charged.get(TAKER, taker))
    return instrument if rates == (maker, taker) else replace(instrument, maker_fee_e8=rates[0], taker_fee_e8=rates[1])


def _worth(instrument: Instrument, fill: ev.Fill) -> Fraction | None:
    """What a fill was worth in 1e-12 of the asset that its fee is in; None where its price does not say."""
    if fill.fee_asset == (instrument.settle if instrument.is_contract else instrument.quote):
        return Fraction(instrument.money(fill.price * fill.size) * AMOUNT_ONE, 10**instrument.cost_precision)
    if fill.fee_asset == instrument.base and not instrument.is_contract:
        return Fraction(instrument.base_units(fill.size) * AMOUNT_ONE, 10**instrument.base_precision)
    return None


def _percent(rate_e8: int) -> str:
    return f"{rate_e8 / 1e6:g} %"


def with_fees(instrument: Instrument, maker_fee_e8: int, taker_fee_e8: int) -> Instrument:
    """Take these rates where those of a definition are not known; a rebate, below zero, is known."""
    maker = maker_fee_e8 if instrument.maker_fee_e8 == UNKNOWN_FEE else instrument.maker_fee_e8
    taker = taker_fee_e8 if instrument.taker_fee_e8 == UNKNOWN_FEE else instrument.taker_fee_e8
    return replace(instrument, maker_fee_e8=maker, taker_fee_e8=taker)


def stated_fees(venue: VenueSettings) -> tuple[int, int]:
    """The maker's and the taker's rate by the configuration, in 1e-8."""
    maker, taker = (
        UNKNOWN_FEE if bps is None else int(bps * BP_E8) for bps in (venue.maker_fee_bps, venue.taker_fee_bps)
    )
    return maker, taker
