"""REST replies: `{"error":[...],"result":...}`, HTTP status 200 even for errors.

Any other status, or a body that is not such an object, came from something in front of the venue. Then a read may be
tried again, but the outcome of an order request is unknown: orders have been placed behind a 502. (Kraken reference:
request and reply, errors.)
"""

from __future__ import annotations

from typing import Any, Final

from mm._core.events import FeeRates, Fill, OrderReport, VenueStatus
from mm._core.fixed import FixedError, amount, to_units
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.kraken.balances import read_balance_reply
from mm.exchanges.kraken.errors import gravest
from mm.exchanges.kraken.instruments import VENUE, Instruments
from mm.exchanges.kraken.market_data import side_of
from mm.exchanges.kraken.responses import switch_times
from mm.exchanges.kraken.rest_requests import QUERIES
from mm.exchanges.kraken.times import SECOND_NS, unix_seconds
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from mm.exchanges.wire import Malformed, Row, array, digits, integer, mapping, note, parse, readable, text, units

PAGE_ROWS: Final = 50
"""Rows of a full page of ClosedOrders and TradesHistory."""
TOTAL_UNKNOWN: Final = 2**31
_ENDS: Final = {"closed": "filled", "canceled": "canceled", "expired": "expired"}


class SecretText(str):
    """A text whose `repr` does not show it; `str()` gives it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Without the text."""
        return "SecretText(...)"


class RestReplies:
    """Reads replies by the kind of what was asked."""

    __slots__ = ("_instruments", "_known", "_readers")

    def __init__(self, instruments: Instruments, known: KnownOrders) -> None:
        self._instruments, self._known = instruments, known
        self._readers = {
            "token": self._token,
            "open_orders": self._open_orders,
            "query_orders": self._query_orders,
            "closed_orders": self._closed_orders,
            "trades_history": self._trades_history,
            "balance": self._balance,
            "trade_volume": self._trade_volume,
            "key_info": self._key_info,
            "time": self._time,
            "system_status": self._system_status,
            "assets": self._assets,
            "asset_pairs": self._asset_pairs,
            "place": self._placed,
            "amend": self._amended,
            "cancel": self._count,
            "cancel_all": self._count,
            "cancel_after": self._cancel_after,
            "place_batch": self._placed_batch,
            "cancel_batch": self._count_of_batch,
        }

    def read(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        """Return the meaning of a reply; never raises."""
        is_read = kind in QUERIES
        doubt = ErrorClass.RETRY if is_read else ErrorClass.AMBIGUOUS
        if status != 200:
            error_class = ErrorClass.RATE if status == 429 and is_read else doubt
            return Decoded(Kind.REPLY, ok=False, error=f"{kind}: HTTP status {status}", error_class=error_class)
        try:
            message = mapping(parse(body), "reply")
            errors = [error for error in _errors(message) if not error.startswith("W")]
            if errors:
                # An order request that the venue refused with an error of several is as doubtful as the worst of them.
                error_class = gravest(errors, is_read=is_read)
                return Decoded(Kind.REPLY, ok=False, error="; ".join(errors), error_class=error_class)
            decoded = Decoded(Kind.REPLY)
            reader = self._readers.get(kind)
            if reader is None:
                raise Malformed("no such kind of reply")
            reader(mapping(message.get("result"), "result"), decoded, now_ns)
        except ValueError as error:
            return Decoded(Kind.MALFORMED, ok=False, error=f"{kind}: {error}", error_class=doubt)
        return decoded

    # --- reads ------------------------------------------------------------------------------------------------------

    def _token(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        token = text(result, "token")
        if not token:
            raise Malformed("token: empty")
        decoded.result = SecretText(token)

    def _open_orders(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        self._reports(mapping(result.get("open"), "open"), decoded, now_ns)

    def _query_orders(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        self._reports(result, decoded, now_ns)

    def _closed_orders(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        self._reports(mapping(result.get("closed"), "closed"), decoded, now_ns)
        decoded.total = _total(result, decoded.rows)

    def _reports(self, rows: Row, decoded: Decoded, now_ns: int) -> None:
        self._need_instruments(rows)
        reports = []
        for venue_id, row in rows.items():
            try:
                reports.append(self._report(text({"id": venue_id}, "id"), mapping(row, "order"), now_ns))
            except ValueError as error:
                raise Malformed(f"{venue_id[:40]!a}.{error}") from None
        decoded.events = tuple(reports)
        decoded.rows = decoded.total = len(reports)

    def _report(self, venue_id: str, row: Row, now_ns: int) -> OrderReport:
        description = mapping(row.get("descr"), "descr")
        name = text(description, "pair")
        client_id = text(row, "cl_ord_id", "")
        status = text(row, "status")
        venue_ns = unix_seconds(row, "closetm") or unix_seconds(row, "opentm")
        instrument = self._instruments.by_rest_name(name)
        side = side_of(description, "type")
        head = (now_ns, venue_ns, VENUE, client_id, venue_id)
        if instrument is None:
            # Foreign for certain, and counted all the same: a market that we cannot scale is not one that we trade.
            return OrderReport(*head, name, side, _status(status, 0), 0, 0, -1, note(row, "reason"), "query")
        size = units(row, "vol", instrument.size_precision)
        cum_size = units(row, "vol_exec", instrument.size_precision)
        price = _limit_price(description, instrument.price_precision)
        flags = text(row, "oflags", "").split(",")
        known = self._known.remember(client_id, venue_id, instrument.symbol, side, price, size, "post" in flags)
        if status in _ENDS:
            self._known.close(known)
        head = (now_ns, venue_ns, VENUE, known.client_id, venue_id)
        now_status, reason = _status(status, cum_size), note(row, "reason")
        return OrderReport(*head, instrument.symbol, side, now_status, price, size, cum_size, reason, "query")

    def _trades_history(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        rows = mapping(result.get("trades"), "trades")
        self._need_instruments(rows)
        fills = []
        for execution_id, row in rows.items():
            try:
                fill = self._fill(text({"id": execution_id}, "id"), mapping(row, "trade"), now_ns)
            except ValueError as error:
                raise Malformed(f"{execution_id[:40]!a}.{error}") from None
            if fill is not None:
                fills.append(fill)
        # The venue lists the newest first.
        fills.reverse()
        decoded.events = tuple(fills)
        decoded.rows = len(rows)
        decoded.total = _total(result, decoded.rows)

    def _fill(self, execution_id: str, row: Row, now_ns: int) -> Fill | None:
        instrument = self._instruments.by_rest_name(text(row, "pair"))
        if instrument is None:
            return None
        venue_id = text(row, "ordertxid")
        known = self._known.find("", venue_id)
        return Fill(
            now_ns,
            unix_seconds(row, "time"),
            VENUE,
            known.client_id if known is not None else "",
            venue_id,
            instrument.symbol,
            side_of(row, "type"),
            execution_id,
            units(row, "price", instrument.price_precision, allow_zero=False),
            units(row, "vol", instrument.size_precision, allow_zero=False),
            -1,
            "m" if row.get("maker") is True else "t",
            # REST does not name the asset: quote currency, as all recorded fees (`fciq`).
            amount(digits(row, "fee"), "fee"),
            instrument.quote,
        )

    def _need_instruments(self, rows: Row) -> None:
        if rows and not self._instruments.is_complete:
            raise Malformed("the list of instruments has not been read yet")

    def _balance(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        decoded.events = read_balance_reply(result, self._instruments, now_ns)

    def _trade_volume(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        """Take rates in percent. A table that is missing says nothing: it is never a rate of zero."""
        taker_rows, maker_rows = result.get("fees"), result.get("fees_maker")
        taker = mapping(taker_rows, "fees") if taker_rows is not None else {}
        # Pairs without a table of their own for makers charge one rate to both.
        maker = {**taker, **(mapping(maker_rows, "fees_maker") if maker_rows is not None else {})}
        events = []
        for name in taker:
            instrument = self._instruments.by_rest_name(name)
            if instrument is None:
                continue
            rates = (_rate(maker, name), _rate(taker, name))
            self._instruments.set_fees(instrument, *rates)
            events.append(FeeRates(now_ns, VENUE, instrument.symbol, *rates))
        decoded.events = tuple(events)

    def _key_info(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        """result: the key's permissions."""
        permissions = array(result.get("permissions"), "permissions")
        decoded.result = tuple(readable(each) for each in permissions if type(each) is str)

    def _time(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        """The venue's clock, to the second."""
        decoded.time_in_ns = decoded.time_out_ns = min(integer(result, "unixtime"), 9 * 10**9) * SECOND_NS

    def _system_status(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        decoded.events = (VenueStatus(now_ns, VENUE, text(result, "status")),)

    def _assets(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        self._instruments.read_assets(result)

    def _asset_pairs(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        decoded.events = self._instruments.read_pairs(result, now_ns)

    # --- commands ---------------------------------------------------------------------------------------------------

    def _placed(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        """result: an object with the order's id, as the websocket gives it."""
        venue_ids = array(result.get("txid"), "txid")
        if len(venue_ids) != 1:
            raise Malformed("txid: expected the id of one order")
        decoded.result = {"order_id": text({"txid": venue_ids[0]}, "txid")}

    def _placed_batch(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        """result: a list of objects with an order's id, or with an error for an order that the engine refused."""
        rows: list[dict[str, Any]] = []
        for index, each in enumerate(array(result.get("orders"), "orders")):
            row = mapping(each, f"orders[{index}]")
            rows.append({"error": row["error"]} if "error" in row else {"order_id": text(row, "txid")})
        decoded.result = rows

    def _amended(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        decoded.result = {"amend_id": text(result, "amend_id", "")}

    def _count(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        """result: an object with the count of orders cancelled; `pending` cancels count as done when reported."""
        pending = result.get("pending") is True
        decoded.result = {"count": max(integer(result, "count"), 1 if pending else 0)}

    def _count_of_batch(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        decoded.result = integer(result, "count")

    def _cancel_after(self, result: Row, decoded: Decoded, now_ns: int) -> None:
        """result: (now, trigger) in nanoseconds, trigger 0 when off."""
        decoded.result = switch_times(result)


def _errors(message: Row) -> list[str]:
    errors = array(message.get("error", []), "error")
    return [readable(error) if type(error) is str else "an error that is no text" for error in errors]


def _status(status: str, cum_size: int) -> str:
    if status in _ENDS:
        return _ENDS[status]
    if status == "open":
        return "partially_filled" if cum_size else "new"
    if status == "pending":
        return "pending_new"
    raise Malformed("status: expected pending, open, closed, canceled or expired")


def _limit_price(description: Row, precision: int) -> int:
    """Return the limit of an order that has one; of others it is a trigger, relative, or nothing."""
    if description.get("ordertype") == "limit":
        return units(description, "price", precision)
    try:
        return units(description, "price", precision, default=0)
    except FixedError:
        return 0


def _total(result: Row, rows: int) -> int:
    """Return the rows of all pages; a full page of a list without a count has an unknown number behind it."""
    return integer(result, "count", TOTAL_UNKNOWN if rows >= PAGE_ROWS else 0)


def _rate(rows: Row, name: str) -> int:
    """Return a rate in 1e-8 of the cost from percent, as in `{"fee":"0.1600","minfee":"0.0000",...}`."""
    row = mapping(rows.get(name), name[:40])
    return to_units(digits(row, "fee"), 6, "fee", 1, True, True)
