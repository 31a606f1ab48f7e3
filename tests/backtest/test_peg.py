"""USDT leaves its peg: quotes in it go, hedges in it only reduce, and people are told; then it comes back."""

from __future__ import annotations

from mm._core import events as ev
from tests.backtest.two_venues import KRAKEN, MEXC, SETTINGS, TwoVenues

SWAPPED = (
    SETTINGS.replace('venue = "kraken"\nsymbol = "BTC/USD"', 'venue = "mexc_spot"\nsymbol = "BTC/USDT"')
    .replace('primary = "kraken"\nsymbol = "BTC/USD"', 'primary = "mexc_spot"\nsymbol = "BTC/USDT"')
    .replace('hedge = "mexc_spot"\nhedge_symbol = "BTC/USDT"', 'hedge = "kraken"\nhedge_symbol = "BTC/USD"')
)
OFF, ON = 9_880, 10_000
"""More than 100 basis points under one dollar, and one dollar."""


def alerts(run):
    return [event.text for event in run.recorder.events if type(event) is ev.Alert]


def test_hedges_in_a_currency_off_its_peg_only_reduce(tmp_path):
    run = TwoVenues(tmp_path, is_rated=True)
    run.run(10)
    run.rate(OFF)
    run.run(1)
    hedge = run.engine.markets[MEXC, "BTC/USDT"]
    assert hedge.off_peg
    held, done = abs(hedge.position.quantity), len(run.trades(MEXC))
    run.run(30)
    for trade in run.trades(MEXC)[done:]:
        assert trade.side * hedge.position.quantity <= 0 or abs(hedge.position.quantity) <= held
    assert abs(hedge.position.quantity) <= held
    assert alerts(run)[:1] == ["USDT is 0.9880 USD, off its peg: nothing that adds risk is sent to markets of USDT"]
    run.rate(ON)
    run.run(15)
    assert not hedge.off_peg
    assert alerts(run)[-1] == "USDT is back at its peg"
    assert run.stop()
    run.check_books()
    assert run.engine.accounts.residual(run.balances()) == 0
    assert run.replayed().state_hash() == run.engine.state_hash()


def test_quotes_in_a_currency_off_its_peg_are_pulled_and_come_back(tmp_path):
    run = TwoVenues(tmp_path, is_rated=True, settings=SWAPPED)
    quoted = (MEXC, "BTC/USDT")
    run.run(5)
    assert run.engine.orders.open_count(*quoted)
    run.rate(OFF)
    run.run(2)
    assert run.engine.orders.open_count(*quoted) == 0
    assert run.engine.markets[quoted].last.gate == "USDT is 0.9880 USD, off its peg"
    run.rate(ON)
    run.run(3)
    assert run.engine.orders.open_count(*quoted)
    # Nobody quotes USDT any more: what it is worth is not known, and not one.
    exchange = run.exchanges[KRAKEN]
    for order in exchange.open_orders("dealer"):
        exchange.cancel(run.now_ns, order.order_id, "gone")
    run.run(2)
    assert run.engine.orders.open_count(*quoted) == 0
    assert run.engine.markets[quoted].last.gate == "no price of USDT in USD: exposure cannot be bounded"
    run.rate(ON)
    run.run(5)
    assert run.engine.orders.open_count(*quoted)
    assert run.stop()
