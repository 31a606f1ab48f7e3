"""One profit over all venues: six terms, each from its own events, that add up to what the balances say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm.config import ConversionSettings
from mm.instruments import Instrument
from mm.inventory import Accounts
from mm.inventory.accounts import DOLLAR_DIGITS
from mm.inventory.conversion import ONE2, rates
from tests.reference.accounts import ReferenceAccounts

KRAKEN, MEXC, FUTURES = "kraken", "mexc_spot", "mexc_futures"
SPOT, HEDGE, PERP, RATE = (KRAKEN, "BTC/USD"), (MEXC, "BTC/USDT"), (FUTURES, "BTC/USDT:USDT"), (KRAKEN, "USDT/USD")
INSTRUMENTS = {
    SPOT: Instrument(KRAKEN, "BTC/USD", "BTC", "USD", 1, 8),
    HEDGE: Instrument(MEXC, "BTC/USDT", "BTC", "USDT", 2, 6, settle="USDT"),
    PERP: Instrument(
        FUTURES, "BTC/USDT:USDT", "BTC", "USDT", 1, 0, settle="USDT", multiplier=3, multiplier_precision=4
    ),
}
USDT = Instrument(KRAKEN, "USDT/USD", "USDT", "USD", 4, 8)
BY_MARKET = {"USDT": ConversionSettings(name="USDT", venue=KRAKEN, symbol="USDT/USD")}


@dataclass
class Book:
    instrument: Instrument
    middle2: int = 0


class Both:
    """The accounts and their twin, told the same."""

    def __init__(self, conversion=BY_MARKET):
        self.books = {key: Book(each) for key, each in INSTRUMENTS.items()} | {RATE: Book(USDT)}
        self.accounts = Accounts(self.books, rates(conversion))
        for key, instrument in INSTRUMENTS.items():
            self.accounts.add(key, instrument)
        markets = {key: (each.venue, each.base, each.quote, key == PERP) for key, each in INSTRUMENTS.items()}
        stated = None if conversion is BY_MARKET else Fraction(1)
        self.twin = ReferenceAccounts(markets, {"USD": Fraction(1), "USDT": stated, "MX": None})
        self.number = 0

    def book(self, key, middle2):
        self.books[key].middle2 = middle2
        middle = Fraction(middle2, 2 * 10 ** self.books[key].instrument.price_precision)
        if key == RATE:
            self.twin.rates["USDT"] = middle
        else:
            self.twin.middles[key] = middle

    def fill(self, key, side, price, size, fee=0, asset="USD", is_hedge=False):
        each = INSTRUMENTS[key]
        self.accounts.on_fill(key, side, price, size, self.books[key].middle2, fee, asset, is_hedge=is_hedge)
        base = Fraction(size * each.multiplier, 10 ** (each.size_precision + each.multiplier_precision))
        price = Fraction(price, 10**each.price_precision)
        self.twin.fill(key, side, price, base, Fraction(fee, 10**12), asset, is_hedge)

    def funding(self, venue, asset, amount):
        self.accounts.on_funding(venue, asset, amount)
        self.twin.funding(venue, asset, Fraction(amount, 10**12))

    def flow(self, venue, asset, amount):
        self.accounts.on_flow(venue, asset, amount)
        self.twin.flow(venue, asset, Fraction(amount, 10**12))

    def restart(self, conversion):
        """A start from what the last one left, before any book has come; USDT is worth what it says now."""
        before = self.accounts
        middles = {key: book.middle2 for key, book in self.books.items()}
        for book in self.books.values():
            book.middle2 = 0
        self.accounts = Accounts(self.books, rates(conversion))
        for key, instrument in INSTRUMENTS.items():
            self.accounts.add(key, instrument)
        self.accounts.restore(*json.loads(json.dumps([before.durable(), before.marks()])))
        for key, middle2 in middles.items():
            self.books[key].middle2 = middle2
        if conversion is not BY_MARKET:
            self.twin.rates["USDT"] = Fraction(conversion["USDT"].rate)

    def residual(self):
        """Against the twin's balances, which are kept by whole units."""
        balances = {key: amount * 10**12 for key, amount in self.twin.balances.items()}
        contracts = {}
        for key, (held, cost) in self.twin.contracts.items():
            size = held * 10**4 / INSTRUMENTS[key].multiplier
            assert size.denominator == 1
            contracts[key] = (int(size), cost)
        return self.accounts.residual(balances, contracts)

    def check(self):
        facts = self.accounts.facts()
        terms = self.accounts.terms()
        assert self.accounts.facts() == facts, "looking changes nothing"
        expected = self.twin.look()
        got = dict(zip(expected, (terms.spread, terms.inventory, terms.fees, terms.hedging, terms.funding,
                                  terms.conversion), strict=True))  # fmt: skip
        if "USDT" not in terms.unvalued:
            assert {name: Fraction(value, 10**DOLLAR_DIGITS) for name, value in got.items()} == expected
            assert Fraction(terms.total, 10**DOLLAR_DIGITS) == self.twin.gained()
            assert self.residual() == 0

    def check_total(self):
        self.twin.look()
        assert Fraction(self.accounts.terms().total, 10**DOLLAR_DIGITS) == self.twin.gained()
        assert self.residual() == 0


amounts = st.integers(1, 10**14)
keys = st.sampled_from([SPOT, HEDGE, PERP])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("book"), keys, st.integers(1, 2 * 10**8)),
        st.tuples(st.just("book"), st.just(RATE), st.integers(9_000, 22_000)),
        st.tuples(
            st.just("fill"), keys, st.sampled_from([1, -1]), st.integers(1, 10**8), st.integers(1, 10**9),
            st.integers(-(10**12), 10**13), st.sampled_from(["quote", "base", "MX"]), st.booleans(),
        ),
        st.tuples(st.just("funding"), st.just(FUTURES), st.just("USDT"), st.integers(-(10**14), 10**14)),
        st.tuples(st.just("flow"), st.sampled_from([KRAKEN, MEXC]), st.sampled_from(["BTC", "USD", "USDT"]), amounts),
    ),
    max_size=40,
)  # fmt: skip


def play(both, sequence):
    for step, *facts in sequence:
        if step == "fill":
            key, side, price, size, fee, asset, is_hedge = facts
            named = {"quote": INSTRUMENTS[key].quote, "base": INSTRUMENTS[key].base}.get(asset, asset)
            # A contract's fee is never in the base asset, and MX has no rate here: none of it is told.
            named = INSTRUMENTS[key].quote if key == PERP or named == "MX" else named
            both.fill(key, side, price, size, fee, named, is_hedge)
        else:
            getattr(both, step)(*facts)


@given(steps)
def test_any_sequence_gives_what_the_twin_gives_and_closes_to_the_balances(sequence):
    both = Both()
    play(both, sequence)
    both.check()


@given(steps)
def test_a_stated_rate_never_makes_a_conversion(sequence):
    both = Both({})
    play(both, [step for step in sequence if step[:2] != ("book", RATE)])
    assert both.accounts.terms().conversion == 0
    both.check()


STATED = {"USDT": ConversionSettings(name="USDT", rate=Decimal("0.75"))}


@given(steps, steps)
def test_a_start_at_which_a_currency_is_worth_something_else_makes_a_conversion_of_it(before, after):
    both = Both()
    play(both, [("book", RATE, 20_002), *before])
    both.restart(STATED)
    play(both, [step for step in after if step[:2] != ("book", RATE)])
    both.check_total()
    both.restart(BY_MARKET)
    both.book(RATE, 19_990)
    play(both, before)
    both.check_total()


def test_what_a_start_says_a_currency_is_worth_is_a_step_of_the_conversion():
    both = Both()
    both.book(RATE, 20_002)
    both.flow(MEXC, "USDT", 10**15)
    both.restart(STATED)
    assert both.accounts.terms().conversion == Fraction("-250.1") * 10**DOLLAR_DIGITS
    assert both.residual() == 0


def settled():
    """Every kind of event once; the rate moves."""
    both = Both()
    for key, middle2 in ((SPOT, 1_200_001), (HEDGE, 12_000_100), (PERP, 1_200_003), (RATE, 20_001)):
        both.book(key, middle2)
    both.flow(KRAKEN, "USD", 10**18)
    both.flow(MEXC, "USDT", 10**18)
    both.flow(KRAKEN, "BTC", 10**13)
    both.fill(SPOT, 1, 600_000, 10**6, 12_345_678, "USD")
    both.fill(HEDGE, -1, 5_999_900, 10**4, 7, "USDT", is_hedge=True)
    both.book(SPOT, 1_200_101)
    both.book(RATE, 19_990)
    both.fill(PERP, -1, 600_010, 33, 99, "USDT", is_hedge=True)
    both.funding(FUTURES, "USDT", -123_456_789)
    both.book(PERP, 1_199_955)
    both.book(RATE, 19_980)
    return both


def test_every_term_is_there_and_adds_up():
    both = settled()
    both.check()
    terms = both.accounts.terms()
    assert all(terms.parts())
    assert terms.total == sum(terms.parts())
    assert terms.held == 10 * 5 * 10**DOLLAR_DIGITS


@pytest.mark.parametrize("lost", ["fill", "fee", "hedge", "funding"])
def test_one_event_less_is_a_residual(lost):
    both = settled()
    accounts = both.accounts
    if lost == "fill":
        both.accounts = silent = Quiet(accounts)
        both.fill(SPOT, -1, 600_100, 1)
        silent.restore(both)
    elif lost == "fee":
        both.fill(SPOT, -1, 600_100, 1, 1, "USD")
        both.twin.balance(KRAKEN, "USD", -Fraction(1, 10**12))
    elif lost == "hedge":
        both.accounts = silent = Quiet(accounts)
        both.fill(PERP, 1, 600_100, 1, is_hedge=True)
        silent.restore(both)
    else:
        both.accounts = silent = Quiet(accounts)
        both.funding(FUTURES, "USDT", 1)
        silent.restore(both)
    assert both.residual() != 0


class Quiet:
    """Accounts that hear nothing."""

    def __init__(self, accounts):
        self.accounts = accounts

    def on_fill(self, *facts, is_hedge):
        pass

    def on_funding(self, *facts):
        pass

    def restore(self, both):
        both.accounts = self.accounts


def test_what_was_done_before_the_balances_came_is_not_part_of_the_opening():
    both = Both({})
    both.book(SPOT, 1_200_000)
    both.fill(SPOT, 1, 600_000, 10**8, 10**12, "USD")
    both.accounts.open(KRAKEN, {"BTC": 3 * 10**12, "USD": 10**16})
    balances = {(KRAKEN, "BTC"): 3 * 10**12, (KRAKEN, "USD"): 10**16}
    assert both.accounts.residual(balances) == 0
    assert both.accounts.terms().total == -(10**DOLLAR_DIGITS), "the fee"
    # A second time is a reconnect.
    both.accounts.open(KRAKEN, {})
    assert both.accounts.residual(balances) == 0


def test_a_currency_without_a_rate_is_named_and_valued_at_its_first_one():
    both = Both()
    both.book(HEDGE, 12_000_000)
    both.fill(HEDGE, 1, 5_999_900, 10**6)
    assert both.accounts.terms().unvalued == ("USDT",)
    assert both.accounts.terms().total == 0
    both.book(RATE, 20_000)
    terms = both.accounts.terms()
    assert terms.unvalued == ()
    assert (terms.spread, terms.conversion) == (10**DOLLAR_DIGITS, 0)


def test_a_fee_in_an_asset_without_a_rate_is_named():
    both = Both({})
    both.fill(SPOT, 1, 600_000, 10**8, 10**12, "MX")
    assert both.accounts.terms().unvalued == ("MX",)
    stated = Both({"MX": ConversionSettings(name="MX", rate=Decimal("2.5"))})
    stated.fill(SPOT, 1, 600_000, 10**8, 10**12, "MX")
    assert stated.accounts.terms().fees == -25 * 10 ** (DOLLAR_DIGITS - 1)


def test_a_symbol_that_is_too_fine_to_be_exact_is_refused():
    with pytest.raises(ValueError, match="finer than"):
        Accounts({}, {}).add(SPOT, Instrument(KRAKEN, "A/USD", "A", "USD", 1, 18, multiplier_precision=1))


def test_a_stated_rate_is_taken_exactly():
    stated = rates({"USDT": ConversionSettings(name="USDT", rate=Decimal("0.999999999999999999"))})
    assert stated["USDT"].fixed2 == ONE2 - 2
    assert stated["USDC"].fixed2 == ONE2
    assert "EUR" not in stated


def test_f59_a_fee_in_the_asset_of_another_market_is_worth_what_it_is_there():
    token = (KRAKEN, "MX/USD")
    traded = Instrument(KRAKEN, "MX/USD", "MX", "USD", 2, 4)
    books = {SPOT: Book(INSTRUMENTS[SPOT], 1_200_000), token: Book(traded, 600)}
    accounts = Accounts(books, rates({}))
    accounts.add(SPOT, INSTRUMENTS[SPOT])
    accounts.add(token, traded)
    opening = {"USD": 10**18, "MX": 10**14}
    accounts.open(KRAKEN, opening)
    # 1 BTC at 60,000 for a fee of 2 MX, which are worth 3 USD each, and then 4.
    accounts.on_fill(SPOT, 1, 600_000, 10**8, 1_200_000, 2 * 10**12, "MX", is_hedge=False)
    assert accounts.terms().fees == -6 * 10**DOLLAR_DIGITS, "F59: a fee in another market's asset is worth nothing"
    books[token].middle2 = 800
    balances = {(KRAKEN, "USD"): 10**18 - 60_000 * 10**12, (KRAKEN, "MX"): 98 * 10**12, (KRAKEN, "BTC"): 10**12}
    terms = accounts.terms()
    assert terms.unvalued == ()
    assert (terms.fees, terms.inventory) == (-6 * 10**DOLLAR_DIGITS, -2 * 10**DOLLAR_DIGITS)
    assert accounts.residual(balances) == 0, "I5: the profit does not close over a fee in another market's asset"
