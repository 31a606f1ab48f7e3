"""REST replies: `{"success":true,"code":0,"data":...}` or `{"success":false,"code":...,"message":...}`, status 200.

`data` may be missing on success, `code` in old replies. What is not JSON came from something in front of the venue:
then a read may be tried again, but the outcome of an order request is unknown. (MEXC Futures reference: hosts and
envelope, error codes.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from mm._core.events import BookFrame, FeeRates
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_futures import account
from mm.exchanges.mexc_futures.contracts import Contracts
from mm.exchanges.mexc_futures.errors import classify, classify_status
from mm.exchanges.mexc_futures.numbers import VENUE, decimal, identifier, milliseconds, rate_e8, time_ns, whole
from mm.exchanges.mexc_futures.orders import Orders
from mm.exchanges.mexc_futures.rest_requests import DEALS_PAGE, FUNDING_PAGE, ORDERS_PAGE, QUERIES
from mm.exchanges.mexc_futures.terms import HEDGE, ONE_WAY
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.exchanges.wire import Malformed, Row, array, mapping, note, parse, readable

OPTIONAL: Final = frozenset({"fees", "leverage", "funding_records", "funding_rate", "funding_rate_history"})
"""Reads that a key may lack the right for without being useless: their refusal stops nothing by itself."""
TOTAL_UNKNOWN: Final = 2**31
PAGES: Final = {"open_orders": ORDERS_PAGE, "trades_history": DEALS_PAGE, "funding_records": FUNDING_PAGE}
_VERSION: Final = re.compile(rb'"version"\s*:\s*"?(\d{1,18})\b')
_REFUSED: Final = re.compile(rb'"success"\s*:\s*false')


class RestReplies:
    """Reads replies by the kind of what was asked."""

    __slots__ = ("_contracts", "_known", "_orders", "_readers")

    def __init__(self, contracts: Contracts, known: KnownOrders, orders: Orders) -> None:
        self._contracts, self._known, self._orders = contracts, known, orders
        self._readers: dict[str, Callable[[Any, Decoded, int], None]] = {
            "time": self._time,
            "contracts": self._contract_list,
            "ticker": self._ticker,
            "funding_rate": self._funding_rate,
            "funding_rate_history": self._funding_rate_history,
            "open_orders": self._reports,
            "query_orders": self._one_report,
            "closed_orders": self._one_report,
            "trades_history": self._deals,
            "positions": self._positions,
            "funding_records": self._funding_records,
            "leverage": self._leverage,
            "position_mode": self._position_mode,
            "assets": self._assets,
            "fees": self._fees,
            "place": self._placed,
            "cancel": self._canceled,
            "place_batch": self._placed_batch,
            "cancel_batch": self._canceled,
            "cancel_all": self._nothing,
            "change": self._nothing,
        }

    def read(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a reply; never raises."""
        is_read = kind in QUERIES
        doubt = ErrorClass.RETRY if is_read else ErrorClass.AMBIGUOUS
        if status == 200 and kind in ("depth", "depth_commits") and not _REFUSED.search(body, 0, 200):
            return _book(kind, body)
        if status >= 500:
            # Never "not carried out", whatever the body says.
            return _refusal(kind, f"HTTP status {status}", doubt)
        try:
            message = mapping(parse(body), "reply")
            code = _code(message)
            if message.get("success") is not True or code:
                return self._refused(kind, status, code, message, is_read=is_read)
            if status != 200:
                return _refusal(kind, f"HTTP status {status}", classify_status(status, is_read=is_read))
            decoded = Decoded(Kind.REPLY)
            reader = self._readers.get(kind)
            if reader is None:
                raise Malformed("no such kind of reply")
            reader(message.get("data"), decoded, now_ns)
        except ValueError as error:
            if status != 200:
                return _refusal(kind, f"HTTP status {status}", classify_status(status, is_read=is_read))
            return Decoded(Kind.MALFORMED, ok=False, error=f"{kind}: {error}", error_class=doubt)
        return decoded

    def _refused(self, kind: str, status: int, code: int, message: Row, *, is_read: bool) -> Decoded:
        words = note(message, "message") or note(message, "msg") or "no reason given"
        if status == 429:
            error_class = ErrorClass.RATE
        elif code:
            error_class = classify(code, is_read=is_read)
        else:
            error_class = classify_status(status, is_read=is_read)
        if kind in OPTIONAL and error_class is ErrorClass.FATAL:
            error_class = ErrorClass.REJECTED
        return Decoded(Kind.REPLY, ok=False, error=f"{code}: {words}", error_class=error_class, result=code)

    # --- public -----------------------------------------------------------------------------------------------------

    def _time(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """The venue's clock, to the millisecond."""
        decoded.time_in_ns = decoded.time_out_ns = milliseconds(whole({"data": data}, "data"))

    def _contract_list(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        decoded.events = self._contracts.read(data, now_ns)

    def _ticker(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        events: list[Any] = []
        for row in _rows_of(data):
            symbol = self._symbol(row)
            events += account.read_mark(row, symbol, now_ns, 0) if symbol else ()
        decoded.events = tuple(events)

    def _funding_rate(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        rows = _rows_of(data)
        decoded.events = tuple(
            event for row in rows for event in account.read_funding_rate(row, self._contracts, now_ns)
        )

    def _funding_rate_history(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """result: (symbol, settle time, rate in 1e-12) of each settlement, as they are listed."""
        rows, total = _page(data, "funding_rate_history")
        decoded.rows, decoded.total = len(rows), total
        events = (event for row in rows for event in account.read_funding_rate(row, self._contracts, now_ns))
        settled = (time_ns(row, "settleTime") for row in rows)
        decoded.result = [
            (event.symbol, settle_ns, event.rate_e12) for event, settle_ns in zip(events, settled, strict=False)
        ]

    # --- orders -----------------------------------------------------------------------------------------------------

    def _reports(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        rows, decoded.total = _page(data, "open_orders")
        decoded.rows = len(rows)
        decoded.events = tuple(_each(rows, lambda row: (self._orders.report(row, now_ns),)))

    def _one_report(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """An order that is not found is a success without data: a complete answer."""
        if data is not None and data != {} and data != []:
            decoded.events = tuple(_each(_rows_of(data), lambda row: (self._orders.report(row, now_ns),)))
        decoded.rows = decoded.total = len(decoded.events)

    def _deals(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        rows, decoded.total = _page(data, "trades_history")
        decoded.rows = len(rows)
        # Oldest first, whatever the order of the list.
        rows = sorted(rows, key=lambda row: time_ns(row, "timestamp"))
        decoded.events = tuple(_each(rows, lambda row: self._orders.fill(row, now_ns)))

    def _placed(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """result: the venue's id of the order, from an object or bare. Taken is not yet in the book."""
        row = data if type(data) is dict else {"orderId": data}
        decoded.result = identifier(row, "orderId")
        decoded.time_out_ns = time_ns(row, "ts")

    def _placed_batch(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """result: for each order its id, or a refusal of its own."""
        decoded.result = [self._row(row, identifier(row, "orderId", "")) for row in _rows_of(data)]

    def _canceled(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """result: for each cancel whether it was taken. The whole is a success even where single rows are not."""
        decoded.result = [self._row(row, identifier(row, "orderId", "")) for row in _rows_of(data)]

    def _row(self, row: Row, venue_id: str) -> Decoded:
        code = whole(row, "errorCode", 0)
        if not code:
            return Decoded(Kind.REPLY, result=venue_id)
        error = f"{code}: {note(row, 'errorMsg') or 'no reason given'}"
        error_class = classify(code, is_read=False)
        return Decoded(Kind.REPLY, ok=False, error=error, error_class=error_class, result=venue_id)

    def _nothing(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """What happens is told by the stream."""

    # --- account ----------------------------------------------------------------------------------------------------

    def _positions(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        rows, decoded.total = _page(data, "positions")
        decoded.rows = len(rows)
        decoded.events = tuple(_each(rows, lambda row: account.read_position(row, self._contracts, now_ns, "query")))

    def _assets(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        decoded.events = tuple(_each(_rows_of(data), lambda row: account.read_asset(row, now_ns, "query")))

    def _funding_records(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        rows, decoded.total = _page(data, "funding_records")
        decoded.rows = len(rows)
        rows = sorted(rows, key=lambda row: time_ns(row, "settleTime"))
        # The newer page's example shows another endpoint's rows: those are none.
        records = [row for row in rows if "funding" in row]
        decoded.events = tuple(_each(records, lambda row: account.read_funding_record(row, self._contracts, now_ns)))

    def _leverage(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """result: (side, open type (0 not said), leverage, maintenance rate in 1e-8) of each row."""
        rows = []
        for row in _rows_of(data):
            side = account.SIDES.get(whole(row, "positionType"))
            if side is None:
                raise Malformed("positionType: expected 1 or 2")
            key = "currentMmr" if row.get("currentMmr") is not None else "mmr"
            rows.append((side, whole(row, "openType", 0), int(decimal(row, "leverage")), rate_e8(row, key, 0)))
        decoded.result = rows

    def _position_mode(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """result: 1 hedge, 2 one-way."""
        row = data if type(data) is dict else {"positionMode": data}
        mode = whole(row, "positionMode")
        if mode not in (HEDGE, ONE_WAY):
            raise Malformed("positionMode: expected 1 or 2")
        decoded.result = mode

    def _fees(self, data: Any, decoded: Decoded, now_ns: int) -> None:
        """result: (maker, taker) in 1e-8, since older replies do not name their symbol."""
        row = mapping(data, "data")
        keys = ("realMakerFee", "realTakerFee") if row.get("realTakerFee") is not None else ("makerFee", "takerFee")
        decoded.result = (rate_e8(row, keys[0]), rate_e8(row, keys[1]))

    def fee_events(self, symbol: str, rates: Any, now_ns: int) -> tuple[Any, ...]:
        """Take the rates of a reply for the symbol that was asked for."""
        instrument = self._contracts.get(symbol)
        if instrument is None:
            return ()
        self._contracts.set_fees(instrument, *rates)
        return (FeeRates(now_ns, VENUE, symbol, *rates),)

    def _symbol(self, row: Row) -> str:
        instrument = self._contracts.of_name(identifier(row, "symbol", ""))
        return instrument.symbol if instrument is not None else ""


def reply_frame(kind: str, name: str, body: bytes, now_ns: int) -> BookFrame:
    """Return a reply about a book as the event that the native decoder takes; name: the venue's."""
    head = b"snapshot " if kind == "depth" else b"commits "
    return BookFrame(now_ns, VENUE, head + name.encode() + b"\n" + body)


def _book(kind: str, body: bytes) -> Decoded:
    """Return the versions of a snapshot or of a list of changes, lowest and highest; its levels are the native
    decoder's affair. result: (lowest, highest, body)."""
    versions = [int(found) for found in _VERSION.findall(body)]
    if not versions or (kind == "depth" and len(versions) != 1):
        return Decoded(Kind.MALFORMED, ok=False, error=f"{kind}: no version", error_class=ErrorClass.RETRY)
    return Decoded(Kind.REPLY, result=(min(versions), max(versions), body))


def _page(data: Any, kind: str) -> tuple[list[Row], int]:
    """Return the rows of a page and of all pages: lists come bare or in a page object."""
    if type(data) is dict and "resultList" in data:
        rows = _rows_of(data["resultList"])
        return rows, whole(data, "totalCount", len(rows))
    rows = _rows_of(data)
    full = PAGES.get(kind, FUNDING_PAGE)
    return rows, TOTAL_UNKNOWN if len(rows) >= full else len(rows)


def _rows_of(data: Any) -> list[Row]:
    if data is None:
        return []
    rows = [data] if type(data) is dict else array(data, "data")
    return [mapping(row, f"data[{index}]") for index, row in enumerate(rows)]


def _each(rows: list[Row], read: Callable[[Row], tuple[Any, ...]]) -> list[Any]:
    events: list[Any] = []
    for index, row in enumerate(rows):
        try:
            events += read(row)
        except ValueError as error:
            raise Malformed(f"data[{index}].{error}") from None
    return events


def _code(message: Row) -> int:
    code = message.get("code")
    if type(code) is int and abs(code) < 10**9:
        return code
    return whole(message, "code", 0)


def _refusal(kind: str, error: str, error_class: ErrorClass) -> Decoded:
    return Decoded(Kind.REPLY, ok=False, error=readable(f"{kind}: {error}"), error_class=error_class)
