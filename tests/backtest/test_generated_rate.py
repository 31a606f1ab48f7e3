"""USDT by the generated USDT/USD of the simulated Kraken: a conversion that is not 0, and a peg that is left."""

from __future__ import annotations

from mm._core import events as ev
from tests.backtest.test_peg import SWAPPED, alerts
from tests.backtest.test_profit import contracts_of
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, RATE, SETTINGS, TwoVenues

PEG = {"on": "clock", "action": "peg", "bps": -120, "at_s": 10, "duration_s": 20}


def test_the_conversion_is_not_0_and_closes_to_the_ledgers(tmp_path):
    run = TwoVenues(tmp_path, is_generated=True)
    run.run(65)
    assert run.stop()
    run.check_books()
    terms = run.engine.accounts.terms()
    assert terms.unvalued == ()
    assert terms.conversion
    assert run.engine.accounts.residual(run.balances()) == 0
    assert not [trade for trade in run.trades(KRAKEN) if trade.symbol == RATE]
    assert run.replayed().accounts.terms() == terms
    assert run.replayed().state_hash() == run.engine.state_hash()


def test_what_is_seen_is_the_same_twice(tmp_path):
    hashes = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run = TwoVenues(tmp_path / name, is_generated=True)
        run.run(15)
        hashes.add((run.engine.state_hash(), str(run.log[-1])))
    assert len(hashes) == 1


def test_hedges_that_add_stop_while_the_action_has_it_off_its_peg(tmp_path):
    run = TwoVenues(tmp_path, is_generated=True, hooks={KRAKEN: [PEG]})
    run.run(11)
    hedge = run.engine.markets[MEXC, "BTC/USDT"]
    assert hedge.off_peg
    held = abs(hedge.position.quantity)
    run.run(18)
    assert hedge.off_peg
    assert abs(hedge.position.quantity) <= held
    done = len(run.trades(MEXC))
    run.run(25)
    assert not hedge.off_peg
    assert len(run.trades(MEXC)) > done
    assert alerts(run)[0].endswith("USD, off its peg: nothing that adds risk is sent to markets of USDT")
    assert alerts(run)[-1] == "USDT is back at its peg"
    assert run.stop()
    run.check_books()
    assert run.engine.accounts.residual(run.balances()) == 0


def test_quotes_in_it_are_pulled_and_come_back(tmp_path):
    run = TwoVenues(tmp_path, is_generated=True, settings=SWAPPED, hooks={KRAKEN: [PEG]})
    quoted = (MEXC, "BTC/USDT")
    run.run(9)
    assert run.engine.orders.open_count(*quoted)
    run.run(3)
    assert run.engine.orders.open_count(*quoted) == 0
    assert "off its peg" in run.engine.markets[quoted].last.gate
    run.run(22)
    assert run.engine.orders.open_count(*quoted)
    assert any(type(event) is ev.Alert for event in run.recorder.events)
    assert run.stop()


def test_it_closes_with_contracts_and_their_funding_too(tmp_path):
    settings = SETTINGS.replace(MEXC, FUTURES).replace("BTC/USDT", "BTC/USDT:USDT")
    run = TwoVenues(tmp_path, is_generated=True, hedge_venue=FUTURES, funding_seconds=25, settings=settings, seed=2)
    run.run(47)
    assert run.stop()
    terms = run.engine.accounts.terms()
    assert all(terms.parts()), terms
    assert len([event for event in run.recorder.events if type(event) is ev.FundingPaid]) == 1
    assert run.engine.accounts.residual(run.balances(), contracts_of(run)) == 0
