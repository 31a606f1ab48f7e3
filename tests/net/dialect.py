"""A few words of Kraken's websocket and REST dialect, enough to drive the link machine by literal messages.

The link and the session see decoded messages only. This codec decodes the handful of shapes that their rules turn on;
the product's codec has its own tests on recorded messages.
"""

from __future__ import annotations

import json
from typing import Any

from mm._core import events as ev
from mm._core.known_orders import KnownOrders
from mm._core.kraken_fills import KrakenFills
from mm.exchanges.absences import Absences
from mm.exchanges.venue import Decoded, ErrorClass, HttpRequest, Kind

CLASSES = {
    "EAPI:Invalid token": ErrorClass.TOKEN,
    "EAPI:Invalid nonce": ErrorClass.NONCE,
    "EAPI:Invalid key": ErrorClass.FATAL,
    "EGeneral:Permission denied": ErrorClass.FATAL,
    "EAPI:Rate limit exceeded": ErrorClass.RATE,
    "EOrder:Unknown order": ErrorClass.GONE,
    "EService:Busy": ErrorClass.BUSY,
    "Exceeded msg rate": ErrorClass.RATE,
    "Already subscribed": ErrorClass.RETRY,
}


class JsonDialect:
    """Encodes requests as plain JSON, decodes what the tests write."""

    request_writer = None

    def __init__(self) -> None:
        # It knows no instrument, so that the session sees every message.
        self.fills = KrakenFills({}, KnownOrders(), lambda text: -1)
        self.absences = Absences()

    def left_out(self, now_ns: int, symbol: str) -> tuple[Any, ...]:
        return ()

    def subscribe_public(self, channel: str, symbol: str, request_id: int, depth: int) -> bytes:
        return _request("subscribe", request_id, channel=channel, symbol=symbol)

    def unsubscribe_public(self, channel: str, symbol: str, request_id: int, depth: int) -> bytes:
        return _request("unsubscribe", request_id, channel=channel, symbol=symbol)

    def subscribe_private(self, channel: str, request_id: int, token: str) -> bytes:
        return _request("subscribe", request_id, channel=channel, token=token)

    def unsubscribe_private(self, channel: str, request_id: int, token: str) -> bytes:
        return _request("unsubscribe", request_id, channel=channel, token=token)

    def ping(self, request_id: int) -> bytes:
        return _request("ping", request_id)

    def encode(self, command: Any, request_id: int, token: str, venue_now_ns: int) -> bytes:
        return _request(type(command).__name__, request_id, client_id=getattr(command, "client_id", ""), token=token)

    def encode_query(self, kind: str, parameters: dict[str, Any], nonce: int) -> HttpRequest:
        return HttpRequest("POST", f"/{kind}", (), json.dumps({**parameters, "nonce": nonce}).encode(), True)

    def encode_rest(self, command: Any, nonce: int) -> HttpRequest:
        body = json.dumps({"client_id": getattr(command, "client_id", ""), "nonce": nonce}).encode()
        return HttpRequest("POST", f"/{type(command).__name__}", (), body, False)

    def decode_frame(self, payload: bytes, now_ns: int) -> Decoded:
        try:
            message = json.loads(payload)
        except ValueError:
            return Decoded(Kind.MALFORMED, ok=False, error="not JSON")
        method, channel = message.get("method"), message.get("channel", "")
        answer = {
            "request_id": message.get("req_id", 0),
            "ok": message.get("success", True),
            "error": message.get("error", ""),
            "error_class": CLASSES.get(message.get("error", ""), ErrorClass.REJECTED),
        }
        if method == "pong":
            return Decoded(Kind.PONG, time_in_ns=message["in"], time_out_ns=message["out"], **answer)
        if method in ("subscribe", "unsubscribe"):
            return Decoded(Kind.SUBSCRIBED if method == "subscribe" else Kind.UNSUBSCRIBED, **answer)
        if method:
            return Decoded(Kind.RESPONSE, result=message.get("order_id", ""), **answer)
        if channel == "heartbeat":
            return Decoded(Kind.HEARTBEAT)
        if channel == "status":
            return Decoded(Kind.STATUS, (ev.VenueStatus(now_ns, "kraken", message["system"]),))
        if channel in ("executions", "balances"):
            events = tuple(_execution(row, now_ns) for row in message.get("data", ()))
            snapshot = message.get("type") == "snapshot"
            return Decoded(Kind.DATA, events, channel=channel, snapshot=snapshot, sequence=message["sequence"])
        return Decoded(Kind.UNKNOWN)

    def decode_reply(self, kind: str, status: int, body: bytes, now_ns: int) -> Decoded:
        if status != 200:
            return Decoded(Kind.MALFORMED, ok=False, error=f"status {status}", error_class=ErrorClass.AMBIGUOUS)
        message = json.loads(body)
        if "error" in message:
            error = message["error"]
            return Decoded(Kind.REPLY, ok=False, error=error, error_class=CLASSES.get(error, ErrorClass.REJECTED))
        rows = message.get("rows", ())
        events = tuple(_execution(row, now_ns) for row in rows)
        return Decoded(
            Kind.REPLY, events, rows=len(rows), total=message.get("total", len(rows)), result=message.get("token")
        )

    def response_events(self, command: Any, decoded: Decoded, now_ns: int) -> tuple[Any, ...]:
        client_id = command.client_id
        head = (now_ns, 0, "kraken", client_id)
        if isinstance(command, ev.Place):
            if decoded.ok:
                return (ev.OrderPending(*head, str(decoded.result)),)
            return (ev.OrderRejected(*head, "", decoded.error, ""),)
        if decoded.ok:
            return ()
        if decoded.error_class is ErrorClass.AMBIGUOUS:
            return (ev.OutcomeUnknown(*head, command.venue_id, type(command).__name__.lower(), decoded.error),)
        if isinstance(command, ev.Amend):
            return (ev.AmendRejected(*head, command.venue_id, decoded.error, ""),)
        gone = decoded.error_class is ErrorClass.GONE
        return (ev.CancelRejected(*head, command.venue_id, decoded.error, "", gone),)


def _request(method: str, request_id: int, **params: str) -> bytes:
    return json.dumps({"method": method, "req_id": request_id, **params}).encode()


def _execution(row: dict[str, Any], now_ns: int) -> Any:
    head = (now_ns, row.get("time", 0), "kraken", row.get("client_id", ""), row.get("venue_id", ""))
    if row["what"] == "fill":
        return ev.Fill(*head, "BTC/USD", 1, row["id"], 100, 1, -1, "m", 0, "USD")
    if row["what"] == "canceled":
        return ev.OrderCanceled(*head, 0, "User requested")
    if row["what"] == "accepted":
        return ev.OrderAccepted(*head)
    if row["what"] == "canceled_report":
        return ev.OrderReport(*head, "BTC/USD", 1, "canceled", 100, 10, 0, "", "query")
    return ev.OrderReport(*head, "BTC/USD", 1, row["what"], 100, 10, row.get("cum", 0), "", "query")
