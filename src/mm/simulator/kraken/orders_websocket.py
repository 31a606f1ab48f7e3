"""The trading methods of WebSocket v2: each reads its params, asks the desk, and writes the answer in shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mm.simulator.kraken import entry
from mm.simulator.kraken.auth import Token
from mm.simulator.kraken.desk import Desk
from mm.simulator.kraken.errors import Refused, invalid_arguments
from mm.simulator.kraken.reply import Reply, Request
from mm.simulator.kraken.texts import Number, decimal_units, quoted, rfc3339_seconds
from mm.simulator.orders import NewOrder, SimInstrument, SimOrder

BATCH_ADD: Final = (2, 15)
BATCH_CANCEL: Final = (2, 50)


class Trading:
    """Answers `add_order`, `amend_order` and the rest."""

    def __init__(self, desk: Desk, *, batch_cancel_legacy: bool = False) -> None:
        self._desk = desk
        self._batch_cancel_legacy = batch_cancel_legacy
        """Answer batch_cancel as recorded in 2024 (top-level `orders_cancelled`) instead of as documented."""
        self._methods = {
            "add_order": self._add,
            "amend_order": self._amend,
            "edit_order": self._edit,
            "cancel_order": self._cancel,
            "batch_add": self._batch_add,
            "batch_cancel": self._batch_cancel,
            "cancel_all": self._cancel_all,
            "cancel_all_orders_after": self._cancel_after,
        }

    def knows(self, method: str) -> bool:
        """Whether it is a trading method."""
        return method in self._methods

    def handle(self, now_ns: int, received_ns: int, token: Token, request: Request, reply: Reply) -> None:
        """Carry out a request and put the answers into the reply.

        Raises:
            Refused: nothing was done.
        """
        needed = "close-trades" if request.method.startswith(("cancel", "batch_cancel")) else "modify-trades"
        if needed not in token.permissions and "modify-trades" not in token.permissions:
            raise Refused("EGeneral:Permission denied")
        self._methods[request.method](now_ns, received_ns, token.account, request.params, reply)

    def _add(self, now_ns: int, received_ns: int, account: str, params: Mapping[str, Any], reply: Reply) -> None:
        entry.known_members(params, entry.ADD_MEMBERS, "add_order")
        traded = self._instrument(params)
        self._desk.admit(now_ns, account, traded.symbol, 1)
        self._desk.check_deadline(params.get("deadline"), received_ns, now_ns)
        wanted = entry.websocket_order(account, traded, params, now_ns)
        if params.get("validate") is True:
            reply.success(now_ns, f'{{"order_id":""{_own_name(wanted)}}}')
            return
        order = self._desk.place(now_ns, wanted, websocket=True)
        reply.success(now_ns, _placed(order))

    def _batch_add(self, now_ns: int, received_ns: int, account: str, params: Mapping[str, Any], reply: Reply) -> None:
        entry.known_members(params, frozenset({"symbol", "orders", "deadline", "validate", "token"}), "batch_add")
        traded = self._instrument(params)
        rows = params.get("orders")
        if not isinstance(rows, list) or not BATCH_ADD[0] <= len(rows) <= BATCH_ADD[1]:
            raise invalid_arguments("orders")
        self._desk.admit(now_ns, account, traded.symbol, len(rows) / 2)
        self._desk.check_deadline(params.get("deadline"), received_ns, now_ns)
        wanted: list[NewOrder] = []
        for row in rows:
            if not isinstance(row, dict):
                raise invalid_arguments("orders")
            entry.known_members(row, entry.BATCH_ROW_MEMBERS, "batch_add")
            wanted.append(entry.websocket_order(account, traded, row, now_ns))
        # One order that fails the request checks fails the batch; one that fails at the engine fails alone.
        for order in wanted:
            self._desk.check(order, websocket=True)
        if params.get("validate") is True:
            reply.success(now_ns, "[" + ",".join(f'{{"order_id":""{_own_name(order)}}}' for order in wanted) + "]")
            return
        results = []
        for order in wanted:
            try:
                results.append(_placed(self._desk.place(now_ns, order, websocket=True)))
            except Refused as refusal:
                results.append(f'{{"error":{quoted(refusal.text)}{_own_name(order)}}}')
        reply.success(now_ns, f"[{','.join(results)}]")

    def _amend(self, now_ns: int, received_ns: int, account: str, params: Mapping[str, Any], reply: Reply) -> None:
        entry.known_members(params, entry.AMEND_MEMBERS, "amend_order")
        named = [name for name in ("order_id", "cl_ord_id") if params.get(name) is not None]
        if len(named) != 1 or type(params[named[0]]) is not str:
            raise invalid_arguments("order_id")
        text = params[named[0]]
        order = self._desk.open_order(account, order_id=text) if named[0] == "order_id" else None
        if named[0] == "cl_ord_id":
            order = self._desk.open_order(account, client_id=text)
        if order is None:
            raise Refused("EOrder:Unknown order")
        traded = self._desk.instruments[order.request.symbol]
        self._desk.admit_amend(now_ns, order)
        self._desk.check_deadline(params.get("deadline"), received_ns, now_ns)
        change = entry.websocket_change(params, traded)
        amend_id = self._desk.amend(now_ns, order, change, websocket=True)
        reply.success(now_ns, f'{{"amend_id":"{amend_id}","{named[0]}":{quoted(text)}}}')

    def _edit(self, now_ns: int, received_ns: int, account: str, params: Mapping[str, Any], reply: Reply) -> None:
        entry.known_members(params, entry.EDIT_MEMBERS, "edit_order")
        traded = self._instrument(params)
        text = params.get("order_id")
        order = self._desk.open_order(account, order_id=text) if type(text) is str else None
        if order is None or order.request.symbol != traded.symbol:
            raise Refused("EOrder:Unknown order")
        self._desk.admit_edit(now_ns, order)
        self._desk.check_deadline(params.get("deadline"), received_ns, now_ns)
        change = entry.websocket_change(params, traded)
        if params.get("validate") is True:
            reply.success(now_ns, f'{{"order_id":"","original_order_id":"{order.order_id}"}}')
            return
        replaced = self._desk.edit(now_ns, order, change, websocket=True)
        reply.success(now_ns, f'{{"order_id":"{replaced.order_id}","original_order_id":"{order.order_id}"}}')

    def _cancel(self, now_ns: int, received_ns: int, account: str, params: Mapping[str, Any], reply: Reply) -> None:
        del received_ns
        entry.known_members(params, frozenset({"order_id", "cl_ord_id", "order_userref", "token"}), "cancel_order")
        targets: list[tuple[str, Any]] = []
        for name in ("order_id", "cl_ord_id", "order_userref"):
            values = params.get(name)
            if values is None:
                continue
            if not isinstance(values, list):
                raise Refused(f"{name.capitalize()} field must be an array")
            targets += [(name, value) for value in values]
        if not targets:
            raise invalid_arguments("order_id")
        # One response for each order, each with the identifier that was used.
        for name, value in targets:
            if not isinstance(value, Number if name == "order_userref" else str):
                reply.failure(now_ns, f"EGeneral:Invalid arguments:{name}")
                continue
            try:
                if name == "order_userref":
                    orders = self._desk.by_user_reference(account, entry.user_reference(value))
                    if not orders:
                        raise Refused("EOrder:Unknown order")
                    for order in orders:
                        self._desk.cancel(now_ns, order)
                else:
                    found = (
                        self._desk.open_order(account, order_id=value)
                        if name == "order_id"
                        else self._desk.open_order(account, client_id=value)
                    )
                    if found is None:
                        raise Refused("EOrder:Unknown order")
                    self._desk.cancel(now_ns, found)
            except Refused as refusal:
                reply.failure(now_ns, refusal.text)
                continue
            shown = value if name == "order_userref" else quoted(value)
            reply.success(now_ns, f'{{"{name}":{shown}}}')

    def _batch_cancel(
        self, now_ns: int, received_ns: int, account: str, params: Mapping[str, Any], reply: Reply
    ) -> None:
        del received_ns
        entry.known_members(params, frozenset({"orders", "cl_ord_id", "token"}), "batch_cancel")
        references, client_ids = params.get("orders") or [], params.get("cl_ord_id") or []
        if not isinstance(references, list) or not isinstance(client_ids, list):
            raise invalid_arguments("orders")
        values = [*references, *client_ids]
        # Two at least by the documents; one alone is let through, as nobody has recorded its refusal.
        if not 1 <= len(values) <= BATCH_CANCEL[1] or not all(isinstance(value, str) for value in values):
            raise invalid_arguments("orders")
        count = self._desk.cancel_batch(now_ns, account, references, client_ids)
        if self._batch_cancel_legacy:
            reply.plain(now_ns, f'"orders_cancelled":{count},')
        else:
            reply.success(now_ns, f'{{"count":{count}}}')

    def _cancel_all(self, now_ns: int, received_ns: int, account: str, params: Mapping[str, Any], reply: Reply) -> None:
        del received_ns
        entry.known_members(params, frozenset({"token"}), "cancel_all")
        reply.success(now_ns, f'{{"count":{self._desk.cancel_all(now_ns, account)}}}')

    def _cancel_after(
        self, now_ns: int, received_ns: int, account: str, params: Mapping[str, Any], reply: Reply
    ) -> None:
        del received_ns
        entry.known_members(params, frozenset({"timeout", "token"}), "cancel_all_orders_after")
        timeout = params.get("timeout")
        seconds = decimal_units(timeout, 0) if isinstance(timeout, Number) else None
        current_ns, trigger_ns = self._desk.cancel_after(now_ns, account, seconds)
        trigger = rfc3339_seconds(trigger_ns) if trigger_ns else "0"
        reply.success(now_ns, f'{{"currentTime":"{rfc3339_seconds(current_ns)}","triggerTime":"{trigger}"}}')

    def _instrument(self, params: Mapping[str, Any]) -> SimInstrument:
        symbol = params.get("symbol")
        traded = self._desk.instruments.get(symbol) if type(symbol) is str else None
        if traded is None or not traded.listed:
            raise Refused(f"Currency pair not supported {symbol}")
        return traded


def _own_name(order: NewOrder) -> str:
    if order.client_id:
        return f',"cl_ord_id":{quoted(order.client_id)}'
    return f',"order_userref":{order.user_reference}' if order.user_reference else ""


def _placed(order: SimOrder) -> str:
    return f'{{"order_id":"{order.order_id}"{_own_name(order.request)}}}'
