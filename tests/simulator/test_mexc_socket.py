"""The socket of the simulated MEXC Spot: control messages, caps, idle closes, listen keys; and faults on order."""

from __future__ import annotations

from typing import Any

import pytest

from mm.simulator.orders import BUY
from mm.simulator.tape import BookEntry
from tests.core.mexc_frames import document
from tests.simulator.mexc_client import BID, BTC, NAME, Client, quiet_venue, trade

TICKER = f"spot@public.aggre.bookTicker.v3.api.pb@100ms@{NAME}"
DEPTH = f"spot@public.aggre.depth.v3.api.pb@100ms@{NAME}"
ORDERS = "spot@private.orders.v3.api.pb"


@pytest.mark.parametrize("name", ["subscribe", "subscribe-two-with-id", "ping", "blocked"])
def test_control_messages_are_answered_as_documented(name: str) -> None:
    (each,) = [each for each in document("ws_control") if each["id"] == name]
    asked, answered = (frame["text"] for frame in each["frames"])
    client = Client(quiet_venue())
    connection = client.open()
    client.actions.clear()
    client.send(connection, asked)
    assert client.actions[-1].payload.decode() == answered


def test_unsubscribed_topics_are_silent() -> None:
    client = Client(quiet_venue((BookEntry(1, 1_000_000, ((BUY, BID, 2 * BTC),)),)))
    connection = client.open(DEPTH)
    assert client.ask(connection, "UNSUBSCRIPTION", DEPTH, id=3) == {"id": 3, "code": 0, "msg": DEPTH}
    client.wait(2)
    assert client.pushes.get(connection, []) == []


@pytest.mark.parametrize("topic", [ORDERS, DEPTH.replace(NAME, "NOUSDT"), DEPTH.lower(), "spot@public.deals.v3.api@X"])
def test_refusals_have_code_0(topic: str) -> None:
    client = Client(quiet_venue())
    answer = client.ask(client.open(), "SUBSCRIPTION", topic)
    assert answer["code"] == 0
    assert answer["msg"].startswith("Not Subscribed successfully! [")
    assert topic in answer["msg"]


def test_thirty_topics_a_connection() -> None:
    client = Client(quiet_venue())
    connection = client.open()
    kinds = [
        f"spot@public.{kind}.v3.api.pb@{every}@{NAME}"
        for kind in ("aggre.depth", "aggre.deals", "aggre.bookTicker")
        for every in ("10ms", "100ms")
    ] + [f"spot@public.limit.depth.v3.api.pb@{NAME}@{depth}" for depth in (5, 10, 20)]
    venue_connection = client.venue._connections[connection]
    for k in range(29):
        venue_connection.topics[f"filler {k}"] = None
    assert client.ask(connection, "SUBSCRIPTION", kinds[0])["msg"] == kinds[0]
    assert "Blocked" in client.ask(connection, "SUBSCRIPTION", kinds[1])["msg"]
    assert client.ask(connection, "SUBSCRIPTION", kinds[0])["msg"] == kinds[0]


def test_a_connection_without_topics_lasts_30_seconds_whatever_it_says() -> None:
    client = Client(quiet_venue())
    connection = client.open()
    for _ in range(2):
        client.wait(14)
        assert client.ask(connection, "PING")["msg"] == "PONG"
    assert connection not in client.ended
    client.wait(3)
    assert client.ended[connection].kind == "close"


def test_a_silent_connection_lasts_60_seconds_and_pings_keep_it() -> None:
    client = Client(quiet_venue())
    quiet, pinging = client.open(DEPTH), client.open(DEPTH)
    for _ in range(5):
        client.wait(13)
        client.ask(pinging, "PING")
    assert quiet in client.ended
    assert pinging not in client.ended


def test_no_connection_lasts_longer_than_a_day() -> None:
    client = Client(quiet_venue())
    connection = client.open(DEPTH)
    for _ in range(24 * 60 * 2 - 1):
        client.wait(30)
        client.ask(connection, "PING")
    assert connection not in client.ended
    client.wait(31)
    assert connection in client.ended


def test_who_says_too_much_is_dropped() -> None:
    client = Client(quiet_venue())
    connection = client.open(DEPTH)
    for _ in range(101):
        client.send(connection, '{"method":"PING"}')
    assert connection in client.ended


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", '{"method":"LOGIN"}', '{"method":"SUBSCRIPTION","params":"x"}', "[" * 10_000]
)
def test_nonsense_is_survived(text: str) -> None:
    client = Client(quiet_venue())
    connection = client.open()
    client.send(connection, text)
    assert client.ask(connection, "PING")["msg"] == "PONG"
    assert client.venue.statistics()["malformed"] == 1


def test_paths() -> None:
    client = Client(quiet_venue())
    with pytest.raises(ConnectionRefusedError):
        client.venue.open(client.now_ns, "/v2")


# Listen keys.


def test_a_bad_listen_key_is_told_in_plain_text() -> None:
    client = Client(quiet_venue())
    connection = client.open(key="nobody")
    assert client.texts[connection] == ["Invalid listen key"]
    assert "Blocked" in client.ask(connection, "SUBSCRIPTION", ORDERS)["msg"]


def test_listen_keys_are_made_listed_kept_and_closed() -> None:
    client = Client(quiet_venue())
    keys = [client.rest("POST", "userDataStream")["listenKey"] for _ in range(2)]
    assert client.rest("GET", "userDataStream") == {"listenKey": keys}
    assert client.rest("PUT", "userDataStream", listenKey=keys[0]) == {"listenKey": keys[0]}
    connection = client.open(ORDERS, key=keys[1])
    client.rest("DELETE", "userDataStream", listenKey=keys[1])
    assert connection in client.ended
    assert client.error("PUT", "userDataStream", listenKey=keys[1]) == 730708
    assert client.error("DELETE", "userDataStream", listenKey=keys[1]) == 730708
    assert (
        client.http(
            "POST", "userDataStream", {"x-mexc-apikey": client.venue.api_key, "content-type": "application/json"}
        ).code
        == 400
    )


def test_a_listen_key_expires_after_an_hour_without_put() -> None:
    client = Client(quiet_venue())
    kept = client.rest("POST", "userDataStream")["listenKey"]
    dropped = client.rest("POST", "userDataStream")["listenKey"]
    connections = [client.open(ORDERS, key=key) for key in (kept, dropped)]

    def live(seconds: int) -> None:
        for _ in range(seconds // 30):
            client.wait(30)
            for connection in connections:
                if connection not in client.ended:
                    client.ask(connection, "PING")

    live(1800)
    client.rest("PUT", "userDataStream", listenKey=kept)
    live(1770)
    assert client.ended == {}
    live(60)
    assert list(client.ended) == [connections[1]]
    assert client.error("PUT", "userDataStream", listenKey=dropped) == 730708
    client.order("BUY", "59000")
    assert client.bodies(connections[0], "privateOrders")[0]["status"] == 1


def test_keys_and_their_connections_are_limited() -> None:
    client = Client(quiet_venue(tier="unlimited"))
    key = client.rest("POST", "userDataStream")["listenKey"]
    for _ in range(5):
        client.open(ORDERS, key=key)
    assert client.texts[client.open(key=key)] == ["Invalid listen key"]
    for _ in range(59):
        client.rest("POST", "userDataStream")
    assert client.call("POST", "userDataStream").code == 400


def test_private_pushes_are_the_accounts_alone_and_by_topic() -> None:
    client = Client(quiet_venue())
    key = client.rest("POST", "userDataStream")["listenKey"]
    private, public = client.open(ORDERS, key=key), client.open(DEPTH)
    client.order("BUY", "59000")
    assert [set(push) & {"privateOrders", "privateAccount"} for push in client.pushes[private]] == [{"privateOrders"}]
    assert client.pushes.get(public, []) == []


# Faults.


def faulty(rule: dict[str, Any], **options: Any) -> Client:
    tape = tuple(BookEntry(k, k * 1_000_000, ((BUY, BID, k * BTC),)) for k in range(1, 8))
    return Client(quiet_venue(tape, (rule,), **options))


def test_a_withheld_answer_leaves_an_order() -> None:
    client = faulty({"on": "reply", "name": "POST order", "action": "withhold", "times": 1})
    query = client.signed({"symbol": NAME, "side": "BUY", "type": "LIMIT", "quantity": "0.001", "price": "59000"})
    headers = {"x-mexc-apikey": client.venue.api_key, "content-type": "application/json"}
    client.venue.http(client.now_ns, 1, "POST", f"/api/v3/order?{query}", headers, b"")
    assert [action.kind for action in client.take()] == []
    assert len(client.venue.exchange.open_orders("main")) == 1


def test_a_dropped_request_leaves_none() -> None:
    client = faulty({"on": "request", "name": "POST order", "action": "drop", "times": 1})
    client.venue.http(client.now_ns, 1, "POST", f"/api/v3/order?{client.signed({})}", {}, b"")
    assert client.take() == []


def test_a_delayed_request_is_judged_by_when_it_came() -> None:
    client = faulty({"on": "request", "name": "POST order", "action": "delay", "delay_s": 30, "times": 1})
    query = client.signed({"symbol": NAME, "side": "BUY", "type": "LIMIT", "quantity": "0.001", "price": "59000"})
    headers = {"x-mexc-apikey": client.venue.api_key, "content-type": "application/json"}
    client.venue.http(client.now_ns, 1, "POST", f"/api/v3/order?{query}", headers, b"")
    client.wait(31)
    (reply,) = [action for action in client.actions if action.kind == "reply"]
    assert reply.code == 200


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"on": "request", "action": "refuse", "error": "30016:Trading disabled"}, 400),
        ({"on": "request", "action": "refuse"}, 503),
        ({"on": "reply", "action": "status", "status": 502}, 502),
        ({"on": "reply", "action": "garbage"}, 200),
    ],
)
def test_answers_that_are_none(rule: dict[str, Any], code: int) -> None:
    client = faulty({**rule, "name": "GET account"})
    assert client.call("GET", "account").code == code


def test_pushes_are_doubled_cut_and_delayed() -> None:
    client = faulty({"on": "message", "name": "aggre.depth", "action": "duplicate", "times": 1})
    connection = client.open(DEPTH)
    client.wait(3)
    first, second, *_ = client.bodies(connection, "publicAggreDepths")
    assert first == second
    client = faulty({"on": "message", "name": "aggre.depth", "action": "corrupt", "times": 1})
    connection = client.open(DEPTH)
    due = 0
    while not due:
        client.venue.advance(client.now_ns)
        due = sum(action.kind == "send_binary" for action in client.venue.drain())
        client.now_ns += 100_000_000
    client = faulty({"on": "message", "name": "aggre.depth", "action": "delay", "delay_s": 1.5, "times": 1})
    connection = client.open(DEPTH)
    client.wait(6)
    versions = [int(push["fromVersion"]) for push in client.bodies(connection, "publicAggreDepths")]
    assert versions != sorted(versions)


def test_disconnects_silence_and_forgotten_keys() -> None:
    client = faulty({"on": "clock", "action": "disconnect", "at_s": 2, "target": "private"})
    private, public = client.private(), client.open(DEPTH)
    client.wait(3)
    assert list(client.ended) == [private]
    client = faulty({"on": "clock", "action": "silence", "at_s": 2, "duration_s": 3})
    public = client.open(DEPTH)
    client.wait(6)
    assert len(client.bodies(public, "publicAggreDepths")) < 5
    client = faulty({"on": "clock", "action": "tokens", "at_s": 2})
    private = client.private()
    client.wait(3)
    assert list(client.ended) == [private]
    assert client.rest("GET", "userDataStream") == {"listenKey": []}


def test_maintenance_by_the_clock() -> None:
    client = faulty({"on": "clock", "action": "mode", "mode": "maintenance", "at_s": 1.5, "duration_s": 3})
    connection = client.open(DEPTH)
    client.wait(3)
    assert client.public("exchangeInfo")["symbols"][0]["status"] == "2"
    assert len(client.bodies(connection, "publicAggreDepths")) == 1
    client.wait(3)
    assert client.public("exchangeInfo")["symbols"][0]["status"] == "1"


def test_a_skewed_clock_refuses_requests() -> None:
    client = faulty({"on": "clock", "action": "skew", "skew_s": -3, "at_s": 1, "duration_s": 5})
    client.wait(2)
    assert client.error("GET", "account") == 700003
    client.wait(6)
    client.rest("GET", "account")


def test_reads_can_trail_the_engine() -> None:
    rule = {"on": "request", "name": "GET openOrders", "action": "lag", "delay_s": 1, "times": 1}
    client = faulty(rule)
    client.order("BUY", "59000")
    assert client.rest("GET", "openOrders", symbol=NAME) == []
    assert len(client.rest("GET", "openOrders", symbol=NAME)) == 1


def test_the_same_calls_give_the_same_bytes() -> None:
    def run() -> list[Any]:
        tape = (trade(1, 1.0, -1, BID, 2 * BTC),)
        client = Client(quiet_venue(tape, ({"on": "message", "action": "duplicate", "rate": 0.3},)))
        client.private()
        client.open(DEPTH, TICKER)
        client.order("BUY", "60000", "0.01")
        client.order("SELL", "60000", "0.01", "IMMEDIATE_OR_CANCEL")
        client.wait(3)
        return client.actions

    assert run() == run()
