"""The public data channels besides `book`: trades, tickers and the system's status."""

from __future__ import annotations

from typing import Any

from mm._core.events import BUY, SELL, Ticker, Trade, VenueStatus
from mm.exchanges.kraken.instruments import VENUE, Instruments
from mm.exchanges.kraken.times import timestamp
from mm.exchanges.wire import Malformed, Row, array, integer, mapping, text, units

SIDES = {"buy": BUY, "sell": SELL}


def side_of(row: Row, key: str = "side") -> int:
    """Return +1 or -1. Raises Malformed."""
    side = SIDES.get(text(row, key))
    if side is None:
        raise Malformed(f"{key}: expected buy or sell")
    return side


def rows_of(message: Row) -> list[Row]:
    """Return the rows of a data message. Raises Malformed."""
    return [mapping(row, f"data[{index}]") for index, row in enumerate(array(message.get("data"), "data"))]


def read_trades(message: Row, instruments: Instruments, now_ns: int) -> tuple[Any, ...]:
    """Return the trades of a `trade` message, in the venue's order; those of unknown symbols are left out."""
    events = []
    for index, row in enumerate(rows_of(message)):
        instrument = instruments.get(text(row, "symbol"))
        if instrument is None:
            continue
        try:
            events.append(
                Trade(
                    now_ns,
                    timestamp(row),
                    VENUE,
                    instrument.symbol,
                    side_of(row),
                    units(row, "price", instrument.price_precision, allow_zero=False),
                    units(row, "qty", instrument.size_precision, allow_zero=False),
                    str(integer(row, "trade_id")),
                )
            )
        except ValueError as error:
            raise Malformed(f"data[{index}].{error}") from None
    return tuple(events)


def read_tickers(message: Row, instruments: Instruments, now_ns: int) -> tuple[Any, ...]:
    """Return the rows of a `ticker` message; an empty side of a book is zero."""
    events = []
    for index, row in enumerate(rows_of(message)):
        instrument = instruments.get(text(row, "symbol"))
        if instrument is None:
            continue
        price, size = instrument.price_precision, instrument.size_precision
        try:
            events.append(
                Ticker(
                    now_ns,
                    timestamp(row),
                    VENUE,
                    instrument.symbol,
                    units(row, "bid", price, default=0),
                    units(row, "bid_qty", size, default=0),
                    units(row, "ask", price, default=0),
                    units(row, "ask_qty", size, default=0),
                    units(row, "last", price, default=0),
                )
            )
        except ValueError as error:
            raise Malformed(f"data[{index}].{error}") from None
    return tuple(events)


def read_status(message: Row, now_ns: int) -> tuple[Any, ...]:
    """Return the system's status: online, post_only, cancel_only, maintenance (limit_only has been reported too)."""
    return tuple(VenueStatus(now_ns, VENUE, text(row, "system")) for row in rows_of(message))
