"""Two minutes of what `make run` does without arguments, outages too: its profit is what the venues' ledgers say."""

from __future__ import annotations

import importlib
import json
from decimal import Decimal
from pathlib import Path

import pytest

from mm._core import events as ev
from mm.config import Environment, load
from mm.config.load import DEFAULT
from mm.inventory.hedging import parameters_of as policies_of
from mm.run import _outages
from mm.simulator.kinds import ACCOUNT
from mm.simulator.ledger_report import ledger_report
from mm.strategies import parameters_of
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SECOND, START, TwoVenues

SECONDS = 122
"""Two outages, and no settlement of funding at the end: that would only be booked by the next start."""
TERMS = ["spread", "inventory", "fees", "hedging", "funding", "conversion"]
TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="module")
def settings():
    return load(DEFAULT, Environment({}), parameters_of=parameters_of, policies_of=policies_of)


@pytest.fixture(scope="module")
def cuts(settings):
    """When the hedge venue is cut off, and when no more."""
    every_s, lasts_s = float(settings.run.outage_every_s), float(settings.run.outage_s)
    times = [START + int((every_s * (number + 0.5)) * SECOND) for number in range(int(SECONDS // every_s))]
    return [(begin_ns, begin_ns + int(lasts_s * SECOND)) for begin_ns in times]


@pytest.fixture(scope="module")
def run(settings, cuts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("default")
    run = TwoVenues(
        folder,
        settings=DEFAULT.read_text().replace("{", "{{").replace("}", "}}"),
        hooks=json.loads(_outages(settings, folder).read_text()),
        is_generated=True,
        hedge_venue=FUTURES,
        fallback_venue=MEXC,
        funding_seconds=int(settings.run.funding_s),
    )
    run.kept = []
    for _, end_ns in cuts:
        run.run((end_ns - run.now_ns) / SECOND)
        run.kept.append(run.desk.ledger.net)
    run.run(SECONDS - (run.now_ns - START) / SECOND)
    assert run.stop()
    return run


@pytest.fixture(scope="module")
def verdict(run):
    """What the judge of `make endurance` says of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOOLS))
        judge = importlib.import_module("endurance_judge")
    ledgers = {name: ledger_report(exchange, ACCOUNT) for name, exchange in run.exchanges.items()}
    verdict = judge.Verdict()
    judge._debts(verdict, run.engine, ledgers)
    profit = judge._profit(verdict, run.engine, ledgers)
    return verdict, profit


def test_the_profit_of_the_default_run_is_the_ledgers_to_the_last_digit(verdict):
    found, profit = verdict
    assert found.problems == []
    assert found.figures["residual"] == "0"
    assert [name for name in TERMS if Decimal(profit[name])] == TERMS


def test_its_debts_are_opened_and_paid(run):
    ledger = run.desk.ledger
    assert all(ledger.opened[side] and ledger.paid[side] for side in (1, -1))
    assert len(run.trades(KRAKEN)) > 20
    assert not ledger.net


def test_each_outage_keeps_its_debt_and_the_contracts_pay_it_afterwards(run, cuts):
    hedges = [event for event in run.recorder.events if type(event) is ev.Place and event.purpose == "hedge"]
    assert len(cuts) == 2
    assert all(run.kept), "nothing was filled while the hedge venue was away: it proves nothing"
    for begin_ns, end_ns in cuts:
        assert not [hedge for hedge in hedges if begin_ns < hedge.recv_ns <= end_ns], "a hedge went where nobody is"
        assert [hedge for hedge in hedges if end_ns < hedge.recv_ns < end_ns + 6 * SECOND]
    assert {hedge.venue for hedge in hedges} == {FUTURES}, "the line is back before hedges would go to the fallback"
