"""Bot and simulated MEXC Futures, which share no code: after quotes, fills, funding and faults both say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mm._core import events as ev
from mm.exchanges.mexc_futures.terms import TradingMode
from mm.simulator.kinds import ACCOUNT
from tests.exchanges.mexc_futures.simulated import SYMBOL, TOML, VENUE, Session

FAULTS: tuple[dict[str, Any], ...] = (
    {"on": "request", "action": "drop", "rate": 0.01, "until_s": 60},
    {"on": "request", "action": "delay", "rate": 0.02, "delay_s": 1.5, "until_s": 60},
    {"on": "request", "name": "POST order/create", "action": "refuse", "rate": 0.1, "until_s": 60},
    {
        "on": "request",
        "name": "POST order/create",
        "action": "refuse",
        "error": "510:often",
        "rate": 0.1,
        "until_s": 60,
    },
    {"on": "request", "action": "disconnect", "rate": 0.01, "until_s": 60},
    {"on": "request", "name": "GET depth", "action": "lag", "rate": 0.5, "delay_s": 0.4, "until_s": 60},
    {"on": "reply", "action": "withhold", "rate": 0.02, "until_s": 60},
    {"on": "reply", "action": "delay", "rate": 0.02, "delay_s": 3.0, "until_s": 60},
    {"on": "reply", "action": "corrupt", "rate": 0.01, "until_s": 60},
    {"on": "reply", "action": "garbage", "rate": 0.01, "until_s": 60},
    {"on": "reply", "action": "status", "rate": 0.02, "until_s": 60},
    {"on": "message", "name": "depth", "action": "gap", "rate": 0.0002, "until_s": 60},
    {"on": "message", "name": "order", "action": "delay", "rate": 0.05, "delay_s": 0.5, "until_s": 60},
    {"on": "message", "name": "order", "action": "duplicate", "rate": 0.05, "until_s": 60},
    {"on": "message", "name": "order.deal", "action": "duplicate", "rate": 0.1, "until_s": 60},
    {"on": "message", "name": "order.deal", "action": "delay", "rate": 0.1, "delay_s": 1.0, "until_s": 60},
    {"on": "message", "name": "order.deal", "action": "corrupt", "rate": 0.05, "until_s": 60},
    {"on": "message", "name": "position", "action": "delay", "rate": 0.1, "delay_s": 1.0, "until_s": 60},
    {"on": "message", "name": "asset", "action": "corrupt", "rate": 0.02, "until_s": 60},
    {"on": "clock", "action": "disconnect", "at_s": 17, "every_s": 29, "target": "private", "times": 2},
    {"on": "clock", "action": "disconnect", "at_s": 25, "target": "public"},
    {"on": "clock", "action": "tokens", "at_s": 38},
    {"on": "clock", "action": "mode", "mode": "maintenance", "at_s": 50, "duration_s": 3},
)


def test_the_bot_quotes_and_its_books_are_the_ledger(tmp_path: Path) -> None:
    session = Session(tmp_path, seed=3)
    session.run(60)
    assert session.of(ev.Fill)
    assert session.of(ev.BookReset) == []
    assert {order.client_id for order in session.engine.orders.open()} == {
        order.request.client_id for order in session.exchange.open_orders(ACCOUNT)
    }
    assert session.stop()
    session.check_books()
    assert session.venue.statistics()["malformed"] == 0


@pytest.mark.parametrize("seed", [3, 5])
def test_after_faults_of_every_kind_the_books_are_the_ledger(tmp_path: Path, seed: int) -> None:
    session = Session(tmp_path, seed=seed, hooks=FAULTS, funding_s=45)
    session.run(90)
    assert session.stop(60)
    session.run(70)
    session.check_books()
    assert session.of(ev.Fill)
    assert session.of(ev.FundingPaid)
    assert len(session.venue.hooks.fired) >= 12


def test_the_documented_limits_are_kept(tmp_path: Path) -> None:
    session = Session(tmp_path, tier="documented", toml=TOML.replace('tier = "unlimited"\n', ""))
    session.run(60)
    assert session.of(ev.Fill)
    assert session.stop()
    session.check_books()
    assert session.venue.statistics()["rate_refusals"] == 0


def test_other_ways_that_nobody_has_confirmed_are_traded_as_well(tmp_path: Path) -> None:
    session = Session(
        tmp_path, wraps_mode=True, pending_pushed=True, events_first=True, entry_ms=(20.0, 60.0), trails=False
    )
    session.run(60)
    assert session.of(ev.Fill)
    assert session.stop()
    session.check_books()


def test_funding_is_told_once_for_each_settlement(tmp_path: Path) -> None:
    session = Session(tmp_path, funding_s=40)
    session.run(45)
    assert session.stop()
    session.run(60)
    session.check_books()
    assert len(session.of(ev.FundingPaid)) == 2
    assert {event.symbol for event in session.of(ev.MarkPrice)} == {SYMBOL}


def test_a_position_that_is_taken_over_is_booked_and_alarmed(tmp_path: Path) -> None:
    # Without our own guard, which would be first.
    toml = TOML.replace("[limits]", "[limits]\nliquidation_distance_min_bps = 0")
    session = Session(tmp_path, funds=1_500, toml=toml, is_whole=True)
    session.run(10)
    session.act("foreign_order", value=400)
    session.act("mark", percent=-75, duration_s=10)
    session.run(70)
    categories = [order.request.category for order in session.exchange.closed_orders(ACCOUNT)]
    assert 2 in categories
    assert "liquidation takeover" in session.alarms()
    assert "warns of the liquidation" in session.alarms()
    assert session.stop()
    session.check_books(others_traded=True)


@pytest.mark.parametrize("told", ["push", "lists"])
def test_a_position_that_is_cut_is_booked_and_alarmed(tmp_path: Path, told: str) -> None:
    session = Session(tmp_path)
    session.run(60, until=lambda: bool(session.exchange.positions.of(ACCOUNT)))
    session.act("adl", percent=60, told=told)
    # Without a word it is found by the next reading of what was dealt, each minute.
    session.run(5 if told == "push" else 65)
    assert "auto-deleveraging" in session.alarms()
    assert session.stop()
    session.check_books(others_traded=True)


def test_a_contract_that_changes_is_told_at_once_and_gets_no_order_more(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.run(10)
    session.act("contract_size", value=0.0005)
    session.run(0.5)
    assert "the symbol's decimals or contract size changed" in session.alarms()
    placed = len(session.of(ev.Place))
    session.run(20)
    assert len(session.of(ev.Place)) == placed


def test_in_hedge_mode_longs_and_shorts_stand_beside_each_other(tmp_path: Path) -> None:
    session = Session(tmp_path, mode=1, trading=TradingMode(position_mode="hedge"), funding_s=30)
    session.run(65)
    assert {each.side for each in session.exchange.positions.of(ACCOUNT)} == {1, -1}
    assert {report.side for report in session.of(ev.PositionReport)} == {1, -1}
    assert session.stop()
    session.run(30)
    session.check_books()
    assert {event.side for event in session.of(ev.FundingPaid)} == {1, -1}


def test_isolated_margin_needs_the_leverage_that_is_meant(tmp_path: Path) -> None:
    trading = TradingMode(open_type="isolated", leverage=10)
    refused = Session(tmp_path, trading=trading)
    refused.run(10)
    assert "leverage of BTC/USDT:USDT is 20" in refused.alarms()
    assert not refused.exchange.open_orders(ACCOUNT)
    session = Session(tmp_path, trading=trading)
    session.act("leverage", value=10)
    session.run(60, until=lambda: len(session.exchange.trades(ACCOUNT)) > 3)
    assert {(report.is_isolated, report.leverage) for report in session.of(ev.PositionReport)} == {(True, 10)}
    assert session.stop()
    session.check_books()


def test_another_position_mode_stops_everything(tmp_path: Path) -> None:
    session = Session(tmp_path, mode=1)
    session.run(20)
    assert session.exchange.closed_orders(ACCOUNT) == []
    assert "mode" in session.alarms()


def test_closed_order_entry_is_not_traded_against(tmp_path: Path) -> None:
    session = Session(tmp_path, hooks=[{"on": "clock", "action": "entry", "value": 1, "at_s": 1e-6}])
    session.run(20)
    assert session.exchange.closed_orders(ACCOUNT) == session.exchange.open_orders(ACCOUNT) == []
    assert "apiAllowed" in session.alarms()
    assert VENUE in session.alarms()
