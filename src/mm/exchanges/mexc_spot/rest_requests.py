"""Queries and commands as REST requests; every private one is signed over the bytes that are sent.

| kind of query | request | parameters |
| --- | --- | --- |
| time, default_symbols | GET time, defaultSymbols | |
| exchange_info | GET exchangeInfo | symbols; none: all |
| depth | GET depth | symbol, limit |
| account, self_symbols | GET account, selfSymbols | |
| trade_fee | GET tradeFee | symbol |
| open_orders | GET openOrders | symbol |
| query_orders | GET order | symbol, venue_ids (one) |
| closed_orders | GET order | symbol, client_id |
| trades_history | GET myTrades | symbol, from_ms, to_ms |
| listen_key, listen_keys | POST, GET userDataStream | |
| keep_listen_key, close_listen_key | PUT, DELETE userDataStream | listen_key |

All parameters go into the query string with an empty body, as most clients do. (MEXC Spot reference: transport,
signing.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from mm._core.events import Cancel, Place
from mm.errors import LocalError
from mm.exchanges.mexc_spot.instruments import venue_name
from mm.exchanges.mexc_spot.numbers import MS, VENUE
from mm.exchanges.mexc_spot.signing import Signer, encoded
from mm.exchanges.mexc_spot.terms import Fields, Terms
from mm.exchanges.venue import HttpRequest

PUBLIC: Final = {"time": "time", "default_symbols": "defaultSymbols", "exchange_info": "exchangeInfo", "depth": "depth"}
PRIVATE: Final = {
    "account": ("GET", "account"),
    "self_symbols": ("GET", "selfSymbols"),
    "trade_fee": ("GET", "tradeFee"),
    "open_orders": ("GET", "openOrders"),
    "query_orders": ("GET", "order"),
    "closed_orders": ("GET", "order"),
    "trades_history": ("GET", "myTrades"),
    "listen_key": ("POST", "userDataStream"),
    "listen_keys": ("GET", "userDataStream"),
    "keep_listen_key": ("PUT", "userDataStream"),
    "close_listen_key": ("DELETE", "userDataStream"),
}
QUERIES: Final = frozenset(PUBLIC) | frozenset(PRIVATE)
RECV_WINDOW_MS: Final = 5_000
TRADES_PAGE: Final = 100
DEPTH_LIMIT: Final = 1_000


class RestRequests:
    """Writes and signs requests. offset_ns: the venue's clock minus ours, set by the session."""

    __slots__ = ("_recv_window_ms", "_signer", "_terms", "offset_ns")

    def __init__(self, signer: Signer | None, terms: Terms, recv_window_ms: int = RECV_WINDOW_MS) -> None:
        if not 1 <= recv_window_ms <= 60_000:
            raise LocalError(f"{VENUE}: recv_window_ms {recv_window_ms}: expected 1 to 60000")
        self._signer, self._terms, self._recv_window_ms = signer, terms, recv_window_ms
        self.offset_ns = 0

    def query(self, kind: str, parameters: Mapping[str, Any], nonce: int) -> HttpRequest:
        """Return the request of a query; nonce: our time. Raises LocalError for one that cannot be written down."""
        try:
            if kind in PUBLIC:
                fields = _public_fields(kind, parameters)
                path = f"/api/v3/{PUBLIC[kind]}"
                return HttpRequest("GET", f"{path}?{_joined(fields)}" if fields else path, (), b"", True)
            method, endpoint = PRIVATE[kind]
            return self._signed(method, endpoint, self._private_fields(kind, parameters), nonce, is_read=True)
        except KeyError as error:
            raise LocalError(f"{VENUE}: {kind!r} is not a query, or lacks the parameter {error}") from None

    def command(self, command: Any, nonce: int) -> HttpRequest:
        """Return the request of a command. Raises LocalError for a command that cannot be sent."""
        kind = type(command)
        if kind is Place:
            return self._send("POST", "order", self._terms.place(command), nonce, is_read=False)
        if kind is Cancel:
            return self._send("DELETE", "order", _joined(self._terms.cancel(command)), nonce, is_read=False)
        raise LocalError(f"{VENUE}: {kind.__name__} is not a request: the venue has none")

    def batch(self, places: Sequence[Place], nonce: int) -> HttpRequest:
        """Return one request for several orders of one symbol."""
        text = orjson.dumps(self._terms.batch(places)).decode()
        return self._signed("POST", "batchOrders", [("batchOrders", text)], nonce, is_read=False)

    def cancel_all(self, symbols: Sequence[str], nonce: int) -> HttpRequest:
        """Return the request that cancels every order of the account on one to five symbols."""
        if not 1 <= len(symbols) <= 5:
            raise LocalError(f"{VENUE}: cancel_all takes 1 to 5 symbols, got {len(symbols)}")
        names = ",".join(venue_name(symbol) for symbol in symbols)
        return self._signed("DELETE", "openOrders", [("symbol", names)], nonce, is_read=False)

    def _private_fields(self, kind: str, parameters: Mapping[str, Any]) -> Fields:
        if kind in ("keep_listen_key", "close_listen_key"):
            return [("listenKey", str(parameters["listen_key"]))]
        if kind == "query_orders":
            (venue_id,) = parameters["venue_ids"]
            return [("symbol", self._symbol(parameters, "", venue_id)), ("orderId", venue_id)]
        if kind == "closed_orders":
            client_id = parameters["client_id"]
            return [("symbol", self._symbol(parameters, client_id, "")), self._terms.identity(client_id, "")]
        if kind == "trades_history":
            return [
                ("symbol", venue_name(parameters["symbol"])),
                ("startTime", str(parameters["from_ms"])),
                ("endTime", str(parameters["to_ms"])),
                ("limit", str(TRADES_PAGE)),
            ]
        if kind in ("open_orders", "trade_fee"):
            return [("symbol", venue_name(parameters["symbol"]))]
        return []

    def _symbol(self, parameters: Mapping[str, Any], client_id: str, venue_id: str) -> str:
        symbol = parameters.get("symbol") or self._terms.symbol_of(client_id, venue_id)
        if not symbol:
            raise LocalError(f"{VENUE}: a query about an order needs its symbol")
        return venue_name(symbol)

    def _signed(self, method: str, endpoint: str, fields: Fields, nonce: int, *, is_read: bool) -> HttpRequest:
        return self._send(method, endpoint, _joined(fields), nonce, is_read=is_read)

    def _send(self, method: str, endpoint: str, parameters: str, nonce: int, *, is_read: bool) -> HttpRequest:
        signer = self._signer
        if signer is None:
            raise LocalError(f"{VENUE}: {endpoint} needs an API key")
        stamp = f"timestamp={(nonce + self.offset_ns) // MS}&recvWindow={self._recv_window_ms}"
        query = f"{parameters}&{stamp}" if parameters else stamp
        path = f"/api/v3/{endpoint}?{query}&signature={signer.sign(query)}"
        return HttpRequest(method, path, signer.headers, b"", is_read)


def _public_fields(kind: str, parameters: Mapping[str, Any]) -> Fields:
    if kind == "depth":
        return [("symbol", venue_name(parameters["symbol"])), ("limit", str(parameters.get("limit", DEPTH_LIMIT)))]
    symbols = [venue_name(symbol) for symbol in parameters.get("symbols", ())]
    if kind == "exchange_info" and symbols:
        return [("symbol", symbols[0])] if len(symbols) == 1 else [("symbols", ",".join(symbols))]
    return []


def _joined(fields: Fields) -> str:
    return "&".join(f"{name}={encoded(value)}" for name, value in fields)
