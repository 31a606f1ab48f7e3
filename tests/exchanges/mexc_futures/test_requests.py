"""Commands and queries as bytes, signed as the published vectors are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
import pytest

from mm._core.events import Amend, Cancel, CancelRejected, OrderPending, OrderRejected, OutcomeUnknown, Place
from mm.errors import ConfigError, LocalError
from mm.exchanges.mexc_futures import topics
from mm.exchanges.mexc_futures.codec import MexcFuturesCodec
from mm.exchanges.mexc_futures.names import symbol_of, venue_name
from mm.exchanges.mexc_futures.signing import Signer
from mm.exchanges.mexc_futures.terms import TradingMode
from mm.exchanges.venue import Decoded, ErrorClass, Kind
from tests.exchanges.mexc_futures.samples import (
    CONTRACTS,
    KEY,
    MS,
    NOW,
    PRIVATE,
    PUBLIC,
    SECRET,
    SIGNATURES,
    codec,
    frames,
    instrument,
)

V = "mexc_futures"
BTC = "BTC/USDT:USDT"
VECTOR_MS = 1_644_489_390_087
ISOLATED = TradingMode(position_mode="hedge", open_type="isolated", leverage=10)


def place(**changes: Any) -> Place:
    values: dict[str, Any] = {
        "recv_ns": NOW,
        "venue": V,
        "symbol": BTC,
        "client_id": "mm-0001",
        "strategy": "maker",
        "purpose": "quote",
        "level": 0,
        "side": 1,
        "price": 500_005,
        "size": 1,
        "order_type": "limit",
        "time_in_force": "gtc",
        "post_only": False,
        "reduce_only": False,
        "parent": "",
    } | changes
    return Place(*values.values())


def sent(command: Any, mode: TradingMode | None = None) -> Any:
    request = codec(mode).encode_rest(command, NOW)
    return orjson.loads(request.body)


# --- signing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", SIGNATURES["futures"], ids=lambda vector: vector["id"])
def test_published_signatures(vector: dict[str, Any]) -> None:
    parameters = vector["target"].removeprefix(f"{KEY}{VECTOR_MS}")
    assert Signer(KEY, SECRET).sign(VECTOR_MS, parameters) == vector["signature"]


def test_a_body_is_not_signed_as_pairs() -> None:
    (wrong,) = SIGNATURES["futuresNegative"]
    request = codec(ISOLATED).encode_rest(place(), VECTOR_MS * MS)
    assert dict(request.headers)["Signature"] != wrong["signature"]
    assert dict(request.headers)["Signature"] == Signer(KEY, SECRET).sign(VECTOR_MS, request.body.decode())


def test_the_login_is_the_recorded_one() -> None:
    assert orjson.loads(codec().requests.login(VECTOR_MS * MS)) == orjson.loads(frames("login", "client")[0])


def test_requests_carry_the_venues_time() -> None:
    taught = codec()
    taught.clock_offset(2_500 * MS)
    request = taught.encode_query("assets", {}, VECTOR_MS * MS)
    assert dict(request.headers)["Request-Time"] == str(VECTOR_MS + 2_500)


def test_a_query_is_signed_sorted_as_it_is_sent() -> None:
    parameters = {"symbol": BTC, "from_ms": 1, "to_ms": 2, "page": 3}
    request = codec().encode_query("trades_history", parameters, VECTOR_MS * MS)
    path, _, query = request.path.partition("?")
    assert path == "/api/v1/private/order/list/order_deals/v3"
    assert query == "end_time=2&page_num=3&page_size=100&start_time=1&symbol=BTC_USDT"
    assert dict(request.headers) == {
        "ApiKey": KEY,
        "Request-Time": str(VECTOR_MS),
        "Signature": Signer(KEY, SECRET).sign(VECTOR_MS, query),
        "Content-Type": "application/json",
    }


@pytest.mark.parametrize(("key", "secret"), [("\n", "s"), ("k", ""), ("k", "\u00e9"), ("k\u00e9", "s")])
def test_keys_that_are_none_are_refused_unseen(key: str, secret: str) -> None:
    with pytest.raises(ConfigError, match=r"MEXC_FUTURES_API") as caught:
        Signer(key, secret)
    assert secret not in str(caught.value) or not secret or secret == "s"
    assert "s3cret" not in repr(Signer("k", "s3cret"))
    assert SECRET not in repr(codec()) + repr(codec().encode_query("assets", {}, NOW))


@pytest.mark.parametrize(
    ("kind", "parameters", "path"),
    [
        ("time", {}, "contract/ping"),
        ("contracts", {}, "contract/detail"),
        ("contracts", {"symbol": BTC}, "contract/detail?symbol=BTC_USDT"),
        ("depth", {"symbol": BTC}, "contract/depth/BTC_USDT?limit=1000"),
        ("depth_commits", {"symbol": BTC}, "contract/depth_commits/BTC_USDT/1000"),
        ("ticker", {"symbol": BTC}, "contract/ticker?symbol=BTC_USDT"),
        ("funding_rate", {"symbol": BTC}, "contract/funding_rate/BTC_USDT"),
        (
            "funding_rate_history",
            {"symbol": BTC},
            "contract/funding_rate/history?page_num=1&page_size=50&symbol=BTC_USDT",
        ),
        ("open_orders", {"page": 2}, "private/order/list/open_orders?page_num=2&page_size=100"),
        ("query_orders", {"venue_ids": ["739113577038255616"]}, "private/order/get/739113577038255616"),
        ("query_orders", {"venue_ids": ["a/b"]}, "private/order/get/a%2Fb"),
        ("closed_orders", {"symbol": BTC, "client_id": "mm1Q1"}, "private/order/external/BTC_USDT/mm1Q1"),
        ("positions", {}, "private/position/open_positions"),
        (
            "funding_records",
            {"symbol": BTC, "page": 1},
            "private/position/funding_records?page_num=1&page_size=50&symbol=BTC_USDT",
        ),
        ("leverage", {"symbol": BTC}, "private/position/leverage?symbol=BTC_USDT"),
        ("position_mode", {}, "private/position/position_mode"),
        ("assets", {}, "private/account/assets"),
        ("fees", {"symbol": BTC}, "private/account/tiered_fee_rate/v2?symbol=BTC_USDT"),
    ],
)
def test_paths_of_queries(kind: str, parameters: dict[str, Any], path: str) -> None:
    request = codec().encode_query(kind, parameters, NOW)
    assert (request.method, request.path, request.body, request.is_read) == ("GET", f"/api/v1/{path}", b"", True)
    assert bool(request.headers) is path.startswith("private")


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [("nothing", {}), ("depth", {}), ("query_orders", {"venue_ids": ["1", "2"]}), ("closed_orders", {"symbol": BTC})],
)
def test_queries_that_cannot_be_asked(kind: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(LocalError, match=V):
        codec().encode_query(kind, parameters, NOW)


def test_private_requests_need_a_key() -> None:
    public = MexcFuturesCodec(instruments=map(instrument, CONTRACTS))
    assert public.encode_query("depth", {"symbol": BTC}, NOW).headers == ()
    for call in (
        lambda: public.encode_query("assets", {}, NOW),
        lambda: public.encode_rest(place(), NOW),
        lambda: public.requests.login(NOW),
    ):
        with pytest.raises(LocalError, match="needs an API key"):
            call()


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_as_it_is_sent() -> None:
    request = codec(ISOLATED).encode_rest(place(), NOW)
    assert (request.method, request.path, request.is_read) == ("POST", "/api/v1/private/order/create", False)
    assert request.body == (
        b'{"symbol":"BTC_USDT","price":50000.5,"vol":1,"side":1,"type":1,"openType":1,"positionMode":1,"leverage":10,'
        b'"externalOid":"mm-0001"}'
    )
    assert codec().encode_rest(place(price=500_000, size=1000, post_only=True), NOW).body == (
        b'{"symbol":"BTC_USDT","price":50000,"vol":1000,"side":1,"type":2,"openType":2,"positionMode":2,'
        b'"externalOid":"mm-0001"}'
    )


@pytest.mark.parametrize("mode", ["one_way", "hedge"])
@pytest.mark.parametrize(
    ("side", "reduce_only", "number"), [(1, False, 1), (1, True, 2), (-1, False, 3), (-1, True, 4)]
)
def test_sides_open_and_close(mode: str, side: int, reduce_only: bool, number: int) -> None:
    body = sent(place(side=side, reduce_only=reduce_only), TradingMode(position_mode=mode))
    assert body["side"] == number
    # The flag is of one-way mode alone.
    assert body.get("reduceOnly", False) is (reduce_only and mode == "one_way")


@pytest.mark.parametrize(
    ("changes", "number", "price"),
    [
        ({}, 1, 50000.5),
        ({"post_only": True}, 2, 50000.5),
        ({"time_in_force": "ioc"}, 3, 50000.5),
        ({"time_in_force": "fok"}, 4, 50000.5),
        ({"order_type": "market", "price": 0}, 5, 0),
        # A market order with a price stops there.
        ({"order_type": "market", "time_in_force": "ioc"}, 3, 50000.5),
    ],
)
def test_types(changes: dict[str, Any], number: int, price: float) -> None:
    body = sent(place(**changes))
    assert (body["type"], body["price"]) == (number, price)


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": "NO/USDT:USDT"},
        {"client_id": ""},
        {"client_id": "x" * 33},
        {"client_id": 'a"b'},
        {"side": 0},
        {"size": 0},
        {"price": 0},
        {"price": -1},
        {"order_type": "stop"},
        {"time_in_force": "gtd"},
        {"time_in_force": "ioc", "post_only": True},
        {"order_type": "market", "post_only": True},
        {"order_type": "market", "time_in_force": "fok"},
    ],
)
def test_orders_that_no_request_can_carry(changes: dict[str, Any]) -> None:
    with pytest.raises(LocalError, match=V):
        codec().encode_rest(place(**changes), NOW)


def test_amends_are_refused() -> None:
    with pytest.raises(LocalError, match="Amend is not a request"):
        codec().encode_rest(Amend(NOW, V, BTC, "a", "1", 1, 1), NOW)


def test_numbers_keep_their_digits() -> None:
    body = codec().encode_rest(place(symbol="DOGE/USDT:USDT", price=8_010, size=10**15 + 1), NOW).body
    assert b'"price":0.0801,"vol":1000000000000001,' in body
    assert Decimal(orjson.loads(body)["price"]).quantize(Decimal("0.00001")) == Decimal("0.0801")


def cancel(client_id: str = "mm-0001", venue_id: str = "") -> Cancel:
    return Cancel(NOW, V, BTC, client_id, venue_id, "")


def test_cancels_name_the_venues_id_with_all_its_digits() -> None:
    request = codec().encode_rest(cancel(venue_id="739113577038255616"), NOW)
    assert (request.path, request.body) == ("/api/v1/private/order/cancel", b"[739113577038255616]")
    vector = next(each for each in SIGNATURES["futures"] if each["id"] == "futures-post-cancel-array")
    both = [cancel("a", "739113577038255616"), cancel("b", "739204819784386560")]
    request = codec().requests.cancels(both, VECTOR_MS * MS)
    assert (request.body.decode(), dict(request.headers)["Signature"]) == (vector["body"], vector["signature"])


def test_cancels_by_client_id_until_the_venues_is_known() -> None:
    taught = codec()
    taught.encode_rest(place(), NOW)
    request = taught.encode_rest(cancel(), NOW)
    assert request.path == "/api/v1/private/order/batch_cancel_with_external"
    assert orjson.loads(request.body) == [{"symbol": "BTC_USDT", "externalOid": "mm-0001"}]
    taught.response_events(place(), Decoded(Kind.REPLY, result="739113577038255616"), NOW)
    assert taught.encode_rest(cancel(), NOW).body == b"[739113577038255616]"
    with pytest.raises(LocalError, match="needs its order's id"):
        taught.encode_rest(cancel(client_id=""), NOW)


def test_account_requests() -> None:
    requests = codec(ISOLATED).requests
    assert orjson.loads(requests.batch([place(), place(client_id="b", side=-1)], NOW).body)[1]["stpMode"] == 0
    assert orjson.loads(requests.cancel_all(BTC, NOW).body) == {"symbol": "BTC_USDT"}
    assert orjson.loads(requests.change_position_mode("one_way", NOW).body) == {"positionMode": 2}
    assert orjson.loads(requests.change_leverage(BTC, 3, -1, NOW).body) == {
        "symbol": "BTC_USDT",
        "leverage": 3,
        "openType": 1,
        "positionType": 2,
    }
    for call in (
        lambda: requests.batch([], NOW),
        lambda: requests.cancels([], NOW),
        lambda: requests.change_leverage(BTC, 0, 1, NOW),
        lambda: requests.change_position_mode("both", NOW),
    ):
        with pytest.raises(LocalError, match=V):
            call()


@pytest.mark.parametrize(
    "changes", [{"position_mode": "both"}, {"open_type": "isolated"}, {"leverage": -1}, {"stp_mode": "all"}]
)
def test_impossible_modes_are_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="leverage" if "open_type" in changes else next(iter(changes))):
        TradingMode(**changes)


# --- answers ----------------------------------------------------------------------------------------------------------


def answer(error_class: ErrorClass | None = None, result: Any = None) -> Decoded:
    return Decoded(Kind.REPLY, ok=error_class is None, error="why", error_class=error_class, result=result)


def test_what_answers_mean_for_their_orders() -> None:
    taught = codec()
    head = (NOW, 0, V, "mm-0001")
    assert taught.response_events(place(), answer(result="7"), NOW) == (OrderPending(*head, "7"),)
    assert taught.response_events(place(), answer(), NOW) == (
        OutcomeUnknown(*head, "", "place", "accepted without an order id"),
    )
    assert taught.response_events(place(), answer(ErrorClass.AMBIGUOUS), NOW) == (
        OutcomeUnknown(*head, "", "place", "why"),
    )
    assert taught.response_events(place(), answer(ErrorClass.MODE), NOW) == (OrderRejected(*head, "", "why", "mode"),)
    rows = [answer(ErrorClass.GONE), answer(), answer(ErrorClass.RATE)]
    cancels = [cancel(venue_id=each) for each in "1234"]
    assert taught.batch_events(cancels, Decoded(Kind.REPLY, result=rows), NOW) == (
        CancelRejected(*head, "1", "why", "gone", True),
        CancelRejected(*head, "3", "why", "rate", False),
        OutcomeUnknown(*head, "4", "cancel", "not in the answer"),
    )
    assert taught.response_events(cancel(), answer(ErrorClass.BUSY), NOW) == (
        OutcomeUnknown(*head, "", "cancel", "why"),
    )


# --- what is said on sockets ------------------------------------------------------------------------------------------


def test_messages_are_the_recorded_ones() -> None:
    assert frames("ping", "client")[0] == topics.PING
    assert topics.subscribe("depth", BTC, merged=True) == frames("sub-ack", "client")[0]
    assert topics.subscribe("depth", "ETH/USDT:USDT") == frames("push-depth-unmerged", "client")[0]
    assert topics.subscribe("deal", BTC, merged=True) == frames("push-deal", "client")[0]
    assert topics.unsubscribe("depth", BTC) == b'{"method":"unsub.depth","param":{"symbol":"BTC_USDT"}}'
    recorded = orjson.loads(frames("filter", "client")[0])
    ours = orjson.loads(topics.personal_filter([BTC]))
    assert ours["method"] == recorded["method"]
    assert {each["filter"] for each in recorded["param"]["filters"]} <= {
        each["filter"] for each in ours["param"]["filters"]
    }


def test_names() -> None:
    for symbol, name in ((BTC, "BTC_USDT"), ("BTC/USD:BTC", "BTC_USD"), ("1000SATS/USDC:USDC", "1000SATS_USDC")):
        assert (venue_name(symbol), symbol_of(name)) == (name, symbol)
    for name in ("", "BTCUSDT", "_USDT", "BTC_", "BTC USDT", "B\u00e9_USDT", "x" * 50 + "_USDT"):
        assert symbol_of(name) == ""
    names = [json_of["symbol"] for json_of in map(_first, [*PRIVATE, *PUBLIC]) if "symbol" in json_of]
    assert all(venue_name(symbol_of(name)) == name for name in names)


def _first(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(frames(name)[-1])
    return found
