"""Bot and simulated MEXC Spot, which share no code: after quotes, fills and faults both name the same values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT
from tests.exchanges.mexc_spot.simulated import Session

FAULTS: tuple[dict[str, Any], ...] = (
    {"on": "request", "action": "drop", "rate": 0.01, "until_s": 60},
    {"on": "request", "action": "delay", "rate": 0.02, "delay_s": 1.5, "until_s": 60},
    {"on": "request", "action": "refuse", "rate": 0.01, "until_s": 60},
    {"on": "request", "action": "disconnect", "rate": 0.01, "until_s": 60},
    {"on": "request", "name": "GET depth", "action": "lag", "rate": 0.5, "delay_s": 0.4, "until_s": 60},
    {"on": "reply", "action": "withhold", "rate": 0.02, "until_s": 60},
    {"on": "reply", "action": "delay", "rate": 0.02, "delay_s": 3.0, "until_s": 60},
    {"on": "reply", "action": "corrupt", "rate": 0.01, "until_s": 60},
    {"on": "reply", "action": "garbage", "rate": 0.01, "until_s": 60},
    {"on": "reply", "action": "status", "rate": 0.02, "until_s": 60},
    {"on": "message", "name": "aggre.depth", "action": "gap", "rate": 0.001, "until_s": 60},
    {"on": "message", "name": "orders", "action": "delay", "rate": 0.05, "delay_s": 0.5, "until_s": 60},
    {"on": "message", "name": "orders", "action": "duplicate", "rate": 0.05, "until_s": 60},
    {"on": "message", "name": "deals", "action": "duplicate", "rate": 0.1, "until_s": 60},
    {"on": "message", "name": "deals", "action": "delay", "rate": 0.1, "delay_s": 1.0, "until_s": 60},
    {"on": "message", "name": "deals", "action": "corrupt", "rate": 0.05, "until_s": 60},
    {"on": "message", "name": "account", "action": "corrupt", "rate": 0.02, "until_s": 60},
    {"on": "clock", "action": "disconnect", "at_s": 17, "every_s": 29, "target": "private", "times": 2},
    {"on": "clock", "action": "disconnect", "at_s": 25, "target": "public"},
    {"on": "clock", "action": "tokens", "at_s": 38},
    {"on": "clock", "action": "mode", "mode": "maintenance", "at_s": 50, "duration_s": 3},
)


def test_the_bot_quotes_and_its_books_are_the_ledger(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.run(60)
    assert session.of(ev.Fill)
    assert session.of(ev.BookReset) == []
    assert {order.client_id for order in session.engine.orders.open()} == {
        order.request.client_id for order in session.exchange.open_orders(ACCOUNT)
    }
    assert session.stop()
    session.check_books()
    assert session.venue.statistics()["malformed"] == 0


@pytest.mark.parametrize("seed", range(20 if os.environ.get("MM_CAMPAIGN") else 1))
def test_after_faults_of_every_kind_the_books_are_the_ledger(tmp_path: Path, seed: int) -> None:
    session = Session(tmp_path, seed=seed, hooks=FAULTS)
    session.run(150)
    assert session.stop(60)
    session.run(90)
    session.check_books()
    assert session.of(ev.Fill)
    assert len(session.venue.hooks.fired) >= 12


def test_the_old_schema_and_refused_post_only_orders_are_traded_as_well(tmp_path: Path) -> None:
    session = Session(tmp_path, schema_2026=False, post_only_refuses=True, cancel_status="NEW", events_first=False)
    session.run(40)
    assert session.of(ev.Fill)
    assert session.stop()
    session.check_books()
