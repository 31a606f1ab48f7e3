"""Exposure of an asset over all venues: what is hedged counts once, and what reduces is let through."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.limits import net_micro_usd
from mm._core.market import ONE2
from mm.risk import APPROVED
from tests.engine.world import BTC
from tests.risk.test_limits import BUY, CONTRACT, SELL, Market, gate

DOLLARS = 10**6


def two(quantity=0, elsewhere=0, **facts):
    """Spot and contracts of 0.0001 BTC, about 60,000 dollars; returns both."""
    spot = Market(quantity=quantity, position_max=2**62)
    contracts = Market(**({"position_max": 2**62, "quantity": elsewhere} | CONTRACT | {"quote": "USDT"} | facts))
    for market in (spot, contracts):
        market.core.order_size_max = 2**62
    spot.beside(contracts)
    return spot, contracts


def test_a_hedged_position_counts_once():
    """0.1 BTC long and 0.1 short: 0.01 more are 600.01 dollars at the best ask, and not 12,600."""
    spot, _ = two(BTC // 10, -1000)
    assert spot.check(total_micro_usd=600_010_000) is APPROVED
    assert gate(spot.check(total_micro_usd=600_010_000 - 1)) == "exposure"


def test_a_hedge_that_reduces_is_let_through_whatever_the_limit():
    spot, contracts = two(BTC // 10)
    hedge = {"side": SELL, "price": 600_010, "size": 1000, "total_micro_usd": 1}
    assert contracts.check(**hedge) is APPROVED
    assert contracts.check(**(hedge | {"others": 10**12})) is APPROVED
    # As much again on the other side adds nothing to the worst case; beyond that it does.
    assert contracts.check(**(hedge | {"size": 2000})) is APPROVED
    assert gate(contracts.check(**(hedge | {"size": 2001}))) == "exposure"
    assert gate(contracts.check(**(hedge | {"side": BUY, "price": 600_000}))) == "exposure"
    assert spot.check(SELL, 600_010, BTC // 10, total_micro_usd=1) is APPROVED


def test_what_closes_one_leg_opens_the_other():
    spot, _ = two(BTC // 10, -1000)
    assert gate(spot.check(SELL, 600_010, BTC // 10, total_micro_usd=6_000 * DOLLARS)) == "exposure"
    assert spot.check(SELL, 600_010, BTC // 10, total_micro_usd=6_001 * DOLLARS) is APPROVED


def test_a_hedge_on_its_way_does_not_count_as_done():
    """Until it fills the position is there, and the quote that adds to it is judged by that."""
    spot, contracts = two(BTC // 10)
    contracts.order(SELL, 600_010, 1000)
    assert gate(spot.check(total_micro_usd=6_599 * DOLLARS)) == "exposure"
    assert spot.check(total_micro_usd=6_600_110_000) is APPROVED, "0.11 BTC at the highest ask"


def test_the_dearest_price_counts():
    spot, _ = two(bid=900_000, ask=900_010)
    assert gate(spot.check(total_micro_usd=900 * DOLLARS)) == "exposure"
    assert spot.check(total_micro_usd=900_010_000) is APPROVED


def test_a_rate_counts():
    spot = Market(position_max=2**62)
    spot.core.rate_by(ONE2 * 11 // 10, None, 0.0, float("inf"))
    spot.stated2 = ONE2 * 11 // 10
    assert spot.check(total_micro_usd=660 * DOLLARS) is APPROVED
    assert gate(spot.check(total_micro_usd=660 * DOLLARS - 1)) == "exposure"


def rated(low=0.99, high=1.01):
    """A market in USDT, and the market that says what USDT is worth."""
    source = Market(bid=10_000, ask=10_001, symbol="USDT/USD", base="USDT", price_precision=4)
    market = Market(quote="USDT", symbol="BTC/USDT", quantity=BTC // 100)
    market.core.rate_by(0, source.core, low, high)
    return market, source


def test_a_currency_off_its_peg_takes_no_new_risk_and_lets_out():
    market, source = rated()
    assert market.check() is APPROVED
    market.core.changed = False
    source.core.bid, source.core.ask = 9_800, 9_801
    source.core.lose_book("as a tick would")
    source.core.book_ok = True
    assert market.core.off_peg
    assert market.core.changed, "its quotes are looked at"
    assert market.core.currency_gate() == "USDT is 0.9800 USD, off its peg"
    assert market.check().reason == "USDT is 0.9800 USD, off its peg"
    assert market.check(SELL, 600_010, BTC // 100) is APPROVED
    assert gate(market.check(SELL, 600_010, BTC // 100 + 5000)) == "exposure"


def test_an_unknown_rate_is_not_one():
    market, source = rated()
    source.core.lose_book("gone")
    assert market.core.off_peg
    assert market.check().reason == "no price of USDT in USD: exposure cannot be bounded"
    market.core.rate_by(0, None, 0.99, 1.01)
    assert market.check().reason == "no price of USDT in USD: exposure cannot be bounded", "not told of yet"
    assert market.check(SELL, 600_010, BTC // 100) is APPROVED


@pytest.mark.parametrize(("held", "side", "expected"), [(-BTC // 20, BUY, ""), (BTC // 20, BUY, "position"),
                                                       (BTC // 20, SELL, "")])  # fmt: skip
def test_the_cap_of_a_symbol_is_over_all_venues_that_trade_it(held, side, expected):
    here = Market(quantity=BTC // 20 * side)
    there = Market(quantity=held)
    here.beside(there)
    price = 600_000 if side == BUY else 600_010
    assert gate(here.check(side, price, BTC // 100)) == expected


def test_strategies_see_what_all_venues_hold_together():
    spot, contracts = two(BTC // 10, -999)
    spot.core.refresh(spot.store, 1)
    contracts.core.refresh(contracts.store, 1)
    assert spot.core.state.net_position == BTC // 10_000
    assert contracts.core.state.net_position == 1


ORDERS = st.lists(st.tuples(st.booleans(), st.sampled_from([BUY, SELL]), st.integers(1, 900)), max_size=4)
HELD = st.one_of(st.integers(-(10**4), 10**4), st.integers(-(2**49), 2**49))


@given(ORDERS, HELD, HELD, st.sampled_from([BUY, SELL]), st.integers(1, 900), st.integers(0, 10**11), st.booleans(),
       st.integers(1, 10**6), st.integers(0, 9))  # fmt: skip
def test_the_twin_agrees_on_one_asset(orders, held, there, side, lots, total, in_spot, multiplier, precision):
    spot, contracts = two(held * 10_000, there, multiplier=multiplier, multiplier_precision=precision)
    for is_spot, order_side, size in orders:
        market = spot if is_spot else contracts
        market.order(order_side, 590_000 if order_side == BUY else 610_000, size * 10_000 if is_spot else size)
    market = spot if in_spot else contracts
    price = 600_000 if side == BUY else 600_010
    market.check(side, price, lots * 10_000 if in_spot else lots, total_micro_usd=total)


@given(ORDERS, st.integers(-500, 500), st.integers(-500, 500), ORDERS)
def test_whatever_fills_of_what_was_approved_the_exposure_stays_inside(standing, held, there, wishes):
    """Each subset of the open orders of both venues may fill: none goes beyond the limit, or beyond where it was."""
    limit = Fraction(6_000 * DOLLARS, 60_001 * DOLLARS)
    spot, contracts = two(held * 10_000, there)
    orders = []

    def place(is_spot, side, size):
        market, units = (spot, 10_000 * size) if is_spot else (contracts, size)
        market.order(side, 590_000 if side == BUY else 610_000, units)
        orders.append(side * size)

    for order in standing:
        place(*order)
    net = Fraction(held + there, 10_000)

    def worst():
        return max(abs(net + Fraction(sum(fills), 10_000)) for fills in product(*((0, size) for size in orders)))

    for is_spot, side, size in wishes:
        before = worst()
        market = spot if is_spot else contracts
        price = 600_000 if side == BUY else 600_010
        verdict = market.check(
            side, price, size * 10_000 if is_spot else size, total_micro_usd=6_000 * DOLLARS, orders_max=100
        )
        if verdict is APPROVED:
            place(is_spot, side, size)
            assert worst() <= max(limit, before)


def test_what_is_held_of_another_asset_counts_although_nobody_tells_its_rate():
    """Its last rate is nearer to the truth than nothing, and what would be let through by nothing is new risk."""
    market, source = rated()
    market.beside()
    known = net_micro_usd([market.core])
    assert known > 600 * DOLLARS * 99 // 100
    source.core.lose_book("gone")
    assert net_micro_usd([market.core]) == known
