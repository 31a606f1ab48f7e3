"""Orders and deals as the venue shows them, by stream and by query: one reader for both.

| state | by stream | by query |
| --- | --- | --- |
| 1 pending | OrderPending | pending_new |
| 2 open | OrderAccepted; partly filled, or not known here: OrderReport | new, partially_filled |
| 3 filled | OrderReport "filled" (its deals may follow) | filled |
| 4 canceled | OrderCanceled, errorCode says why: rest of an IOC, FOK, post-only would have taken | canceled |
| 5 invalid | OrderCanceled: it had been taken | canceled |

Each change raises an order's `version`: what is older than what was read by stream is left out. (MEXC Futures
reference: orders, private channels.)
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from mm._core.events import BUY, SELL, Alert, Fill, OrderAccepted, OrderCanceled, OrderPending, OrderReport
from mm.exchanges.known_orders import KnownOrders
from mm.exchanges.mexc_futures.contracts import Contracts
from mm.exchanges.mexc_futures.errors import order_end
from mm.exchanges.mexc_futures.numbers import VENUE, identifier, scaled, time_ns, units, whole
from mm.exchanges.mexc_futures.terms import MARKET, POST_ONLY
from mm.exchanges.wire import INTEGER_MAX, Malformed, Row, text
from mm.instruments import Instrument

PENDING: Final = 1
OPEN: Final = 2
FILLED: Final = 3
CANCELED: Final = 4
INVALID: Final = 5
LEGACY_MARKET: Final = 6
SIDES: Final = {1: BUY, 2: BUY, 3: SELL, 4: SELL}
ORDINARY: Final = 1
CATEGORIES: Final = {
    2: "liquidation takeover",
    3: "close of a taken position",
    4: "auto-deleveraging",
    5: "delivery",
    6: "liquidation hedge",
}
"""Orders that the venue makes on our account."""
VERSIONS_MAX: Final = 3_000
"""As many as orders that ended are remembered: of one that is forgotten its version says nothing any more."""


class Orders:
    """Reads order and deal rows; remembers the orders that they tell of."""

    __slots__ = ("_contracts", "_known", "_told", "_versions", "ignored")

    def __init__(self, contracts: Contracts, known: KnownOrders) -> None:
        self._contracts, self._known = contracts, known
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._told: OrderedDict[str, None] = OrderedDict()
        """Deals that were told as the venue's own: lists bring them again and again."""
        self.ignored = 0
        """Rows that told nothing that is known here, or something older than what is known."""

    def report(self, row: Row, now_ns: int, source: str = "query") -> OrderReport:
        """Return what a row says of an order. Raises Malformed."""
        name, venue_id = text(row, "symbol"), identifier(row, "orderId")
        client_id = identifier(row, "externalOid", "")
        side, state = side_of(row), whole(row, "state")
        head = (now_ns, time_ns(row, "updateTime") or time_ns(row, "createTime"), VENUE)
        reason = order_end(whole(row, "errorCode", 0))
        instrument = self._contracts.of_name(name)
        if instrument is None:
            # Foreign for certain, and counted all the same.
            status = status_of(state, 0)
            return OrderReport(*head, client_id, venue_id, name, side, status, 0, 0, -1, reason, source)
        size = units(row, "vol", instrument.size_precision)
        cum_size = units(row, "dealVol", instrument.size_precision, default=0)
        status = status_of(state, cum_size)
        kind = whole(row, "orderType", 0)
        # Prices of market orders are the venue's own protection.
        price = 0 if kind in (MARKET, LEGACY_MARKET) else units(row, "price", instrument.price_precision, default=0)
        known = self._known.remember(client_id, venue_id, instrument.symbol, side, price, size, kind == POST_ONLY)
        if status in ("filled", "canceled"):
            self._known.close(known)
        symbol = instrument.symbol
        return OrderReport(
            *head, known.client_id, venue_id, symbol, side, status, price, size, cum_size, reason, source
        )

    def news(self, row: Row, now_ns: int) -> tuple[Any, ...]:
        """Return the events of a row of the stream. Raises Malformed."""
        is_known = self._known.find(identifier(row, "externalOid", ""), identifier(row, "orderId")) is not None
        report = self.report(row, now_ns, "stream")
        version = whole(row, "version", 0)
        if version:
            if version < self._versions.get(report.venue_id, 0):
                self.ignored += 1
                return ()
            self._versions[report.venue_id] = version
            self._versions.move_to_end(report.venue_id)
            if len(self._versions) > VERSIONS_MAX:
                self._versions.popitem(last=False)
        head = (now_ns, report.venue_ns, VENUE, report.client_id, report.venue_id)
        state = whole(row, "state")
        events: list[Any] = []
        if state == PENDING:
            events.append(OrderPending(*head))
        elif state == OPEN and report.cum_size == 0 and is_known:
            events.append(OrderAccepted(*head))
        elif state in (CANCELED, INVALID):
            reason = report.reason or ("invalid" if state == INVALID else "")
            events.append(OrderCanceled(*head, report.cum_size, reason))
        else:
            events.append(report)
        category = whole(row, "category", ORDINARY)
        if category != ORDINARY and state != PENDING:
            what = CATEGORIES.get(category, f"category {category}")
            detail = f"{VENUE}: {what} on {report.symbol}: order {report.venue_id}, {report.cum_size} done"
            events.append(Alert(now_ns, "error", detail))
        return tuple(events)

    def fill(self, row: Row, now_ns: int) -> tuple[Any, ...]:
        """Return the events of a deal like `{"id":"9466823344","symbol":"DOGE_USDT","side":3,"vol":1,"price":0.18695,
        "fee":0.01,"feeCurrency":"USDT","orderId":"739211854408619008","timestamp":1761912240000,"taker":true,...}`;
        none for a contract that is not ours. Raises Malformed."""
        instrument = self._contracts.of_name(text(row, "symbol"))
        if instrument is None:
            self.ignored += 1
            return ()
        venue_id, side = identifier(row, "orderId"), side_of(row)
        known = self._known.remember(identifier(row, "externalOid", ""), venue_id, instrument.symbol, side, 0, 0)
        execution_id = identifier(row, "id")
        price, is_exact = _deal_price(row, instrument)
        events: list[Any] = [
            Fill(
                now_ns,
                time_ns(row, "timestamp"),
                VENUE,
                known.client_id,
                venue_id,
                instrument.symbol,
                side,
                execution_id,
                price,
                units(row, "vol", instrument.size_precision, allow_zero=False),
                -1,
                _liquidity(row),
                scaled(row, "fee", default=0, up=True),
                text(row, "feeCurrency", "") or instrument.settle,
            )
        ]
        if not is_exact:
            note = f"{VENUE}: deal {execution_id} of {instrument.symbol} has a price off the grid: rounded against us"
            events.append(Alert(now_ns, "error", note))
        category = whole(row, "category", ORDINARY)
        if category != ORDINARY and execution_id not in self._told:
            self._told[execution_id] = None
            if len(self._told) > VERSIONS_MAX:
                self._told.popitem(last=False)
            what = CATEGORIES.get(category, f"category {category}")
            note = f"{VENUE}: deal {execution_id} of {instrument.symbol} is not ours: {what}"
            events.append(Alert(now_ns, "error", note))
        return tuple(events)


def side_of(row: Row) -> int:
    """Return +1 or -1 of an order or a deal. Raises Malformed."""
    side = SIDES.get(whole(row, "side"))
    if side is None:
        raise Malformed("side: expected 1 to 4")
    return side


def status_of(state: int, cum_size: int) -> str:
    """Return a state in the words of reports. Raises Malformed."""
    if state == OPEN:
        return "partially_filled" if cum_size else "new"
    status = {PENDING: "pending_new", FILLED: "filled", CANCELED: "canceled", INVALID: "canceled"}.get(state)
    if status is None:
        raise Malformed("state: expected 1 to 5")
    return status


def _deal_price(row: Row, instrument: Instrument) -> tuple[int, bool]:
    """Return the price of a deal and whether it is on the grid: a takeover's need not be, and is booked anyhow."""
    price_e18 = scaled(row, "price", 18)
    step = int(10 ** (18 - instrument.price_precision))
    if not 0 < price_e18 <= INTEGER_MAX * step:
        raise Malformed("price: expected a number above zero")
    price, rest = divmod(price_e18, step)
    if rest and side_of(row) > 0:
        price += 1
    return max(price, 1), not rest


def _liquidity(row: Row) -> str:
    """Maker or taker, by either of the venue's names for it; one that does not say is taken at the higher rate."""
    value = row.get("isTaker", row.get("taker"))
    return "m" if value is False else "t"
