"""Queries and commands as REST requests.

| kind of query | endpoint | parameters |
| --- | --- | --- |
| token | GetWebSocketsToken | |
| open_orders | OpenOrders | |
| query_orders | QueryOrders | venue_ids (at most 50) |
| closed_orders | ClosedOrders | client_id, since_ns, offset; all optional |
| trades_history | TradesHistory | since_ns, offset |
| balance | Balance | |
| trade_volume | TradeVolume | symbols |
| key_info | GetApiKeyInfo | |
| time, system_status, assets | the same, public | |
| asset_pairs | AssetPairs, public | symbols; none: all |

Private bodies are form-encoded, but for batches, which are JSON; the bytes that are signed are the bytes that are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from mm._core.events import Amend, Cancel, CancelAfter, Place
from mm._core.fixed import to_text
from mm.errors import LocalError
from mm.exchanges.kraken import requests
from mm.exchanges.kraken.names import pair_altname
from mm.exchanges.kraken.signing import Signer
from mm.exchanges.kraken.terms import Terms, check_kind
from mm.exchanges.kraken.times import SECOND_NS
from mm.exchanges.venue import HttpRequest

PUBLIC: Final[Mapping[str, str]] = {
    "time": "Time",
    "system_status": "SystemStatus",
    "assets": "Assets",
    "asset_pairs": "AssetPairs",
}
PRIVATE: Final[Mapping[str, str]] = {
    "token": "GetWebSocketsToken",
    "open_orders": "OpenOrders",
    "query_orders": "QueryOrders",
    "closed_orders": "ClosedOrders",
    "trades_history": "TradesHistory",
    "balance": "Balance",
    "trade_volume": "TradeVolume",
    "key_info": "GetApiKeyInfo",
}
QUERIES: Final = frozenset(PUBLIC) | frozenset(PRIVATE)
QUERY_ORDERS_MAX: Final = 50
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"


class RestRequests:
    """Writes and signs requests."""

    __slots__ = ("_sender_sub_id", "_signer", "_stp_type", "_terms")

    def __init__(self, signer: Signer | None, terms: Terms, stp_type: str, sender_sub_id: str) -> None:
        self._signer, self._terms = signer, terms
        # Hyphens on REST, underscores on the websocket.
        self._stp_type = stp_type.replace("_", "-")
        self._sender_sub_id = sender_sub_id

    def query(self, kind: str, parameters: Mapping[str, Any], nonce: int) -> HttpRequest:
        """Return the request of a query. Raises LocalError for an unknown kind or missing parameters."""
        if kind in PUBLIC:
            pairs = ",".join(pair_altname(symbol) for symbol in parameters.get("symbols", ()))
            arguments = f"?pair={quote(pairs, safe=',')}" if pairs else ""
            return HttpRequest("GET", f"/0/public/{PUBLIC[kind]}{arguments}", (), b"", True)
        if kind not in PRIVATE:
            raise LocalError(f"kraken: {kind!r} is not a query")
        return self._form(PRIVATE[kind], _query_fields(kind, parameters), nonce, is_read=True)

    def command(self, command: Any, nonce: int) -> HttpRequest:
        """Return the request of a command. Raises LocalError for a command that cannot be sent."""
        kind = type(command)
        if kind is Place:
            fields = {"pair": pair_altname(command.symbol), **self._order(command)}
            return self._form("AddOrder", fields, nonce, is_read=False)
        if kind is Amend:
            return self._form("AmendOrder", self._amend(command), nonce, is_read=False)
        if kind is Cancel:
            return self._form("CancelOrder", self._identity(command), nonce, is_read=False)
        if kind is CancelAfter:
            fields = {"timeout": str(requests.timeout_of(command))}
            return self._form("CancelAllOrdersAfter", fields, nonce, is_read=False)
        raise LocalError(f"kraken: {kind.__name__} is not a request")

    def batch(self, commands: Sequence[Place] | Sequence[Cancel], nonce: int) -> HttpRequest:
        """Return one request for several orders of one symbol, or several cancels."""
        places, cancels = requests.batch(commands)
        if places:
            orders = [self._order(place) for place in places]
            content: dict[str, Any] = {"pair": pair_altname(places[0].symbol), "orders": orders}
            return self._json("AddOrderBatch", content, nonce)
        named = [self._terms.identity(cancel) for cancel in cancels]
        content = {
            "orders": [name for name, by_venue in named if by_venue],
            "cl_ord_ids": [name for name, by_venue in named if not by_venue],
        }
        return self._json("CancelOrderBatch", {key: ids for key, ids in content.items() if ids}, nonce)

    def cancel_all(self, nonce: int) -> HttpRequest:
        """Return the request that cancels every order of the account."""
        return self._form("CancelAll", {}, nonce, is_read=False)

    def _order(self, place: Place) -> dict[str, Any]:
        check_kind(place.order_type, place.time_in_force, place.post_only)
        instrument = self._terms.place(place)
        fields: dict[str, Any] = {
            "ordertype": place.order_type,
            "type": "buy" if place.side > 0 else "sell",
            "volume": to_text(place.size, instrument.size_precision),
            "cl_ord_id": place.client_id,
            "stptype": self._stp_type,
        }
        if place.order_type == "limit":
            fields["timeinforce"] = place.time_in_force.upper()
            fields["price"] = to_text(place.price, instrument.price_precision)
        if place.post_only:
            fields["oflags"] = "post"
        if place.reduce_only:
            fields["reduce_only"] = True
        if self._sender_sub_id:
            fields["sender_sub_id"] = self._sender_sub_id
        return fields

    def _amend(self, amend: Amend) -> dict[str, Any]:
        instrument = self._terms.instrument(amend.symbol)
        if amend.price <= 0 or amend.size <= 0:
            raise LocalError(f"kraken: cannot amend to price {amend.price}, size {amend.size}")
        fields: dict[str, Any] = self._identity(amend)
        fields["limit_price"] = to_text(amend.price, instrument.price_precision)
        fields["order_qty"] = to_text(amend.size, instrument.size_precision)
        if self._terms.post_only(amend):
            fields["post_only"] = True
        return fields

    def _identity(self, command: Amend | Cancel) -> dict[str, Any]:
        name, by_venue = self._terms.identity(command)
        return {"txid" if by_venue else "cl_ord_id": name}

    def _form(self, endpoint: str, fields: Mapping[str, Any], nonce: int, *, is_read: bool) -> HttpRequest:
        values = {key: "true" if value is True else value for key, value in fields.items()}
        body = urlencode({"nonce": nonce, **values}).encode()
        return self._signed(endpoint, body, nonce, _FORM, is_read)

    def _json(self, endpoint: str, content: dict[str, Any], nonce: int) -> HttpRequest:
        return self._signed(endpoint, orjson.dumps({"nonce": nonce, **content}), nonce, _JSON, False)

    def _signed(self, endpoint: str, body: bytes, nonce: int, content_type: str, is_read: bool) -> HttpRequest:
        if self._signer is None:
            raise LocalError(f"kraken: {endpoint} needs an API key")
        path = f"/0/private/{endpoint}"
        headers = (
            ("Content-Type", content_type),
            ("API-Key", self._signer.key),
            ("API-Sign", self._signer.sign(path, nonce, body)),
        )
        return HttpRequest("POST", path, headers, body, is_read)


def _query_fields(kind: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "query_orders":
        venue_ids = list(parameters["venue_ids"])
        if not 1 <= len(venue_ids) <= QUERY_ORDERS_MAX:
            raise LocalError(f"kraken: query_orders takes 1 to {QUERY_ORDERS_MAX} orders, got {len(venue_ids)}")
        return {"txid": ",".join(venue_ids)}
    if kind == "trade_volume":
        return {"pair": ",".join(pair_altname(symbol) for symbol in parameters["symbols"])}
    fields: dict[str, Any] = {}
    if kind in ("closed_orders", "trades_history"):
        # One row for each fill, or the rows could not be compared with those of the executions channel.
        fields["consolidate_taker"] = "false"
        if parameters.get("client_id"):
            fields["cl_ord_id"] = parameters["client_id"]
        if parameters.get("since_ns", 0) > 0:
            # Whole seconds, cut off: `start` is exclusive, and a row too many is harmless.
            fields["start"] = parameters["since_ns"] // SECOND_NS
        if parameters.get("offset"):
            fields["ofs"] = parameters["offset"]
    return fields
