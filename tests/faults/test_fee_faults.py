"""Fees that are not as expected, alone and from many seeds: another rate, another asset, a rebate, another tier.

Rates and assets change at the simulated venue, whether its lists tell or not; what was charged is by its ledger, and
our books have to agree with that to the last unit.
"""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm.engine.hedging import base_units
from mm.simulator.kinds import ACCOUNT, KINDS
from tests.backtest.two_venues import FUTURES, KRAKEN, MEXC, SECOND
from tests.faults.hedged import CAMPAIGN, SEEDS, SYMBOLS, Hedged, lasting
from tests.faults.quoted import VENUES, Quoted, each

TOKEN = "MX"
STATED = {KRAKEN: (0.25, 0.40), MEXC: (0.0, 0.05), FUTURES: (0.06, 0.08)}
"""Maker's and taker's rates in per cent, as the simulated venues list them."""


def befall(run, venue, action, **more):
    run.venues[venue].act(run.now_ns, {"action": action, **more})
    run.shown()


def give(run, venue, asset, amount):
    """Somebody pays in (or out, below zero) so much of an asset, in whole units."""
    exchange = run.exchanges[venue]
    exchange.deposit(run.now_ns, ACCOUNT, asset, round(amount * 10 ** exchange.ledger.decimals(asset)))
    run.shown()


def base_e12(run, venue):
    """What the account has of the base asset beyond what it began with, by the venue's ledger, in 10^-12."""
    ledger = run.exchanges[venue].ledger
    scale = 10 ** ledger.decimals("BTC")
    return (ledger.balance(ACCOUNT, "BTC") - KINDS[venue].funds["BTC"] * scale) * 10**12 // scale


def paid_in(run, venue, asset):
    return [trade for trade in run.trades(venue) if trade.fee_asset == asset]


class Poor(Quoted):
    """An account of which somebody takes away: `taken` of the base asset, in 10^-12."""

    taken = 0

    def base(self, venue):
        return super().base(venue) + self.taken


def check_no_difference(run):
    found = [event for event in run.recorder.events if type(event) is ev.Difference]
    assert not found, f"F59: books that agree are told to differ: {found}"


# --- another asset ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asset", ["base", TOKEN, "changing"])
@pytest.mark.parametrize("venue", [KRAKEN, MEXC])
@pytest.mark.parametrize("seed", SEEDS)
def test_f59_a_fee_in_another_asset_is_booked_there_and_everything_adds_up(tmp_path, venue, seed, asset):
    quoted = Quoted(tmp_path, venue, seed=seed)
    quoted.run(10)
    befall(quoted, venue, "fee", percent=0.2, value=0.3)
    if asset != "base":
        # Enough for all, or for the first few: from then on the venue takes the quote asset.
        give(quoted, venue, TOKEN, 100 if asset == TOKEN else 0.3)
    befall(quoted, venue, "fee_asset", text="base" if asset == "base" else TOKEN)
    charged = "BTC" if asset == "base" else TOKEN
    quoted.run(600, done=lambda: len(paid_in(quoted, venue, charged)) >= lasting(8, 4))
    assert len(paid_in(quoted, venue, charged)) >= 2
    if asset == "changing":
        before = len(quoted.trades())
        quoted.run(600, done=lambda: len(quoted.trades()) >= before + 4)
        befall(quoted, venue, "fee_asset", text="base")
        quoted.run(600, done=lambda: paid_in(quoted, venue, "BTC"))
        assert paid_in(quoted, venue, "BTC")
        assert {trade.fee_asset for trade in quoted.trades()} >= {"BTC", TOKEN, quoted.market.instrument.quote}
    # A whole round of reading the account.
    quoted.operate("pause")
    quoted.run(70)
    check_no_difference(quoted)
    held = base_e12(quoted, venue) // 10 ** (12 - quoted.market.instrument.base_precision)
    assert quoted.market.position.held == held, "F59: what fees have eaten is counted as held"
    assert quoted.engine.accounts.terms().unvalued == (() if asset == "base" else (TOKEN,))
    named = [text for text in quoted.alerts() if f"are taken in {TOKEN}" in text]
    assert len(named) == (asset != "base"), "F59: a fee that has no price is not named, or again and again"
    quoted.come_to_rest()


@pytest.mark.parametrize("venue", [KRAKEN, MEXC])
@pytest.mark.parametrize("seed", SEEDS)
def test_f59_a_flatten_sells_what_fees_have_left_and_no_more(tmp_path, venue, seed):
    quoted = Quoted(tmp_path, venue, seed=seed)
    quoted.run(10)
    befall(quoted, venue, "fee", percent=2, value=2)
    befall(quoted, venue, "fee_asset", text="base")
    least = quoted.exchange.instruments[quoted.symbol].size_min * 10**4

    def eaten():
        return sum(trade.paid for trade in paid_in(quoted, venue, "BTC")) * 100

    quoted.run(900, done=lambda: quoted.market.position.quantity > 0 and eaten() >= 5 * least)
    assert eaten() >= 5 * least
    quoted.operate("pause")
    quoted.run(5)
    latch = ev.Latched(quoted.now_ns, "flatten", "", True, "operator", "")
    quoted.worlds[venue].tell(lambda now_ns: quoted.driver.latch(now_ns, [latch]))
    quoted.run(15)
    left = base_e12(quoted, venue)
    # Whatever there was at the beginning is no position of ours.
    assert abs(left) < 3 * least, f"F59: a flatten leaves {left / 10**12} BTC"
    assert abs(quoted.market.position.held) * 10**4 < 3 * least
    assert quoted.stop(60)
    residual = quoted.engine.accounts.residual(quoted.balances(), quoted.entries())
    assert residual == 0, f"I5: the profit does not close by {residual}"
    quoted.check_fees()


@pytest.mark.parametrize("venue", [KRAKEN, MEXC])
@pytest.mark.parametrize("seed", SEEDS)
def test_f59_nothing_is_offered_that_fees_have_eaten(tmp_path, venue, seed):
    quoted = Poor(tmp_path, venue, seed=seed)
    quoted.run(10)
    befall(quoted, venue, "fee", percent=0.2, value=0.3)
    befall(quoted, venue, "fee_asset", text="base")
    # All that is there is what fills bring.
    quoted.operate("pause")
    quoted.run(5)
    quoted.taken = 10**13 + min(0, base_e12(quoted, venue))
    give(quoted, venue, "BTC", -quoted.taken / 10**12)
    quoted.operate("resume")
    since_ns = quoted.now_ns
    quoted.run(600, done=lambda: sum(trade.side < 0 for trade in quoted.trades()) >= 3)
    refused = [each for each in quoted.of(ev.OrderRejected) if each.recv_ns > since_ns + SECOND]
    assert not refused, f"F59: what fees have eaten was offered: {refused[:2]}"
    assert quoted.exchange.ledger.balance(ACCOUNT, "BTC") >= 0
    quoted.come_to_rest()


class Eaten(Hedged):
    """A pair of venues that take fees in the asset that is hedged: what is held is by the ledgers, to the last unit."""

    def base(self, venue):
        return base_e12(self, venue)

    def _look_at_fill(self, event):
        order = self.engine.orders.get(event.client_id)
        if order is not None:
            self.executions.add((event.venue, event.execution_id))

    def check_books(self):
        for venue, symbol in ((venue, SYMBOLS[venue]) for venue in self.exchanges):
            market = self.engine.markets[venue, symbol]
            held = base_units(market.instrument, market.position.quantity) - market.position.fees.get("BTC", 0)
            assert held == self.base(venue), f"I5: {venue} holds {self.base(venue)}, booked are {held}"
        assert self.net() == self.desk.ledger.net, "I5: what is not hedged is the debt, no more and no less"
        self.check_fees()
        assert self.engine.accounts.residual(self.balances(), self.entries()) == 0, "I5: the profit does not close"


@pytest.mark.parametrize("where", ["both", "primary", "hedge"] if CAMPAIGN else ["both"])
@pytest.mark.parametrize("seed", SEEDS)
def test_f59_hedges_are_for_what_fees_have_left(tmp_path, seed, where):
    run = Eaten(tmp_path, seed=seed)
    run.run(10)
    for venue in {"both": (KRAKEN, MEXC), "primary": (KRAKEN,), "hedge": (MEXC,)}[where]:
        befall(run, venue, "fee", percent=0.5, value=0.5)
        befall(run, venue, "fee_asset", text="base")
    run.run(lasting(400, 150))
    assert len(run.places) >= 4
    assert run.net() == run.desk.ledger.net or run.engine.orders.n_open, "F59: the debt is not what is not hedged"
    run.come_to_rest()
    # Fees of half a per cent of all that was traded would have been left otherwise.
    least = run.exchanges[MEXC].instruments[SYMBOLS[MEXC]].size_min * 10**4
    assert abs(run.net()) < 50 * 10**12 // 60_000 + least, "F59: what fees took is hedged by nobody"
    check_no_difference(run)


# --- another rate -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("seed", SEEDS)
def test_f59_a_rate_that_nobody_told_is_an_alarm_and_what_counts_until_it_is_over(tmp_path, venue, seed):
    quoted = Quoted(tmp_path, venue, seed=seed)
    quoted.run(20)
    maker, taker = STATED[venue]
    assert quoted.market.instrument.maker_fee_e8 == round(maker * 10**6)
    befall(quoted, venue, "fee", percent=maker + 0.3, value=taker + 0.3, told="lists")
    before = len(quoted.trades())
    quoted.run(600, done=lambda: len(quoted.trades()) >= before + 4)
    quoted.run(1)
    since = len(quoted.trades()) - before
    assert since >= 4
    told = [text for text in quoted.alerts() if "was charged" in text]
    assert told, "F59: nobody notices what fills cost"
    assert len(told) <= 3, f"F59: {len(told)} alarms of one rate"
    assert any("loses" in text for text in told), "F59: quotes inside the fee are not told to be"
    charged = quoted.market.instrument.maker_fee_e8
    assert abs(charged - (maker + 0.3) * 10**6) <= 10**4, f"F59: fills cost {maker + 0.3} %, counted are {charged} e-8"
    befall(quoted, venue, "fee", percent=maker, value=taker)
    before = len(quoted.trades())
    quoted.run(600, done=lambda: len(quoted.trades()) >= before + 2)
    quoted.run(1)
    assert quoted.market.instrument.maker_fee_e8 == round(maker * 10**6), "F59: a rate that is over counts on"
    quoted.come_to_rest()


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("seed", SEEDS)
def test_f59_a_tier_that_changes_is_known_without_a_fill(tmp_path, venue, seed):
    quoted = Quoted(tmp_path, venue, seed=seed)
    quoted.run(20)
    quoted.operate("pause")
    quoted.run(5)
    befall(quoted, venue, "fee", percent=0.12, value=0.22)
    # MEXC Futures' rates are read each minute, the others' each ten.
    quoted.wait(700, done=lambda: quoted.market.instrument.maker_fee_e8 == 120_000)
    rates = quoted.market.instrument.maker_fee_e8, quoted.market.instrument.taker_fee_e8
    assert rates == (120_000, 220_000), f"F59: the account's rates changed, counted are {rates}"
    quoted.come_to_rest()


@pytest.mark.parametrize("told", ["push", "lists"])
@each(MEXC, KRAKEN, FUTURES)
def test_f59_a_rebate_is_income(tmp_path, venue, seed, told):
    quoted = Quoted(tmp_path, venue, seed=seed)
    quoted.run(20)
    befall(quoted, venue, "fee", percent=-0.01, value=STATED[venue][1], told=told)
    if told == "push":
        quoted.wait(700, done=lambda: quoted.market.instrument.maker_fee_e8 < -1)
        assert quoted.market.instrument.maker_fee_e8 == -10_000, "F59: a rebate is not taken as one"
    before = len(quoted.trades())
    quoted.run(600, done=lambda: len(quoted.trades()) >= before + 3)
    assert any(trade.fee < 0 for trade in quoted.trades())
    assert not [text for text in quoted.alerts() if "was charged" in text], "F59: income is taken for a cost"
    quoted.come_to_rest()
