"""Quotes on one venue at prices that pay for the hedge on another: the hedge price, both fees, slippage and an edge.

    bid = hedge_bid (1 - taker - slippage) (1 - edge) / (1 + maker)
    ask = hedge_ask (1 + taker + slippage) (1 + edge) / (1 - maker)

hedge_bid, hedge_ask   the average price at which the whole quote could be hedged now, behind what is owed to that side
                       of the book already, in the currency of the quotes: what a USDT is worth in dollars is that of
                       [conversion.USDT]; no quote where the book is not deep enough
half, skew             the quotes stand at least spread_bps apart, and inventory_skew_factor x net / max_position x half
                       moves both down for a long net position (this market and the hedge market together), but neither
                       ever closer to the market than the price above
rounding               away from risk: a bid down, an ask up; with refresh_tolerance_bps by that much further, so that a
                       quote that keeps its place within the tolerance still earns the edge

Nothing is quoted while the hedge market could not be traded, while its book is old, or while a fee is not known: an
unknown fee is never taken as none. The hedge itself is the affair of `[hedging.NAME]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from mm._core.events import BUY, SELL
from mm._core.market import USD
from mm.config import rule
from mm.instruments import AMOUNT_PRECISION, RATE_ONE, UNKNOWN_FEE, Instrument
from mm.pricing import HedgePricing
from mm.quotes import Quote, Quoting, Terms
from mm.strategies.base import MarketState, Strategy
from mm.strategies.exposure import lots_of_base_e12, net_base_e12, size_in
from mm.subscriptions import Subscription

if TYPE_CHECKING:
    from mm.config import Settings, StrategySettings
    from mm.config.crosscheck import StrategyCaps, Wrong
    from mm.strategies.others import OtherMarket


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossExchangeMarketMakerParameters:
    """The knobs of `kind = "cross_exchange_market_maker"`.

    hedge, hedge_symbol: the market whose prices the quotes pay for; edge_bps: what a fill earns once it is hedged;
    slippage_bps: how much worse than the book's average the hedge may be; spread_bps: between the quotes at least;
    quote_size: of each side, base units; max_position: net position at which a side stops adding, base units;
    inventory_skew_factor: 1: a full net position moves both quotes by one half spread; refresh_interval_ms,
    refresh_tolerance_bps, max_order_age_s: as of the market maker. The quotes never take: they pay the maker's fee.
    """

    hedge: str = rule.text("name")
    hedge_symbol: str = rule.text("symbol")
    edge_bps: Decimal = rule.number("bps", least=0, most=1000, help_high="1000 bps is already 10 %")
    slippage_bps: Decimal = rule.number("bps", default=5, least=0, most=500)
    spread_bps: Decimal = rule.number("bps", default=0, least=0, most=1000, help_high="1000 bps is already 10 %")
    quote_size: Decimal = rule.number("base", above=0, most=1_000_000_000)
    max_position: Decimal = rule.number("base", above=0, most=1_000_000_000)
    inventory_skew_factor: Decimal = rule.number(default="0.5", least=0, most=10)
    refresh_interval_ms: int = rule.integer("ms", default=100, least=0, most=3_600_000)
    refresh_tolerance_bps: Decimal = rule.number("bps", default="0.2", least=0, most=100)
    max_order_age_s: Decimal = rule.number("s", default=600, least=0, most=604_800)

    def hears(self) -> tuple[Subscription, ...]:
        """The hedge market, at every level of its book."""
        return (Subscription("book", self.hedge, self.hedge_symbol),)

    def wrong(self, settings: Settings, strategy: StrategySettings, caps: StrategyCaps) -> Iterator[Wrong]:
        """What contradicts the rest of the configuration."""
        if (self.hedge, self.hedge_symbol) == (strategy.venue, strategy.symbol):
            yield "hedge", "another market than the quoted one", f'"{self.hedge}"', ""
        base, hedge_base = strategy.symbol.partition("/")[0], self.hedge_symbol.partition("/")[0]
        if base != hedge_base:
            yield "hedge_symbol", f"a symbol of {base}", f'"{self.hedge_symbol}"', ""
        if not _is_one_currency(_quote_of(strategy.symbol), _quote_of(self.hedge_symbol)):
            expected = f"a symbol priced in {_quote_of(strategy.symbol)}, or both in dollars"
            yield "hedge_symbol", expected, f'"{self.hedge_symbol}"', "the rate of two currencies would eat the edge"
        if self.max_position > caps.position:
            yield "max_position", f"at most {caps.position}, by [{caps.table}]", str(self.max_position), ""
        if self.quote_size > caps.order_size:
            yield "quote_size", f"at most {caps.order_size}, by [{caps.table}]", str(self.quote_size), ""
        if self.quote_size > self.max_position:
            yield "quote_size", f"at most max_position = {self.max_position}", str(self.quote_size), ""
        if caps.orders < 2:
            yield "quote_size", f"two sides within max_open_orders = {caps.orders}, by [{caps.table}]", "2 orders", ""
        hedges = [
            hedge
            for hedge in settings.hedging.values()
            if (hedge.primary, hedge.symbol) == (strategy.venue, strategy.symbol)
            and (hedge.hedge, hedge.hedge_symbol) == (self.hedge, self.hedge_symbol)
        ]
        if not hedges:
            expected = "a [hedging.NAME] from this market to that one"
            yield "hedge", expected, "none", "the quotes are priced by a hedge that nobody would make"
        for hedge in hedges:
            reach = getattr(hedge.parameters, "slippage_bps", Decimal(0))
            if self.slippage_bps < reach:
                expected = f"at least hedging.{hedge.name}.slippage_bps = {reach}"
                yield (
                    "slippage_bps",
                    expected,
                    str(self.slippage_bps),
                    "the hedge may go further than the quotes pay for",
                )


class CrossExchangeMarketMaker(Strategy):
    """See the module's text."""

    Parameters = CrossExchangeMarketMakerParameters
    parameters: CrossExchangeMarketMakerParameters

    def prepare(self, instrument: Instrument) -> None:
        """Turn the knobs into the instrument's units."""
        knobs = self.parameters
        self._instrument = instrument
        self._size = instrument.size_of_base(knobs.quote_size) // instrument.lot * instrument.lot
        self._position_max = instrument.size_of_base(knobs.max_position)
        if self._size < instrument.size_min:
            raise ValueError(
                f"strategies.{self.name}.quote_size: it would be {instrument.base_text(self._size)} {instrument.base}; "
                f"{instrument.venue} takes at least {instrument.base_text(instrument.size_min)}"
            )
        self._tick = instrument.tick
        self._lot = instrument.lot
        self._own_per_e12 = 10**instrument.base_precision / instrument.multiplier / 10**AMOUNT_PRECISION
        self._key = (knobs.hedge, knobs.hedge_symbol)
        self._half = float(knobs.spread_bps) / 20_000
        self._skew = float(knobs.inventory_skew_factor)
        self._tolerance = float(knobs.refresh_tolerance_bps) / 10_000
        self._edge = Fraction(knobs.edge_bps) / 10_000
        self._slippage = Fraction(knobs.slippage_bps) / 10_000
        self._rates = (-1, -1, 0.0)
        self._bid_factor = self._ask_factor = Fraction(0)
        self._up = self._down = 1
        self._worth = 1.0

    def quotes(self, market: MarketState) -> Quoting:
        """Return the quotes that should stand now."""
        hedge: OtherMarket | None = market.others.get(self._key)
        if hedge is None:
            return _none(market, f"{self._key[0]} has not told of {self._key[1]} yet")
        gate = hedge.gate or self._learn_fees(hedge)
        if gate:
            return _none(market, f"no hedge on {hedge.venue}: {gate}")
        own, other = self._instrument, hedge.instrument
        net_e12 = net_base_e12(((own, market.position), (other, hedge.position)))
        fair = (hedge.bid + hedge.ask) * 0.5 * self._worth * self._up / self._down
        bid = self._priced(BUY, hedge, net_e12)
        ask = self._priced(SELL, hedge, net_e12)
        half = max(fair * self._half, fair - bid if bid else 0.0, ask - fair if ask else 0.0)
        net = net_e12 * self._own_per_e12
        lean = max(-1.0, min(1.0, net / self._position_max))
        skew = self._skew * lean * half
        # What an order may be off without moving is kept back, so that the edge is there all the same.
        kept = ceil(fair * self._tolerance)
        tick = self._tick
        least = fair * self._half
        quotes: list[Quote] = []
        bid_note = ask_note = "the hedge market is not deep enough"
        if bid:
            price = min(bid, floor(min(bid, fair - least) - skew))
            price = min((price - kept) // tick * tick, market.ask - tick)
            bid_note = self._side(quotes, BUY, price, self._position_max - ceil(net))
        if ask:
            price = max(ask, ceil(max(ask, fair + least) - skew))
            price = max(-(-(price + kept) // tick) * tick, market.bid + tick)
            ask_note = self._side(quotes, SELL, price, self._position_max + floor(net))
        return Quoting(tuple(quotes), Terms(fair, half, skew, bid_note, ask_note))

    def _learn_fees(self, hedge: OtherMarket) -> str:
        """Take fees, grids and rate as they are now; returns why no price can be made of them, '' when it can."""
        own, other = self._instrument, hedge.instrument
        rates = (own.maker_fee_e8, other.taker_fee_e8, hedge.worth)
        if rates == self._rates:
            return ""
        worth = rates[2]
        if not worth:
            return f"what {other.quote} is worth in {own.quote} is not known"
        if own.maker_fee_e8 == UNKNOWN_FEE:
            return f"the maker fee of {own.venue} is not known (venues.{own.venue}.maker_fee_bps states it)"
        if other.taker_fee_e8 == UNKNOWN_FEE:
            return f"the taker fee there is not known (venues.{other.venue}.taker_fee_bps states it)"
        if not other.linear:
            return f"{other.symbol} is an inverse contract"
        pricing = HedgePricing(
            maker=Fraction(own.maker_fee_e8, RATE_ONE),
            taker=Fraction(other.taker_fee_e8, RATE_ONE),
            slippage=self._slippage,
            edge=self._edge,
        )
        exact = Fraction(worth)
        self._bid_factor, self._ask_factor, self._worth = pricing.bid_factor * exact, pricing.ask_factor * exact, worth
        self._up, self._down = 10**own.price_precision, 10**other.price_precision
        self._rates = rates
        return ""

    def _priced(self, side: int, hedge: OtherMarket, net_e12: int) -> int:
        """The own price, on the tick, at which a quote of a side still earns the edge; 0 where it cannot be hedged."""
        other = hedge.instrument
        size = size_in(self._instrument, self._size, other)
        # What is owed to that side of the book goes there first: too much held is sold to the bids.
        behind = lots_of_base_e12(other, max(0, side * net_e12))
        filled, money = hedge.take(side, size, behind)
        if filled < size:
            return 0
        factor = self._bid_factor if side == BUY else self._ask_factor
        over = money * factor.numerator * self._up
        under = filled * factor.denominator * self._down * self._tick
        return (over // under if side == BUY else -(-over // under)) * self._tick

    def _side(self, quotes: list[Quote], side: int, price: int, room: int) -> str:
        """Add one side's quote, cut to the room for it; returns what was left out."""
        size, note = self._size, ""
        if size > room:
            size, note = room // self._lot * self._lot, "trimmed to max_position"
            if size < self._instrument.size_min or size * price < self._instrument.cost_min:
                return "max_position reached"
        if price <= 0:
            return "no price above zero earns the edge"
        quotes.append(Quote(side, 0, price, size))
        return note


def _none(market: MarketState, note: str) -> Quoting:
    return Quoting((), Terms((market.bid + market.ask) * 0.5, 0.0, 0.0, note, note))


def _quote_of(symbol: str) -> str:
    return symbol.partition("/")[2].partition(":")[0]


def _is_one_currency(one: str, other: str) -> bool:
    return one == other or {one, other} <= USD
