"""Lantern's REST: checks the signature, carries out, answers with HTTP status and a JSON value."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from examples.venue.lantern.simulated import rows
from mm.simulator.decimals import decimal_units
from mm.simulator.hooks import SECOND_NS
from mm.simulator.orders import BUY, SELL, NewOrder, Refusal, SimInstrument, SimOrder, TimeInForce

if TYPE_CHECKING:
    from examples.venue.lantern.simulated.venue import LanternVenue

WINDOW_NS: Final = 5 * SECOND_NS
"""How far a request's time may be from the venue's."""
PAGE: Final = 200
WORDS: Final = {
    Refusal.UNKNOWN_SYMBOL: "unknown_symbol",
    Refusal.SIZE_BELOW_MINIMUM: "below_minimum",
    Refusal.COST_BELOW_MINIMUM: "below_minimum",
    Refusal.INSUFFICIENT_FUNDS: "insufficient_funds",
    Refusal.DUPLICATE_CLIENT_ID: "duplicate_client_id",
    Refusal.UNKNOWN_ORDER: "unknown_order",
    Refusal.POST_ONLY_WOULD_TAKE: "would_take",
    Refusal.MARKET_POST_ONLY: "closed",
    Refusal.MARKET_CANCEL_ONLY: "closed",
    Refusal.MARKET_LIMIT_ONLY: "closed",
    Refusal.MARKET_CLOSED: "closed",
}
FOREVER: Final = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC}


class Refused(Exception):
    """A request that was not carried out: code and HTTP status."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(message or code)
        self.code, self.status = code, status


class Rest:
    """tokens: those that open a private socket."""

    def __init__(self, venue: LanternVenue, account: str, chance: random.Random) -> None:
        self._venue, self._exchange, self._account, self._random = venue, venue.exchange, account, chance
        self.tokens: set[str] = set()

    def handle(self, now_ns: int, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Return HTTP status and reply."""
        path, _, query = target.partition("?")
        fields = {key: values[-1] for key, values in parse_qs(query).items()}
        try:
            if (method, path) == ("GET", "/instruments"):
                return 200, [rows.instrument(traded) for traded in self._exchange.instruments.values()]
            if (method, path) == ("GET", "/book"):
                return 200, self._book(fields)
            self._check(now_ns, method, target, headers, body)
            return 200, self._private(now_ns, method, path, fields, body)
        except Refused as refused:
            return refused.status, {"error": {"code": refused.code, "message": str(refused)}}

    def _check(self, now_ns: int, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        time = headers.get("x-time", "")
        signed = f"{time}{method}{target}".encode() + body
        wanted = hmac.new(self._venue.api_secret.encode(), signed, hashlib.sha256).hexdigest()
        good = hmac.compare_digest(headers.get("x-signature", ""), wanted)
        if headers.get("x-key") != self._venue.api_key or not good:
            raise Refused("unauthorized", "key or signature", 401)
        if not time.isdecimal() or abs(int(time) - now_ns - self._venue.skew_ns) > WINDOW_NS:
            raise Refused("stale_request", "its time is not ours", 401)

    def _private(self, now_ns: int, method: str, path: str, fields: dict[str, str], body: bytes) -> Any:
        exchange, account = self._exchange, self._account
        if (method, path) == ("POST", "/session"):
            token = self._random.randbytes(16).hex()
            self.tokens.add(token)
            return {"token": token}
        if (method, path) == ("POST", "/orders"):
            return {"id": self._taken(exchange.place(now_ns, self._order(_object(body)))).order_id}
        if (method, path) == ("PATCH", "/orders"):
            change = _object(body)
            order = self._found({key: str(change[key]) for key in ("id", "client_id") if key in change})
            traded = exchange.instruments[order.request.symbol]
            price, size = _units(change, "price", traded.price_precision), _units(change, "size", traded.size_precision)
            post_only = order.request.post_only
            return {
                "id": self._taken(
                    exchange.amend(now_ns, order.order_id, price=price, size=size, post_only=post_only)
                ).order_id
            }
        if (method, path) == ("DELETE", "/orders"):
            return {"id": self._taken(exchange.cancel(now_ns, self._found(fields).order_id, "requested")).order_id}
        if (method, path) == ("GET", "/orders/open"):
            return {"orders": [rows.order(exchange, order) for order in exchange.open_orders(account)]}
        if (method, path) == ("GET", "/orders"):
            return {"orders": [rows.order(exchange, order) for order in self._named(fields)]}
        if (method, path) == ("GET", "/executions"):
            return self._executions(fields)
        if (method, path) == ("GET", "/balances"):
            assets = exchange.ledger.balances(account)
            return {
                "seq": self._venue.sequence,
                "balances": [rows.balance(exchange, account, asset) for asset in assets],
            }
        raise Refused("bad_request", "no such path", 404)

    def _book(self, fields: dict[str, str]) -> Any:
        for symbol, traded in self._exchange.instruments.items():
            if rows.venue_symbol(symbol) == fields.get("symbol"):
                sides = {
                    name: [
                        [rows.price(traded, price), rows.size(traded, size)]
                        for price, size in self._exchange.book(symbol, side)
                    ]
                    for name, side in (("bids", BUY), ("asks", SELL))
                }
                return {"symbol": fields["symbol"], "seq": self._venue.number(symbol), **sides}
        raise Refused("unknown_symbol")

    def _order(self, wanted: dict[str, Any]) -> NewOrder:
        traded = self._traded(str(wanted.get("symbol")))
        side = {"buy": BUY, "sell": SELL}.get(str(wanted.get("side")))
        force = FOREVER.get(str(wanted.get("time_in_force", "gtc")).upper())
        if side is None or force is None:
            raise Refused("bad_request", "side or time_in_force")
        return NewOrder(
            self._account,
            traded.symbol,
            side,
            _units(wanted, "size", traded.size_precision),
            _units(wanted, "price", traded.price_precision),
            time_in_force=force,
            post_only=bool(wanted.get("post_only")),
            client_id=str(wanted.get("client_id", ""))[:36],
        )

    def _traded(self, name: str) -> SimInstrument:
        for traded in self._exchange.instruments.values():
            if rows.venue_symbol(traded.symbol) == name:
                return traded
        raise Refused("unknown_symbol")

    def _named(self, fields: dict[str, str]) -> list[SimOrder]:
        if "id" in fields:
            found = [self._exchange.order(each) for each in fields["id"].split(",")]
        else:
            found = [self._exchange.by_client_id(self._account, fields.get("client_id", ""))]
        return [order for order in found if order is not None and order.request.account == self._account]

    def _found(self, fields: dict[str, str]) -> SimOrder:
        found = self._named(fields)
        if not found:
            raise Refused("unknown_order", status=404)
        return found[0]

    def _taken(self, result: SimOrder | Refusal) -> SimOrder:
        if isinstance(result, Refusal):
            raise Refused(WORDS.get(result, "bad_request"), result.value)
        return result

    def _executions(self, fields: dict[str, str]) -> Any:
        since, cursor = int(fields.get("since", "0")), int(fields.get("cursor", "0"))
        found = [trade for trade in self._exchange.trades(self._account) if trade.time_ns >= since]
        page = found[cursor : cursor + PAGE]
        end = cursor + len(page)
        return {
            "executions": [rows.execution(self._exchange, trade) for trade in page],
            "next": end if end < len(found) else 0,
        }


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refused("bad_request", "not a JSON object")
    return value


def _units(row: dict[str, Any], key: str, decimals: int) -> int:
    units = decimal_units(str(row.get(key, "")), decimals)
    if units is None:
        raise Refused("bad_request", f"{key}: not a decimal of the symbol's grid")
    return units
