"""What a request to a venue says, read from its bytes as the venue would: nothing of the bot's own code is used."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from mm.simulator.kinds import KRAKEN, MEXC_FUTURES, MEXC_SPOT
from mm.simulator.orders import BUY, SELL, SimInstrument


@dataclass(slots=True)
class Sent:
    """One request. kind: place, amend, cancel or other; price and size as they are written, "" for none."""

    kind: str
    client_id: str = ""
    venue_id: str = ""
    symbol: str = ""
    side: int = 0
    price: str = ""
    size: str = ""
    nonce: str = ""


OTHER = Sent("other")


def of_frame(venue: str, payload: bytes) -> list[Sent]:
    """What a WebSocket message asks for."""
    if venue != KRAKEN or (b"_order" not in payload and b"cancel_" not in payload):
        return [OTHER]
    message = orjson.loads(payload)
    method, given = message.get("method"), message.get("params", {})
    if method == "add_order":
        return [_kraken("place", given)]
    if method == "batch_add":
        return [_kraken("place", each | {"symbol": given.get("symbol")}) for each in given.get("orders", [])]
    if method == "amend_order":
        return [_kraken("amend", given)]
    if method in ("cancel_order", "cancel_all"):
        names, numbers = given.get("cl_ord_id", []), given.get("order_id", [])
        return [Sent("cancel", client_id=",".join(names), venue_id=",".join(numbers))]
    return [OTHER]


def _kraken(kind: str, given: dict[str, Any]) -> Sent:
    return Sent(
        kind,
        client_id=str(given.get("cl_ord_id", "")),
        venue_id=str(given.get("order_id", "")),
        symbol=str(given.get("symbol", "")),
        side={"buy": BUY, "sell": SELL}.get(str(given.get("side")), 0),
        price=_text(given.get("limit_price")),
        size=_text(given.get("order_qty")),
    )


def of_request(venue: str, method: str, path: str, body: bytes) -> list[Sent]:
    """What an HTTP request asks for."""
    parts = urlsplit(path)
    if venue == KRAKEN:
        if b"nonce" not in body:
            return [OTHER]
        given = orjson.loads(body) if body[:1] == b"{" else dict(parse_qsl(body.decode()))
        nonce = str(given["nonce"])
        if "/Cancel" not in parts.path or parts.path.endswith("/CancelAllOrdersAfter"):
            # The venue's timer: it cancels nothing now.
            return [Sent("other", nonce=nonce)]
        if parts.path.endswith("/CancelOrderBatch"):
            names, numbers = given.get("cl_ord_ids", []), given.get("orders", [])
            return [Sent("cancel", client_id=",".join(names), venue_id=",".join(numbers), nonce=nonce)]
        return [Sent("cancel", str(given.get("cl_ord_id", "")), str(given.get("txid", "")), nonce=nonce)]
    if venue == MEXC_SPOT and parts.path.endswith(("/api/v3/order", "/api/v3/openOrders")):
        given = dict(parse_qsl(parts.query) + parse_qsl(body.decode()))
        if method == "POST":
            side = {"BUY": BUY, "SELL": SELL}.get(given.get("side", ""), 0)
            return [
                Sent(
                    "place",
                    given.get("newClientOrderId", ""),
                    "",
                    given.get("symbol", ""),
                    side,
                    given.get("price", ""),
                    given.get("quantity", ""),
                )
            ]
        if method == "DELETE":
            return [Sent("cancel", given.get("origClientOrderId", ""), given.get("orderId", ""))]
    if venue == MEXC_FUTURES and method == "POST" and body:
        if parts.path.endswith(("/order/create", "/order/submit")):
            given = orjson.loads(body)
            side = BUY if given.get("side") in (1, 2) else SELL
            return [
                Sent(
                    "place",
                    str(given.get("externalOid", "")),
                    "",
                    str(given.get("symbol", "")),
                    side,
                    _text(given.get("price")),
                    _text(given.get("vol")),
                )
            ]
        if parts.path.endswith("/order/cancel"):
            return [Sent("cancel", venue_id=",".join(map(str, orjson.loads(body))))]
        if parts.path.endswith("/order/batch_cancel_with_external"):
            return [Sent("cancel", client_id=",".join(str(each["externalOid"]) for each in orjson.loads(body)))]
    return [OTHER]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def instrument_of(named: str, instruments: dict[str, SimInstrument]) -> SimInstrument | None:
    """The instrument that a venue's own name of a market means."""
    letters = "".join(filter(str.isalnum, named))
    for symbol, traded in instruments.items():
        if "".join(filter(str.isalnum, symbol.partition(":")[0])) == letters:
            return traded
    return None


def units(text: str, decimals: int) -> int | None:
    """A written number in units of 10^-decimals; None for one that is not finite, not positive or between two units."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or value <= 0:
        return None
    scaled = value.scaleb(decimals)
    return int(scaled) if scaled == scaled.to_integral_value() else None
