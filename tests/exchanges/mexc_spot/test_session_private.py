"""The private side of MEXC Spot: listen keys, recovery, and what must be read before it is ready."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest

from mm._core.events import (
    Alert,
    Balance,
    BalanceChange,
    ClockOffset,
    FeeRates,
    Fill,
    ForeignOrders,
    LinkChanged,
    OpenOrdersRead,
    OrderAccepted,
    OrderReport,
    Reconcile,
    VenueStatus,
)
from mm.exchanges.session import Query
from tests.exchanges.mexc_spot.desk import LATENCY, MS, SECOND, START, Desk
from tests.exchanges.mexc_spot.samples import cancel

MINUTE = 60
MISSING: Final = "missing"
"""Of a field: it is left out."""


def ready(symbols: tuple[str, ...] = ("BTC/USDT",)) -> Desk:
    desk = Desk(symbols)
    desk.start()
    desk.run(2)
    assert ups(desk)[-1:] == [True]
    return desk


def ups(desk: Desk) -> list[bool]:
    return [event.up for event in desk.of(LinkChanged) if event.channel == "private"]


def open_order(name: str = "BTCUSDT", **changes: Any) -> dict[str, Any]:
    row = {
        "symbol": name,
        "orderId": "C02__5",
        "clientOrderId": "mm1Q5",
        "price": "99.5",
        "origQty": "1",
        "executedQty": "0",
        "status": "NEW",
        "type": "LIMIT",
        "side": "BUY",
        "time": START // MS,
    }
    return {**row, **changes}


def trade(number: int, time_ms: int = START // MS) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "id": f"5059790174390{number:05}X1",
        "orderId": "C02__5",
        "clientOrderId": "mm1Q5",
        "price": "99.50",
        "qty": "0.01",
        "commission": "0.0004",
        "commissionAsset": "USDT",
        "time": time_ms,
        "isBuyer": True,
        "isMaker": True,
    }


def test_the_private_side_is_up_only_after_everything_was_read() -> None:
    desk = ready(("BTC/USDT", "ETH/USDT"))
    names = [name for _, name, _ in desk.requests]
    assert names.index("POST userDataStream") < names.index("GET openOrders")
    (connect,) = [each for each in desk.connects if each[1] == "private"]
    assert connect[2] == "ws://127.0.0.1/ws?listenKey=key1"
    assert [fields["symbol"] for fields in desk.asked("GET openOrders")] == ["BTCUSDT", "ETHUSDT"]
    assert [fields["symbol"] for fields in desk.asked("GET myTrades")] == ["BTCUSDT", "ETHUSDT"]
    window = desk.asked("GET myTrades")[0]
    assert int(window["startTime"]) <= START // MS - 60_000
    kinds = [type(event) for event in desk.events]
    up = next(at for at, event in enumerate(desk.events) if type(event) is LinkChanged and event.channel == "private")
    for kind in (ClockOffset, Balance, ForeignOrders, OpenOrdersRead):
        assert kinds.index(kind) < up
    assert desk.of(Balance)[0].total == 101 * 10**12
    assert {event.symbol: event.taker_fee_e8 for event in desk.of(FeeRates)} == {"BTC/USDT": 50_000, "ETH/USDT": 50_000}
    assert not desk.of(Alert)
    assert len(desk.topics["private"]) == 3


def test_open_orders_and_fills_of_before_are_told() -> None:
    desk = Desk()
    foreign = open_order(orderId="C02__6", clientOrderId=None)
    desk.replies["GET openOrders"] = lambda fields: (200, [open_order(executedQty="0.01"), foreign])
    desk.replies["GET myTrades"] = lambda fields: (200, [trade(1)])
    desk.start()
    desk.run(2)
    assert [(event.client_id, event.status) for event in desk.of(OrderReport)] == [("mm1Q5", "new"), ("", "new")]
    assert desk.of(OpenOrdersRead)[0].count == 2
    assert desk.of(ForeignOrders)[0].count == 1
    (fill,) = desk.of(Fill)
    assert (fill.client_id, fill.price, fill.liquidity) == ("mm1Q5", 9950, "m")


def test_a_list_that_cannot_be_read_keeps_the_private_side_down() -> None:
    for name in ("GET openOrders", "GET account", "GET myTrades"):
        desk = Desk()
        desk.replies[name] = lambda fields: (400, {"code": 33333, "msg": "Parameter error"})
        desk.start()
        desk.run(8)
        assert ups(desk) == []
        del desk.replies[name]
        desk.run(15)
        assert ups(desk) == [True], name
        assert any("cannot be read: 33333" in event.text for event in desk.of(Alert))


def test_a_long_history_is_read_whole() -> None:
    times = [START // MS - 30_000 + number * 100 for number in range(250)]

    def listed(fields: dict[str, str]) -> tuple[int, Any]:
        inside = [
            trade(number, time)
            for number, time in enumerate(times)
            if int(fields["startTime"]) <= time <= int(fields["endTime"])
        ]
        return 200, inside[-int(fields["limit"]) :]

    desk = Desk()
    desk.replies["GET myTrades"] = listed
    desk.start()
    desk.run(10)
    assert ups(desk) == [True]
    assert len({event.execution_id for event in desk.of(Fill)}) == 250


def test_a_socket_that_ends_is_made_anew_with_the_same_key_and_everything_is_read_again() -> None:
    desk = ready()
    asked = len(desk.asked("GET openOrders"))
    desk.end("private")
    assert ups(desk) == [True, False]
    desk.run(3)
    assert ups(desk) == [True, False, True]
    assert len(desk.asked("GET openOrders")) == asked + 1
    assert [url for _, channel, url in desk.connects if channel == "private"][-1].endswith("=key1")
    assert desk.keys == 1


def test_a_key_is_kept_alive_before_its_hour_is_over() -> None:
    desk = ready()
    desk.run(130 * MINUTE)
    kept = [at for at, name, _ in desk.requests if name == "PUT userDataStream"]
    gaps = [later - earlier for earlier, later in zip([START, *kept], kept, strict=False)]
    assert len(kept) == 5
    assert max(gaps) <= 30 * MINUTE * SECOND
    assert desk.keys == 1
    assert ups(desk) == [True]


def test_a_key_that_the_venue_does_not_know_any_more_is_replaced() -> None:
    desk = ready()
    desk.replies["PUT userDataStream"] = lambda fields: (400, {"code": 730708, "msg": "listen key information error"})
    desk.run(26 * MINUTE)
    assert desk.keys == 2
    assert ups(desk) == [True, False, True]
    assert [url for _, channel, url in desk.connects if channel == "private"][-1].endswith("=key2")
    assert desk.asked("DELETE userDataStream")[0]["listenKey"] == "key1"


def test_a_key_that_cannot_be_kept_alive_is_replaced_before_it_ends() -> None:
    desk = ready()
    desk.replies["PUT userDataStream"] = lambda fields: (503, b"")
    desk.run(51 * MINUTE)
    assert desk.keys == 2
    assert ups(desk) == [True, False, True]


def test_a_refused_key_is_replaced() -> None:
    desk = ready()
    desk.say("private", b"Invalid listen key")
    desk.run(3)
    assert desk.keys == 2
    assert ups(desk) == [True, False, True]


def test_a_key_that_cannot_be_made_is_asked_for_again() -> None:
    desk = Desk()
    desk.replies["POST userDataStream"] = lambda fields: (400, {"code": 33333, "msg": "no"})
    desk.start()
    desk.run(5)
    assert not [each for each in desk.connects if each[1] == "private"]
    del desk.replies["POST userDataStream"]
    desk.run(10)
    assert ups(desk) == [True]


def test_where_no_key_can_be_made_one_of_the_account_is_borrowed_and_not_closed() -> None:
    desk = Desk()
    desk.replies["POST userDataStream"] = lambda fields: (400, {"code": 33333, "msg": "too many"})
    desk.replies["GET userDataStream"] = lambda fields: (200, {"listenKey": ["old", "young"]})
    desk.start()
    desk.run(5)
    assert ups(desk) == [True]
    assert [url for _, channel, url in desk.connects if channel == "private"] == ["ws://127.0.0.1/ws?listenKey=young"]
    assert desk.asked("PUT userDataStream")[0]["listenKey"] == "young"
    desk.take(desk.link.stop(desk.now))
    assert not desk.asked("DELETE userDataStream")


def test_connections_that_come_to_nothing_lead_to_another_key() -> None:
    desk = ready()
    desk.refused.update(f"spot@private.{each}.v3.api.pb" for each in ("orders", "deals", "account"))
    for _ in range(3):
        desk.end("private")
        desk.run(2)
    assert desk.keys >= 2


def test_the_key_is_closed_at_the_end() -> None:
    desk = ready()
    desk.take(desk.link.stop(desk.now))
    assert desk.asked("DELETE userDataStream") == [
        {**desk.asked("DELETE userDataStream")[0], "listenKey": "key1"},
    ]


def test_a_wrong_secret_stops_everything_that_needs_the_key() -> None:
    desk = Desk()
    desk.replies["POST userDataStream"] = lambda fields: (400, {"code": 700002, "msg": "Signature is not valid."})
    desk.start()
    desk.run(120)
    assert len(desk.asked("POST userDataStream")) == 1
    assert [event.severity for event in desk.of(Alert)] == ["critical"]
    assert desk.books["BTC/USDT"].is_valid


def account(**changes: Any) -> Any:
    rights = {"canTrade": True, "balances": [{"asset": "USDT", "free": "100", "locked": "1"}]} | changes
    told = {name: value for name, value in rights.items() if value is not MISSING}
    return lambda fields: (200, told)


def test_an_account_that_may_not_trade_is_held_until_it_may() -> None:
    desk = Desk()
    desk.replies["GET account"] = account(canTrade=False)
    desk.start()
    desk.run(130)
    # Told before the private side is up, so that nothing is sent between the two; then the fills are heard.
    told = [event for event in desk.of(VenueStatus, LinkChanged) if getattr(event, "channel", "private") == "private"]
    assert [type(event) for event in told] == [VenueStatus, LinkChanged]
    assert (told[0].status, ups(desk)) == ("cancel_only", [True])
    assert [event.severity for event in desk.of(Alert) if "may not trade" in event.text] == ["error"]
    desk.take(desk.link.submit(desk.now, cancel(venue_id="C02__1")))
    assert len(desk.asked("DELETE order")) == 1
    del desk.replies["GET account"]
    desk.run(70)
    assert [event.status for event in desk.of(VenueStatus)] == ["cancel_only", "online"]
    assert ups(desk) == [True]


@pytest.mark.parametrize("value", [[], None, "false", 0, 1], ids=str)
def test_a_right_to_trade_that_is_no_boolean_is_asked_for_again(value: object) -> None:
    desk = Desk()
    desk.replies["GET account"] = account(canTrade=value)
    desk.start()
    desk.run(60)
    assert ups(desk) == []
    times = [at for at, name, _ in desk.requests if name == "GET account"]
    assert 4 < len(times) < 40, "asked on, and ever more slowly"
    assert any("canTrade: expected true or false" in event.text for event in desk.of(Alert))
    del desk.replies["GET account"]
    desk.run(25)
    assert ups(desk) == [True]
    desk.replies["GET account"] = account(canTrade=value)
    desk.run(120)
    assert (ups(desk), desk.of(VenueStatus)) == ([True], []), "what was known goes on"


def test_without_a_word_on_the_right_to_trade_the_account_is_what_it_was() -> None:
    desk = Desk()
    desk.replies["GET account"] = account(canTrade=MISSING)
    desk.start()
    desk.run(60)
    assert (ups(desk), desk.of(VenueStatus)) == ([True], [])
    desk.replies["GET account"] = account(canTrade=False)
    desk.run(70)
    desk.replies["GET account"] = account(canTrade=MISSING)
    desk.run(130)
    assert [event.status for event in desk.of(VenueStatus)] == ["cancel_only"], "and not open by no word"
    assert ups(desk) == [True]


def test_an_older_answer_does_not_open_an_account_again() -> None:
    desk = ready()
    sent_ns = desk.now

    def answer(can_trade: bool, after_ns: int) -> list[str]:
        query = Query("account", sent_ns=sent_ns + after_ns)
        body = orjson.dumps({"canTrade": can_trade, "balances": []})
        decoded = desk.session.decode_reply("account", 200, body, desk.now)
        told = desk.session.reply(desk.now, query, decoded)
        return [event.status for event in told if type(event) is VenueStatus]

    assert answer(can_trade=False, after_ns=2) == ["cancel_only"]
    assert answer(can_trade=True, after_ns=1) == []
    assert answer(can_trade=True, after_ns=3) == ["online"]


def test_a_key_with_more_or_fewer_rights_than_wanted_is_told() -> None:
    desk = Desk()
    desk.replies["GET account"] = lambda fields: (200, {"canTrade": True, "canWithdraw": True, "balances": []})
    desk.replies["GET selfSymbols"] = lambda fields: (200, {"code": 200, "data": ["ETHUSDT"], "msg": None})
    desk.start()
    desk.run(5)
    texts = [event.text for event in desk.of(Alert)]
    assert any("may withdraw" in text for text in texts)
    assert any("may not trade BTC/USDT" in text for text in texts)
    assert ups(desk) == [True]


def test_a_message_that_cannot_be_read_leads_to_reading_everything_anew() -> None:
    desk = ready()
    asked = len(desk.asked("GET openOrders"))
    desk.private("orders", id="", status=1, tradeType=1)
    desk.run(1)
    assert ups(desk) == [True, False, True]
    assert len(desk.asked("GET openOrders")) == asked + 1
    for _ in range(6):
        desk.private("orders", id="", status=1, tradeType=1)
        desk.run(1)
    assert len([each for each in desk.connects if each[1] == "private"]) >= 2


def test_private_pushes_are_told() -> None:
    desk = ready()
    desk.private("orders", id="C02__5", clientId="mm1Q5", price="99.5", quantity="1", status=1, tradeType=1)
    desk.private(
        "deals",
        price="99.5",
        quantity="0.4",
        tradeType=1,
        isMaker=True,
        tradeId="505979017439002624X1",
        orderId="C02__5",
        clientOrderId="mm1Q5",
        feeAmount="0.001",
        feeCurrency="USDT",
        time=START // MS,
    )
    desk.private("account", vcoinName="USDT", balanceAmount="60", frozenAmount="1", type="ENTRUST", time=START // MS)
    desk.run(0.1)
    assert [event.venue_id for event in desk.of(OrderAccepted)] == ["C02__5"]
    assert [(event.size, event.fee) for event in desk.of(Fill)] == [(40_000_000, 10**9)]
    assert desk.of(BalanceChange)[-1].total == 61 * 10**12


def test_a_clock_that_is_off_keeps_the_private_side_down() -> None:
    desk = Desk()
    desk.clock_ms = 10_000
    desk.start()
    desk.run(5)
    assert ups(desk) == []
    stamps = [int(fields["timestamp"]) for at, _, fields in desk.requests if "timestamp" in fields]
    assert stamps[-1] >= START // MS + 10_000, "requests carry the venue's time all the same"


def balance(desk: Desk, amount: str, time_ms: int) -> None:
    desk.private("account", vcoinName="USDT", balanceAmount=amount, frozenAmount="0", type="ENTRUST", time=time_ms)


def test_an_older_balance_that_comes_late_is_left_out() -> None:
    desk = ready()
    balance(desk, "60", START // MS + 20)
    balance(desk, "70", START // MS + 10)
    balance(desk, "50", START // MS + 20)
    desk.run(0.1)
    assert [event.total // 10**12 for event in desk.of(BalanceChange)] == [60, 50]


def test_what_was_pushed_while_the_account_was_asked_for_is_newer() -> None:
    desk = Desk()
    desk.replies["GET account"] = lambda fields: (
        balance(desk, "60", START // MS),
        (
            200,
            {"canTrade": True, "balances": [{"asset": each, "free": "1", "locked": "0"} for each in ("USDT", "BTC")]},
        ),
    )[1]
    desk.start()
    desk.run(2)
    assert ups(desk) == [True]
    assert [event.asset for event in desk.of(Balance)] == ["BTC"]
    assert [event.total for event in desk.of(BalanceChange)] == [60 * 10**12]


def test_an_answer_is_as_old_as_its_own_request_whatever_is_asked_for_meanwhile() -> None:
    desk = ready()
    account = {"canTrade": True, "balances": [{"asset": "USDT", "free": "1", "locked": "0"}]}

    def late(fields: Any) -> Any:
        del desk.replies["GET account"]
        balance(desk, "60", START // MS + 5_000)
        again = Reconcile(desk.now, "mexc_spot", "due")
        desk.later(lambda: desk.take(desk.link.submit(desk.now, again)), 2 * LATENCY + 2 * MS)
        desk.later_still(3 * LATENCY)
        return 200, account

    desk.replies["GET account"] = late
    desk.take(desk.link.submit(desk.now, Reconcile(desk.now, "mexc_spot", "due")))
    since = desk.now
    desk.run((4 * LATENCY + MS) / SECOND)
    assert [event.total for event in desk.of(BalanceChange)] == [60 * 10**12]
    stale = [event for event in desk.of(Balance) if event.recv_ns > since and event.asset == "USDT"]
    assert not stale, "what was asked for before the push undid it"


def test_the_rows_of_all_lists_are_told_at_one_moment() -> None:
    desk = Desk(("BTC/USDT", "ETH/USDT"))
    desk.replies["GET openOrders"] = lambda fields: (200, [open_order(fields["symbol"], orderId=fields["symbol"])])
    desk.start()
    desk.run(2)
    (whole,) = desk.of(OpenOrdersRead)
    assert whole.count == 2
    assert [(event.symbol, event.recv_ns) for event in desk.of(OrderReport)] == [
        ("BTC/USDT", whole.recv_ns),
        ("ETH/USDT", whole.recv_ns),
    ]


def test_a_fill_whose_push_never_came_is_found_within_a_minute() -> None:
    desk = ready()
    desk.run(5)
    desk.replies["GET myTrades"] = lambda fields: (200, [trade(3, START // MS + 7_000)])
    desk.run(60)
    assert {event.execution_id for event in desk.of(Fill)} == {trade(3)["id"]}
    window = desk.asked("GET myTrades")[-1]
    assert int(window["startTime"]) <= START // MS
    desk.run(300)
    assert len(desk.asked("GET myTrades")) == 7
    assert ups(desk) == [True]


def test_fills_of_the_past_are_nobodys_without_a_recording() -> None:
    desk = ready()
    (window,) = desk.asked("GET myTrades")
    assert int(window["startTime"]) == START // MS - 60_000
