"""Fault hooks on the simulated Kraken: what a client then sees, and that the venue's ledger holds the truth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mm.simulator.orders import SELL
from mm.simulator.outbox import GARBAGE, Action
from tests.simulator.kraken_client import SECOND, SYMBOL, Client, events
from tests.simulator.quiet_market import BID, BTC, quiet_venue, trade

ORDER = {"order_type": "limit", "side": "buy", "order_qty": 0.001, "limit_price": 59000, "symbol": SYMBOL}


def client_of(*rules: dict[str, Any], tape: tuple[Any, ...] = (), **options: Any) -> Client:
    return Client(quiet_venue(tape, rules, **{"events_first": False, **options}))


def kinds(client: Client) -> list[str]:
    return [action.kind for action in client.actions if action.kind not in ("send", "reply")]


def open_orders(client: Client) -> int:
    return len(client.venue.exchange.open_orders("main"))


def fired(client: Client) -> dict[str, int]:
    return dict(client.venue.hooks.fired)


def test_request_lost_before_it_is_carried_out() -> None:
    client = client_of({"on": "request", "name": "add_order", "action": "drop", "times": 1})
    connection = client.private()
    assert client.order(connection, "buy", 59000) == []
    client.wait(10)
    assert open_orders(client) == 0
    assert client.order(connection, "buy", 59000)[0]["success"] is True
    assert fired(client) == {"request.drop": 1}


def test_order_placed_and_its_reply_withheld() -> None:
    client = client_of({"on": "reply", "name": "add_order", "action": "withhold"})
    connection = client.private()
    frames = client.order(connection, "buy", 59000)
    assert [row["exec_type"] for row in events(frames)] == ["pending_new", "new"]
    assert [frame for frame in frames if "method" in frame] == []
    assert open_orders(client) == 1


def test_order_placed_and_the_socket_closed_instead_of_a_reply() -> None:
    client = client_of({"on": "reply", "name": "add_order", "action": "disconnect"})
    connection = client.private()
    client.order(connection, "buy", 59000)
    assert kinds(client) == ["abort"]
    assert open_orders(client) == 1
    assert client.send(connection, '{"method":"ping"}') == []


def test_order_placed_over_rest_and_a_gateway_page_answered() -> None:
    client = client_of({"on": "reply", "name": "AddOrder", "action": "status", "status": 520})
    path, headers, body = client.signed(
        "AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="59000", volume="0.001"
    )
    client.venue.http(client.now_ns, 1, "POST", path, headers, body)
    (reply,) = client.take()
    assert (reply.kind, reply.code, reply.reason) == ("reply", 520, "text/html; charset=UTF-8")
    assert reply.payload.startswith(b"<!DOCTYPE html>")
    assert open_orders(client) == 1


@pytest.mark.parametrize(
    ("rule", "kinds_seen"),
    [
        ({"on": "reply", "action": "withhold"}, []),
        ({"on": "reply", "action": "disconnect"}, ["hangup"]),
        ({"on": "request", "action": "drop"}, []),
        ({"on": "request", "action": "disconnect"}, ["hangup"]),
    ],
)
def test_rest_replies_that_never_come(rule: dict[str, Any], kinds_seen: list[str]) -> None:
    client = client_of({**rule, "name": "Balance"})
    path, headers, body = client.signed("Balance")
    client.venue.http(client.now_ns, 5, "POST", path, headers, body)
    assert [action.kind for action in client.take()] == kinds_seen


def test_rest_reply_cut_or_garbled() -> None:
    client = client_of(
        {"on": "reply", "name": "Time", "action": "corrupt", "times": 1},
        {"on": "reply", "name": "Time", "action": "garbage"},
    )
    texts = []
    for _ in range(2):
        client.venue.http(client.now_ns, 1, "GET", "/0/public/Time", {}, b"")
        texts.append(client.take()[0].payload)
    for text in texts:
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


def test_refused_by_order_with_a_given_text() -> None:
    client = client_of({"on": "request", "action": "refuse", "error": "EService:Busy", "name": "add_order"})
    connection = client.private()
    (answer,) = client.order(connection, "buy", 59000)
    assert (answer["success"], answer["error"], answer["req_id"]) == (False, "EService:Busy", client.request_id)
    assert open_orders(client) == 0
    rest = client_of({"on": "request", "action": "refuse", "error": "EAPI:Rate limit exceeded", "name": "Balance"})
    assert rest.error("Balance") == "EAPI:Rate limit exceeded"


def test_reply_delayed_after_the_fill() -> None:
    client = client_of(
        {"on": "reply", "name": "add_order", "action": "delay", "delay_s": 2},
        tape=(trade(1, 1, SELL, BID, 3 * BTC),),
    )
    connection = client.private()
    client.order(connection, "buy", 60000.0)
    client.wait(1.5)
    assert [row["exec_type"] for row in events(client.frames[connection])][-1] == "filled"
    assert [frame for frame in client.frames[connection] if "method" in frame] == []
    client.wait(1)
    assert [frame["method"] for frame in client.frames[connection] if "method" in frame] == ["add_order"]


def test_delayed_request_that_outlives_its_deadline_is_not_carried_out() -> None:
    client = client_of({"on": "request", "name": "add_order", "action": "delay", "delay_s": 6})
    connection = client.private()
    assert client.order(connection, "buy", 59000) == []
    client.wait(7)
    (answer,) = [frame for frame in client.frames[connection] if "method" in frame]
    assert answer["error"] == "EService:Deadline elapsed"
    assert open_orders(client) == 0


def test_reads_that_trail_the_engine() -> None:
    reads = ("OpenOrders", "QueryOrders", "TradesHistory", "ClosedOrders")
    client = client_of(*({"on": "request", "name": name, "action": "lag", "delay_s": 3} for name in reads))
    connection = client.private()
    order_id = client.order(connection, "buy", 59000)[0]["result"]["order_id"]
    client.order(connection, "buy", 60000.1)
    assert client.rest("OpenOrders")["open"] == {}
    assert client.error("QueryOrders", txid=order_id) == "EOrder:Unknown order"
    assert client.rest("TradesHistory") == {"trades": {}, "count": 0}
    assert client.rest("ClosedOrders") == {"closed": {}, "count": 0}
    client.wait(3)
    assert list(client.rest("OpenOrders")["open"]) == [order_id]
    assert list(client.rest("QueryOrders", txid=order_id)) == [order_id]
    assert client.rest("TradesHistory")["count"] == client.rest("ClosedOrders")["count"] == 1


def test_reply_twice() -> None:
    client = client_of({"on": "reply", "name": "add_order", "action": "duplicate"})
    connection = client.private()
    frames = client.order(connection, "buy", 59000)
    assert [frame["method"] for frame in frames if "method" in frame] == ["add_order", "add_order"]
    assert open_orders(client) == 1


def test_executions_lost_leave_a_gap_and_twice_leave_a_repeat() -> None:
    client = client_of(
        {"on": "message", "name": "executions", "action": "drop", "skip": 1, "times": 1},
        {"on": "message", "name": "executions", "action": "duplicate", "skip": 3, "times": 1},
    )
    connection = client.private()
    frames = client.order(connection, "buy", 59000) + client.order(connection, "buy", 59001)
    numbers = [frame["sequence"] for frame in frames if frame.get("channel") == "executions"]
    assert numbers == [3, 4, 4, 5]


def test_delayed_message_comes_out_of_order() -> None:
    client = client_of({"on": "message", "name": "executions", "action": "delay", "delay_s": 1, "skip": 1, "times": 1})
    connection = client.private()
    client.order(connection, "buy", 59000)
    client.wait(2)
    numbers = [frame["sequence"] for frame in client.frames[connection] if frame.get("channel") == "executions"]
    assert numbers == [3, 2]


def test_wrong_checksum_once() -> None:
    client = client_of({"on": "message", "name": "book", "action": "checksum", "skip": 1, "times": 1})
    public = client.open()
    client.talk(public, "subscribe", channel="book", symbol=[SYMBOL])
    connection = client.private(executions=False)
    client.frames.clear()
    client.order(connection, "buy", 60000.0)
    (wrong,) = client.frames[public]
    true = client.venue._feeds.books[SYMBOL].checksum()
    assert wrong["data"][0]["checksum"] != true
    client.order(connection, "buy", 60000.0)
    assert client.frames[public][-1]["data"][0]["checksum"] == client.venue._feeds.books[SYMBOL].checksum()


def test_lost_book_update_shows_in_the_next_checksum_only() -> None:
    client = client_of({"on": "message", "name": "book", "action": "drop", "skip": 1, "times": 1})
    public = client.open()
    client.talk(public, "subscribe", channel="book", symbol=[SYMBOL])
    connection = client.private(executions=False)
    client.frames.clear()
    client.order(connection, "buy", 60000.0)
    assert public not in client.frames
    client.order(connection, "buy", 59999.9)
    (update,) = client.frames[public]
    assert update["data"][0]["checksum"] == client.venue._feeds.books[SYMBOL].checksum()
    assert update["data"][0]["bids"] == [{"price": "59999.9", "qty": "1.00100001"}]


def test_text_that_is_not_json_comes_in_between() -> None:
    client = client_of({"on": "message", "name": "heartbeat", "action": "garbage", "times": 1})
    public = client.open()
    client.talk(public, "subscribe", channel="instrument")
    client.frames.clear()
    client.wait(2)
    assert client.frames[public] == [GARBAGE, {"channel": "heartbeat"}, {"channel": "heartbeat"}]


def test_connections_cut_by_the_clock_with_a_code() -> None:
    client = client_of({"on": "clock", "action": "disconnect", "target": "private", "code": 1001, "at_s": 5})
    public, private = client.open(), client.private()
    client.talk(public, "subscribe", channel="instrument")
    client.wait(6)
    closes = [action for action in client.actions if action.kind == "close"]
    assert closes == [Action("close", private, b"", 1001, "hook")]
    client.frames.clear()
    client.wait(1)
    assert list(client.frames) == [public]


def test_silence_keeps_the_connection_and_swallows_everything_for_a_while() -> None:
    client = client_of({"on": "clock", "action": "silence", "at_s": 3, "duration_s": 5})
    public = client.open()
    client.talk(public, "subscribe", channel="instrument")
    client.frames.clear()
    times = []
    for _ in range(12):
        client.wait(1)
        times.append(len(client.frames.pop(public, [])))
    assert times == [1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert kinds(client) == []


def test_an_outage_ends_every_connection_and_lets_nothing_through_for_a_while() -> None:
    client = client_of({"on": "clock", "action": "outage", "at_s": 3, "duration_s": 4})
    connection = client.private()
    client.open()
    assert client.order(connection, "buy", 59000)[0]["success"]
    client.wait(4)
    assert kinds(client) == ["abort", "abort"]
    with pytest.raises(ConnectionRefusedError):
        client.open()
    client.venue.http(client.now_ns, 77, "GET", "/0/public/Time", {}, b"")
    assert [action for action in client.venue.drain() if action.kind in ("reply", "hangup")] == [Action("hangup", 77)]
    client.wait(4)
    assert client.public("Time")["error"] == []
    assert client.private()


def test_a_ban_refuses_rest_alone_and_carries_nothing_out() -> None:
    client = client_of({"on": "clock", "action": "ban", "status": 403, "at_s": 1, "duration_s": 4})
    connection = client.private()
    client.wait(2)
    client.venue.http(client.now_ns, 77, "GET", "/0/public/Time", {}, b"")
    assert [action.code for action in client.venue.drain() if action.kind == "reply"] == [403]
    assert client.order(connection, "buy", 59000)[0]["success"]
    client.wait(4)
    assert client.public("Time")["error"] == []


def test_the_venue_cancels_every_order_on_its_own() -> None:
    client = client_of({"on": "clock", "action": "cancel_all", "at_s": 2})
    connection = client.private()
    assert client.order(connection, "buy", 59000)[0]["success"]
    client.wait(3)
    assert client.venue.exchange.open_orders("main") == []
    (closed,) = client.venue.exchange.closed_orders("main")
    assert closed.reason == "Canceled by the venue"


def test_another_step_of_prices_is_told_and_kept_to() -> None:
    client = client_of({"on": "clock", "action": "tick", "value": 50, "at_s": 2})
    connection = client.private()
    client.wait(3)
    assert client.order(connection, "buy", 59000.1)[0]["error"] == "EOrder:Tick size check failed"
    assert client.order(connection, "buy", 59005)[0]["success"]


def test_other_minimums_are_told_and_kept_to() -> None:
    client = client_of({"on": "clock", "action": "size_min", "value": 20_000_000, "at_s": 2})
    connection = client.private()
    client.wait(3)
    assert client.order(connection, "buy", 59000, 0.1999)[0]["error"].endswith("volume minimum not met")
    public = client.open()
    client.talk(public, "subscribe", channel="instrument")
    client.frames.clear()
    client.venue.act(client.now_ns, {"action": "cost_min", "value": 30_000})
    client.wait(0)
    (told,) = [frame for frame in client.frames[public] if frame["channel"] == "instrument"]
    assert told["data"]["pairs"][0]["cost_min"] == "30000.00"
    assert client.order(connection, "buy", 59000, 0.2)[0]["error"] == "EOrder:Cost minimum not met"
    client.venue.act(client.now_ns, {"action": "lot", "value": 10**6})
    assert client.order(connection, "buy", 59000, 0.605)[0]["error"] == "EGeneral:Invalid arguments:volume"
    assert client.order(connection, "buy", 59000, 0.61)[0]["success"]
    (pair,) = client.public("AssetPairs")["result"].values()
    assert (pair["ordermin"], pair["costmin"]) == ("0.2", "30000")


def test_market_mode_by_the_clock_ends_by_itself() -> None:
    client = client_of({"on": "clock", "action": "mode", "mode": "cancel_only", "at_s": 2, "duration_s": 3})
    connection = client.private()
    seen = []
    for _ in range(7):
        client.wait(1)
        seen.append(client.order(connection, "buy", 59000)[0]["success"])
    assert seen == [True, False, False, False, True, True, True]


def test_a_clock_that_is_off_shows_in_every_stamp_a_client_measures_by() -> None:
    client = client_of({"on": "clock", "action": "skew", "skew_s": -5, "at_s": 1, "duration_s": 10})
    client.wait(2)
    assert client.public("Time")["result"]["unixtime"] == client.now_ns // SECOND - 5
    connection = client.open()
    (pong,) = client.send(connection, '{"method":"ping"}')
    assert pong["time_in"] == "2025-11-24T15:59:57.000000Z"
    client.wait(10)
    assert client.public("Time")["result"]["unixtime"] == client.now_ns // SECOND


def test_tokens_dropped_by_the_clock() -> None:
    client = client_of({"on": "clock", "action": "tokens", "at_s": 1})
    connection = client.private()
    client.wait(2)
    assert client.order(connection, "buy", 59000)[0]["error"] == "EAPI:Invalid token"


def test_chance_is_the_same_for_the_same_seed() -> None:
    rules: list[dict[str, Any]] = [
        {"on": place, "action": action, "rate": 0.1}
        for place, action in (
            ("request", "drop"),
            ("request", "delay"),
            ("reply", "withhold"),
            ("reply", "duplicate"),
            ("reply", "corrupt"),
            ("message", "drop"),
            ("message", "delay"),
            ("message", "duplicate"),
        )
    ]

    def run() -> tuple[list[Action], dict[str, int]]:
        client = client_of(tape=(trade(1, 1, SELL, BID, 3 * BTC),))
        connection = client.private()
        client.venue.hooks.load(rules)
        for k in range(100):
            client.order(connection, "buy", 59000 + k)
            client.wait(0.05)
        return client.actions, fired(client)

    first, second = run(), run()
    assert first == second
    assert set(first[1]) == {f"{rule['on']}.{rule['action']}" for rule in rules}


def test_a_flood_sends_many_book_messages_that_all_fit() -> None:
    client = client_of({"on": "clock", "action": "flood", "value": 2000, "at_s": 5, "duration_s": 3})
    connection = client.open()
    client.send(connection, '{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":25}}')
    client.wait(10)
    books = [frame["data"][0] for frame in client.frames[connection] if frame.get("channel") == "book"]
    snapshot, updates = books[0], books[1:]
    assert 5900 <= len(updates) <= 6000
    assert {len(update["bids"]) for update in updates} == {1}
    grown, shrunk = ({update["checksum"] for update in updates[start::2]} for start in (0, 1))
    assert shrunk == {snapshot["checksum"]}
    assert len(grown) == 1
    assert grown != shrunk
    assert fired(client) == {"clock.flood": 1}


@pytest.mark.parametrize("rule", [{"action": "delist", "value": 1}, {"action": "status", "text": "cancel_only"}])
def test_a_market_that_is_closed_for_a_time_comes_back_by_itself(rule: dict[str, Any]) -> None:
    client = client_of({"on": "clock", "at_s": 1, "duration_s": 5, **rule})
    connection = client.private()
    client.wait(5.9)
    assert not client.ask(connection, "add_order", **ORDER, token=client.token)[0]["success"]
    client.wait(0.2)
    assert client.ask(connection, "add_order", **ORDER, token=client.token)[0]["success"]


def test_a_transfer_is_told_or_not_and_moves_the_balance_either_way() -> None:
    client = client_of()
    connection = client.private(balances=True)
    ledger = client.venue.exchange.ledger
    before = ledger.balance("main", "USD")
    client.venue.act(client.now_ns, {"action": "transfer", "text": "USD", "value": -12.5, "told": "lists"})
    client.venue.act(client.now_ns, {"action": "transfer", "text": "USD", "value": 2.25})
    assert ledger.balance("main", "USD") - before == -1025 * 10**8
    client.wait(0.1)
    rows = [frame["data"] for frame in client.frames[connection] if frame.get("channel") == "balances"]
    assert [(row["type"], row["amount"]) for (row,) in rows] == [("transfer", "2.2500000000")]
