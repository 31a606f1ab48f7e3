"""Binary pushes to events: trades and best prices, own orders, own fills, balances.

| push | event |
| --- | --- |
| orders, status 0 | OrderPending |
| orders, status 1 new | OrderAccepted |
| orders, status 2 filled, 3 partially filled | OrderReport with the cumulative quantity |
| orders, status 4 canceled, 5 partially canceled (both are ends) | OrderCanceled |
| deals | Fill |
| account | BalanceChange, total = available + frozen |
| aggre.deals, deals | Trade |
| aggre.bookTicker, bookTicker, bookTicker.batch | Ticker |

Orders, deals and account come in no promised order among one another. Depth goes to the native decoder as it is;
klines, mini tickers, limit depth and the old increments are decoded and told to nobody. (MEXC Spot reference: private
streams.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from mm._core.events import (
    BUY,
    SELL,
    BalanceChange,
    Fill,
    OrderAccepted,
    OrderCanceled,
    OrderPending,
    OrderReport,
    Ticker,
    Trade,
)
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_spot.fills import FillIds
from mm.exchanges.mexc_spot.instruments import Instruments
from mm.exchanges.mexc_spot.numbers import VENUE, coins, milliseconds, units_of
from mm.exchanges.wire import TEXT_MAX, Malformed
from mm.instruments import Instrument

ORDERS, DEALS, ACCOUNT = 304, 306, 307
AGGRE_DEPTHS: Final = 313
SIDES: Final = {1: BUY, 2: SELL}
Body = tuple[Any, ...]


class Pushes:
    """Reads the bodies of pushes; remembers the orders that they tell of."""

    __slots__ = ("_fills", "_instruments", "_known", "_readers", "ignored")

    def __init__(self, instruments: Instruments, known: KnownOrders, fills: FillIds) -> None:
        self._instruments, self._known, self._fills = instruments, known, fills
        self.ignored = 0
        """Pushes that told nothing that is known here."""
        self._readers = {
            301: self._trades,
            314: self._trades,
            305: self._ticker,
            311: self._ticker_batch,
            315: self._ticker,
            ORDERS: self._order,
            DEALS: self._fill,
            ACCOUNT: self._balance,
        }

    def read(self, number: int, symbol: str, sent_ms: int, body: Body, now_ns: int) -> tuple[Any, ...]:
        """Return the events of a push. Raises ValueError that names the field."""
        reader = self._readers.get(number)
        if reader is None:
            self.ignored += 1
            return ()
        return tuple(reader(symbol, sent_ms, body, now_ns))

    def booked(self, fills: Iterable[Fill]) -> None:
        """Take the fills that an earlier start has booked, by the names that it had for them."""
        for fill in fills:
            terms = (fill.venue_id, fill.side, fill.price, fill.size)
            self._fills.booked(fill.execution_id, terms, fill.venue_ns)

    # --- public -----------------------------------------------------------------------------------------------------

    def _trades(self, symbol: str, sent_ms: int, body: Body, now_ns: int) -> Sequence[Any]:
        instrument = self._instruments.of_name(symbol)
        if instrument is None:
            self.ignored += 1
            return ()
        return [
            Trade(
                now_ns,
                milliseconds(time),
                VENUE,
                instrument.symbol,
                _side(side),
                units_of(price, instrument.price_precision, "price", allow_zero=False),
                units_of(size, instrument.size_precision, "quantity", allow_zero=False),
                _name(trade_id, "tradeId"),
            )
            for price, size, side, time, trade_id in body[0]
        ]

    def _ticker(self, symbol: str, sent_ms: int, body: Body, now_ns: int) -> Sequence[Any]:
        instrument = self._instruments.of_name(symbol)
        if instrument is None:
            self.ignored += 1
            return ()
        prices, sizes = instrument.price_precision, instrument.size_precision
        # An empty side is an empty text.
        bid, ask = units_of(body[0], prices, "bidPrice", default=0), units_of(body[2], prices, "askPrice", default=0)
        bid_size = units_of(body[1], sizes, "bidQuantity", default=0)
        ask_size = units_of(body[3], sizes, "askQuantity", default=0)
        return (Ticker(now_ns, milliseconds(sent_ms), VENUE, instrument.symbol, bid, bid_size, ask, ask_size, 0),)

    def _ticker_batch(self, symbol: str, sent_ms: int, body: Body, now_ns: int) -> Sequence[Any]:
        return [event for item in body[0] for event in self._ticker(symbol, sent_ms, item, now_ns)]

    # --- private ----------------------------------------------------------------------------------------------------

    def _order(self, symbol: str, sent_ms: int, body: Body, now_ns: int) -> Sequence[Any]:
        instrument = self._instruments.of_name(symbol)
        if instrument is None:
            # Not a market of this run, so that no order of ours can be there.
            self.ignored += 1
            return ()
        venue_id, client_id = _id(body[0], "id"), _name(body[1], "clientId")
        side, status = _side(body[7]), body[14]
        price = units_of(body[2], instrument.price_precision, "price", default=0)
        size = units_of(body[3], instrument.size_precision, "quantity", default=0)
        cum_size = units_of(body[12], instrument.size_precision, "cumulativeQuantity", default=0)
        # A market order's price is a bound of the venue's own.
        known = self._known.remember(client_id, venue_id, instrument.symbol, side, price if body[6] != 5 else 0, size)
        head = (now_ns, milliseconds(sent_ms), VENUE, known.client_id, venue_id)
        if status == 0:
            return (OrderPending(*head),)
        if status == 1:
            return (OrderAccepted(*head),)
        if status in (4, 5):
            self._known.close(known)
            return (OrderCanceled(*head, cum_size, ""),)
        if status not in (2, 3):
            raise Malformed("status: expected 0 to 5")
        name = "filled" if status == 2 else "partially_filled"
        if status == 2:
            self._known.close(known)
        return (OrderReport(*head, instrument.symbol, side, name, price, size, cum_size, "", "stream"),)

    def _fill(self, symbol: str, sent_ms: int, body: Body, now_ns: int) -> Sequence[Any]:
        instrument = self._instruments.of_name(symbol)
        if instrument is None:
            self.ignored += 1
            return ()
        time_ns = milliseconds(body[11])
        return (
            self.fill(
                instrument,
                now_ns=now_ns,
                time_ns=time_ns,
                client_id=_name(body[7], "clientOrderId"),
                venue_id=_id(body[8], "orderId"),
                side=_side(body[3]),
                trade_id=_id(body[6], "tradeId"),
                price=body[0],
                size=body[1],
                is_maker=body[4],
                fee=body[9],
                fee_asset=_name(body[10], "feeCurrency"),
            ),
        )

    def fill(
        self,
        instrument: Instrument,
        *,
        now_ns: int,
        time_ns: int,
        client_id: str,
        venue_id: str,
        side: int,
        trade_id: str,
        price: str,
        size: str,
        is_maker: bool,
        fee: str,
        fee_asset: str,
    ) -> Fill:
        """Return the event of one own fill, from the stream or from a list of trades."""
        price_units = units_of(price, instrument.price_precision, "price", allow_zero=False)
        size_units = units_of(size, instrument.size_precision, "quantity", allow_zero=False)
        known = self._known.remember(client_id, venue_id, instrument.symbol, side, 0, 0)
        return Fill(
            now_ns,
            time_ns,
            VENUE,
            known.client_id,
            venue_id,
            instrument.symbol,
            side,
            self._fills.name(trade_id, (venue_id, side, price_units, size_units), time_ns),
            price_units,
            size_units,
            # Neither source counts what the order has filled in all.
            -1,
            "m" if is_maker else "t",
            coins(fee, "feeAmount", up=True) if fee else 0,
            fee_asset or instrument.quote,
        )

    def _balance(self, symbol: str, sent_ms: int, body: Body, now_ns: int) -> Sequence[Any]:
        """Take a row like ("USDT", coin id, "0.006", "-4.4022", "4.4022", "4.4022", "ENTRUST_PLACE", 1758134605364)."""
        asset = _id(body[0], "vcoinName")
        available, frozen = coins(body[2] or "0", "balanceAmount"), coins(body[4] or "0", "frozenAmount")
        change = coins(body[3] or "0", "balanceAmountChange") + coins(body[5] or "0", "frozenAmountChange")
        kind = _name(body[6], "type")
        when_ns = milliseconds(body[7])
        return (BalanceChange(now_ns, when_ns, VENUE, "", "", kind, asset, change, 0, available + frozen),)


def _side(value: int) -> int:
    side = SIDES.get(value)
    if side is None:
        raise Malformed("tradeType: expected 1 or 2")
    return side


def _name(value: str, field: str) -> str:
    """Return a word or an id that may be empty."""
    if len(value) <= TEXT_MAX and value.isascii() and (value.isprintable()):
        return value
    raise Malformed(f"{field}: expected printable ASCII of at most {TEXT_MAX} characters")


def _id(value: str, field: str) -> str:
    if not value:
        raise Malformed(f"{field}: expected a name, got nothing")
    return _name(value, field)
