"""Private REST endpoints that place, change and cancel orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mm.simulator.kraken import entry, errors
from mm.simulator.kraken.desk import Desk
from mm.simulator.kraken.errors import Refused, invalid_arguments
from mm.simulator.kraken.names import Names, Pair
from mm.simulator.kraken.rest_fields import name_list
from mm.simulator.kraken.rows import order_text
from mm.simulator.kraken.texts import decimal_units, fixed, quoted, rfc3339_seconds
from mm.simulator.orders import NewOrder, SimInstrument, SimOrder

Fields = Mapping[str, Any]
Answer = Callable[[int, int, str, Fields], str]
"""now, received, account, fields -> result"""

BATCH_ADD: Final = (2, 15)
BATCH_CANCEL_MAX: Final = 50


class RestTrading:
    """Answers the trading endpoints with the JSON text of the result."""

    def __init__(self, desk: Desk, names: Names) -> None:
        self._desk, self._names = desk, names
        self.endpoints: dict[str, tuple[str, Answer]] = {
            "AddOrder": ("modify-trades", self._add),
            "AddOrderBatch": ("modify-trades", self._add_batch),
            "AmendOrder": ("modify-trades", self._amend),
            "EditOrder": ("modify-trades", self._edit),
            "CancelOrder": ("close-trades", self._cancel),
            "CancelOrderBatch": ("close-trades", self._cancel_batch),
            "CancelAll": ("close-trades", self._cancel_all),
            "CancelAllOrdersAfter": ("close-trades", self._cancel_after),
        }

    def _add(self, now_ns: int, received_ns: int, account: str, fields: Fields) -> str:
        pair, traded = self._pair(fields)
        self._desk.admit(now_ns, account, pair.symbol, 1)
        self._desk.check_deadline(fields.get("deadline"), received_ns, now_ns)
        wanted = entry.rest_order(account, traded, fields, now_ns)
        descr = f'"descr":{{"order":"{order_text(pair, traded, wanted, wanted.price, wanted.size)}"}}'
        if entry.rest_flag(fields, "validate"):
            self._desk.check(wanted, websocket=False)
            return f"{{{descr}}}"
        order = self._desk.place(now_ns, wanted, websocket=False)
        return f'{{{descr},"txid":["{order.order_id}"]}}'

    def _add_batch(self, now_ns: int, received_ns: int, account: str, fields: Fields) -> str:
        pair, traded = self._pair(fields)
        rows = fields.get("orders")
        if not isinstance(rows, list) or not BATCH_ADD[0] <= len(rows) <= BATCH_ADD[1]:
            raise invalid_arguments("orders")
        self._desk.admit(now_ns, account, pair.symbol, len(rows) / 2)
        self._desk.check_deadline(fields.get("deadline"), received_ns, now_ns)
        wanted: list[NewOrder] = []
        for row in rows:
            if not isinstance(row, dict):
                raise invalid_arguments("orders")
            wanted.append(entry.rest_order(account, traded, row, now_ns))
        for order in wanted:
            self._desk.check(order, websocket=False)
        validate = entry.rest_flag(fields, "validate")
        results = []
        for order in wanted:
            descr = f'"descr":{{"order":"{order_text(pair, traded, order, order.price, order.size)}"}}'
            try:
                placed = None if validate else self._desk.place(now_ns, order, websocket=False)
            except Refused as refusal:
                results.append(f'{{"error":{quoted(refusal.text)}}}')
                continue
            results.append(f"{{{descr}}}" if placed is None else f'{{"txid":"{placed.order_id}",{descr}}}')
        return f'{{"orders":[{",".join(results)}]}}'

    def _amend(self, now_ns: int, received_ns: int, account: str, fields: Fields) -> str:
        order = self._named(account, fields)
        self._desk.admit_amend(now_ns, order)
        self._desk.check_deadline(fields.get("deadline"), received_ns, now_ns)
        traded = self._desk.instruments[order.request.symbol]
        change = entry.rest_change(fields, traded, "limit_price", "order_qty")
        return f'{{"amend_id":"{self._desk.amend(now_ns, order, change, websocket=False)}"}}'

    def _edit(self, now_ns: int, received_ns: int, account: str, fields: Fields) -> str:
        pair, traded = self._pair(fields)
        order = self._by_text(account, str(fields.get("txid") or ""))
        if order.request.symbol != pair.symbol:
            raise Refused(errors.UNKNOWN_ORDER)
        self._desk.admit_edit(now_ns, order)
        self._desk.check_deadline(fields.get("deadline"), received_ns, now_ns)
        change = entry.rest_change(fields, traded, "price", "volume")
        size = fixed(order.size if change.size is None else change.size, traded.size_precision)
        price = fixed(order.price if change.price is None else change.price, traded.price_precision)
        descr = order_text(
            pair,
            traded,
            order.request,
            order.price if change.price is None else change.price,
            order.size if change.size is None else change.size,
        )
        new_id = ""
        if not entry.rest_flag(fields, "validate"):
            new_id = f'"txid":"{self._desk.edit(now_ns, order, change, websocket=False).order_id}",'
        return (
            f'{{"status":"ok",{new_id}"originaltxid":"{order.order_id}","volume":"{size}","price":"{price}",'
            f'"orders_cancelled":{1 if new_id else 0},"descr":{{"order":"{descr}"}}}}'
        )

    def _cancel(self, now_ns: int, received_ns: int, account: str, fields: Fields) -> str:
        del received_ns
        client_id, text = str(fields.get("cl_ord_id") or ""), str(fields.get("txid") or "")
        if bool(client_id) == bool(text):
            raise invalid_arguments("txid")
        if client_id:
            found = self._desk.open_order(account, client_id=client_id)
            orders = [] if found is None else [found]
        else:
            orders = self._orders(account, text)
        if not orders:
            raise Refused(errors.UNKNOWN_ORDER)
        for order in orders:
            self._desk.cancel(now_ns, order)
        return f'{{"count":{len(orders)}}}'

    def _cancel_batch(self, now_ns: int, received_ns: int, account: str, fields: Fields) -> str:
        del received_ns
        references, client_ids = name_list(fields.get("orders")), name_list(fields.get("cl_ord_ids"))
        if not 1 <= len(references) + len(client_ids) <= BATCH_CANCEL_MAX:
            raise invalid_arguments("orders")
        return f'{{"count":{self._desk.cancel_batch(now_ns, account, references, client_ids)}}}'

    def _cancel_all(self, now_ns: int, received_ns: int, account: str, fields: Fields) -> str:
        del received_ns, fields
        return f'{{"count":{self._desk.cancel_all(now_ns, account)}}}'

    def _cancel_after(self, now_ns: int, received_ns: int, account: str, fields: Fields) -> str:
        del received_ns
        seconds = decimal_units(str(fields.get("timeout", "")), 0)
        current_ns, trigger_ns = self._desk.cancel_after(now_ns, account, seconds)
        trigger = rfc3339_seconds(trigger_ns) if trigger_ns else "0"
        return f'{{"currentTime":"{rfc3339_seconds(current_ns)}","triggerTime":"{trigger}"}}'

    def _pair(self, fields: Fields) -> tuple[Pair, SimInstrument]:
        pair = self._names.find(str(fields.get("pair") or ""))
        if pair is None:
            raise Refused(errors.UNKNOWN_PAIR if fields.get("pair") else "EGeneral:Invalid arguments:pair")
        return pair, self._desk.instruments[pair.symbol]

    def _named(self, account: str, fields: Fields) -> SimOrder:
        client_id, text = str(fields.get("cl_ord_id") or ""), str(fields.get("txid") or "")
        if bool(client_id) == bool(text):
            raise invalid_arguments("txid")
        if client_id:
            order = self._desk.open_order(account, client_id=client_id)
        else:
            order = self._desk.open_order(account, order_id=text)
        if order is None:
            raise Refused(errors.UNKNOWN_ORDER)
        return order

    def _by_text(self, account: str, text: str) -> SimOrder:
        orders = self._orders(account, text)
        if len(orders) != 1:
            raise Refused(errors.UNKNOWN_ORDER)
        return orders[0]

    def _orders(self, account: str, text: str) -> list[SimOrder]:
        """Open orders by order id or userref."""
        order = self._desk.open_order(account, order_id=text)
        return [order] if order is not None else self._desk.by_text_reference(account, text)
