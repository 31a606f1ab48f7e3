"""Private REST about orders: `/api/v1/private/order` (MEXC Futures reference: orders)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.contracts.positions import ContractOrder
from mm.simulator.decimals import decimal_units
from mm.simulator.mexc_futures.desk import Desk
from mm.simulator.mexc_futures.entry import field_text
from mm.simulator.mexc_futures.errors import Refused, parameter
from mm.simulator.mexc_futures.numbers import MS_NS
from mm.simulator.mexc_futures.rest_public import cut, whole
from mm.simulator.mexc_futures.rows import deal_of, order_row, state_of
from mm.simulator.mexc_futures.terms import Listing
from mm.simulator.numbered import Numbered
from mm.simulator.orders import SimOrder, SimTrade

BATCH_MAX: Final = 50
DAY_MS: Final = 24 * 3600 * 1000
SPAN_USUAL_MS, SPAN_MAX_MS = 7 * DAY_MS, 90 * DAY_MS

Handler = Callable[[int, str, list[str], Any], Any]


class RestOrders:
    """Order entry and queries; a handler takes now, account, the parameters of the path, and query or body."""

    def __init__(
        self,
        exchange: ContractExchange,
        desk: Desk,
        listing: Listing,
        versions: Numbered,
        lag_ns: Callable[[], int],
        *,
        is_market_maker: bool,
    ) -> None:
        self._exchange, self._desk, self._listing = exchange, desk, listing
        self._versions, self._lag_ns, self._is_market_maker = versions, lag_ns, is_market_maker
        self.handlers: dict[str, Handler] = {
            "POST order/create": self._create,
            "POST order/submit": self._submit,
            "POST order/submit_batch": self._batch,
            "POST order/cancel": self._cancel,
            "POST order/cancel_with_external": self._cancel_external,
            "POST order/batch_cancel_with_external": self._cancel_external,
            "POST order/cancel_all": self._cancel_all,
            "POST order/change_limit_order": self._change,
            "POST order/chase_limit_order": self._chase,
            "GET order/get": self._get,
            "GET order/external": self._external,
            "GET order/batch_query": self._batch_query,
            "POST order/batch_query_with_external": self._batch_query_external,
            "GET order/list/open_orders": self._open,
            "GET order/list/history_orders": self._history,
            "GET order/list/close_orders": self._history,
            "GET order/list/order_deals/v3": self._deals,
            "GET order/list/order_deals": self._deals,
            "GET order/deal_details": self._deals_of,
            "POST order/open_order_total_count": self._count,
            "GET order/open_order_total_count": self._count,
        }

    # --- entry ------------------------------------------------------------------------------------------------------

    def _create(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        order = self._desk.place(now_ns, account, _object(body))
        return {"orderId": order.order_id, "ts": now_ns // MS_NS}

    def _submit(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        """The older path answers a bare number."""
        return int(self._desk.place(now_ns, account, _object(body)).order_id)

    def _batch(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        if not self._is_market_maker:
            raise Refused(511, "Endpoint inaccessible")
        rows = []
        for item in _array(body):
            fields = _object(item)
            external = field_text(fields, "externalOid")
            row: dict[str, Any] = {"externalOid": external} if external else {}
            try:
                if "stpMode" not in fields:
                    raise parameter("stpMode")
                rows.append(row | {"orderId": int(self._desk.place(now_ns, account, fields).order_id), "errorCode": 0})
            except Refused as refusal:
                rows.append(row | {"orderId": 0, "errorCode": refusal.code, "errorMsg": refusal.text})
        return rows

    def _cancel(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        # One edition claims an object around the array.
        names = _array(body.get("orderIds") if isinstance(body, dict) else body)
        if not all(isinstance(name, str) for name in names):
            raise parameter("orderIds")
        return [self._cancel_row(now_ns, account, name, _identity(name)) for name in names]

    def _cancel_external(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        rows = []
        for item in _array([body] if isinstance(body, dict) else body):
            fields = _object(item)
            name, external = field_text(fields, "symbol"), field_text(fields, "externalOid")
            self._desk.contract(name)
            order = self._desk.by_external(account, name, external)
            row = self._cancel_row(now_ns, account, order.order_id if order is not None else "", 0)
            rows.append(row | {"orderId": int(order.order_id) if order is not None else 0, "externalOid": external})
        return rows

    def _cancel_row(self, now_ns: int, account: str, name: str, identity: int) -> dict[str, Any]:
        code, words = self._desk.cancel(now_ns, account, name)
        return {"orderId": identity, "errorCode": code, "errorMsg": words}

    def _cancel_all(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        name = field_text(_object(body), "symbol")
        self._desk.cancel_all(now_ns, account, self._desk.contract(name).traded.symbol if name else "")

    def _change(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        fields = _object(body)
        order = self._desk.own(account, field_text(fields, "orderId"))
        traded = self._exchange.instruments[order.request.symbol] if order is not None else None
        price = decimal_units(field_text(fields, "price"), traded.price_precision) if traded is not None else 0
        if price is None:
            raise Refused(2007, "Order price error")
        return self._desk.replace(
            now_ns, account, field_text(fields, "orderId"), price, field_text(fields, "vol")
        ).order_id

    def _chase(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        return self._desk.replace(now_ns, account, field_text(_object(body), "orderId"), None, "").order_id

    # --- queries ----------------------------------------------------------------------------------------------------

    def _row(self, order: SimOrder) -> dict[str, Any]:
        contract = self._listing.by_symbol[order.request.symbol]
        version = self._versions.get(order.order_id)
        cum = (order.cum_size, order.cum_cost)
        return order_row(contract, self._exchange, order, version=version, status=order.status, cum=cum)

    def _seen(self, now_ns: int, order: SimOrder | None) -> Any:
        """An order that is not found is a success without data."""
        if order is None or order.created_ns > now_ns - self._lag_ns():
            return None
        return self._row(order)

    def _get(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        return self._seen(now_ns, self._desk.own(account, parts[0]))

    def _external(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        if len(parts) != 2:
            raise parameter("externalOid")
        self._desk.contract(parts[0])
        return self._seen(now_ns, self._desk.by_external(account, parts[0], parts[1]))

    def _batch_query(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        names = fields.get("order_ids", "").split(",")
        if len(names) > BATCH_MAX:
            raise Refused(2034, "Too many orders in one query")
        return [row for name in names if (row := self._seen(now_ns, self._desk.own(account, name)))]

    def _batch_query_external(self, now_ns: int, account: str, parts: list[str], body: Any) -> Any:
        rows = []
        for item in _array(body):
            fields = _object(item)
            found = self._desk.by_external(account, field_text(fields, "symbol"), field_text(fields, "externalOid"))
            row = self._seen(now_ns, found)
            if row:
                rows.append(row)
        return rows

    def _open(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        symbol = self._desk.contract(parts[0]).traded.symbol if parts else ""
        until_ns = now_ns - self._lag_ns()
        orders = [
            order
            for order in reversed(self._exchange.open_orders(account))
            if order.created_ns <= until_ns and (not symbol or order.request.symbol == symbol)
        ]
        return [self._row(order) for order in cut(fields, orders)]

    def _history(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        symbol = self._desk.contract(fields["symbol"]).traded.symbol if fields.get("symbol") else ""
        states = {int(state) for state in fields.get("states", "").split(",") if state.isdecimal()}
        from_ms, to_ms = _span(now_ns, fields)
        until_ns = now_ns - self._lag_ns()

        def is_wanted(order: SimOrder) -> bool:
            request = cast(ContractOrder, order.request)
            return (
                from_ms <= order.created_ns // MS_NS <= to_ms
                and order.created_ns <= until_ns
                and (not symbol or request.symbol == symbol)
                and (not states or state_of(order, order.status) in states)
                and (not fields.get("category") or fields["category"] == str(request.category))
                and (not fields.get("side") or fields["side"] == str(request.side_code))
            )

        orders = [*self._exchange.closed_orders(account), *self._exchange.open_orders(account)]
        chosen = sorted((o for o in orders if is_wanted(o)), key=lambda o: o.created_ns, reverse=True)
        return [self._row(order) for order in cut(fields, chosen)]

    def _deals(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        symbol = self._desk.contract(fields.get("symbol", "")).traded.symbol
        from_ms, to_ms = _span(now_ns, fields)
        until_ns = now_ns - self._lag_ns()
        chosen = [
            trade
            for trade in reversed(self._exchange.trades(account))
            if trade.symbol == symbol and from_ms <= trade.time_ns // MS_NS <= to_ms and trade.time_ns <= until_ns
        ]
        return self._deal_rows(cut(fields, chosen))

    def _deals_of(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        return self._deal_rows(trade for trade in self._exchange.trades(account) if trade.order_id == parts[0])

    def _deal_rows(self, trades: Iterable[SimTrade]) -> list[dict[str, Any]]:
        return [deal_of(self._listing.by_symbol[trade.symbol], self._exchange, trade, pushed=False) for trade in trades]

    def _count(self, now_ns: int, account: str, parts: list[str], fields: Any) -> Any:
        return {"limitOrder": len(self._exchange.open_orders(account)), "planOrder": 0, "stopOrder": 0}


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(601, "Body cannot be decoded")
    return value


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise Refused(601, "Body cannot be decoded")
    if len(value) > BATCH_MAX:
        raise Refused(2013, "Too many orders in one request")
    return value


def _identity(name: str) -> int:
    return int(name) if name.isdecimal() and len(name) < 30 else 0


def _span(now_ns: int, fields: Any) -> tuple[int, int]:
    """From and to in milliseconds, by either spelling."""
    now_ms = now_ns // MS_NS
    to_ms = whole(fields, "end_time" if fields.get("end_time") else "endTime", now_ms + 60_000)
    from_ms = whole(fields, "start_time" if fields.get("start_time") else "startTime", to_ms - SPAN_USUAL_MS)
    if to_ms - from_ms > SPAN_MAX_MS:
        raise parameter("start_time")
    return from_ms, to_ms
