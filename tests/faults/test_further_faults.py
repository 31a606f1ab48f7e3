"""Faults of the kinds of the catalogue that are not in it, and that hold: each alone, in virtual time."""

from dataclasses import replace

import pytest

from mm._core import events as ev
from mm.config.canonical import to_json
from mm.simulator.kinds import ACCOUNT
from tests.backtest.two_venues import KRAKEN
from tests.faults.restarted import BUY, SELL, Restarted, cases
from tests.faults.test_contract_faults import contracts, sent, until_held

CASES = cases()
NO_ORDERS = {
    "kraken": ("OpenOrders", '{"error":[],"result":{"open":{}}}'),
    "mexc_spot": ("GET openOrders", "[]"),
    "mexc_futures": ("GET order/list/open_orders", '{"success":true,"code":0,"data":[]}'),
}


def started(name, folder):
    stand = Restarted(CASES[name], folder / "journal")
    stand.ready()
    return stand


def test_a_trade_that_the_venue_takes_back_without_a_word_halts_and_is_told(tmp_path):
    stand = started(KRAKEN, tmp_path)
    order = stand.place(BUY, stand.price(-1))
    stand.live(order)
    stand.trade(SELL, stand.price(-1), stand.size)
    stand.closed(order, "FILLED")
    stand.run(40)
    exchange = stand.counterpart.exchange
    stand.fault("message", "edit", "balances", path="data.*.type", text='"correction"', times=0)
    taken = stand.size * 10 ** (exchange.ledger.decimals("BTC") - stand.market.instrument.size_precision)
    stand.outside(lambda now_ns: exchange.deposit(now_ns, ACCOUNT, "BTC", -taken))
    stand.run(75)
    assert stand.engine.reconciling.unexplained, "the books are not the venue's, and nobody says so"
    assert stand.market.halted


@pytest.mark.parametrize("name", NO_ORDERS)
def test_open_orders_that_lists_leave_out_again_and_again_are_asked_for_by_name(tmp_path, name):
    stand = started(name, tmp_path)
    order = stand.place(BUY, stand.price(-2))
    stand.live(order)
    path, body = NO_ORDERS[name]
    stand.fault("reply", "body", path, error=body, status=200, times=3)
    stand.run(120)
    assert stand.fired("reply.body") == 3
    assert stand.state(order) == "NEW", "I3: lists without it have ended an order that stands"
    stand.judge()


def test_settings_that_change_in_a_kill_let_nothing_go(tmp_path):
    run = contracts(tmp_path, 1)
    until_held(run)
    world = run.worlds[KRAKEN]
    world.tell(lambda now_ns: run.driver.latch(now_ns, [ev.Latched(now_ns, "halt", "", True, "operator", "")]))
    run.run(3)
    since = len(run.recorder.events)
    limits = replace(run.settings.limits, price_collar_bps=run.settings.limits.price_collar_bps + 1)
    world.tell(lambda now_ns: run.driver.change(now_ns, to_json(replace(run.settings, limits=limits))))
    run.run(20)
    assert not sent(run, since), "I13: other settings have resumed what an operator had killed"
    assert ("halt", "") in run.engine.ladder.latches
