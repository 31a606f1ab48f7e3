"""Pushes of the stream by their channel, and the control messages of a socket.

Acknowledgements are `rs.<method>` and name no symbol; `rs.error` names nothing but what its text says. A push can come
as one object or as a list of them (deals since August 2025). (MEXC Futures reference: WebSocket.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from mm._core.events import BUY, SELL, Alert, Ticker, Trade
from mm.exchanges.mexc_futures import account
from mm.exchanges.mexc_futures.contracts import Contracts
from mm.exchanges.mexc_futures.names import symbol_of
from mm.exchanges.mexc_futures.numbers import VENUE, identifier, time_ns, units, whole
from mm.exchanges.mexc_futures.orders import Orders
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.exchanges.wire import Malformed, Row, array, mapping, readable, text
from mm.instruments import Instrument

PRIVATE: Final = "push.personal."
SIDES: Final = {1: BUY, 2: SELL}
_NAMED: Final = re.compile(r"\[([A-Za-z0-9_.\-]{1,60})\]", re.ASCII)
Reader = Callable[["Pushes", Any, Row, int], tuple[Any, ...]]


class Pushes:
    """Reads pushes; remembers the orders that they tell of."""

    __slots__ = ("_contracts", "_orders", "ignored")

    def __init__(self, contracts: Contracts, orders: Orders) -> None:
        self._contracts, self._orders = contracts, orders
        self.ignored = 0
        """Pushes of known channels that tell nothing that is used here."""

    def read(self, message: Row, now_ns: int) -> Decoded:
        """Return the meaning of a message with a channel. Raises Malformed."""
        channel = text(message, "channel")
        if channel == "pong":
            return Decoded(Kind.PONG, time_in_ns=time_ns(message, "data"), time_out_ns=time_ns(message, "data"))
        if channel.startswith("rs."):
            return _answer(channel[3:], message)
        reader = READERS.get(channel)
        if reader is None:
            return Decoded(Kind.UNKNOWN, channel=channel)
        events = reader(self, message.get("data"), message, now_ns)
        if not events:
            self.ignored += 1
        return Decoded(Kind.DATA, events, channel=channel, symbol=symbol_of(text(message, "symbol", "")))

    # --- public -----------------------------------------------------------------------------------------------------

    def _deals(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        """Take `[{"p":115309.8,"v":55,"T":2,"O":3,"M":1,"t":1755487578276,"i":13064218826}, ...]`, in no order."""
        instrument = self._instrument(message)
        if instrument is None:
            return ()
        rows = [mapping(row, "data") for row in (data if type(data) is list else [data])]
        trades = []
        for index, row in enumerate(rows):
            try:
                side = SIDES.get(whole(row, "T"))
                if side is None:
                    raise Malformed("T: expected 1 or 2")
                trades.append(
                    Trade(
                        now_ns,
                        time_ns(row, "t"),
                        VENUE,
                        instrument.symbol,
                        side,
                        units(row, "p", instrument.price_precision, allow_zero=False),
                        units(row, "v", instrument.size_precision, allow_zero=False),
                        identifier(row, "i", ""),
                    )
                )
            except ValueError as error:
                raise Malformed(f"data[{index}].{error}") from None
        return tuple(sorted(trades, key=lambda trade: trade.venue_ns))

    def _ticker(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        # Inner and outer symbol disagree in the documented example: the outer one is what was subscribed.
        instrument = self._instrument(message)
        if instrument is None:
            return ()
        row = mapping(data, "data")
        prices = instrument.price_precision
        venue_ns = time_ns(row, "timestamp") or time_ns(message, "ts")
        ticker = Ticker(
            now_ns,
            venue_ns,
            VENUE,
            instrument.symbol,
            units(row, "bid1", prices, default=0),
            0,
            units(row, "ask1", prices, default=0),
            0,
            units(row, "lastPrice", prices, default=0),
        )
        return (ticker, *account.read_mark(row, instrument.symbol, now_ns, venue_ns))

    def _funding_rate(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        return account.read_funding_rate(mapping(data, "data"), self._contracts, now_ns, time_ns(message, "ts"))

    def _contract(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        return self._contracts.read(data, now_ns)

    # --- private ----------------------------------------------------------------------------------------------------

    def _order(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        return _each(data, lambda row: self._orders.news(row, now_ns))

    def _deal(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        return _each(data, lambda row: self._orders.fill(row, now_ns))

    def _position(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        return _each(data, lambda row: account.read_position(row, self._contracts, now_ns, "stream"))

    def _asset(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        return _each(data, lambda row: account.read_asset(row, now_ns, "stream"))

    def _liquidation(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        venue_ns = time_ns(message, "ts")
        return _each(data, lambda row: account.read_liquidation_risk(row, self._contracts, now_ns, venue_ns))

    def _position_mode(self, data: Any, message: Row, now_ns: int) -> tuple[Any, ...]:
        mode = whole(mapping(data, "data"), "positionMode")
        word = {1: "hedge", 2: "one-way"}.get(mode, f"{mode}")
        return (Alert(now_ns, "error", f"{VENUE}: the account's position mode was changed to {word}"),)

    def _instrument(self, message: Row) -> Instrument | None:
        return self._contracts.of_name(text(message, "symbol"))


READERS: Final[dict[str, Reader]] = {
    "push.deal": Pushes._deals,
    "push.ticker": Pushes._ticker,
    "push.funding.rate": Pushes._funding_rate,
    "push.contract": Pushes._contract,
    "push.personal.order": Pushes._order,
    "push.personal.order.deal": Pushes._deal,
    "push.personal.position": Pushes._position,
    "push.personal.asset": Pushes._asset,
    "push.personal.liquidate.risk": Pushes._liquidation,
    "push.personal.position.mode": Pushes._position_mode,
}


def _answer(method: str, message: Row) -> Decoded:
    """Take an answer like `{"channel":"rs.sub.depth","data":"success","ts":1789498321789}`.

    channel: the method, "error" for one that is not named; symbol: what the text of an error names, as the venue
    spells it.
    """
    data = message.get("data")
    words = readable(data) if type(data) is str else ""
    named = _NAMED.search(words)
    symbol = named[1] if named else ""
    if method != "error" and words == "success":
        return Decoded(Kind.SUBSCRIBED, channel=method)
    reason = words.encode("ascii", "replace").decode() or "no reason given"
    return Decoded(
        Kind.SUBSCRIBED, ok=False, error=reason, error_class=ErrorClass.REJECTED, channel=method, symbol=symbol
    )


def _each(data: Any, read: Callable[[Row], tuple[Any, ...]]) -> tuple[Any, ...]:
    rows = [data] if type(data) is dict else array(data, "data")
    events: list[Any] = []
    for index, row in enumerate(rows):
        try:
            events += read(mapping(row, "row"))
        except ValueError as error:
            raise Malformed(f"data[{index}].{error}") from None
    return tuple(events)
