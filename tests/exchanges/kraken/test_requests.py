"""What goes out by websocket, read back by a JSON parser that is not ours to break."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.events import CancelAfter, Place, Timer
from mm.errors import LocalError
from mm.exchanges.kraken.codec import KrakenCodec
from tests.exchanges.kraken.commands import amend, cancel, place
from tests.exchanges.kraken.samples import NOW, codec, ns

VENUE_NOW = ns("2026-11-25T09:59:59.999999999Z")


def read(payload: bytes) -> Any:
    """Numbers as decimals, so that not a digit is rounded."""
    return json.loads(payload, parse_float=Decimal, parse_int=Decimal)


def sent(command: Any, machine: KrakenCodec | None = None, venue_now_ns: int = VENUE_NOW) -> Any:
    return read((machine or codec()).encode(command, 7, "to/ken+", venue_now_ns))


def test_place_post_only_limit() -> None:
    assert sent(place("mm-1")) == {
        "method": "add_order",
        "params": {
            "order_type": "limit",
            "side": "buy",
            "order_qty": Decimal("0.00100000"),
            "limit_price": Decimal("64000.0"),
            "symbol": "BTC/USD",
            "time_in_force": "gtc",
            "post_only": True,
            "cl_ord_id": "mm-1",
            "stp_type": "cancel_newest",
            "deadline": "2026-11-25T10:00:04.900Z",
            "token": "to/ken+",
        },
        "req_id": 7,
    }


def test_numbers_are_written_with_all_their_decimals() -> None:
    payload = codec().encode(place(), 7, "t", VENUE_NOW)
    assert b'"limit_price":64000.0,' in payload
    assert b'"order_qty":0.00100000,' in payload


def test_place_immediate_sell_that_reduces() -> None:
    command = place(side=-1, time_in_force="ioc", post_only=False, reduce_only=True)
    params = sent(command, codec(stp_type="cancel_both", sender_sub_id="desk 1"))["params"]
    assert (params["side"], params["time_in_force"], params["reduce_only"]) == ("sell", "ioc", True)
    assert (params["stp_type"], params["sender_sub_id"]) == ("cancel_both", "desk 1")
    assert "post_only" not in params


def test_market_order_has_no_price() -> None:
    params = sent(place(order_type="market", time_in_force="ioc", post_only=False, price=0))["params"]
    assert params["order_type"] == "market"
    assert not {"limit_price", "time_in_force"} & set(params)


def test_deadline_follows_the_venues_time() -> None:
    machine = codec(deadline_ns=2_000_000_000)
    deadlines = [
        sent(place(f"mm{index}"), machine, VENUE_NOW + index * 50_000_000)["params"]["deadline"] for index in range(4)
    ]
    whole = "2026-11-25T10:00:0"
    assert deadlines == [f"{whole}1.900Z", f"{whole}2.000Z", f"{whole}2.000Z", f"{whole}2.100Z"]


def test_deadline_is_left_to_the_venue_while_its_time_is_not_known() -> None:
    assert "deadline" not in sent(place(), venue_now_ns=0)["params"]
    assert "deadline" not in sent(place(), codec(deadline_ns=0))["params"]


def test_amend_of_a_post_only_order_stays_post_only() -> None:
    machine = codec()
    machine.encode(place("mm1"), 6, "t", VENUE_NOW)
    assert sent(amend("mm1", "O1"), machine) == {
        "method": "amend_order",
        "params": {
            "order_id": "O1",
            "limit_price": Decimal("64000.5"),
            "order_qty": Decimal("0.00100000"),
            "post_only": True,
            "deadline": "2026-11-25T10:00:04.900Z",
            "token": "to/ken+",
        },
        "req_id": 7,
    }


def test_amend_of_an_order_that_may_take_may_take() -> None:
    machine = codec()
    machine.encode(place("mm1", post_only=False), 6, "t", VENUE_NOW)
    assert "post_only" not in sent(amend("mm1"), machine)["params"]


def test_amend_of_an_order_from_before_the_start_does_not_take() -> None:
    params = sent(amend("old", ""))["params"]
    assert (params["cl_ord_id"], params["post_only"]) == ("old", True)


def test_cancel_names_the_venue_id_and_else_the_client_id() -> None:
    assert sent(cancel("mm1", "O1"))["params"] == {"order_id": ["O1"], "token": "to/ken+"}
    assert sent(cancel("mm1"))["params"] == {"cl_ord_id": ["mm1"], "token": "to/ken+"}
    assert sent(cancel("mm1"))["method"] == "cancel_order"


def test_cancel_uses_the_venue_id_that_the_codec_has_heard_of() -> None:
    machine = codec()
    machine.encode(place("mm1"), 6, "t", VENUE_NOW)
    row = {"order_id": "O9", "cl_ord_id": "mm1", "exec_type": "new", "order_status": "new"}
    message = {"channel": "executions", "type": "update", "data": [row], "sequence": 2}
    machine.decode_frame(json.dumps(message).encode(), NOW)
    assert sent(cancel("mm1"), machine)["params"]["order_id"] == ["O9"]


def test_dead_mans_switch() -> None:
    for seconds in (0, 60, 86_399):
        assert sent(CancelAfter(0, "kraken", seconds)) == {
            "method": "cancel_all_orders_after",
            "params": {"timeout": seconds, "token": "to/ken+"},
            "req_id": 7,
        }


def test_batch_of_orders() -> None:
    message = read(codec().encode_batch([place("a"), place("b", side=-1)], 7, "t", VENUE_NOW))
    assert message["method"] == "batch_add"
    assert set(message["params"]) == {"symbol", "orders", "deadline", "token"}
    assert message["params"]["symbol"] == "BTC/USD"
    assert [(order["cl_ord_id"], order["side"]) for order in message["params"]["orders"]] == [
        ("a", "buy"),
        ("b", "sell"),
    ]
    assert not {"symbol", "token", "deadline"} & set(message["params"]["orders"][0])


def test_batch_of_cancels_names_each_order_once() -> None:
    message = read(codec().encode_batch([cancel("a", "O1"), cancel("b")], 7, "t", VENUE_NOW))
    assert message == {
        "method": "batch_cancel",
        "params": {"orders": ["O1"], "cl_ord_id": ["b"], "token": "t"},
        "req_id": 7,
    }
    message = read(codec().encode_batch([cancel("a"), cancel("b")], 7, "t", VENUE_NOW))
    assert message["params"] == {"cl_ord_id": ["a", "b"], "token": "t"}


def test_cancel_all() -> None:
    assert read(codec().encode_cancel_all(7, "t")) == {"method": "cancel_all", "params": {"token": "t"}, "req_id": 7}


@pytest.mark.parametrize(
    ("channel", "symbol", "params"),
    [
        ("instrument", "", {"channel": "instrument", "snapshot": True}),
        ("book", "BTC/USD", {"channel": "book", "symbol": ["BTC/USD"], "depth": 25, "snapshot": True}),
        ("trade", "BTC/USD", {"channel": "trade", "symbol": ["BTC/USD"], "snapshot": False}),
        ("ticker", "BTC/USD", {"channel": "ticker", "symbol": ["BTC/USD"], "event_trigger": "bbo", "snapshot": True}),
    ],
)
def test_public_subscription_and_its_end(channel: str, symbol: str, params: dict[str, object]) -> None:
    machine = codec()
    assert read(machine.subscribe_public(channel, symbol, 5, 25)) == {
        "method": "subscribe",
        "params": params,
        "req_id": 5,
    }
    del params["snapshot"]
    ended = {"method": "unsubscribe", "params": params, "req_id": 5}
    assert read(machine.unsubscribe_public(channel, symbol, 5, 25)) == ended


def test_private_subscriptions() -> None:
    machine = codec()
    assert read(machine.subscribe_private("executions", 5, "t"))["params"] == {
        "channel": "executions",
        "snap_orders": True,
        "snap_trades": True,
        "order_status": True,
        "token": "t",
    }
    balances = {"channel": "balances", "snapshot": True, "token": "t"}
    assert read(machine.subscribe_private("balances", 5, "t"))["params"] == balances
    ended = {"method": "unsubscribe", "params": {"channel": "balances", "token": "t"}, "req_id": 5}
    assert read(machine.unsubscribe_private("balances", 5, "t")) == ended


def test_ping_has_no_params() -> None:
    assert read(codec().ping(9)) == {"method": "ping", "req_id": 9}


@pytest.mark.parametrize(
    "command",
    [
        place("mm1", symbol="GME/USD"),
        place(""),
        place("a-name-of-20-letters"),
        place("tab\tid"),
        place("two words"),
        place("žluť"),
        place(order_type="iceberg"),
        place(time_in_force="day"),
        place(order_type="market", post_only=True),
        place(price=0),
        place(size=0),
        place(side=0),
        amend("", ""),
        amend(price=0),
        cancel("", ""),
        CancelAfter(0, "kraken", 86_400),
        CancelAfter(0, "kraken", -1),
        Timer(0),
    ],
)
def test_commands_that_no_request_can_carry_are_our_error(command: Any) -> None:
    with pytest.raises(LocalError, match="kraken"):
        codec().encode(command, 7, "secret-token", VENUE_NOW)
    with pytest.raises(LocalError, match="kraken"):
        codec().encode_rest(command, 1)


@pytest.mark.parametrize(
    "commands",
    [[], [place()], [place(), cancel()], [place("a"), place("b", symbol="ETH/USD")], [place()] * 16, [cancel()] * 51],
)
def test_batches_that_the_venue_would_refuse_are_our_error(commands: list[Any]) -> None:
    with pytest.raises(LocalError, match="batch"):
        codec().encode_batch(commands, 7, "t", VENUE_NOW)
    with pytest.raises(LocalError, match="batch"):
        codec().encode_rest_batch(commands, 1)


@given(
    symbol=st.sampled_from(["BTC/USD", "ATOM/ETH", "USDC/USD"]),
    price=st.integers(1, 2**63 - 1),
    size=st.integers(1, 2**63 - 1),
    side=st.sampled_from([1, -1]),
    post_only=st.booleans(),
    client_id=st.from_regex(r"[!-~]{1,18}|[0-9a-f]{32}", fullmatch=True),
)
def test_every_order_reads_back_exactly(
    symbol: str, price: int, size: int, side: int, post_only: bool, client_id: str
) -> None:
    machine = codec()
    known = machine.instruments.get(symbol)
    assert known is not None
    command: Place = place(client_id, symbol=symbol, price=price, size=size, side=side, post_only=post_only)
    params = read(machine.encode(command, 1, "t", VENUE_NOW))["params"]
    assert params["limit_price"] == Decimal(price).scaleb(-known.price_precision)
    assert params["order_qty"] == Decimal(size).scaleb(-known.size_precision)
    assert params.get("post_only", False) is post_only
    assert (params["cl_ord_id"], params["side"], params["symbol"]) == (client_id, "buy" if side > 0 else "sell", symbol)
