"""What the simulated venues show instead of their book, and messages that are changed at one place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mm.simulator.display import Display
from mm.simulator.editing import edited
from mm.simulator.exchange import Exchange
from mm.simulator.hooks import HookError, Rule, parse_rule
from mm.simulator.market import btc_usd
from mm.simulator.mexc_spot import pushes
from mm.simulator.orders import BUY, SELL, BookChange
from mm.simulator.tape import builtin
from tests.simulator.kraken_client import START_NS, SYMBOL
from tests.simulator.quiet_market import ASK, BID, BTC, quiet_venue, trade

BOOK = (
    '{"channel":"book","data":[{"bids":[{"price":100.0,"qty":0.50},{"price":99.5,"qty":1.00}],"asks":[],'
    '"checksum":12,"timestamp":"2026-01-02T03:04:05.678901Z"}]}'
)


def rule(**fields: Any) -> Rule:
    return parse_rule({"on": "message", "action": "edit", **fields})


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"path": "data.0.bids.1.qty", "how": "shift", "value": -2}, '"qty":1.00', '"qty":0.98'),
        ({"path": "data.0.asks.0.qty|data.0.bids.0.qty", "how": "set", "text": "NaN"}, '"qty":0.50', '"qty":NaN'),
        ({"path": "data.0.bids.*.price", "how": "strip"}, '"price":100.0,', '"price":100,'),
        ({"path": "data.0.checksum", "how": "shift", "value": 5}, '"checksum":12', '"checksum":17'),
        ({"path": "data.0.checksum", "how": "rename"}, '"checksum":12,', ""),
        ({"path": "data.0.timestamp", "how": "shift", "value": -3600}, "T03:04:05.678901Z", "T02:04:05.678901Z"),
    ],
)
def test_a_message_is_changed_at_one_place_and_nowhere_else(fields: dict[str, Any], before: str, after: str) -> None:
    assert BOOK.count(before) == 1
    changed = edited(BOOK, rule(**fields))
    expected = BOOK.replace(before, after)
    if fields["how"] == "rename":
        expected = expected.replace('Z"}]', 'Z","checksum_surprise":12}]')
    assert changed == expected


def test_a_path_that_leads_nowhere_changes_nothing_and_a_removed_member_is_gone() -> None:
    assert edited(BOOK, rule(path="data.3.bids,trades.0", how="set", text="1")) == BOOK
    changed = edited(BOOK, rule(path="data.0.bids,data.0.checksum", how="remove"))
    assert isinstance(changed, str)
    assert json.loads(changed)["data"][0].keys() == {"asks", "timestamp"}


def test_a_push_of_mexc_is_changed_by_field_numbers() -> None:
    def push(version: int, price: str, sent_ms: int) -> bytes:
        body = pushes.aggre_depths([(price, "2")], [("99", "1")], "event", (7, version), 5)
        return pushes.wrapped("channel", "BTCUSDT", None, sent_ms, pushes.AGGRE_DEPTHS, body)

    plain = push(9, "101.5", 1000)
    assert edited(plain, rule(path="313.5", how="shift", value=-3)) == push(6, "101.5", 1000)
    assert edited(plain, rule(path="313.1.1", how="set", text="NaN")) == push(9, "NaN", 1000)
    assert edited(plain, rule(path="6", how="shift", value=3_600_000)) == push(9, "101.5", 3_601_000)
    assert edited(plain, rule(path="313.9.1", how="set", text="x")) == plain


@pytest.mark.parametrize("field", [{"how": "break"}, {"side": "left"}])
def test_an_edit_that_is_none_is_refused(field: dict[str, str]) -> None:
    with pytest.raises(HookError, match="how"):
        rule(path="a", **field)


class Seen:
    """A book as its changes tell it, from an exchange's first one on."""

    def __init__(self) -> None:
        self.exchange = quiet_venue((trade(1, 1.0, BUY, ASK, BTC // 2),)).exchange
        self.levels = {side: dict(self.exchange.book(SYMBOL, side)) for side in (BUY, SELL)}
        self.exchange.drain_market()
        self.display = Display(self.exchange)

    def take(self, told: list[Any]) -> None:
        for change in told:
            if isinstance(change, BookChange):
                self.levels[change.side][change.price] = change.size
                if not change.size:
                    del self.levels[change.side][change.price]

    def best(self) -> tuple[int, int]:
        return max(self.levels[BUY], default=0), min(self.levels[SELL], default=0)

    def act(self, action: str, **fields: Any) -> None:
        self.take(self.display.begin(START_NS, parse_rule({"on": "clock", "action": action, **fields}, frozenset())))

    def go_on(self) -> None:
        """The recorded trade takes some of the best ask."""
        self.exchange.advance(START_NS + 2 * 10**9)
        self.take(self.display.passed(START_NS + 2 * 10**9, self.exchange.drain_market()))


@pytest.mark.parametrize(
    ("action", "fields", "best"),
    [
        ("cross", {"side": "ask", "value": 3}, (BID, BID - 3)),
        ("cross", {"side": "bid"}, (ASK, ASK)),
        ("empty", {"side": "bid"}, (0, ASK)),
        ("empty", {}, (0, 0)),
        ("spike", {"side": "bid", "percent": -87}, (BID - BID * 87 // 100, ASK)),
        ("freeze", {}, (BID, ASK)),
    ],
)
def test_another_book_is_shown_for_a_time_and_the_true_one_afterwards(
    action: str, fields: dict[str, Any], best: tuple[int, int]
) -> None:
    seen = Seen()
    seen.act(action, **fields)
    assert seen.best() == best
    frozen = seen.levels[SELL].get(ASK)
    seen.go_on()
    assert seen.best() == best
    if action == "freeze":
        assert seen.levels[SELL][ASK] == frozen
    seen.take(seen.display.end(START_NS + 3 * 10**9))
    assert seen.levels == {side: dict(seen.exchange.book(SYMBOL, side)) for side in (BUY, SELL)}
    assert seen.levels[SELL][ASK] == BTC // 2


@pytest.mark.parametrize("action", ["cross", "empty", "spike", "freeze"])
def test_the_side_that_is_not_named_is_the_true_one_while_the_market_moves(action: str) -> None:
    exchange = Exchange([btc_usd()], entries=builtin().replay(), tape_symbol="BTC/USD")
    exchange.advance(0)
    exchange.drain_market()
    display = Display(exchange)
    levels = {side: dict(exchange.book("BTC/USD", side)) for side in (BUY, SELL)}
    told: list[Any] = display.begin(0, parse_rule({"on": "clock", "action": action, "side": "bid", "percent": 6}))
    for now_ns in range(0, 5 * 10**9, 10**7):
        exchange.advance(now_ns)
        for change in told + display.passed(now_ns, exchange.drain_market()):
            if isinstance(change, BookChange):
                levels[change.side][change.price] = change.size
                if not change.size:
                    del levels[change.side][change.price]
        told = []
        assert levels[SELL] == dict(exchange.book("BTC/USD", SELL))
    for change in display.end(5 * 10**9):
        levels[change.side][change.price] = change.size  # type: ignore[union-attr]
    assert {price: size for price, size in levels[BUY].items() if size} == dict(exchange.book("BTC/USD", BUY))
