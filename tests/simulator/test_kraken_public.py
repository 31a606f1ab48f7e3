"""Public WebSocket and REST of the simulated Kraken, point by point of what its documents and recordings show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mm.simulator.orders import SELL, TradePrint
from tests.simulator.kraken_client import SECOND, START_NS, SYMBOL, Client
from tests.simulator.quiet_market import ASK, BID, quiet_venue


@pytest.fixture
def client() -> Client:
    return Client(quiet_venue())


def test_status_comes_first_and_unasked(client: Client) -> None:
    connection = client.open()
    (status,) = client.frames[connection]
    (data,) = status.pop("data")
    assert status == {"channel": "status", "type": "update"}
    identity = data.pop("connection_id")
    assert data == {"version": "2.0.10", "system": "online", "api_version": "v2"}
    assert 0 <= identity < 2**64


def test_connection_ids_go_beyond_a_signed_integer(client: Client) -> None:
    found = set()
    for _ in range(20):
        connection = client.open()
        found.add(client.frames[connection][0]["data"][0]["connection_id"] >= 2**63)
    assert found == {True, False}


def test_pong_has_no_success(client: Client) -> None:
    (pong,) = client.send(client.open(), '{"method":"ping","req_id":1}')
    assert pong == {
        "method": "pong",
        "req_id": 1,
        "time_in": "2025-11-24T16:00:00.000000Z",
        "time_out": "2025-11-24T16:00:00.000000Z",
    }


def test_request_id_is_echoed_only_if_sent(client: Client) -> None:
    (pong,) = client.send(client.open(), '{"method":"ping"}')
    assert "req_id" not in pong


@pytest.mark.parametrize(
    ("text", "method", "error"),
    [
        ("hello", "error", "Malformed request"),
        ("[1,2]", "error", "Malformed request"),
        ('{"method":7}', "error", "Malformed request"),
        ('{"method":"ping","req_id":"one"}', "error", "Malformed request"),
        ('{"method":"ping","req_id":1.5}', "error", "Malformed request"),
        ('{"method":"subscribe","params":[]}', "error", "Malformed request"),
        ('{"method":"subscribe","params":{"channel":NaN}}', "error", "Malformed request"),
        ("[" * 100_000, "error", "Malformed request"),
        ('{"method":"ping","params":{"a":1}}', "ping", "Unsupported field: 'params' for the given msg type: ping"),
        ('{"method":"dance"}', "dance", "Unsupported event"),
        ('{"method":"dan\\"ce\\u0000"}', 'dan"ce\0', "Unsupported event"),
        ('{"method":"subscribe","params":{"symbol":["BTC/USD"]}}', "subscribe", "Unsupported event"),
        ('{"method":"subscribe","params":{"channel":"weather"}}', "subscribe", "Subscription name invalid"),
        ('{"method":"subscribe","params":{"channel":"book"}}', "subscribe", "Symbol(s) not found"),
        ('{"method":"subscribe","params":{"channel":"book","symbol":"BTC/USD"}}', "subscribe", "Symbol(s) not found"),
        (
            '{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":11}}',
            "subscribe",
            "Subscription depth not supported",
        ),
        (
            '{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":"10"}}',
            "subscribe",
            "Subscription depth not supported",
        ),
        (
            '{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"depth":10}}',
            "subscribe",
            "Unsupported field: 'depth' for the given msg type: subscribe",
        ),
        (
            '{"method":"subscribe","params":{"channel":"executions","token":"x"}}',
            "subscribe",
            "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com",
        ),
        (
            '{"method":"add_order","params":{"token":"x"}}',
            "add_order",
            "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com",
        ),
    ],
)
def test_wrong_requests_get_sparse_errors_with_a_text(client: Client, text: str, method: str, error: str) -> None:
    connection = client.open()
    (answer,) = client.send(connection, text)
    assert answer.pop("time_in")
    assert answer.pop("time_out")
    assert answer == {"error": error, "method": method, "success": False}
    assert client.ask(connection, "subscribe", channel="instrument")[0]["success"] is True


def test_bytes_that_are_not_text_are_malformed(client: Client) -> None:
    connection = client.open()
    client.venue.frame(client.now_ns, connection, b'\xff\xfe{"method":"ping"}')
    client.take()
    assert client.frames[connection][-1]["error"] == "Malformed request"


def test_one_acknowledgement_per_symbol_and_some_may_fail(client: Client) -> None:
    connection = client.open()
    good, bad = client.ask(connection, "subscribe", channel="book", symbol=[SYMBOL, "XBT/USD"])
    assert good["result"] == {"channel": "book", "depth": 10, "snapshot": True, "symbol": SYMBOL}
    assert (bad["success"], bad["error"], bad["symbol"]) == (False, "Currency pair not supported XBT/USD", "XBT/USD")
    assert good["req_id"] == bad["req_id"]


def test_snapshot_is_best_first_at_full_precision(client: Client) -> None:
    connection = client.open()
    client.talk(connection, "subscribe", channel="book", symbol=[SYMBOL], depth=25)
    text = next(a.payload.decode() for a in client.actions if b'"channel":"book","type"' in a.payload)
    assert text.startswith(
        '{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":60000.0,"qty":1.00000000},'
        '{"price":59999.9,"qty":1.00000001}'
    )
    (data,) = json.loads(text)["data"]
    assert (len(data["bids"]), len(data["asks"])) == (25, 25)


def test_same_subscription_twice_is_refused_and_other_depths_are_not(client: Client) -> None:
    connection = client.open()
    assert client.ask(connection, "subscribe", channel="book", symbol=[SYMBOL], depth=10)[0]["success"]
    assert not client.ask(connection, "subscribe", channel="book", symbol=[SYMBOL], depth=10)[0]["success"]
    assert client.ask(connection, "subscribe", channel="book", symbol=[SYMBOL], depth=100)[0]["success"]


def test_resubscribing_gives_a_fresh_snapshot(client: Client) -> None:
    connection = client.open()
    client.talk(connection, "subscribe", channel="book", symbol=[SYMBOL])
    (gone,) = client.ask(connection, "unsubscribe", channel="book", symbol=[SYMBOL])
    assert gone["result"]["symbol"] == SYMBOL
    frames = client.talk(connection, "subscribe", channel="book", symbol=[SYMBOL])
    assert [frame.get("type") for frame in frames] == [None, "snapshot"]
    (unknown,) = client.ask(connection, "unsubscribe", channel="book", symbol=[SYMBOL], depth=25)
    assert unknown["error"] == "Subscription Not Found"


def test_heartbeat_every_second_once_something_is_subscribed(client: Client) -> None:
    quiet, subscribed = client.open(), client.open()
    client.talk(subscribed, "subscribe", channel="instrument")
    client.frames.clear()
    client.wait(5.5)
    assert client.frames == {subscribed: [{"channel": "heartbeat"}] * 5}
    assert quiet not in client.frames


def test_connection_without_subscription_is_closed_after_a_minute(client: Client) -> None:
    connection = client.open()
    client.wait(30)
    client.send(connection, '{"method":"ping"}')
    client.wait(59)
    assert [a.kind for a in client.actions if a.kind != "send"] == []
    client.wait(2)
    (close,) = [a for a in client.actions if a.kind == "close"]
    assert (close.connection, close.code) == (connection, 1001)
    assert client.send(connection, '{"method":"ping"}') == []


def test_subscribed_connection_stays_open(client: Client) -> None:
    connection = client.open()
    client.talk(connection, "subscribe", channel="instrument")
    client.wait(200)
    assert [a.kind for a in client.actions if a.kind != "send"] == []
    client.talk(connection, "unsubscribe", channel="instrument")
    client.wait(61)
    assert [a.kind for a in client.actions if a.kind != "send"] == ["close"]


def test_too_many_connections_are_refused_and_unknown_paths_too(client: Client) -> None:
    for _ in range(150):
        client.venue.closed(client.now_ns, client.open())
    with pytest.raises(ConnectionRefusedError) as caught:
        client.open()
    assert caught.value.args[0] == 429
    with pytest.raises(ConnectionRefusedError) as caught:
        client.open("/")
    assert caught.value.args[0] == 404


def test_trade_snapshot_only_when_asked_for(client: Client) -> None:
    trades(client, 60)
    first, second = client.open(), client.open()
    assert len(client.talk(first, "subscribe", channel="trade", symbol=[SYMBOL])) == 1
    _, snapshot = client.talk(second, "subscribe", channel="trade", symbol=[SYMBOL], snapshot=True)
    assert len(snapshot["data"]) == 50
    assert snapshot["data"][-1] == {
        "symbol": SYMBOL,
        "side": "sell",
        "price": "60000.0",
        "qty": "0.00000060",
        "ord_type": "limit",
        "trade_id": 60,
        "timestamp": "2025-11-24T16:00:00.000000Z",
    }


def trades(client: Client, count: int) -> None:
    prints = [TradePrint(SYMBOL, SELL, BID, k, k, client.now_ns) for k in range(1, count + 1)]
    client.venue._feeds.apply(client.now_ns, [*prints])


def test_ticker_by_trades_and_by_best_price(client: Client) -> None:
    by_trades, by_best = client.open(), client.open()
    frames = client.talk(by_trades, "subscribe", channel="ticker", symbol=[SYMBOL])
    assert frames[0]["result"]["event_trigger"] == "trades"
    (row,) = frames[1]["data"]
    assert (row["bid"], row["bid_qty"], row["ask"]) == ("60000.0", "1.00000000", "60000.1")
    client.talk(by_best, "subscribe", channel="ticker", symbol=[SYMBOL], event_trigger="bbo")
    client.frames.clear()
    trades(client, 1)
    client.take()
    assert list(client.frames) == [by_trades]
    client.frames.clear()
    client.order(client.private(executions=False), "buy", 60000.0)
    assert by_trades not in client.frames
    assert client.frames[by_best][0]["data"][0]["bid_qty"] == "1.00100000"


def test_instrument_snapshot_and_update_of_a_status(client: Client) -> None:
    connection = client.open()
    _, snapshot = client.talk(connection, "subscribe", channel="instrument")
    (pair,) = snapshot["data"]["pairs"]
    assert pair == {
        "symbol": SYMBOL,
        "base": "BTC",
        "quote": "USD",
        "status": "online",
        "qty_precision": 8,
        "qty_increment": "0.00000001",
        "price_precision": 1,
        "cost_precision": 5,
        "marginable": False,
        "has_index": True,
        "ws_display_price_precision": 1,
        "cost_min": "0.50",
        "tick_size": "0.1",
        "price_increment": "0.1",
        "qty_min": "0.00005000",
    }
    assert [asset["id"] for asset in snapshot["data"]["assets"]] == ["BTC", "USD"]
    client.frames.clear()
    client.venue.set_mode(client.now_ns, "post_only", symbol=SYMBOL)
    client.take()
    (update,) = client.frames[connection]
    assert update["type"] == "update"
    assert update["data"]["pairs"][0]["status"] == "post_only"


def test_system_status_is_told_to_everybody(client: Client) -> None:
    connection = client.open()
    client.frames.clear()
    client.venue.set_mode(client.now_ns, "cancel_only")
    client.take()
    assert client.frames[connection][0]["data"][0]["system"] == "cancel_only"
    assert client.public("SystemStatus")["result"]["status"] == "cancel_only"


def result(client: Client, target: str) -> Any:
    reply = client.public(target)
    assert reply["error"] == []
    return reply["result"]


def test_rest_time_and_status(client: Client) -> None:
    assert result(client, "Time") == {"unixtime": START_NS // SECOND, "rfc1123": "Mon, 24 Nov 25 16:00:00 +0000"}
    assert result(client, "SystemStatus") == {"status": "online", "timestamp": "2025-11-24T16:00:00Z"}


@pytest.mark.parametrize(
    ("asked", "key"), [("XBTUSD", "XXBTZUSD"), ("XXBTZUSD", "XXBTZUSD"), ("BTC/USD", "BTC/USD"), ("", "XXBTZUSD")]
)
def test_rest_pairs_have_rest_ids_as_keys_but_echo_the_slash_form(client: Client, asked: str, key: str) -> None:
    pairs = result(client, f"AssetPairs?pair={asked}" if asked else "AssetPairs")
    assert list(pairs) == [key]
    row = pairs[key]
    assert (row["altname"], row["wsname"], row["base"], row["quote"]) == ("XBTUSD", "XBT/USD", "XXBT", "ZUSD")
    assert (row["ordermin"], row["costmin"], row["tick_size"]) == ("0.00005", "0.5", "0.1")
    assert (row["fees"][0], row["fees_maker"][0]) == ([0, "0.4"], [0, "0.25"])


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("AssetPairs?pair=NOPE", "EQuery:Unknown asset pair"),
        ("Depth?pair=NOPE", "EQuery:Unknown asset pair"),
        ("Assets?asset=NOPE", "EQuery:Unknown asset"),
        ("Depth", "EGeneral:Invalid arguments:pair"),
        ("Depth?pair=XBTUSD&count=-1", "EGeneral:Invalid arguments:count"),
        ("OHLC?pair=XBTUSD&interval=7", "EGeneral:Invalid arguments:interval"),
        ("Trades?pair=XBTUSD&since=yesterday", "EGeneral:Invalid arguments:since"),
        ("Weather", "EGeneral:Unknown method"),
    ],
)
def test_rest_errors_are_arrays_with_status_200(client: Client, target: str, error: str) -> None:
    assert client.public(target) == {"error": [error]}


def test_depth_cuts_volumes_to_three_decimals_and_pads_prices(client: Client) -> None:
    client.order(client.private(executions=False), "buy", 60000.0, 0.0019)
    book = result(client, "Depth?pair=XBTUSD&count=2")["XXBTZUSD"]
    assert book["bids"] == [["60000.00000", "1.001", START_NS // SECOND], ["59999.90000", "1.000", START_NS // SECOND]]
    assert book["asks"][0][0] == "60000.10000"


def test_rest_trades_page_forward_by_the_cursor(client: Client) -> None:
    trades(client, 3)
    client.now_ns += 1_234_567_800
    trades(client, 2)
    rows = result(client, "Trades?pair=XBTUSD")
    assert rows["XXBTZUSD"][-1] == ["60000.00000", "0.00000002", "1764000001.2345678", "s", "l", "", 2]
    assert rows["last"] == str(client.now_ns)
    assert len(rows["XXBTZUSD"]) == 5
    after = result(client, f"Trades?pair=XBTUSD&since={START_NS}")
    assert [row[6] for row in after["XXBTZUSD"]] == [1, 2]
    assert result(client, f"Trades?pair=XBTUSD&since={rows['last']}")["XXBTZUSD"] == []


def test_ohlc_shows_quiet_minutes_and_last_is_the_newest_closed_one(client: Client) -> None:
    trades(client, 1)
    client.now_ns += 150 * SECOND
    rows = result(client, "OHLC?pair=XBTUSD")
    start = START_NS // SECOND
    assert rows["XXBTZUSD"] == [
        [start, "60000.0", "60000.0", "60000.0", "60000.0", "60000.0", "0.00000001", 1],
        [start + 60, "60000.0", "60000.0", "60000.0", "60000.0", "0.0", "0.00000000", 0],
        [start + 120, "60000.0", "60000.0", "60000.0", "60000.0", "0.0", "0.00000000", 0],
    ]
    assert rows["last"] == start + 60


def test_ticker_row(client: Client) -> None:
    trades(client, 2)
    row = result(client, "Ticker?pair=XBTUSD")["XXBTZUSD"]
    assert row["a"] == [f"{ASK / 10:.5f}", "1", "1.000"]
    assert row["c"] == ["60000.00000", "0.00000002"]
    assert row["t"] == [2, 2]
    assert row["v"] == ["0.00000003", "0.00000003"]


def test_same_calls_give_the_same_bytes() -> None:
    def run() -> list[Any]:
        client = Client(quiet_venue())
        connection = client.private(balances=True)
        for k in range(20):
            client.order(connection, "buy", 59000 + k)
            client.wait(0.1)
        return client.actions

    assert run() == run()
