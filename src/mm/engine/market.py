"""One symbol on one venue as the engine knows it: instrument, book, position, profit, and who quotes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm._core._rust import Book
from mm._core.events import BUY, SELL
from mm._core.positions import Position
from mm.instruments import Instrument
from mm.inventory import ProfitSplit
from mm.oms.quoter import Quoter
from mm.strategies import MarketState, Strategy

if TYPE_CHECKING:
    from mm._core.orders import Order, OrderStore
    from mm.engine.decision import Decision
    from mm.engine.venue import TradingLimits, VenueState


class Market:
    """The state of one symbol; exists from the venue's first word about the instrument.

    bid, bid_size, ask, ask_size: of the last good book; book_ns: when it was last confirmed by a checksum, 0 never;
    book_ok: it may be quoted from; position_max, order_size_max: hard caps in size units; due_ns: when the quotes
    have to be looked at again although nothing happens; changed: something happened since they were looked at.
    """

    __slots__ = (
        "ask",
        "ask_size",
        "base_free",
        "bid",
        "bid_size",
        "book",
        "book_ns",
        "book_ok",
        "buys",
        "changed",
        "due_ns",
        "gap",
        "hedge_cost",
        "hedge_fills",
        "instrument",
        "is_frozen",
        "last",
        "limits",
        "order_size_max",
        "orders",
        "position",
        "position_max",
        "problem",
        "profit",
        "quantity",
        "quote_free",
        "quoter",
        "resync_ns",
        "sells",
        "state",
        "strategy",
        "symbol",
        "venue",
    )

    def __init__(
        self, venue: VenueState, instrument: Instrument, strategy: Strategy | None, limits: TradingLimits | None
    ) -> None:
        self.venue = venue
        self.symbol = instrument.symbol
        self.instrument = instrument
        self.strategy = strategy
        self.limits = limits
        parameters = strategy.parameters if strategy is not None else None
        self.quoter = Quoter(parameters, can_amend=venue.capabilities.amend)
        self.position = Position(venue.name, instrument.symbol, instrument.price_precision, instrument.size_precision)
        self.profit = ProfitSplit()
        self.book = Book(venue.settings.book_depth, instrument.price_precision, instrument.size_precision)
        self.state = MarketState(instrument, self.book)
        self.bid = self.bid_size = self.ask = self.ask_size = 0
        self.book_ns = 0
        self.book_ok = False
        self.gap = "no book yet"
        self.resync_ns = 0
        self.problem = ""
        self.is_frozen = False
        self.hedge_fills = 0
        self.hedge_cost = 0
        self.position_max = 0
        self.order_size_max = 0
        self.quantity = 0
        self.buys = self.sells = 0
        self.orders: list[Order] = []
        self.base_free: int | None = None
        self.quote_free: int | None = None
        self.changed = True
        self.due_ns = 0
        self.last: Decision | None = None

    @property
    def middle2(self) -> int:
        """Bid + ask of the last good book, 0 before the first."""
        return self.bid + self.ask if self.bid and self.ask else 0

    def venue_orders(self) -> list[Order]:
        """Own open orders of this symbol as of the last look at it."""
        return [order for order in self.orders if order.is_open]

    def lose_book(self, gap: str) -> None:
        """Trust the book no longer: the next snapshot ends it."""
        self.book_ok = False
        self.gap = gap
        self.changed = True

    def take_top(self) -> None:
        """Read the book's best prices after a change."""
        self.bid, self.bid_size, self.ask, self.ask_size = self.book.top()
        if not self.bid or not self.ask:
            self.lose_book("one side of the book is empty")
        elif self.bid >= self.ask:
            self.lose_book("the book is crossed")
        else:
            self.book_ok = True
            self.changed = True

    def refresh(self, store: OrderStore, now_ns: int) -> None:
        """Bring everything that a decision reads to this moment."""
        venue = self.venue
        instrument = self.instrument
        self.orders = orders = store.open_of(venue.name, self.symbol)
        self.buys = store.open_exposure(venue.name, self.symbol, BUY)
        self.sells = store.open_exposure(venue.name, self.symbol, SELL)
        self.quantity = self.position.quantity
        # Our orders carry no margin: a pair that could be traded on margin is spot for us all the same.
        self.base_free = venue.free(instrument.base)
        self.quote_free = venue.free(instrument.quote)
        state = self.state
        state.now_ns = now_ns
        state.position = self.quantity
        bid, bid_size, ask, ask_size = self.bid, self.bid_size, self.ask, self.ask_size
        own_bid = own_ask = 0
        for order in orders:
            if order.price == bid and order.side == BUY:
                own_bid += order.leaves
            elif order.price == ask and order.side == SELL:
                own_ask += order.leaves
        if own_bid:
            bid, bid_size = self._without(BUY, bid, bid_size, own_bid)
        if own_ask:
            ask, ask_size = self._without(SELL, ask, ask_size, own_ask)
        state.bid, state.bid_size, state.ask, state.ask_size = bid, bid_size, ask, ask_size

    def _without(self, side: int, price: int, size: int, own: int) -> tuple[int, int]:
        """The best price of others on a side whose best level holds own orders. We must not chase ourselves."""
        if size > own:
            return price, size - own
        own_at: dict[int, int] = {}
        for order in self.orders:
            if order.side == side:
                own_at[order.price] = own_at.get(order.price, 0) + order.leaves
        for level_price, level_size in self.book.levels(side, len(own_at) + 1):
            if level_size > own_at.get(level_price, 0):
                return level_price, level_size - own_at.get(level_price, 0)
        return price, size
