"""The socket of the simulated MEXC Futures: pings and silence, subscriptions, books, login, filters."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from mm.simulator.orders import BUY
from tests.simulator.mexc_futures_client import ASK, NAME, SECOND, START_NS, Client, book, quiet_venue, trade

SAMPLES = json.loads((Path(__file__).parents[1] / "exchanges/data/mexc_futures/ws_private.json").read_text())


@pytest.fixture
def client() -> Client:
    return Client(quiet_venue())


def test_the_connection_ends_a_minute_after_the_last_ping_even_while_data_flow() -> None:
    client = Client(quiet_venue(tuple(book(n % 7, n, n) for n in range(1, 200))))
    silent, loud = client.open("depth"), client.open("depth")
    for _ in range(6):
        client.wait(15)
        assert client.send(loud, '{"method":"ping"}') == {
            "channel": "pong", "data": client.now_ns // 10**6, "ts": client.now_ns // 10**6,
        }  # fmt: skip
    assert (silent in client.ended, loud in client.ended) == (True, False)
    assert client.ended[silent].kind == "abort"


def test_other_paths_are_not_there(client: Client) -> None:
    with pytest.raises(ConnectionRefusedError, match="404"):
        client.venue.open(START_NS, "/ws")


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", '{"method":"sub.nothing","param":{}}', '{"method":3}', '{"op":"x"}']
)
def test_what_it_does_not_know_gets_no_answer(client: Client, text: str) -> None:
    connection = client.open()
    assert client.send(connection, text) is None
    assert client.venue.statistics()["malformed"] == 1


def test_answers_name_no_symbol_and_errors_do(client: Client) -> None:
    connection = client.open()
    answer = client.ask(connection, "sub.depth", symbol=NAME)
    assert answer == {"channel": "rs.sub.depth", "data": "success", "ts": START_NS // 10**6}
    answer = client.ask(connection, "sub.depth", symbol="NOPE_USDT")
    assert answer == {"channel": "rs.error", "data": "Contract [NOPE_USDT] not exists", "ts": START_NS // 10**6}
    assert client.ask(connection, "sub.depth.full", symbol=NAME, limit=7)["channel"] == "rs.error"
    assert client.ask(connection, "sub.kline", symbol=NAME, interval="1m")["channel"] == "rs.error"


def test_a_repeated_subscription_does_not_double_the_stream() -> None:
    client = Client(quiet_venue((trade(1, 1, BUY, ASK, 5),)))
    connection = client.open("deal", "deal")
    client.wait(2)
    ((deal,),) = client.pushed(connection, "deal")
    assert (deal["v"], deal["T"], deal["t"]) == (5, 1, START_NS // 10**6 + 1000)
    client.ask(connection, "unsub.deal", symbol=NAME)
    client.order(1, "60000.1", 5, 3)
    client.wait(1)
    assert client.pushed(connection, "deal") == []


@pytest.mark.parametrize("is_merged", [True, False])
def test_pushes_keep_a_book_whose_versions_follow_one_another(is_merged: bool) -> None:
    chance = random.Random(5)
    client = Client(quiet_venue(tuple(book(chance.randrange(-9, 9), n, n / 20) for n in range(1, 60))))
    more = {} if is_merged else {"compress": False}
    connection = client.open("depth", **more)
    assert client.pushed(connection, "depth") == []
    snapshot = client.public(f"depth/{NAME}")
    halves = {side: {row[0]: row[1] for row in snapshot[side]} for side in ("asks", "bids")}
    last = snapshot["version"]
    client.wait(4)
    pushes = client.pushed(connection, "depth")
    for push in pushes:
        assert ("begin" in push) is is_merged
        assert push.get("begin", push["version"]) == last + 1
        last = push["version"]
        assert push.get("end", last) == last
        for side in halves:
            for price, vol, _ in push[side]:
                halves[side].pop(price, None)
                if vol:
                    halves[side][price] = vol
    now = client.public(f"depth/{NAME}")
    assert (now["version"], halves) == (last, {side: {row[0]: row[1] for row in now[side]} for side in halves})
    if not is_merged:
        assert all(len(push["asks"]) + len(push["bids"]) == 1 for push in pushes)


def test_a_push_of_the_book_begins_as_the_client_knows_it(client: Client) -> None:
    connection = client.open("depth", compress=False)
    client.order(1, "59999.95"[:-1], 5)
    (text,) = client.texts[connection][-1:]
    assert text.startswith('{"symbol":"BTC_USDT","data":{"cts":')
    assert text.endswith(f'"channel":"push.depth","ts":{START_NS // 10**6}}}')


def test_every_other_public_channel_pushes() -> None:
    client = Client(quiet_venue((trade(1, 0.5, BUY, ASK, 5), book(3, 2, 1.5))))
    connection = client.open("ticker", "funding.rate", "index.price", "fair.price")
    for method, param in (
        ("sub.tickers", {}),
        ("sub.depth.full", {"symbol": NAME, "limit": 5}),
        ("sub.depth.step", {"symbol": NAME, "step": "10"}),
        ("sub.kline", {"symbol": NAME, "interval": "Min1"}),
        ("sub.contract", {}),
    ):
        assert client.ask(connection, method, **param)["data"] == "success"
    client.wait(3)
    client.act("entry", value=1)
    seen = dict(client.channels(connection))
    names = {"ticker", "tickers", "funding.rate", "index.price", "fair.price", "depth.full", "depth.step", "kline"}
    assert set(seen) - {"rs.sub.contract"} == names | {"contract"}
    assert len(seen["depth.full"]["bids"]) == 5
    assert seen["kline"]["q"] == 5
    assert seen["contract"]["apiAllowed"] is False
    assert seen["depth.step"]["asks"][0][0] == 60010
    assert seen["index.price"]["price"] == 60000.4


def test_login_is_judged_by_signature_and_clock(client: Client) -> None:
    connection = client.open()
    assert client.login(connection, skew_ms=-10_500)["channel"] == "rs.error"
    param = {"apiKey": client.venue.api_key, "reqTime": str(START_NS // 10**6), "signature": "0" * 64}
    assert client.ask(connection, "login", **param)["channel"] == "rs.error"
    assert client.ask(connection, "personal.filter", filters=[])["channel"] == "rs.error"
    answer = client.login(connection)
    assert answer == {"channel": "rs.login", "data": "success", "ts": str(START_NS // 10**6)}


def test_after_a_login_without_subscribe_only_a_filter_opens_the_stream(client: Client) -> None:
    connection = client.open()
    client.login(connection, subscribe=False)
    client.order(1, "59990")
    assert client.channels(connection)[1:] == []
    client.ask(connection, "personal.filter", filters=[{"filter": "order", "rules": ["ETH_USDT"]}])
    client.order(1, "59990")
    assert client.pushed(connection, "personal.order") == []
    client.ask(connection, "personal.filter", filters=[{"filter": "order", "rules": [NAME]}])
    client.order(1, "59990")
    assert [channel for channel, _ in client.channels(connection)[1:]] == ["personal.order"]
    # Each one replaces the former, and an empty one means everything.
    client.ask(connection, "personal.filter", filters=[{"filter": "asset"}])
    client.order(1, "59990")
    assert [channel for channel, _ in client.channels(connection)[1:]] == ["personal.asset"]
    client.ask(connection, "personal.filter", filters=[])
    client.order(1, "59990")
    assert {channel for channel, _ in client.channels(connection)[1:]} == {"personal.order", "personal.asset"}
    assert client.ask(connection, "personal.filter", filters=[{"filter": "nothing"}])["channel"] == "rs.error"


def test_private_pushes_have_the_members_of_the_samples(client: Client) -> None:
    wanted = {row["id"]: json.loads(row["frames"][-1]["text"]) for row in SAMPLES if row["frames"]}
    connection = client.private()
    client.order(1, "60000.1", 5, 3)
    seen = dict(client.channels(connection))
    for name, channel in (
        ("order-partial-2026", "personal.order"),
        ("order-deal", "personal.order.deal"),
        ("asset-2026", "personal.asset"),
    ):
        assert set(wanted[name]["data"]) - set(seen[channel]) == set(), name
    rates = {"makerFeeRate", "takerFeeRate"}
    assert set(wanted["position-2026"]["data"]) - set(seen["personal.position"]) - rates == set()


def test_versions_of_an_order_rise_and_channels_come_in_any_order() -> None:
    orders_of_channels = set()
    for seed in range(6):
        client = Client(quiet_venue((trade(1, 1, -1, 600_000, 10_004), trade(2, 2, -1, 600_000, 100))))
        client.venue._rng.seed(seed)
        connection = client.private()
        client.order(1, "60000", 10)
        client.wait(3)
        pushes = client.channels(connection)
        versions = [data["version"] for channel, data in pushes if channel == "personal.order"]
        assert versions == [1, 2, 3]
        orders_of_channels.add(tuple(channel for channel, _ in pushes))
    assert len(orders_of_channels) > 1


def test_pushes_may_come_before_the_answer() -> None:
    for first in (True, False):
        client = Client(quiet_venue(events_first=first))
        client.private("order")
        client.actions.clear()
        client.order(1, "59990")
        kinds = [action.kind for action in client.actions]
        assert kinds.index("send") < kinds.index("reply") if first else kinds.index("reply") < kinds.index("send")


def test_an_order_can_be_pushed_while_it_is_pending() -> None:
    client = Client(quiet_venue(pending_pushed=True, entry_ms=(2.0, 2.0)))
    connection = client.private("order")
    client.order(1, "59990")
    client.wait(0.01)
    assert [data["state"] for _, data in client.channels(connection)[1:]] == [1, 2]
    assert SECOND > 0
