"""REST replies: the thing itself, or `{"code":...,"msg":...}`; some are wrapped, with code 0 or 200 for success.

HTTP 2xx without a `code`, or with one of these two, is success. What is not JSON came from something in front of the
venue: then a read may be tried again, but the outcome of an order request is unknown. (MEXC Spot reference: transport.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from mm._core.events import Balance, BookFrame, FeeRates, OrderReport
from mm._core.fixed import to_units
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_spot.errors import LISTEN_KEY_UNKNOWN, classify, classify_status
from mm.exchanges.mexc_spot.instruments import Instruments
from mm.exchanges.mexc_spot.numbers import MS, VENUE, coins, identifier, quantity, time_ns, whole
from mm.exchanges.mexc_spot.pushes import Pushes
from mm.exchanges.mexc_spot.rest_requests import QUERIES
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.exchanges.wire import INTEGER_MAX, Malformed, Row, array, digits, mapping, note, parse, readable, text

OK_CODES: Final = (0, 200)
OPTIONAL: Final = frozenset({"trade_fee", "self_symbols", "close_listen_key", "listen_keys", "default_symbols"})
"""Reads that a key may lack the right for without being useless: their refusal stops nothing."""
STATUSES: Final = {
    "NEW": "new",
    "PARTIALLY_FILLED": "partially_filled",
    "FILLED": "filled",
    "CANCELED": "canceled",
    # Some filled, the rest cancelled: an end.
    "PARTIALLY_CANCELED": "canceled",
    "EXPIRED": "expired",
    "REJECTED": "canceled",
    "PENDING": "pending_new",
}
ENDS: Final = frozenset({"filled", "canceled", "expired"})
_VERSION: Final = re.compile(rb'"lastUpdateId"\s*:\s*"?(\d{1,19})\b')


class SecretText(str):
    """A text whose `repr` does not show it; `str()` gives it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Without the text."""
        return "SecretText(...)"


class RestReplies:
    """Reads replies by the kind of what was asked."""

    __slots__ = ("_instruments", "_known", "_pushes", "_readers")

    def __init__(self, instruments: Instruments, known: KnownOrders, pushes: Pushes) -> None:
        self._instruments, self._known, self._pushes = instruments, known, pushes
        self._readers: dict[str, Callable[[Any, Decoded, int], None]] = {
            "time": self._time,
            "default_symbols": self._symbols,
            "exchange_info": self._exchange_info,
            "account": self._account,
            "self_symbols": self._symbols,
            "trade_fee": self._trade_fee,
            "open_orders": self._orders,
            "query_orders": self._one_order,
            "closed_orders": self._one_order,
            "trades_history": self._trades,
            "listen_key": self._listen_key,
            "listen_keys": self._listen_keys,
            "keep_listen_key": self._listen_key,
            "close_listen_key": self._nothing,
            "place": self._placed,
            "cancel": self._nothing,
            "cancel_all": self._nothing,
            "place_batch": self._placed_batch,
        }

    def read(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a reply; never raises."""
        is_read = kind in QUERIES
        doubt = ErrorClass.RETRY if is_read else ErrorClass.AMBIGUOUS
        if status == 200 and kind == "depth":
            return _depth(body)
        if status >= 500:
            # Never "not carried out", whatever the body says.
            return _refusal(kind, f"HTTP status {status}", doubt)
        try:
            message = parse(body)
            code = whole_code(message)
            if code not in OK_CODES or not 200 <= status < 300:
                return self._refused(kind, status, code, message, is_read=is_read)
            decoded = Decoded(Kind.REPLY)
            reader = self._readers.get(kind)
            if reader is None:
                raise Malformed("no such kind of reply")
            reader(message, decoded, now_ns)
        except ValueError as error:
            if status != 200:
                return _refusal(kind, f"HTTP status {status}", classify_status(status, is_read=is_read))
            return Decoded(Kind.MALFORMED, ok=False, error=f"{kind}: {error}", error_class=doubt)
        return decoded

    def _refused(self, kind: str, status: int, code: int, message: Any, *, is_read: bool) -> Decoded:
        if code == LISTEN_KEY_UNKNOWN and kind in ("keep_listen_key", "close_listen_key"):
            # An answer, and a complete one: there is no such key any more.
            return Decoded(Kind.REPLY, result=SecretText(""))
        if code in OK_CODES:
            return _refusal(kind, f"HTTP status {status}", classify_status(status, is_read=is_read))
        error_class = ErrorClass.RATE if status in (418, 429) else classify(code, is_read=is_read)
        if kind in OPTIONAL and error_class is ErrorClass.FATAL:
            error_class = ErrorClass.REJECTED
        words = note(message, "msg") if type(message) is dict else ""
        return Decoded(Kind.REPLY, ok=False, error=f"{code}: {words or 'no reason given'}", error_class=error_class)

    # --- public -----------------------------------------------------------------------------------------------------

    def _time(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        """The venue's clock, to the millisecond."""
        ms = whole(mapping(result, "reply"), "serverTime")
        decoded.time_in_ns = decoded.time_out_ns = min(ms, INTEGER_MAX // MS) * MS

    def _symbols(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        """result: the venue's names of symbols."""
        names = array(mapping(result, "reply").get("data"), "data")
        decoded.result = frozenset(name for name in names if type(name) is str)

    def _exchange_info(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        decoded.events = self._instruments.read(mapping(result, "reply"), now_ns)

    # --- account ----------------------------------------------------------------------------------------------------

    def _account(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        """result: what the account may do. Of the right to trade only a boolean is the venue's word, None where nothing
        is said."""
        row = mapping(result, "reply")
        can_trade = row.get("canTrade")
        if "canTrade" in row and type(can_trade) is not bool:
            raise Malformed("canTrade: expected true or false")
        events = []
        for index, each in enumerate(array(row.get("balances", []), "balances")):
            try:
                balance = mapping(each, "row")
                free = coins(digits(balance, "free"), "free")
                locked = coins(digits(balance, "locked"), "locked") if balance.get("locked") is not None else 0
                asset = text(balance, "asset")
            except ValueError as error:
                raise Malformed(f"balances[{index}].{error}") from None
            events.append(Balance(now_ns, VENUE, asset, free + locked, "query"))
        decoded.events = tuple(events)
        decoded.result = {"canTrade": can_trade, "canWithdraw": row.get("canWithdraw") is True}

    def _trade_fee(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        """result: (maker, taker) in 1e-8, since the reply does not name its symbol."""
        row = mapping(mapping(result, "reply").get("data"), "data")
        decoded.result = (_rate(row, "makerCommission"), _rate(row, "takerCommission"))

    def fee_events(self, symbol: str, rates: Any, now_ns: int) -> tuple[Any, ...]:
        """Take the rates of a reply for the symbol that was asked for."""
        instrument = self._instruments.get(symbol)
        if instrument is None:
            return ()
        self._instruments.set_fees(instrument, *rates)
        return (FeeRates(now_ns, VENUE, symbol, *rates),)

    def _listen_key(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        key = text(mapping(result, "reply"), "listenKey")
        if not key or not key.isalnum():
            raise Malformed("listenKey: expected letters and digits")
        decoded.result = SecretText(key)

    def _listen_keys(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        """result: all keys that are valid."""
        keys = array(mapping(result, "reply").get("listenKey"), "listenKey")
        decoded.result = [SecretText(key) for key in keys if type(key) is str and key.isalnum()]

    def _nothing(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        """The reply to a cancel shows the order, often as NEW: its end comes on the stream."""

    # --- orders -----------------------------------------------------------------------------------------------------

    def _orders(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        rows = array(result, "reply")
        self._need_instruments(rows)
        reports = []
        for index, each in enumerate(rows):
            try:
                reports.append(self._report(mapping(each, "row"), now_ns))
            except ValueError as error:
                raise Malformed(f"[{index}].{error}") from None
        decoded.events = tuple(reports)
        decoded.rows = decoded.total = len(rows)

    def _one_order(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        self._orders([mapping(result, "reply")], decoded, now_ns)

    def _report(self, row: Row, now_ns: int) -> OrderReport:
        name, venue_id = text(row, "symbol"), identifier(row, "orderId")
        # A reply to a cancel has both names, and then this is the order's own.
        client_id = identifier(row, "origClientOrderId", "") or identifier(row, "clientOrderId", "")
        status = STATUSES.get(text(row, "status"), "")
        if not status:
            raise Malformed(f"status: expected one of {', '.join(STATUSES)}")
        side = side_of(row)
        head = (now_ns, time_ns(row, "updateTime") or time_ns(row, "time"), VENUE)
        reason = note(row, "cancelReason")
        instrument = self._instruments.of_name(name)
        if instrument is None:
            return OrderReport(*head, client_id, venue_id, name, side, status, 0, 0, -1, reason, "query")
        # The documentation's own example calls the quantity Qty.
        size_key = "origQty" if row.get("origQty") not in (None, "") else "Qty"
        size = quantity(row, size_key, instrument.size_precision, default=0)
        cum_size = quantity(row, "executedQty", instrument.size_precision, default=0)
        is_market = row.get("type") == "MARKET"
        price = 0 if is_market else quantity(row, "price", instrument.price_precision, default=0)
        known = self._known.remember(
            client_id, venue_id, instrument.symbol, side, price, size, row.get("type") == "LIMIT_MAKER"
        )
        if status in ENDS:
            self._known.close(known)
        symbol = instrument.symbol
        return OrderReport(
            *head, known.client_id, venue_id, symbol, side, status, price, size, cum_size, reason, "query"
        )

    def _trades(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        rows = array(result, "reply")
        self._need_instruments(rows)
        fills = []
        for index, each in enumerate(rows):
            try:
                row = mapping(each, "row")
                instrument = self._instruments.of_name(text(row, "symbol"))
                if instrument is None:
                    continue
                fills.append(
                    self._pushes.fill(
                        instrument,
                        now_ns=now_ns,
                        time_ns=time_ns(row, "time"),
                        client_id=identifier(row, "clientOrderId", ""),
                        venue_id=identifier(row, "orderId"),
                        side=_buyer(row),
                        trade_id=identifier(row, "id"),
                        price=digits(row, "price"),
                        size=digits(row, "qty"),
                        is_maker=row.get("isMaker") is True,
                        fee=digits(row, "commission") if row.get("commission") is not None else "",
                        fee_asset=text(row, "commissionAsset", ""),
                    )
                )
            except ValueError as error:
                raise Malformed(f"[{index}].{error}") from None
        # Oldest first, whatever the order of the list.
        decoded.events = tuple(sorted(fills, key=lambda fill: fill.venue_ns))
        decoded.rows = decoded.total = len(rows)

    def _placed(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        """result: the venue's id of the order. The reply says nothing about its state."""
        row = mapping(result, "reply")
        decoded.result = identifier(row, "orderId")
        decoded.time_out_ns = time_ns(row, "transactTime")

    def _placed_batch(self, result: Any, decoded: Decoded, now_ns: int) -> None:
        """result: for each order its id, or a refusal of its own."""
        rows: list[Any] = []
        for index, each in enumerate(array(result, "reply")):
            row = mapping(each, f"[{index}]")
            code = row.get("code")
            if type(code) is int and code not in OK_CODES:
                words = note(row, "msg") or "no reason given"
                rows.append(
                    Decoded(Kind.REPLY, ok=False, error=f"{code}: {words}", error_class=classify(code, is_read=False))
                )
            else:
                rows.append(Decoded(Kind.REPLY, result=identifier(row, "orderId")))
        decoded.result = rows

    def _need_instruments(self, rows: list[Any]) -> None:
        if rows and not self._instruments.is_complete:
            raise Malformed("the list of instruments has not been read yet")


def _depth(body: bytes) -> Decoded:
    """Return a snapshot's version; its levels are the native decoder's affair. events: none, see `snapshot_frame`."""
    match = _VERSION.search(body, 0, 4096) or _VERSION.search(body)
    if match is None or not body.lstrip().startswith(b"{"):
        return Decoded(Kind.MALFORMED, ok=False, error="depth: no lastUpdateId", error_class=ErrorClass.RETRY)
    return Decoded(Kind.REPLY, result=(int(match[1]), body))


def snapshot_frame(name: str, body: bytes, now_ns: int) -> BookFrame:
    """Return a REST snapshot as the event that the native decoder takes; name: the venue's."""
    return BookFrame(now_ns, VENUE, b"snapshot " + name.encode() + b"\n" + body)


def whole_code(message: Any) -> int:
    """Return the code of a reply, 0 for one without. Raises Malformed for one that is no number."""
    code = message.get("code") if type(message) is dict else None
    if code is None:
        return 0
    if type(code) is int and abs(code) <= INTEGER_MAX:
        return code
    if type(code) is str and code.isascii() and code.lstrip("-").isdigit() and len(code) <= 10:
        return int(code)
    raise Malformed("code: expected a whole number")


def side_of(row: Row) -> int:
    """Return +1 or -1. Raises Malformed."""
    side = {"BUY": 1, "SELL": -1}.get(text(row, "side"))
    if side is None:
        raise Malformed("side: expected BUY or SELL")
    return side


def _buyer(row: Row) -> int:
    value = row.get("isBuyer")
    if type(value) is not bool:
        raise Malformed("isBuyer: expected true or false")
    return 1 if value else -1


def _rate(row: Row, key: str) -> int:
    """Return a rate in 1e-8 of the cost, from a fraction like 0.0005; finer digits than that are malformed."""
    return to_units(digits(row, key), 8, key, 1, True, True)


def _refusal(kind: str, error: str, error_class: ErrorClass) -> Decoded:
    return Decoded(Kind.REPLY, ok=False, error=readable(f"{kind}: {error}"), error_class=error_class)
