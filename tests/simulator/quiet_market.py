"""A venue whose recorded book stands still: 40 levels a side around 60,000, one BTC and a little on each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mm.simulator.exchange import Exchange
from mm.simulator.kraken.venue import KrakenVenue, Options
from mm.simulator.orders import BUY, SELL, SimInstrument
from mm.simulator.tape import BookEntry, Entry, TradeEntry
from tests.simulator.kraken_client import START_NS, SYMBOL

BID, ASK = 600_000, 600_001
BTC = 10**8


def book() -> BookEntry:
    """The book as the first entry of a tape."""
    levels = [(BUY, BID - k, BTC + k) for k in range(40)] + [(SELL, ASK + k, BTC + k) for k in range(40)]
    return BookEntry(0, 0, tuple(levels), True)


def trade(number: int, second: float, side: int, price: int, size: int) -> TradeEntry:
    """A recorded trade."""
    return TradeEntry(number, int(second * 1e6), side, price, size)


def quiet_venue(tape: tuple[Entry, ...] = (), hooks: tuple[dict[str, Any], ...] = (), **options: Any) -> KrakenVenue:
    """The venue, with 1 BTC and 100,000 USD in its account; `tape` follows the book."""
    entries: Iterator[Entry] = iter((book(), *tape))
    instrument = SimInstrument(SYMBOL, "BTC", "USD", 1, 8, 1, 5000, 500_000_000, 4, 2500, 4000)
    exchange = Exchange([instrument], entries=entries, tape_symbol=SYMBOL, start_ns=START_NS, seed=1)
    exchange.deposit(START_NS, "main", "BTC", 1 * 10 ** exchange.ledger.decimals("BTC"))
    exchange.deposit(START_NS, "main", "USD", 100_000 * 10 ** exchange.ledger.decimals("USD"))
    exchange.advance(START_NS)
    return KrakenVenue(exchange, start_ns=START_NS, seed=1, options=Options(**options), hooks=hooks)
