"""Signed REST: orders, queries, the account and listen keys (MEXC Spot reference: trading and account REST)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from mm.simulator.exchange import Exchange
from mm.simulator.mexc_spot.desk import Desk
from mm.simulator.mexc_spot.errors import Refused, malformed, missing, no_such_order, unknown_order
from mm.simulator.mexc_spot.listen_keys import ListenKeys
from mm.simulator.mexc_spot.rates import Limits
from mm.simulator.mexc_spot.rows import (
    STP_WORDS,
    asset_text,
    cancel_row,
    order_row,
    price_text,
    side_word,
    size_text,
    status_word,
    trade_row,
    type_word,
)
from mm.simulator.mexc_spot.terms import Terms
from mm.simulator.orders import SimOrder

MS_NS: Final = 1_000_000
DAY_MS: Final = 24 * 3600 * 1000
BATCH_MAX: Final = 20
CANCEL_SYMBOLS_MAX: Final = 5
TRADING: Final = frozenset({"POST order", "POST batchOrders", "DELETE order", "DELETE openOrders", "POST order/test"})
"""What a key needs the right to trade for."""

Fields = Mapping[str, str]
Handler = Callable[[int, str, Fields], Any]


class RestPrivate:
    """Everything that needs a key; a handler takes now, account and parameters.

    cancel_status: what a cancel's answer says of the order, "" draws for each whether it says how the order was
    (seen on the wire) or is (documented).
    """

    def __init__(
        self,
        exchange: Exchange,
        desk: Desk,
        keys: ListenKeys,
        limits: Limits,
        rng: random.Random,
        lag_ns: Callable[[], int],
        end: Callable[[int, set[int]], None],
        *,
        cancel_status: str = "",
    ) -> None:
        self._exchange, self._desk, self._keys, self._limits = exchange, desk, keys, limits
        self._rng, self._lag_ns, self._end_connections, self._cancel_status = rng, lag_ns, end, cancel_status
        self.handlers: dict[str, Handler] = {
            "POST order": self._place,
            "POST order/test": self._test,
            "POST batchOrders": self._batch,
            "DELETE order": self._cancel,
            "DELETE openOrders": self._cancel_open,
            "GET order": self._query,
            "GET openOrders": self._open,
            "GET allOrders": self._all,
            "GET myTrades": self._trades,
            "GET account": self._account,
            "GET tradeFee": self._fee,
            "GET mxDeduct/enable": lambda now_ns, account, fields: _wrapped(now_ns, {"mxDeductEnable": False}),
            "GET kyc/status": lambda now_ns, account, fields: {"status": "3"},
            "GET uid": lambda now_ns, account, fields: {"uid": "10000001"},
            "GET selfSymbols": self._symbols,
            "GET capital/config/getall": self._coins,
            "POST userDataStream": self._make_key,
            "GET userDataStream": lambda now_ns, account, fields: {"listenKey": self._keys.names(account)},
            "PUT userDataStream": self._keep_key,
            "DELETE userDataStream": self._close_key,
        }

    # --- orders -----------------------------------------------------------------------------------------------------

    def _place(self, now_ns: int, account: str, fields: Fields) -> Any:
        self._limits.admit_orders(now_ns, 1)
        _required(fields, "symbol")
        order = self._desk.place(now_ns, account, fields)
        terms = self._terms(order)
        return {
            "symbol": terms.name,
            "orderId": order.order_id,
            "orderListId": -1,
            "price": price_text(terms, order.price),
            "origQty": size_text(terms, order.size),
            "type": type_word(order.request),
            "side": side_word(order.request.side),
            "stpMode": STP_WORDS[order.request.self_trade],
            # Quoted, as it has been seen on the wire.
            "transactTime": str(now_ns // MS_NS),
        }

    def _test(self, now_ns: int, account: str, fields: Fields) -> Any:
        del now_ns
        self._desk.read(account, self._desk.terms(_required(fields, "symbol")), fields)
        return {}

    def _batch(self, now_ns: int, account: str, fields: Fields) -> Any:
        try:
            items = json.loads(_required(fields, "batchOrders"))
        except (ValueError, RecursionError):
            raise malformed("batchOrders") from None
        if not isinstance(items, list) or not 1 <= len(items) <= BATCH_MAX:
            raise malformed("batchOrders")
        orders = [{str(k): _plain(v) for k, v in item.items()} for item in items if isinstance(item, dict)]
        if len(orders) != len(items) or len({order.get("symbol") for order in orders}) != 1:
            raise malformed("batchOrders")
        self._limits.admit_orders(now_ns, len(orders))
        rows: list[dict[str, Any]] = []
        for item in orders:
            client_id = item.get("newClientOrderId", "")
            try:
                order = self._desk.place(now_ns, account, item)
            except Refused as refusal:
                rows.append({"newClientOrderId": client_id or None, "msg": refusal.text, "code": refusal.code})
                continue
            row: dict[str, Any] = {"symbol": self._terms(order).name, "orderId": order.order_id, "orderListId": -1}
            if client_id:
                row["newClientOrderId"] = client_id
            rows.append(row)
        return rows

    def _cancel(self, now_ns: int, account: str, fields: Fields) -> Any:
        terms = self._desk.terms(_required(fields, "symbol"))
        _named(fields)
        order = self._desk.find(account, terms.traded.symbol, fields)
        if order is None or not order.leaves:
            raise unknown_order()
        return self._canceled(now_ns, terms, order, fields.get("origClientOrderId"))

    def _cancel_open(self, now_ns: int, account: str, fields: Fields) -> Any:
        names = _required(fields, "symbol").split(",")
        if len(names) > CANCEL_SYMBOLS_MAX:
            raise malformed("symbol")
        found = [self._desk.terms(name) for name in names]
        return [
            self._canceled(now_ns, terms, order, order.request.client_id or None)
            for terms in found
            for order in self._desk.open_orders(account, terms.traded.symbol)
        ]

    def _canceled(self, now_ns: int, terms: Terms, order: SimOrder, origin: str | None) -> dict[str, Any]:
        before = status_word(order.status, order.cum_size)
        self._desk.cancel(now_ns, order)
        after = status_word(order.status, order.cum_size)
        drawn = before if self._rng.random() < 0.5 else after
        return cancel_row(terms, order, {"": drawn, "NEW": before}.get(self._cancel_status, after), origin=origin)

    # --- queries ----------------------------------------------------------------------------------------------------

    def _query(self, now_ns: int, account: str, fields: Fields) -> Any:
        terms = self._desk.terms(_required(fields, "symbol"))
        _named(fields)
        order = self._desk.find(account, terms.traded.symbol, fields)
        if order is None or order.created_ns > now_ns - self._lag_ns():
            raise no_such_order()
        return order_row(terms, order)

    def _open(self, now_ns: int, account: str, fields: Fields) -> Any:
        terms = self._desk.terms(_required(fields, "symbol"))
        until_ns = now_ns - self._lag_ns()
        orders = self._desk.open_orders(account, terms.traded.symbol)
        return [order_row(terms, order) for order in orders if order.created_ns <= until_ns]

    def _all(self, now_ns: int, account: str, fields: Fields) -> Any:
        terms = self._desk.terms(_required(fields, "symbol"))
        from_ms, to_ms = _span(now_ns, fields, DAY_MS, 7 * DAY_MS)
        until_ns = now_ns - self._lag_ns()
        orders = [*self._exchange.closed_orders(account), *self._exchange.open_orders(account)]
        chosen = [
            order
            for order in orders
            if order.request.symbol == terms.traded.symbol
            and from_ms <= order.created_ns // MS_NS <= to_ms
            and order.created_ns <= until_ns
        ]
        chosen.sort(key=lambda order: order.created_ns, reverse=True)
        return [order_row(terms, order) for order in chosen[: _limit(fields, 500, 1000)]]

    def _trades(self, now_ns: int, account: str, fields: Fields) -> Any:
        terms = self._desk.terms(_required(fields, "symbol"))
        from_ms, to_ms = _span(now_ns, fields, 30 * DAY_MS, 31 * DAY_MS)
        until_ns, wanted = now_ns - self._lag_ns(), fields.get("orderId", "")
        rows = [
            trade_row(terms, self._exchange, trade)
            for trade in reversed(self._exchange.trades(account))
            if trade.symbol == terms.traded.symbol
            and from_ms <= trade.time_ns // MS_NS <= to_ms
            and trade.time_ns <= until_ns
            and (not wanted or trade.order_id == wanted)
        ]
        return rows[: _limit(fields, 100, 100)]

    # --- account ----------------------------------------------------------------------------------------------------

    def _account(self, now_ns: int, account: str, fields: Fields) -> Any:
        del now_ns, fields
        ledger = self._exchange.ledger
        balances = []
        for asset, total in ledger.balances(account).items():
            free = ledger.free(account, asset)
            if total:
                text = asset_text(free)
                balances.append({"asset": asset, "free": text, "locked": asset_text(total - free), "available": text})
        return {
            "makerCommission": None,
            "takerCommission": None,
            "buyerCommission": None,
            "sellerCommission": None,
            "canTrade": True,
            "canWithdraw": False,
            "canDeposit": True,
            "updateTime": None,
            "accountType": "SPOT",
            "balances": balances,
            "permissions": ["SPOT"],
        }

    def _fee(self, now_ns: int, account: str, fields: Fields) -> Any:
        del account
        traded = self._desk.terms(_required(fields, "symbol")).traded
        # Numbers here, texts elsewhere.
        rates = {"makerCommission": traded.maker_fee_e6 / 10**6, "takerCommission": traded.taker_fee_e6 / 10**6}
        return _wrapped(now_ns, rates)

    def _symbols(self, now_ns: int, account: str, fields: Fields) -> Any:
        del now_ns, account, fields
        names = [traded.base + traded.quote for traded in self._exchange.instruments.values()]
        return {"code": 200, "data": names, "msg": None}

    def _coins(self, now_ns: int, account: str, fields: Fields) -> Any:
        del now_ns, account, fields
        names = {name: None for traded in self._exchange.instruments.values() for name in (traded.base, traded.quote)}
        return [{"coin": name, "name": name, "networkList": []} for name in names]

    # --- listen keys ------------------------------------------------------------------------------------------------

    def _make_key(self, now_ns: int, account: str, fields: Fields) -> Any:
        del fields
        return {"listenKey": self._keys.make(now_ns, account)}

    def _keep_key(self, now_ns: int, account: str, fields: Fields) -> Any:
        name = _required(fields, "listenKey")
        self._keys.keep(now_ns, account, name)
        return {"listenKey": name}

    def _close_key(self, now_ns: int, account: str, fields: Fields) -> Any:
        name = _required(fields, "listenKey")
        self._end_connections(now_ns, self._keys.close(account, name))
        return {"listenKey": name}

    def _terms(self, order: SimOrder) -> Terms:
        traded = self._exchange.instruments[order.request.symbol]
        return self._desk.terms(traded.base + traded.quote)


def _wrapped(now_ns: int, data: Any) -> dict[str, Any]:
    return {"data": data, "code": 0, "msg": "success", "timestamp": now_ns // MS_NS}


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _required(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not value:
        raise missing(name)
    return value


def _named(fields: Fields) -> None:
    if not fields.get("orderId") and not fields.get("origClientOrderId"):
        raise missing("orderId")


def _whole(fields: Fields, name: str) -> int:
    text = fields[name]
    if not text.isdecimal() or len(text) > 19:
        raise malformed(name)
    return int(text)


def _span(now_ns: int, fields: Fields, usual_ms: int, most_ms: int) -> tuple[int, int]:
    to_ms = _whole(fields, "endTime") if fields.get("endTime") else now_ns // MS_NS
    from_ms = _whole(fields, "startTime") if fields.get("startTime") else to_ms - usual_ms
    if from_ms > to_ms:
        raise malformed("startTime")
    return max(from_ms, to_ms - most_ms), to_ms


def _limit(fields: Fields, usual: int, most: int) -> int:
    return max(1, min(most, _whole(fields, "limit"))) if fields.get("limit") else usual
