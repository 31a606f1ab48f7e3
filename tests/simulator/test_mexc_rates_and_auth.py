"""Signatures, the clock window and limits of the simulated MEXC Spot."""

from __future__ import annotations

import json

import pytest

from mm.simulator.mexc_key import sign
from tests.core.mexc_frames import document
from tests.simulator.mexc_client import MS, NAME, SECOND, Client, quiet_venue, signature

VECTORS = document("signatures")


@pytest.mark.parametrize("each", VECTORS["spot"], ids=lambda each: str(each["id"]))
def test_documented_signatures(each: dict[str, str]) -> None:
    assert sign(VECTORS["secretKey"], (each["queryString"] + each["body"]).encode()) == each["signature"]


def send(
    client: Client, query: str, *, key: str | None = None, body: str = "", method: str = "GET", **more: str
) -> int:
    headers = {
        "x-mexc-apikey": client.venue.api_key if key is None else key,
        "content-type": "application/json",
        **more,
    }
    path = "account" if method == "GET" else "order"
    reply = client.http(method, f"{path}?{query}", {k: v for k, v in headers.items() if v}, body.encode())
    value = json.loads(reply.payload)
    return int(value["code"]) if reply.code != 200 else 0


def stamped(client: Client, offset_ms: int = 0, more: str = "") -> str:
    query = f"{more}timestamp={client.now_ns // MS + offset_ms}"
    return f"{query}&signature={signature(client.venue.api_secret, query)}"


def test_who_is_asking() -> None:
    client = Client(quiet_venue(tier="unlimited"))
    good = stamped(client)
    assert send(client, good) == 0
    assert send(client, good, key="") == 400
    assert send(client, good, key="mx0nobody") == 10072
    assert send(client, good[:-1] + ("0" if good[-1] != "0" else "1")) == 700002
    assert send(client, good.upper().replace("TIMESTAMP", "timestamp").replace("SIGNATURE", "signature")) == 700002
    assert send(client, f"timestamp={client.now_ns // MS}") == 700004
    assert send(client, f"signature={signature(client.venue.api_secret, '')}") == 700004
    assert send(client, good, method="POST", **{"content-type": ""}) == 700013
    assert send(client, good, method="POST", **{"content-type": "text/plain"}) == 700013


@pytest.mark.parametrize(
    ("offset_ms", "window", "code"),
    [
        (0, "", 0),
        (-5000, "", 0),
        (-5001, "", 700003),
        (-6000, "recvWindow=60000&", 0),
        (-60_001, "recvWindow=60000&", 700003),
        (999, "", 0),
        (1000, "", 700003),
        (1000, "recvWindow=60000&", 700003),
        (0, "recvWindow=60001&", 700005),
        (0, "recvWindow=x&", 33333),
    ],
)
def test_the_clock_window(offset_ms: int, window: str, code: int) -> None:
    client = Client(quiet_venue())
    assert send(client, stamped(client, offset_ms, window)) == code


def test_query_and_body_are_signed_without_a_separator() -> None:
    client = Client(quiet_venue())
    query, body = f"symbol={NAME}&side=BUY&type=LIMIT", f"quantity=0.001&price=59000&timestamp={client.now_ns // MS}"
    good = signature(client.venue.api_secret, query + body)
    assert send(client, f"{query}&signature={good}", body=body, method="POST") == 0
    bad = signature(client.venue.api_secret, f"{query}&{body}")
    assert send(client, f"{query}&signature={bad}", body=body, method="POST") == 700002


def test_a_name_in_both_places_has_the_querys_value() -> None:
    client = Client(quiet_venue())
    query, body = f"symbol={NAME}&side=BUY&type=LIMIT&price=58000", "quantity=0.001&price=59000"
    query += f"&timestamp={client.now_ns // MS}"
    good = signature(client.venue.api_secret, query + body)
    assert send(client, f"{query}&signature={good}", body=body, method="POST") == 0
    (order,) = client.rest("GET", "openOrders", symbol=NAME)
    assert order["price"] == "58000"


def test_lower_case_percent_encoding_is_not_what_the_venue_signs() -> None:
    client = Client(quiet_venue())
    for text, code in (("BTCUSDT%2CNOUSDT", 10007), ("BTCUSDT%2cNOUSDT", 700002)):
        query = f"symbol={text}&timestamp={client.now_ns // MS}"
        target = f"openOrders?{query}&signature={signature(client.venue.api_secret, query)}"
        headers = {"x-mexc-apikey": client.venue.api_key, "content-type": "application/json"}
        assert json.loads(client.http("DELETE", target, headers).payload)["code"] == code


def test_a_key_without_the_right_to_trade_reads() -> None:
    client = Client(quiet_venue(may_trade=False))
    client.rest("GET", "account")
    assert client.error("POST", "order", symbol=NAME) == 700007


def test_an_endpoint_has_500_weight_in_ten_seconds() -> None:
    client = Client(quiet_venue(tier="documented"))
    assert [client.http("GET", "exchangeInfo").code for _ in range(51)].count(200) == 50
    reply = client.http("GET", "time")
    assert (reply.code, dict(reply.headers)["retry-after"]) == (429, "600")
    client.wait(601)
    client.public("time")


def test_who_insists_is_banned() -> None:
    client = Client(quiet_venue(tier="reported"))
    codes = [client.http("GET", "ping").code for _ in range(230)]
    assert codes[:200] == [200] * 200
    assert codes[200] == 429
    assert codes[-1] == 418
    client.wait(121)
    client.public("ping")


def test_twelve_orders_a_second() -> None:
    client = Client(quiet_venue())
    for k in range(12):
        client.order("BUY", f"{59_000 + k}")
    reply = client.call("POST", "order", symbol=NAME, side="BUY", type="LIMIT", quantity="0.001", price="59000")
    assert (reply.code, dict(reply.headers)) == (429, {"retry-after": "1"})
    client.rest("DELETE", "openOrders", symbol=NAME)
    client.now_ns += SECOND
    client.order("BUY", "59000")


def test_two_looks_at_the_account_a_second() -> None:
    client = Client(quiet_venue())
    assert [client.call("GET", "account").code for _ in range(3)] == [200, 200, 429]
    client.now_ns += SECOND
    client.rest("GET", "account")
