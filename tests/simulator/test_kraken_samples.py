"""Our messages against recorded ones: the same members of the same kinds, but for what is named here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm.simulator.orders import SELL
from tests.simulator.kraken_client import SYMBOL, Client
from tests.simulator.quiet_market import BID, BTC, quiet_venue, trade

SAMPLES = Path(__file__).parents[1] / "exchanges" / "data" / "kraken"


class Text(str):
    """A number of a message, as its text."""


def load(data: bytes | str) -> Any:
    return json.loads(data, parse_float=Text, parse_int=Text)


def shape(value: Any) -> Any:
    """Member names and kinds; of a list its first element."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, Text):
        return "number"
    return {str: "text", bool: "bool", type(None): "null"}[type(value)]


def paths(value: Any, at: str = "") -> set[str]:
    """`data[].price:number` and so on, for comparing shapes."""
    if isinstance(value, dict):
        return {path for name, item in value.items() for path in paths(item, f"{at}.{name}")} or {f"{at}:empty"}
    if isinstance(value, list):
        return paths(value[0], f"{at}[]") if value else {f"{at}:empty"}
    return {f"{at}:{value}"}


def client() -> Client:
    return Client(quiet_venue((trade(1, 1, SELL, BID, BTC + BTC // 4),), events_first=False))


def sent(of: Client, words: str) -> Any:
    """The last message that contains the words."""
    for action in reversed(of.actions):
        if words in action.payload.decode():
            return load(action.payload)
    raise AssertionError(f"nothing was sent with {words}")


def connected() -> tuple[Client, int]:
    of = client()
    return of, of.private(balances=True)


def after(method: str, words: str, **params: Any) -> Callable[[], Any]:
    """A message that follows a request on a private connection with the open order `a`."""

    def made() -> Any:
        of, connection = connected()
        of.order(connection, "buy", 60000.0, 0.5, cl_ord_id="a")
        if method:
            of.talk(connection, method, token=of.token, **params)
        return sent(of, words)

    return made


def after_fill(words: str) -> Callable[[], Any]:
    def made() -> Any:
        of, connection = connected()
        of.order(connection, "buy", 60000.0, 0.5, cl_ord_id="a")
        of.wait(2)
        return sent(of, words)

    return made


def subscribed(words: str, **params: Any) -> Callable[[], Any]:
    def made() -> Any:
        of = client()
        of.wait(2)
        of.talk(of.open(), "subscribe", **params)
        return sent(of, words)

    return made


def public(target: str) -> Callable[[], Any]:
    def made() -> Any:
        of = client()
        of.wait(2)
        of.public(target)
        return load(next(a.payload for a in reversed(of.actions) if a.kind == "reply"))

    return made


def private(endpoint: str, **fields: Any) -> Callable[[], Any]:
    def made() -> Any:
        of, connection = connected()
        of.order(connection, "buy", 60000.0, 0.5, cl_ord_id="a")
        of.wait(2)
        of.rest(endpoint, **fields)
        return load(next(a.payload for a in reversed(of.actions) if a.kind == "reply"))

    return made


CASES: list[tuple[str, Callable[[], Any], set[str], set[str]]] = [
    # sample, our message, what only the sample has, what only ours has
    ("ws_public/status_2026", lambda: sent(opened(), "status"), set(), set()),
    ("ws_public/book_subscribe_ack", subscribed('"success"', channel="book", symbol=[SYMBOL]), set(), set()),
    ("ws_public/ticker_subscribe_ack", subscribed('"success"', channel="ticker", symbol=[SYMBOL]), set(), set()),
    ("ws_public/trade_subscribe_ack", subscribed('"success"', channel="trade", symbol=[SYMBOL]), set(), set()),
    ("ws_public/instrument_subscribe_ack", subscribed('"success"', channel="instrument"), set(), set()),
    ("ws_public/ticker_update_docs", subscribed("bid_qty", channel="ticker", symbol=[SYMBOL]), set(), set()),
    (
        "ws_public/trade_update_2026",
        subscribed("ord_type", channel="trade", symbol=[SYMBOL], snapshot=True),
        set(),
        set(),
    ),
    (
        "ws_public/instrument_snapshot_2026",
        subscribed('"assets"', channel="instrument"),
        {".data.assets[].margin_rate:number"},
        set(),
    ),
    (
        "ws_private/executions_subscribe_ack_2026",
        lambda: sent(connected()[0], "maxratecount"),
        set(),
        {".req_id:number"},
    ),
    ("ws_private/executions_pending_new_2026", after("", '"pending_new"'), set(), set()),
    (
        "ws_private/executions_new_docs",
        after("", '"exec_type":"new"'),
        {".data[].order_userref:number"},
        {".data[].cl_ord_id:text"},
    ),
    (
        "ws_private/executions_trade_docs",
        after_fill('"exec_type":"trade"'),
        {".data[].order_userref:number"},
        {".data[].cl_ord_id:text"},
    ),
    (
        "ws_private/executions_amended_2024",
        after("amend_order", '"amended"', cl_ord_id="a", limit_price=59000.0),
        {".data[].order_userref:number"},
        {".data[].cl_ord_id:text"},
    ),
    ("ws_private/executions_canceled_2026", after("cancel_order", '"canceled"', cl_ord_id=["a"]), set(), set()),
    ("ws_private/balances_update_trade_quote_docs", after_fill('"asset":"USD","asset_class"'), set(), set()),
    ("ws_private/balances_snapshot_docs", lambda: sent(connected()[0], '"wallets"'), set(), set()),
    (
        "ws_trading/add_order_success_cl_ord_id_2026",
        after("", '"method":"add_order"'),
        set(),
        {".req_id:number"},
    ),
    (
        "ws_trading/amend_order_success_2026",
        after("amend_order", '"method":"amend_order"', cl_ord_id="a", limit_price=59000.0),
        set(),
        {".req_id:number"},
    ),
    (
        "ws_trading/cancel_order_success_cl_ord_id_2026",
        after("cancel_order", '"method":"cancel_order"', cl_ord_id=["a"]),
        set(),
        {".req_id:number"},
    ),
    (
        "ws_trading/cancel_order_unknown_order_2026",
        after("cancel_order", '"method":"cancel_order"', cl_ord_id=["b"]),
        set(),
        {".req_id:number"},
    ),
    ("ws_trading/batch_cancel_success_docs", after("batch_cancel", "batch_cancel", cl_ord_id=["a"]), set(), set()),
    ("ws_trading/cancel_all_zero_2024", after("cancel_all", '"method":"cancel_all"'), set(), set()),
    (
        "ws_trading/cancel_all_orders_after_success_docs",
        after("cancel_all_orders_after", "currentTime", timeout=60),
        set(),
        set(),
    ),
    ("rest_public/Time", public("Time"), set(), set()),
    ("rest_public/SystemStatus", public("SystemStatus"), set(), set()),
    ("rest_private/GetWebSocketsToken", private("GetWebSocketsToken"), set(), set()),
    ("rest_private/AmendOrder", private("AmendOrder", cl_ord_id="a", limit_price="59000"), set(), set()),
    ("rest_private/CancelOrder", private("CancelOrder", cl_ord_id="a"), set(), set()),
    ("rest_private/CancelAll", private("CancelAll"), set(), set()),
    ("rest_private/CancelAllOrdersAfter", private("CancelAllOrdersAfter", timeout=60), set(), set()),
    ("rest_private/TradeVolume_no_pair", private("TradeVolume"), set(), set()),
    ("rest_private/TradeVolume_pair", private("TradeVolume", pair="XBTUSD"), set(), set()),
    (
        "rest_private/AddOrder_2024",
        private("AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price="1000", volume="0.01"),
        set(),
        set(),
    ),
]


def opened() -> Client:
    of = client()
    of.open()
    return of


@pytest.mark.parametrize(("sample", "made", "only_theirs", "only_ours"), CASES, ids=[case[0] for case in CASES])
def test_members_and_kinds_are_the_recorded_ones(
    sample: str, made: Callable[[], Any], only_theirs: set[str], only_ours: set[str]
) -> None:
    theirs = paths(shape(load((SAMPLES / f"{sample}.json").read_bytes())))
    ours = paths(shape(made()))
    assert (theirs - ours, ours - theirs) == (only_theirs, only_ours)


KEYED = [
    # Rows under keys that are ids: the first row of each.
    ("rest_private/OpenOrders", private("OpenOrders"), "open", {"trigger", "margin"}, set()),
    ("rest_private/TradesHistory", private("TradesHistory"), "trades", {"ledgers"}, set()),
    ("rest_public/Assets", public("Assets"), "", set(), set()),
    (
        "rest_public/AssetPairs_XBTUSDT_2025-11",
        public("AssetPairs?pair=XBTUSD"),
        "",
        # Margin pairs only; and a member that recordings have since April 2026.
        {"long_position_limit", "short_position_limit"},
        {"execution_venue"},
    ),
]


@pytest.mark.parametrize(
    ("sample", "made", "under", "only_theirs", "only_ours"), KEYED, ids=[case[0] for case in KEYED]
)
def test_rows_have_the_recorded_members(
    sample: str, made: Callable[[], Any], under: str, only_theirs: set[str], only_ours: set[str]
) -> None:
    def row(message: Any) -> Any:
        result = message["result"]
        return next(iter((result[under] if under else result).values()))

    theirs, ours = row(load((SAMPLES / f"{sample}.json").read_bytes())), row(made())
    assert (set(theirs) - set(ours), set(ours) - set(theirs)) == (only_theirs, only_ours)
    for name in set(theirs) & set(ours):
        kinds = {str(shape(theirs[name])), str(shape(ours[name]))}
        assert len(kinds) == 1 or name.startswith("leverage_"), name
