"""One profit over two venues: its terms add up to what the venues' own ledgers say, to the last digit."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mm._core import events as ev
from mm.engine.balances import residual
from mm.inventory.accounts import DOLLAR_DIGITS
from mm.persistence.recorder import MemoryRecorder
from mm.simulator.kinds import ACCOUNT, KINDS
from mm.simulator.ledger import DECIMALS
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SETTINGS, TwoVenues


def settle_funding(run, amount):
    """A settlement at the hedge venue: in its ledger and in what it tells."""
    run.exchanges[MEXC].ledger.change(run.now_ns, ACCOUNT, "funding", "USDT", amount // 100, 0, "F1")
    event = ev.FundingPaid(run.now_ns, run.now_ns, MEXC, "BTC/USDT", "F1", 1, amount, "USDT", 0, 0)
    run.recorder.record(event)
    run.engine.apply(event)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = TwoVenues(tmp_path_factory.mktemp("run"), is_rated=True)
    run.run(10)
    run.rate(9_990)
    run.run(10)
    settle_funding(run, -123_456_700)
    run.rate(9_995)
    run.run(10)
    assert run.stop()
    return run


def test_the_terms_are_the_change_of_both_ledgers(run):
    run.check_books()
    assert len(run.trades(MEXC)) >= 3
    terms = run.engine.accounts.terms()
    assert terms.unvalued == ()
    assert all(terms.parts()), terms
    assert run.engine.accounts.residual(run.balances()) == 0
    # By hand: the ledgers at the middles of the books, less the same without the run.
    worth = Fraction(0)
    rate = Fraction(run.engine.markets[KRAKEN, "USDT/USD"].middle2, 2 * 10**4)
    for venue, symbol, decimals, value in ((KRAKEN, "BTC/USD", 1, 1), (MEXC, "BTC/USDT", 2, rate)):
        middle = Fraction(run.engine.markets[venue, symbol].middle2, 2 * 10**decimals)
        held = run.balances()[venue, "BTC"] - 10 * 10**12
        quote = symbol.partition("/")[2]
        cash = run.balances()[venue, quote] - KINDS[venue].funds[quote] * 10**12
        worth += (Fraction(held, 10**12) * middle + Fraction(cash, 10**12)) * value
    # What was there in USDT: at the rate of the first word about it.
    worth += KINDS[MEXC].funds["USDT"] * (rate - Fraction(20_001, 20_000))
    assert Fraction(terms.total, 10**DOLLAR_DIGITS) == worth


def test_what_the_bot_heard_of_balances_closes_too(run):
    assert residual(run.engine) == 0


def test_a_replay_has_the_same_terms(run):
    replayed = run.replayed()
    assert replayed.state_hash() == run.engine.state_hash()
    assert replayed.accounts.terms() == run.engine.accounts.terms()


@pytest.fixture(scope="module")
def perpetual(tmp_path_factory):
    """Hedged with contracts; funding is settled once, read 20 s later, and the run ends before the next settlement."""
    settings = SETTINGS.replace(MEXC, FUTURES).replace("BTC/USDT", "BTC/USDT:USDT")
    folder = tmp_path_factory.mktemp("perpetual")
    run = TwoVenues(folder, is_rated=True, hedge_venue=FUTURES, funding_seconds=25, settings=settings, seed=2)
    run.run(12)
    run.rate(9_990)
    run.run(12)
    run.rate(9_995)
    run.run(23)
    assert run.stop()
    return run


def contracts_of(run):
    """What the venue's own ledger holds in contracts, and what they were entered for."""
    held = run.exchanges[FUTURES].positions.of(ACCOUNT)
    size, cost = (sum(position.side * getattr(position, name) for position in held) for name in ("hold", "cost"))
    return {(FUTURES, "BTC/USDT:USDT"): (size, Fraction(cost, 10**DECIMALS))}


def test_the_terms_are_the_change_of_both_ledgers_with_contracts_and_their_funding(perpetual):
    terms = perpetual.engine.accounts.terms()
    assert terms.unvalued == ()
    assert all(terms.parts()), terms
    assert len([event for event in perpetual.recorder.events if type(event) is ev.FundingPaid]) == 1
    assert any(position.closed for position in perpetual.exchanges[FUTURES].positions.of(ACCOUNT))
    assert perpetual.engine.accounts.residual(perpetual.balances(), contracts_of(perpetual)) == 0
    assert perpetual.replayed().accounts.terms() == terms


def test_what_the_bot_heard_of_contracts_closes_to_the_digit_that_the_venue_cuts(perpetual):
    assert abs(residual(perpetual.engine)) < Fraction(1, 10**8)


@pytest.mark.parametrize("kind", [ev.Fill, ev.FundingPaid])
def test_one_event_of_contracts_less_does_not_close(perpetual, kind):
    start, *events = perpetual.recorder.events
    lost = next(event for event in events if type(event) is kind and event.venue == FUTURES)
    name = "execution_id" if kind is ev.Fill else "record_id"
    engine = type(perpetual.engine)(start, perpetual.settings, perpetual.faces, MemoryRecorder())
    for event in events:
        if type(event) is not kind or getattr(event, name) != getattr(lost, name):
            engine.apply(event)
    assert engine.accounts.residual(perpetual.balances(), contracts_of(perpetual)) != 0


@pytest.mark.parametrize("kind", [ev.Fill, ev.FundingPaid])
def test_one_event_less_does_not_close(run, kind):
    start, *events = run.recorder.events
    lost = next(event for event in events if type(event) is kind)
    engine = type(run.engine)(start, run.settings, run.faces, MemoryRecorder())
    for event in events:
        # A fill may be told by several paths: all of them.
        if type(event) is kind and (kind is not ev.Fill or event.execution_id == lost.execution_id):
            continue
        engine.apply(event)
    assert engine.accounts.residual(run.balances()) != 0


@pytest.mark.parametrize(
    ("world", "venue"), [("run", KRAKEN), ("run", MEXC), ("perpetual", KRAKEN), ("perpetual", FUTURES)]
)
def test_one_fee_less_does_not_close(request, world, venue):
    run = request.getfixturevalue(world)
    contracts = contracts_of(run) if FUTURES in run.exchanges else {}
    start, *events = run.recorder.events
    engine = type(run.engine)(start, run.settings, run.faces, MemoryRecorder())
    lost = next(event.execution_id for event in events if type(event) is ev.Fill and event.venue == venue and event.fee)
    for event in events:
        if type(event) is ev.Fill and event.execution_id == lost:
            facts = {name: getattr(event, name) for name, _ in ev.Fill.FIELDS}
            engine.apply(ev.Fill(**(facts | {"fee": 0})))
        else:
            engine.apply(event)
    assert engine.accounts.residual(run.balances(), contracts) != 0
