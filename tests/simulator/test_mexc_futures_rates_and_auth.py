"""Who may ask the simulated MEXC Futures, and how often."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mm.simulator.mexc_futures.auth import Key
from mm.simulator.mexc_futures.errors import Refused
from mm.simulator.mexc_spot.venue import MexcSpotVenue
from tests.simulator.mexc_client import quiet_venue as quiet_spot
from tests.simulator.mexc_futures_client import NAME, Client, quiet_venue

VECTORS = json.loads((Path(__file__).parents[1] / "exchanges/data/mexc_futures/signatures.json").read_text())


@pytest.fixture
def client() -> Client:
    return Client(quiet_venue())


def code(reply: Any) -> int:
    assert reply.code == 200
    return int(json.loads(reply.payload)["code"])


def test_the_time_is_good_for_ten_seconds_either_way(client: Client) -> None:
    for skew_ms, expected in ((-10_000, 0), (10_000, 0), (-10_001, 513), (10_001, 513)):
        headers = client.headers("", skew_ms)
        assert code(client.http("GET", "private/account/assets", headers)) == expected


def test_another_window_may_be_asked_for(client: Client) -> None:
    for window, expected in (("30", 0), ("30000", 0), ("5", 513)):
        headers = client.headers("", -8_000) | {"recv-window": window}
        assert code(client.http("GET", "private/account/assets", headers)) == expected


def test_a_wrong_key_or_signature_is_refused(client: Client) -> None:
    assert code(client.http("GET", "private/account/assets")) == 401
    headers = client.headers("") | {"signature": "0" * 64}
    assert code(client.http("GET", "private/account/assets", headers)) == 602
    headers = client.headers("x=1")
    assert code(client.http("GET", "private/account/assets?x=2", headers)) == 602


def test_a_body_is_signed_byte_for_byte(client: Client) -> None:
    body = b'{"symbol": "BTC_USDT","price":5.9E4, "vol":1,"side":1,"type":1,"openType":2}'
    assert code(client.http("POST", "private/order/create", client.headers(body.decode()), body)) == 0
    assert code(client.http("POST", "private/order/create", client.headers(body.decode()), body + b" ")) == 602
    sorted_pairs = "openType=2&price=5.9E4&side=1&symbol=BTC_USDT&type=1&vol=1"
    assert code(client.http("POST", "private/order/create", client.headers(sorted_pairs), body)) == 602
    assert code(client.http("POST", "private/order/create", client.headers("{"), b"{")) == 601


def test_queries_are_sorted_and_signed_encoded_or_not(client: Client) -> None:
    target = "private/order/list/history_orders?states=2%2C3&page_num=1"
    for signed in ("page_num=1&states=2%2C3", "page_num=1&states=2,3"):
        assert code(client.http("GET", target, client.headers(signed))) == 0
    assert code(client.http("GET", target, client.headers("states=2,3&page_num=1"))) == 602


@pytest.mark.parametrize(
    ("lacks", "method", "path"),
    [
        (701, "GET", "account/assets"),
        (702, "POST", "position/change_leverage"),
        (703, "GET", "order/get/1"),
        (704, "POST", "order/create"),
    ],
)
def test_a_key_without_a_right_is_told_which(lacks: int, method: str, path: str) -> None:
    client = Client(quiet_venue(lacks=frozenset({lacks})))
    assert code(client.call(method, path, {})) == lacks
    for other in ("order/list/open_orders", "position/open_positions"):
        assert code(client.call("GET", other)) in (0, lacks)


def test_both_mexc_venues_have_one_key() -> None:
    spot: MexcSpotVenue = quiet_spot()
    futures = quiet_venue()
    assert (spot.api_key, spot.api_secret) == (futures.api_key, futures.api_secret)


def test_four_orders_in_two_seconds_and_no_ban() -> None:
    client = Client(quiet_venue(tier="documented"))
    for _ in range(4):
        client.order(1, "59990")
    assert client.refusal(1, "59990") == 510
    assert client.error("order/submit", client.fields(1, "59990")) == 510
    assert client.get("order/list/open_orders", page_size=9)[3]
    client.wait(2)
    client.order(1, "59990")
    assert client.venue.statistics()["rate_refusals"] == 2


@pytest.mark.parametrize(("path", "most"), [(f"depth/{NAME}", 10), ("detail", 10), ("ticker", 10), ("ping", 20)])
def test_each_endpoint_has_a_limit_of_its_own(path: str, most: int) -> None:
    client = Client(quiet_venue(tier="documented"))
    codes = [code(client.http("GET", f"contract/{path}")) for _ in range(most + 1)]
    assert codes == [0] * most + [510]
    assert code(client.http("GET", f"contract/deals/{NAME}")) == 0


@pytest.mark.parametrize("vector", VECTORS["futures"], ids=lambda row: row["id"])
def test_the_vectors_are_verified(vector: Any) -> None:
    name = VECTORS["apiKey"]
    key = Key("main", name, VECTORS["secretKey"], frozenset())
    if "headers" not in vector:
        stamp = vector["target"].removeprefix(name)
        key.login(int(stamp), name, stamp, vector["signature"])
        return
    headers = {each.lower(): value for each, value in vector["headers"].items()}
    stamp, parameters = headers["request-time"], vector["paramString"]
    assert vector["target"] == f"{name}{stamp}{parameters}"
    query, body = ("", parameters.encode()) if vector["method"] == "POST" else (parameters, b"")
    key.check(int(stamp), vector["method"], headers, query, body)
    with pytest.raises(Refused, match="signature"):
        key.check(int(stamp), vector["method"], headers | {"signature": "0" * 64}, query, body)
