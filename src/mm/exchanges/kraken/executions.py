"""The `executions` channel: what the venue says of our orders and fills.

| exec_type | event |
| --- | --- |
| `pending_new` | OrderPending |
| `new` | OrderAccepted |
| `trade` | Fill |
| `filled` | OrderReport "filled" (the terminal marker after the last trade) |
| `amended`, `restated` | OrderAmended |
| `canceled` | OrderCanceled |
| `expired` | OrderExpired |
| `iceberg_refill`, `status`, any other | by order_status if that is an end, else nothing |
| any but `trade` in a snapshot | OrderReport |

Only `pending_new`, `trade` and snapshot rows are complete; the others are deltas, completed from `KnownOrders`. The
last fill may call itself partially filled, so that order_status is not believed in a trade: quantities are. A message
with a row that cannot be read is malformed as a whole: its sequence number is then missing, and the session reads
everything anew. (Kraken reference: executions.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mm._core.events import (
    Alert,
    Fill,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderExpired,
    OrderPending,
    OrderReport,
    OutcomeUnknown,
)
from mm._core.fixed import amount
from mm.exchanges.known_orders import KnownOrder, KnownOrders
from mm.exchanges.kraken.instruments import VENUE, Instruments
from mm.exchanges.kraken.market_data import rows_of, side_of
from mm.exchanges.kraken.times import timestamp
from mm.exchanges.wire import Malformed, Row, array, digits, mapping, note, text, units
from mm.instruments import Instrument

STATUSES: Final = frozenset({"pending_new", "new", "partially_filled", "filled", "canceled", "expired"})
Head = tuple[int, int, str, str, str]
"""Receive time, venue time, venue, client id, venue id: how every order event begins."""
ENDS: Final = frozenset({"filled", "canceled", "expired"})


class Executions:
    """Reads messages of the channel; remembers the orders that they tell of."""

    __slots__ = ("_instruments", "_known", "ignored")

    def __init__(self, instruments: Instruments, known: KnownOrders) -> None:
        self._instruments, self._known = instruments, known
        self.ignored = 0
        """Rows that told nothing that is known here."""

    def read(self, message: Row, now_ns: int) -> tuple[Any, ...]:
        """Return the events of a message. Raises Malformed."""
        rows = rows_of(message)
        if message.get("type") == "snapshot":
            # Fills first, oldest first (Kraken lists the newest first): a report then finds its fills booked.
            trades = [index for index, row in enumerate(rows) if row.get("exec_type") == "trade"]
            orders = [index for index, row in enumerate(rows) if row.get("exec_type") != "trade"]
            return self._rows(rows, [*reversed(trades), *orders], now_ns, is_snapshot=True)
        return self._rows(rows, range(len(rows)), now_ns, is_snapshot=False)

    def _rows(self, rows: list[Row], order: Sequence[int], now_ns: int, *, is_snapshot: bool) -> tuple[Any, ...]:
        events: list[Any] = []
        for index in order:
            try:
                self._row(rows[index], now_ns, is_snapshot, events)
            except ValueError as error:
                raise Malformed(f"data[{index}].{error}") from None
        return tuple(events)

    def _row(self, row: Row, now_ns: int, is_snapshot: bool, events: list[Any]) -> None:
        kind = text(row, "exec_type", "")
        status = text(row, "order_status", "")
        venue_id = text(row, "order_id")
        client_id = text(row, "cl_ord_id", "")
        if kind == "trade":
            self._fill(row, now_ns, client_id, venue_id, events)
            return
        known = self._learn(row, client_id, venue_id)
        head = (now_ns, timestamp(row), VENUE, client_id or (known.client_id if known else ""), venue_id)
        if is_snapshot:
            events.append(self._report(row, head, known, status, "snapshot"))
            return
        if kind not in ("pending_new", "new", "amended", "restated", "canceled", "expired", "filled"):
            # Something else happened to the order; it matters here only if it ended.
            kind = status if status in ENDS else ""
        if kind == "pending_new":
            events.append(OrderPending(*head))
        elif kind == "new":
            events.append(OrderAccepted(*head))
        elif kind == "amended" or kind == "restated":
            events.append(self._amended(row, head, known, kind))
        elif kind == "canceled":
            events.append(OrderCanceled(*head, self._cum_size(row, known), _reason(row)))
        elif kind == "expired":
            events.append(OrderExpired(*head, self._cum_size(row, known), _reason(row)))
        elif kind == "filled":
            events.append(self._report(row, head, known, "filled", "stream"))
        else:
            self.ignored += 1
        if kind in ENDS and known is not None:
            self._known.close(known)

    def _learn(self, row: Row, client_id: str, venue_id: str) -> KnownOrder | None:
        """Return what is known of the row's order, its own news included; None when not even the symbol is."""
        instrument = self._instruments.of_row(text(row, "symbol", ""))
        if instrument is None:
            known = self._known.find(client_id, venue_id)
            if known is None:
                return None
            instrument = self._instruments.get(known.symbol)
            if instrument is None:
                return None
        return self._known.remember(
            client_id,
            venue_id,
            instrument.symbol,
            side_of(row) if "side" in row else 0,
            units(row, "limit_price", instrument.price_precision, default=0),
            units(row, "order_qty", instrument.size_precision, default=0),
            _post_only(row),
        )

    def _fill(self, row: Row, now_ns: int, client_id: str, venue_id: str, events: list[Any]) -> None:
        """Take a row like `{"order_id":"OK4GJX-KSTLS-7DZZO5","exec_id":"TGBB7L-HT5LX-J3BZ4A","exec_type":"trade",
        "symbol":"BTC/USD","side":"sell","last_qty":0.005,"last_price":26599.9,"liquidity_ind":"t","cum_qty":0.005,
        "fees":[{"asset":"USD","qty":0.3458}],...}`."""
        symbol = text(row, "symbol")
        instrument = self._instruments.of_row(symbol)
        if instrument is None:
            # Not a spot market of this venue's list, so that no order of ours can have been there.
            self.ignored += 1
            return
        side = side_of(row)
        known = self._known.remember(client_id, venue_id, symbol, side, 0, 0)
        fee, fee_asset, others = _fees(row, instrument)
        events.append(
            Fill(
                now_ns,
                timestamp(row),
                VENUE,
                known.client_id,
                venue_id,
                symbol,
                side,
                text(row, "exec_id"),
                units(row, "last_price", instrument.price_precision, allow_zero=False),
                units(row, "last_qty", instrument.size_precision, allow_zero=False),
                units(row, "cum_qty", instrument.size_precision, default=-1),
                _liquidity(row),
                fee,
                fee_asset,
            )
        )
        if text(row, "order_status", "") == "filled" or 0 < known.size <= events[-1].cum_size:
            # No marker need follow. It is still known for a while, should the order live on after all.
            self._known.close(known)
        if others:
            note_text = f"{VENUE}: fill {text(row, 'exec_id')} has fees in several assets; not booked: {others}"
            events.append(Alert(now_ns, "error", note_text))

    def _amended(self, row: Row, head: Head, known: KnownOrder | None, kind: str) -> Any:
        if known is None or not (known.price and known.size):
            return OutcomeUnknown(*head, "amend", f"{kind}, but the order's terms are not known here: asking")
        return OrderAmended(*head, known.price, known.size, self._cum_size(row, known))

    def _report(self, row: Row, head: Head, known: KnownOrder | None, status: str, source: str) -> OrderReport:
        if status not in STATUSES:
            raise Malformed(f"order_status: expected one of {', '.join(sorted(STATUSES))}")
        if known is None:
            return OrderReport(*head, text(row, "symbol", ""), 0, status, 0, 0, -1, _reason(row), source)
        cum_size = self._cum_size(row, known)
        if cum_size < 0 and status in ("pending_new", "new"):
            cum_size = 0
        if status in ENDS:
            self._known.close(known)
        price, size = known.price, known.size
        return OrderReport(*head, known.symbol, known.side, status, price, size, cum_size, _reason(row), source)

    def _cum_size(self, row: Row, known: KnownOrder | None) -> int:
        instrument = self._instruments.get(known.symbol) if known is not None else None
        return -1 if instrument is None else units(row, "cum_qty", instrument.size_precision, default=-1)


def _fees(row: Row, instrument: Instrument) -> tuple[int, str, str]:
    """Return the fee, its asset, and what else was charged in other assets, in words."""
    totals: dict[str, int] = {}
    for index, entry in enumerate(array(row.get("fees", []), "fees")):
        fee = mapping(entry, f"fees[{index}]")
        asset = text(fee, "asset")
        totals[asset] = totals.get(asset, 0) + amount(digits(fee, "qty"), f"fees[{index}].qty")
    if not totals:
        return 0, instrument.quote, ""
    asset = instrument.quote if instrument.quote in totals else next(iter(totals))
    fee_total = totals.pop(asset)
    return fee_total, asset, ", ".join(f"{other} {total}e-12" for other, total in totals.items())


def _liquidity(row: Row) -> str:
    """Maker or taker; a venue that does not say is taken to have charged the higher rate."""
    return "m" if row.get("liquidity_ind") == "m" else "t"


def _post_only(row: Row) -> bool | None:
    """Rows name `post_only` when it is used; a complete row without it is of an order that is not."""
    value = row.get("post_only")
    if type(value) is bool:
        return value
    return False if "limit_price" in row and "side" in row else None


def _reason(row: Row) -> str:
    return note(row, "reason") or note(row, "cancel_reason")
