"""The hedge ledger against a list of single units: whatever is filled, in any order, every unit is accounted for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mm.inventory.hedging.ledger import EXCESS, HedgeLedger

BUY, SELL = 1, -1
SIDES = st.sampled_from([BUY, SELL])
AMOUNTS = st.integers(1, 9)
PRICES = st.integers(90, 110)


class Units:
    """The slow twin: every open unit by itself, oldest first, as (side, owner, opened, middle2)."""

    def __init__(self):
        self.open = []
        self.cost2 = 0
        self.waited = 0
        self.unknown = 0

    def add(self, now, owner, side, amount, middle2):
        for _ in range(amount):
            if self.open and self.open[0][0] == -side:
                self.open.pop(0)
            else:
                self.open.append((side, owner, now, middle2))

    def pay(self, now, owner, side, amount, price):
        for index in range(amount):
            if not (self.open and self.open[0][0] == -side):
                self.add(now, owner, side, amount - index, 2 * price)
                return
            _, _, opened, middle2 = self.open.pop(0)
            self.waited += now - opened
            if middle2:
                self.cost2 += side * (2 * price - middle2)
            else:
                self.unknown += 1


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.ledger, self.twin = HedgeLedger(), Units()
        self.now = 1_000
        self.count = self.quoted = self.hedged = 0

    def name(self):
        self.count += 1
        return f"E{self.count}"

    @rule(seconds=st.integers(0, 100))
    def wait(self, seconds):
        self.now += seconds

    @rule(side=SIDES, amount=AMOUNTS, middle2=st.one_of(st.just(0), st.integers(180, 220)))
    def quote_fills(self, side, amount, middle2):
        name = self.name()
        self.ledger.on_quote_fill(self.now, name, side, amount, middle2)
        self.twin.add(self.now, name, side, amount, middle2)
        self.quoted += side * amount

    @rule(side=SIDES, amount=AMOUNTS)
    def something_else_moves_the_position(self, side, amount):
        name = self.name()
        self.ledger.on_external(self.now, name, side, amount, 0)
        self.twin.add(self.now, name, side, amount, 0)
        self.quoted += side * amount

    @rule(side=SIDES, amount=AMOUNTS, price=PRICES, policy=st.sampled_from(["twap", "immediate"]))
    def hedge_fills(self, side, amount, price, policy):
        name = self.name()
        self.ledger.on_hedge_fill(self.now, name, policy, side, amount, price)
        self.twin.pay(self.now, name, side, amount, price)
        self.hedged += side * amount

    @invariant()
    def every_unit_is_somewhere(self):
        ledger = self.ledger
        assert ledger.net == self.quoted + self.hedged
        assert len({debt.side for debt in ledger}) <= 1
        for side in (BUY, SELL):
            assert ledger.opened[side] == ledger.paid[side] + ledger.netted[side] + ledger.open_of(side)

    @invariant()
    def the_twin_agrees(self):
        assert [
            (debt.side, debt.owner, debt.opened_ns, debt.middle2) for debt in self.ledger for _ in range(debt.amount)
        ] == self.twin.open
        totals = self.ledger.totals.values()
        assert sum(each.cost2 for each in totals) == self.twin.cost2
        assert sum(each.waited for each in totals) == self.twin.waited
        assert self.ledger.unknown_cost == self.twin.unknown
        assert sum(each.amount for each in totals) >= sum(self.ledger.paid.values())
        assert self.ledger.oldest_ns() == (self.twin.open[0][2] if self.twin.open else 0)


TestHedgeLedger = Machine.TestCase


def test_a_hedge_pays_the_oldest_debt_and_tells_what_it_cost():
    ledger = HedgeLedger()
    ledger.on_quote_fill(10, "E1", BUY, 5, 200)
    ledger.on_quote_fill(20, "E2", BUY, 5, 210)
    ledger.on_hedge_fill(30, "H1", "immediate", SELL, 7, 99)
    assert [(debt.owner, debt.amount) for debt in ledger] == [("E2", 3)]
    first, second = ledger.payments
    assert (first.owner, first.amount, first.cost2, first.waited_ns) == ("E1", 5, 5 * (200 - 198), 20)
    assert (second.owner, second.amount, second.cost2, second.waited_ns) == ("E2", 2, 2 * (210 - 198), 10)
    assert Fraction(ledger.totals["immediate"].cost2, 2) == 17
    assert ledger.totals["immediate"].mean_wait_ns() == (5 * 20 + 2 * 10) // 7


def test_what_a_hedge_fills_beyond_the_debt_is_owed_back():
    ledger = HedgeLedger()
    ledger.on_quote_fill(10, "E1", SELL, 5, 200)
    ledger.on_hedge_fill(20, "H1", "immediate", BUY, 6, 101)
    (excess,) = ledger
    assert (excess.owner, excess.kind, excess.side, excess.amount, excess.middle2) == ("H1", EXCESS, BUY, 1, 202)
    ledger.on_quote_fill(30, "E2", SELL, 1, 200)
    assert ledger.net == 0


def test_reserved_hedges_are_not_owed_again():
    ledger = HedgeLedger()
    ledger.on_quote_fill(10, "E1", BUY, 5, 200)
    assert [ledger.owed(reserved) for reserved in (0, 3, 5, 9)] == [5, 2, 0, 0]


def test_the_hash_tells_ledgers_apart():
    one, other = HedgeLedger(), HedgeLedger()
    for ledger in (one, other):
        ledger.on_quote_fill(10, "E1", BUY, 5, 200)
    assert one.state_hash() == other.state_hash()
    other.on_hedge_fill(20, "H1", "twap", SELL, 1, 100)
    assert one.state_hash() != other.state_hash()


@given(st.integers(-3, 0))
def test_no_fill_is_empty(amount):
    with pytest.raises(ValueError, match="amount"):
        HedgeLedger().on_quote_fill(1, "E", BUY, amount, 0)
    with pytest.raises(ValueError, match="side"):
        HedgeLedger().on_hedge_fill(1, "E", "twap", 0, 1, 1)


def test_amounts_have_128_bits_and_a_sum_that_passes_them_is_an_error():
    ledger = HedgeLedger()
    half = 2**126
    ledger.on_quote_fill(1, "A", BUY, half, 0)
    ledger.on_quote_fill(2, "B", SELL, half - 1, 0)
    assert (ledger.net, ledger.debts[0].amount) == (1, 1)
    assert ledger.opened == {BUY: half, SELL: half - 1}
    assert ledger.netted == {BUY: half - 1, SELL: half - 1}
    with pytest.raises(OverflowError):
        ledger.on_quote_fill(3, "C", BUY, half, 0)
    with pytest.raises(OverflowError):
        ledger.on_external(3, "C", SELL, 2**127, 0)
    again = HedgeLedger()
    again.restore(ledger.durable())
    assert again.state_hash() == ledger.state_hash()
