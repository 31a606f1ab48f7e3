"""Every error text that Kraken is known to send, and what it means for what was asked."""

from __future__ import annotations

import json

import pytest

from mm.exchanges.kraken.errors import CLASSES, classify
from mm.exchanges.venue import ErrorClass, Kind
from tests.exchanges.kraken.samples import NOW, codec, text

C = ErrorClass
# Text, class for an order request, class for a read. In the order of the reference's table of errors.
TABLE = [
    ("EAPI:Invalid key", C.FATAL, C.FATAL),
    ("EAPI:Invalid signature", C.FATAL, C.FATAL),
    ("EGeneral:Permission denied", C.FATAL, C.FATAL),
    ("EAccount:Invalid permissions", C.FATAL, C.FATAL),
    ("EAuth:Account temporary disabled", C.FATAL, C.FATAL),
    ("EAuth:Account unconfirmed", C.FATAL, C.FATAL),
    ("ETrade:User Locked", C.FATAL, C.FATAL),
    ("EAPI:Invalid nonce", C.NONCE, C.NONCE),
    ("EAPI:Invalid token", C.TOKEN, C.TOKEN),
    ("ESession:Invalid session", C.TOKEN, C.TOKEN),
    ("Token(s) not found", C.TOKEN, C.TOKEN),
    ("EAPI:Rate limit exceeded", C.RATE, C.RATE),
    ("EGeneral:Too many requests", C.RATE, C.RATE),
    ("EAuth:Rate limit exceeded", C.RATE, C.RATE),
    ("EAuth:Too many requests", C.RATE, C.RATE),
    ("EService: Throttled: 1762820035", C.RATE, C.RATE),
    ("EService:Throttled:1762820035", C.RATE, C.RATE),
    ("EOrder:Rate limit exceeded", C.RATE, C.RATE),
    ("EOrder:Domain rate limit exceeded", C.RATE, C.RATE),
    ("EOrder:Orders limit exceeded", C.REJECTED, C.REJECTED),
    ("EOrder:Positions limit exceeded", C.REJECTED, C.REJECTED),
    ("EOrder:Scheduled orders limit exceeded", C.REJECTED, C.REJECTED),
    ("EGeneral:Temporary lockout", C.FATAL, C.FATAL),
    ("EService:Unavailable", C.BUSY, C.BUSY),
    ("EService:Busy", C.BUSY, C.BUSY),
    ("EService:Timeout", C.AMBIGUOUS, C.RETRY),
    ("EGeneral:Internal error", C.AMBIGUOUS, C.RETRY),
    ("EGeneral:Internal error:17", C.AMBIGUOUS, C.RETRY),
    ("EDatabase:Internal error", C.AMBIGUOUS, C.RETRY),
    ("EService:Deadline elapsed", C.CLOCK, C.CLOCK),
    ("EService:Market in cancel_only mode", C.MODE, C.MODE),
    ("EService:Market in post_only mode", C.MODE, C.MODE),
    ("EService:Market in limit_only mode", C.MODE, C.MODE),
    ("EOrder:Insufficient funds", C.REJECTED, C.REJECTED),
    ("EOrder:Insufficient margin", C.REJECTED, C.REJECTED),
    ("EOrder:Margin allowance exceeded", C.REJECTED, C.REJECTED),
    ("EOrder:Margin level too low", C.REJECTED, C.REJECTED),
    ("EOrder:Cannot open position", C.REJECTED, C.REJECTED),
    ("EOrder:Cannot open opposing position", C.REJECTED, C.REJECTED),
    ("EOrder:Reduce only:Non-PC position", C.REJECTED, C.REJECTED),
    ("EOrder:Order minimum not met", C.REJECTED, C.REJECTED),
    ("EOrder:Cost minimum not met", C.REJECTED, C.REJECTED),
    ("EOrder:Tick size check failed", C.REJECTED, C.REJECTED),
    ("EOrder:Invalid price", C.REJECTED, C.REJECTED),
    ("EOrder:Invalid price:Invalid price argument", C.REJECTED, C.REJECTED),
    ("EGeneral:Invalid arguments", C.REJECTED, C.REJECTED),
    ("EGeneral:Invalid arguments:volume minimum not met", C.REJECTED, C.REJECTED),
    ("ETrade:Invalid request", C.REJECTED, C.REJECTED),
    ("EOrder:Unknown order", C.GONE, C.GONE),
    ("EOrder:Invalid order", C.GONE, C.GONE),
    ("EOrder:Cancel pending", C.REJECTED, C.REJECTED),
    ("EOrder:Post only order", C.REJECTED, C.REJECTED),
    ("EQuery:Unknown asset pair", C.REJECTED, C.REJECTED),
    ("EQuery:Invalid asset pair", C.REJECTED, C.REJECTED),
    ("EQuery:Unknown asset", C.REJECTED, C.REJECTED),
    ("EGeneral:Unknown method", C.REJECTED, C.REJECTED),
    ("EOrder:Unknown position", C.REJECTED, C.REJECTED),
    ("EBM:limit exceeded:CAL", C.REJECTED, C.REJECTED),
    ("EFunding:Unknown withdraw key", C.REJECTED, C.REJECTED),
    ("Malformed request", C.REJECTED, C.REJECTED),
    ("Unsupported field: 'params' for the given msg type: ping", C.REJECTED, C.REJECTED),
    ("Limit_price field must be a number_float", C.REJECTED, C.REJECTED),
    ("Unsupported event", C.REJECTED, C.REJECTED),
    ("Exceeded msg rate", C.RATE, C.RATE),
    # Subscriptions.
    ("Currency pair not supported BTC/XYZ", C.REJECTED, C.REJECTED),
    ("Subscription depth not supported", C.REJECTED, C.REJECTED),
    ("Subscription name invalid", C.REJECTED, C.REJECTED),
    ("Subscription ohlc interval not supported", C.REJECTED, C.REJECTED),
    ("Symbol(s) not found", C.REJECTED, C.REJECTED),
    ("Already subscribed to book BTC/USD", C.RETRY, C.RETRY),
    # Texts that nobody has listed.
    ("EOrder:Something new", C.AMBIGUOUS, C.RETRY),
    ("EOrder:Invalid orderliness", C.AMBIGUOUS, C.RETRY),
    ("EService", C.AMBIGUOUS, C.RETRY),
    ("duplicate cl_ord_id", C.AMBIGUOUS, C.RETRY),
    ("", C.AMBIGUOUS, C.RETRY),
]


@pytest.mark.parametrize(("error", "order", "read"), TABLE)
def test_class(error: str, order: ErrorClass, read: ErrorClass) -> None:
    assert classify(error, is_read=False) is order
    assert classify(error, is_read=True) is read
    assert classify(error.upper(), is_read=False) is order


def test_every_prefix_of_the_table_is_tried_above() -> None:
    prefixes = {prefix for texts in CLASSES.values() for prefix in texts}
    texts = [error.replace(": ", ":", 1) if error.startswith("ES") else error for error, _, _ in TABLE]
    assert [prefix for prefix in prefixes if not any(error.startswith(prefix) for error in texts)] == []


def reply(kind: str, *errors: str) -> tuple[bool, str, ErrorClass | None]:
    decoded = codec().decode_reply(kind, 200, json.dumps({"error": errors}).encode(), NOW)
    return decoded.ok, decoded.error, decoded.error_class


@pytest.mark.parametrize(
    ("name", "error", "error_class"),
    [
        ("invalid_arguments_docs", "EGeneral:Invalid arguments:ordertype", C.REJECTED),
        ("invalid_key", "EAPI:Invalid key", C.FATAL),
        ("permission_denied", "EGeneral:Permission denied", C.FATAL),
        ("unknown_asset_pair", "EQuery:Unknown asset pair", C.REJECTED),
    ],
)
@pytest.mark.parametrize("kind", ["open_orders", "place"])
def test_recorded_reply(name: str, error: str, error_class: ErrorClass, kind: str) -> None:
    decoded = codec().decode_reply(kind, 200, text(f"rest_errors/{name}"), NOW)
    assert (decoded.kind, decoded.ok, decoded.error, decoded.error_class) == (Kind.REPLY, False, error, error_class)


def test_of_several_errors_the_most_doubtful_counts() -> None:
    errors = ("EOrder:Insufficient funds", "EService:Busy")
    assert reply("place", *errors) == (False, "EOrder:Insufficient funds; EService:Busy", C.BUSY)
    assert reply("place", "EAPI:Invalid nonce", "EWhat:Ever")[2] is C.AMBIGUOUS
    assert reply("balance", "EWhat:Ever", "EAPI:Invalid key")[2] is C.FATAL


def test_warnings_beside_a_result_are_no_errors() -> None:
    body = b'{"error":["WGeneral:Deprecated"],"result":{"count":1}}'
    assert codec().decode_reply("cancel", 200, body, NOW).ok


@pytest.mark.parametrize("status", [0, 301, 403, 429, 500, 502, 504, 520])
def test_any_other_http_status_leaves_an_order_request_in_doubt(status: int) -> None:
    decoded = codec().decode_reply("place", status, b"<html>", NOW)
    assert (decoded.ok, decoded.error_class) == (False, C.AMBIGUOUS)
    assert codec().decode_reply("balance", status, b"<html>", NOW).error_class is (C.RATE if status == 429 else C.RETRY)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"error":"E"}', b'{"error":[],"result":null}', b"\xff"]
)
def test_body_that_is_no_reply_leaves_an_order_request_in_doubt(body: bytes) -> None:
    for kind, expected in (("place", C.AMBIGUOUS), ("cancel", C.AMBIGUOUS), ("balance", C.RETRY), ("token", C.RETRY)):
        decoded = codec().decode_reply(kind, 200, body, NOW)
        assert (decoded.kind, decoded.ok, decoded.error_class) == (Kind.MALFORMED, False, expected)
        assert decoded.error.startswith(f"{kind}: ")
