"""Queries and commands as REST requests; every private one is signed over the bytes that are sent.

| kind of query | GET | parameters |
| --- | --- | --- |
| time | contract/ping | |
| contracts | contract/detail | symbol; none: all |
| depth, depth_commits | contract/depth/S, contract/depth_commits/S/1000 | symbol |
| ticker | contract/ticker | symbol |
| funding_rate | contract/funding_rate/S | symbol |
| funding_rate_history | contract/funding_rate/history | symbol, page |
| open_orders | order/list/open_orders | page |
| query_orders | order/get/ID | venue_ids (one) |
| closed_orders | order/external/S/ID | symbol, client_id |
| trades_history | order/list/order_deals/v3 | symbol, from_ms, to_ms, page |
| positions | position/open_positions | |
| funding_records | position/funding_records | symbol, page |
| leverage | position/leverage | symbol |
| position_mode | position/position_mode | |
| assets | account/assets | |
| fees | account/tiered_fee_rate/v2 | symbol |

(MEXC Futures reference: public REST, orders, positions and account, signing.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import orjson

from mm._core.events import Cancel, Place
from mm.errors import LocalError
from mm.exchanges.mexc_futures.names import venue_name
from mm.exchanges.mexc_futures.numbers import MS, VENUE
from mm.exchanges.mexc_futures.signing import Signer
from mm.exchanges.mexc_futures.terms import OPEN_TYPES, POSITION_MODES, Terms
from mm.exchanges.venue import HttpRequest

PUBLIC: Final = frozenset(
    {"time", "contracts", "depth", "depth_commits", "ticker", "funding_rate", "funding_rate_history"}
)
PRIVATE: Final = frozenset(
    {
        "open_orders",
        "query_orders",
        "closed_orders",
        "trades_history",
        "positions",
        "funding_records",
        "leverage",
        "position_mode",
        "assets",
        "fees",
    }
)
QUERIES: Final = PUBLIC | PRIVATE
DEPTH_LEVELS: Final = 1_000
COMMITS: Final = 1_000
ORDERS_PAGE: Final = 100
DEALS_PAGE: Final = 100
"""The venue allows 1,000, which is a reply of 300 kB when much was traded."""
FUNDING_PAGE: Final = 50
_CONTRACT: Final = "/api/v1/contract"
_PRIVATE: Final = "/api/v1/private"
Fields = dict[str, str]


class RestRequests:
    """Writes and signs requests. offset_ns: the venue's clock minus ours, set by the session."""

    __slots__ = ("_signer", "_terms", "offset_ns")

    def __init__(self, signer: Signer | None, terms: Terms) -> None:
        self._signer, self._terms = signer, terms
        self.offset_ns = 0

    def query(self, kind: str, parameters: Mapping[str, Any], nonce: int) -> HttpRequest:
        """Return the request of a query; nonce: our time. Raises LocalError for no such kind or missing parameters."""
        try:
            if kind in PUBLIC:
                path, fields = _public(kind, parameters)
                return HttpRequest("GET", f"{_CONTRACT}/{path}{_question(fields)}", (), b"", True)
            if kind in PRIVATE:
                path, fields = _private(kind, parameters)
                return self._get(path, fields, nonce)
        except (KeyError, ValueError) as error:
            raise LocalError(f"{VENUE}: {kind} lacks the parameter {error}") from None
        raise LocalError(f"{VENUE}: {kind!r} is not a query")

    def command(self, command: Any, nonce: int) -> HttpRequest:
        """Return the request of a command. Raises LocalError for a command that cannot be sent."""
        kind = type(command)
        if kind is Place:
            return self._post("order/create", self._terms.place(command), nonce)
        if kind is Cancel:
            return self.cancels([command], nonce)
        raise LocalError(f"{VENUE}: {kind.__name__} is not a request: the venue has none")

    def cancels(self, cancels: Sequence[Cancel], nonce: int) -> HttpRequest:
        """Return one request for up to fifty cancels."""
        body, by_venue = self._terms.cancels(cancels)
        # The path of one order by client id takes an object in the older edition; the batch's form is the same in all.
        return self._post("order/cancel" if by_venue else "order/batch_cancel_with_external", body, nonce)

    def batch(self, places: Sequence[Place], nonce: int) -> HttpRequest:
        """Return one request for up to fifty orders: accounts of market makers alone."""
        return self._post("order/submit_batch", self._terms.batch(places), nonce)

    def cancel_all(self, symbol: str, nonce: int) -> HttpRequest:
        """Return the request that cancels every order of the account on a contract."""
        return self._post("order/cancel_all", orjson.dumps({"symbol": venue_name(symbol)}), nonce)

    def change_leverage(self, symbol: str, leverage: int, side: int, nonce: int) -> HttpRequest:
        """Return the request that sets the leverage of one side without a position; side: +1 long, -1 short."""
        if leverage < 1 or side not in (1, -1):
            raise LocalError(f"{VENUE}: leverage {leverage}, side {side}: expected 1 or more, and +1 or -1")
        body = {
            "symbol": venue_name(symbol),
            "leverage": leverage,
            "openType": OPEN_TYPES[self._terms.mode.open_type],
            "positionType": 1 if side > 0 else 2,
        }
        return self._post("position/change_leverage", orjson.dumps(body), nonce)

    def change_position_mode(self, mode: str, nonce: int) -> HttpRequest:
        """Return the request that sets the position mode; refused while orders or positions are open."""
        if mode not in POSITION_MODES:
            raise LocalError(f"{VENUE}: position mode {mode!r}: expected one of {', '.join(POSITION_MODES)}")
        return self._post("position/change_position_mode", orjson.dumps({"positionMode": POSITION_MODES[mode]}), nonce)

    def login(self, now_ns: int) -> bytes:
        """Return the message that logs a socket in, without everything being pushed at once. Carries a signature: not
        to be logged."""
        signer = self._need_signer("login")
        time_ms = (now_ns + self.offset_ns) // MS
        parameters = {"apiKey": signer.key, "reqTime": str(time_ms), "signature": signer.sign(time_ms)}
        return orjson.dumps({"method": "login", "subscribe": False, "param": parameters})

    def _get(self, path: str, fields: Fields, nonce: int) -> HttpRequest:
        question = _question(fields)
        headers = self._headers(path, question[1:], nonce)
        return HttpRequest("GET", f"{_PRIVATE}/{path}{question}", headers, b"", True)

    def _post(self, path: str, body: bytes, nonce: int) -> HttpRequest:
        return HttpRequest("POST", f"{_PRIVATE}/{path}", self._headers(path, body.decode(), nonce), body, False)

    def _headers(self, path: str, parameters: str, nonce: int) -> tuple[tuple[str, str], ...]:
        signer = self._need_signer(path)
        time_ms = (nonce + self.offset_ns) // MS
        return (
            ("ApiKey", signer.key),
            ("Request-Time", str(time_ms)),
            ("Signature", signer.sign(time_ms, parameters)),
            ("Content-Type", "application/json"),
        )

    def _need_signer(self, what: str) -> Signer:
        if self._signer is None:
            raise LocalError(f"{VENUE}: {what} needs an API key")
        return self._signer


def _public(kind: str, parameters: Mapping[str, Any]) -> tuple[str, Fields]:
    if kind == "time":
        return "ping", {}
    if kind == "contracts":
        symbol = parameters.get("symbol", "")
        return "detail", {"symbol": venue_name(symbol)} if symbol else {}
    name = venue_name(parameters["symbol"])
    if kind == "depth":
        return f"depth/{name}", {"limit": str(DEPTH_LEVELS)}
    if kind == "depth_commits":
        return f"depth_commits/{name}/{COMMITS}", {}
    if kind == "ticker":
        return "ticker", {"symbol": name}
    if kind == "funding_rate":
        return f"funding_rate/{name}", {}
    return "funding_rate/history", {"symbol": name, **_page(parameters, FUNDING_PAGE)}


def _private(kind: str, parameters: Mapping[str, Any]) -> tuple[str, Fields]:
    if kind == "open_orders":
        return "order/list/open_orders", _page(parameters, ORDERS_PAGE)
    if kind == "query_orders":
        # One by one: several would need commas, which the sources sign differently.
        (venue_id,) = parameters["venue_ids"]
        return f"order/get/{quote(venue_id, safe='')}", {}
    if kind == "closed_orders":
        name, client_id = venue_name(parameters["symbol"]), parameters["client_id"]
        return f"order/external/{name}/{quote(client_id, safe='')}", {}
    if kind == "trades_history":
        span = {"start_time": str(parameters["from_ms"]), "end_time": str(parameters["to_ms"])}
        return "order/list/order_deals/v3", {
            "symbol": venue_name(parameters["symbol"]),
            **span,
            **_page(parameters, DEALS_PAGE),
        }
    if kind == "funding_records":
        return "position/funding_records", {
            "symbol": venue_name(parameters["symbol"]),
            **_page(parameters, FUNDING_PAGE),
        }
    if kind in ("leverage", "fees"):
        path = "position/leverage" if kind == "leverage" else "account/tiered_fee_rate/v2"
        return path, {"symbol": venue_name(parameters["symbol"])}
    return {"positions": "position/open_positions", "assets": "account/assets"}.get(kind, "position/position_mode"), {}


def _page(parameters: Mapping[str, Any], size: int) -> Fields:
    return {"page_num": str(parameters.get("page", 1)), "page_size": str(size)}


def _question(fields: Fields) -> str:
    """The parameters as they are sent and signed: sorted by name, percent-encoded."""
    joined = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(fields.items()))
    return f"?{joined}" if joined else ""
