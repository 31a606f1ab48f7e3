"""The other side of every case: a simulated venue with a quiet market, a crowd that does as it is told, and a ledger.

The recorded book all but stands still, ten steps wide around the middle, so that an order between is the best of its
side and nobody but the crowd meets it. Amounts are those of the venue's instrument.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from mm.conformance.venue_case import VenueCase
from mm.simulator.kinds import ACCOUNT
from mm.simulator.orders import (
    BUY,
    SELL,
    BookChange,
    NewOrder,
    Refusal,
    SelfTrade,
    SimOrder,
    SimTrade,
    TimeInForce,
)
from mm.simulator.tape import BookEntry, Entry

CROWD: Final = "crowd"
CROWD_FUNDS: Final = 1_000_000_000
"""Whole units of each asset: more than any case trades."""
PRICE: Final = 60_000
"""Of the middle, in whole units of the quote asset."""
HALF_SPREAD_STEPS: Final = 5
LEVELS: Final = 30
LEVEL_TIMES: Final = 100
PERIOD_US: Final = 1_000_000
SIZE_TIMES: Final = 20
"""An order of the cases is so many minimums: it can be filled in parts that the venue takes."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open order by the counterpart's ledger."""

    client_id: str
    side: int
    price: int
    leaves: int


class Counterpart:
    """A venue under virtual time; whoever calls a method of it lets the venue take its turn afterwards.

    A counterpart that is not made of `mm.simulator.exchange` derives from this class and answers the same questions.
    """

    def __init__(self, venue: VenueCase, *, seed: int, start_ns: int) -> None:
        options = venue.arguments(seed)
        kind = venue.kind
        self.traded = traded = kind.instrument(options)
        self.symbol = traded.symbol
        unit = 10**traded.price_precision
        self.step: int = max(traded.tick, PRICE * unit // 10_000 // traded.tick * traded.tick)
        self.middle: int = PRICE * unit // traded.tick * traded.tick
        least = max(traded.size_min, -(-traded.cost_min // self.middle), 1)
        self.size = venue.size or SIZE_TIMES * least
        self.exchange = kind.exchange(
            [traded],
            entries=self._recording(),
            tape_symbol=traded.symbol,
            start_ns=start_ns,
            seed=seed,
            name=kind.order_name,
        )
        ledger = self.exchange.ledger
        for asset, amount in kind.funds.items():
            self.exchange.deposit(start_ns, ACCOUNT, asset, amount * 10 ** ledger.decimals(asset))
            self.exchange.deposit(start_ns, CROWD, asset, CROWD_FUNDS * 10 ** ledger.decimals(asset))
        self.case_funds = dict(kind.funds)
        self.assets = tuple(kind.funds)
        self.exchange.advance(start_ns)
        self.exchange.drain_reports()
        self.venue: Any = kind.make(self.exchange, start_ns, options, ())

    def _recording(self) -> Iterator[Entry]:
        """A whole book, and then a change far from the middle each second: an older book would not be traded on."""
        levels = [
            (side, self.middle - side * (HALF_SPREAD_STEPS + level) * self.step, LEVEL_TIMES * self.size + level)
            for side in (BUY, SELL)
            for level in range(LEVELS)
        ]
        yield BookEntry(0, 0, tuple(levels), True)
        side, price, size = levels[LEVELS - 1]
        for number in count(1):
            yield BookEntry(number, number * PERIOD_US, ((side, price, size + number % 2),))

    # --- what others do ---------------------------------------------------------------------------------------------

    def trade(self, now_ns: int, side: int, price: int, size: int) -> None:
        """Somebody takes at once what is there up to a price, and leaves no rest."""
        self._crowd(now_ns, side, price, size, TimeInForce.IOC)

    def rest(self, now_ns: int, side: int, price: int, size: int) -> str:
        """Somebody puts an order into the book; returns its id at the venue."""
        return self._crowd(now_ns, side, price, size, TimeInForce.GTC).order_id

    def withdraw(self, now_ns: int, order_id: str) -> None:
        """An order ends by another hand than the bot's: the crowd's, or the account's owner."""
        self.exchange.cancel(now_ns, order_id, "User requested")

    def place_foreign(self, now_ns: int, client_id: str) -> str:
        """Another program of the same account places an order far from the market; returns its id at the venue."""
        price = self.middle - (HALF_SPREAD_STEPS + LEVELS) * self.step
        placed = self.exchange.place(now_ns, NewOrder(ACCOUNT, self.symbol, BUY, self.size, price, client_id=client_id))
        return _taken(placed).order_id

    def unaffordable(self) -> int:
        """A size that the account cannot sell: more than it has, or a thousand times what it could margin."""
        traded = self.traded
        if traded.base in self.case_funds:
            return int((self.case_funds[traded.base] + 1) * 10**traded.size_precision)
        money = 1000 * self.case_funds[traded.quote] * 10 ** (traded.price_precision + traded.size_precision)
        return int(money // self.middle)

    # --- what the ledger says ---------------------------------------------------------------------------------------

    def standing(self) -> list[Standing]:
        """The account's open orders, oldest first."""
        return [
            Standing(order.request.client_id, order.request.side, order.price, order.leaves)
            for order in self.exchange.open_orders(ACCOUNT)
        ]

    def order_id(self, client_id: str) -> str:
        """The venue's id of an order of the account."""
        order = self.exchange.by_client_id(ACCOUNT, client_id)
        assert order is not None, f"the venue has no order {client_id}"
        return order.order_id

    def has_seen(self, client_id: str) -> bool:
        """Whether an order of the account ever was at the venue."""
        return self.exchange.by_client_id(ACCOUNT, client_id) is not None

    def trades(self) -> list[SimTrade]:
        """The account's executions, oldest first."""
        return self.exchange.trades(ACCOUNT)

    def balance(self, asset: str, precision: int) -> int:
        """What the account has, in 10^-precision of the asset."""
        ledger = self.exchange.ledger
        return int(ledger.balance(ACCOUNT, asset) * 10 ** (precision - ledger.decimals(asset)))

    def top(self) -> tuple[int, int, int, int]:
        """Best bid, its size, best ask, its size: everybody's orders."""
        (bid, bid_size), (ask, ask_size) = (
            (self.exchange.book(self.symbol, side) or [(0, 0)])[0] for side in (BUY, SELL)
        )
        return bid, bid_size, ask, ask_size

    def _crowd(self, now_ns: int, side: int, price: int, size: int, time_in_force: TimeInForce) -> SimOrder:
        wanted = NewOrder(
            CROWD, self.symbol, side, size, price, time_in_force=time_in_force, self_trade=SelfTrade.ALLOW
        )
        return _taken(self.exchange.place(now_ns, wanted))


def _taken(placed: SimOrder | Refusal) -> SimOrder:
    assert isinstance(placed, SimOrder), f"the counterpart refused its own crowd: {placed}"
    return placed


__all__ = ["BUY", "SELL", "BookChange", "Counterpart", "Standing"]
