"""Positions: the textbook in Fractions against 128 bits, and what must hold to the last unit."""

import os
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core.positions import Position
from tests.cases import cases
from tests.reference.positions import LongPosition
from tests.reference.positions import Position as Twin

DRIFT_FILLS = int(os.environ.get("MM_DRIFT_FILLS", "200000"))
"""`make drift` runs ten million."""

fills = st.lists(
    st.tuples(
        st.sampled_from([1, -1]),
        st.integers(1, 2_000_000),
        st.integers(1, 10**12),
        st.integers(-(10**15), 10**15),
        st.sampled_from(["USD", "KFEE", "BTC"]),
    ),
    max_size=60,
)


def position():
    return Position("kraken", "BTC/USD", 1, 8)


@cases(150)
@given(fills, st.integers(1, 2_000_000))
def test_agrees_with_the_textbook_and_closes_to_the_unit(fills, mark):
    ours, twin, cash = position(), Twin(), 0
    for side, price, size, fee, asset in fills:
        ours.apply_fill(side, price, size, fee, asset)
        twin.apply_fill(side, price, size, fee, asset)
        cash -= side * price * size
        assert ours.quantity == twin.quantity
        assert abs(ours.realized - twin.realized) < 1
        if ours.quantity == 0:
            assert ours.realized == twin.realized == cash
        else:
            numerator, denominator = ours.average_price_exact
            assert abs(Fraction(numerator, denominator) - twin.average) * abs(ours.quantity) < Fraction(1, 1000)
        assert ours.realized + ours.open_profit(mark) == cash + ours.quantity * mark
    assert ours.fees == twin.fees
    assert ours.bought == sum(size for side, _, size, _, _ in fills if side == 1)
    assert ours.sold == sum(size for side, _, size, _, _ in fills if side == -1)
    assert ours.bought_cost == sum(price * size for side, price, size, _, _ in fills if side == 1)
    assert ours.sold_cost == sum(price * size for side, price, size, _, _ in fills if side == -1)
    assert ours.volume == sum(price * size for _, price, size, _, _ in fills)
    assert ours.fill_count == len(fills)


@given(fills)
def test_equal_fills_give_equal_hashes(fills):
    one, two = position(), position()
    for fill in fills:
        one.apply_fill(*fill)
        two.apply_fill(*fill)
    assert one.state_hash() == two.state_hash()
    two.apply_fill(1, 1, 1)
    assert one.state_hash() != two.state_hash()


def test_a_flip_opens_the_other_side_at_the_price_of_the_fill():
    ours = position()
    ours.apply_fill(1, 600_000, 100)
    ours.apply_fill(-1, 600_500, 150)
    assert (ours.quantity, ours.realized, ours.average_price) == (-50, 100 * 500, 600_500.0)
    assert ours.open_profit(600_400) == 50 * 100


@pytest.mark.parametrize("flat_at_times", [True, False])
def test_no_drift_in_a_long_run(flat_at_times):
    """Never flat is the worst case: every partial close rounds, and nothing ever resets the rounding."""
    random = Random(7)
    ours, twin = position(), LongPosition()
    most = 10**9 if flat_at_times else 10**6
    if not flat_at_times:
        ours.apply_fill(1, 600_000, 10**15)
        twin.apply_fill(1, 600_000, 10**15)
    for _ in range(DRIFT_FILLS // 1_000):
        draws = random.choices(range(2**32), k=1_000)
        for draw in draws:
            side, price, size = 1 if draw & 1 else -1, 590_000 + draw % 20_001, 1 + draw * 7 % most
            ours.apply_fill(side, price, size)
            twin.apply_fill(side, price, size)
        assert ours.quantity == twin.quantity
        # 2^-32 of a unit at most for each rounding; the floor to a whole unit comes once, when it is read.
        assert abs(ours.realized - twin.realized) < 1 + Fraction(DRIFT_FILLS, 2**32)
        assert ours.realized + ours.open_profit(price) == twin.cash + twin.quantity * price
    left = ours.quantity
    if left:
        ours.apply_fill(1 if left < 0 else -1, 600_000, abs(left))
        twin.apply_fill(1 if left < 0 else -1, 600_000, abs(left))
    assert (ours.quantity, ours.realized, ours.cost_basis) == (0, twin.cash, 0)


@pytest.mark.parametrize(
    ("side", "price", "size", "message"),
    [(0, 1, 1, "side 0"), (1, 0, 1, "price 0"), (1, 1, 0, "size 0"), (-1, -5, 1, "price -5")],
)
def test_what_cannot_be_a_fill_is_refused_by_name(side, price, size, message):
    with pytest.raises(ValueError, match=message):
        position().apply_fill(side, price, size)


def test_overflow_is_an_error_and_changes_nothing():
    ours = position()
    ours.apply_fill(1, 1, 2**62)
    ours.apply_fill(1, 1, 2**62 - 1)
    before = ours.state_hash()
    with pytest.raises(OverflowError, match="quantity"):
        ours.apply_fill(1, 1, 2)
    with pytest.raises(OverflowError, match="money"):
        ours.apply_fill(-1, 2**62, 2**62)
    assert ours.state_hash() == before


def test_the_largest_money_that_is_allowed_is_exact():
    ours = position()
    price, size = 2**45 - 1, 2**46 - 1
    ours.apply_fill(1, price, size)
    ours.apply_fill(-1, price + 1, size // 3)
    ours.apply_fill(-1, price + 1, size - size // 3)
    assert (ours.quantity, ours.realized) == (0, size)


def test_a_cost_that_only_grows_by_profits_is_bounded_too():
    """Cash stays small when each purchase is paid by selling a little very dear, and the cost of the rest mounts up."""
    ours = position()
    for _ in range(4):
        ours.apply_fill(1, 2**45, 2**46)
        ours.apply_fill(-1, 2**62, 2**29)
    before = ours.state_hash()
    with pytest.raises(OverflowError, match="the cost of what is held"):
        ours.apply_fill(1, 2**45, 2**46)
    assert ours.state_hash() == before
    assert ours.realized + ours.open_profit(2**45) == ours.cash + ours.quantity * 2**45


def test_a_fee_that_is_not_an_integer_is_refused_and_changes_nothing():
    ours = position()
    before = ours.state_hash()
    with pytest.raises(TypeError, match=r"fee 0\.26 is not an integer"):
        ours.apply_fill(1, 600_000, 1, 0.26, "USD")
    assert ours.state_hash() == before


def test_a_hash_tells_symbols_apart():
    assert position().state_hash() != Position("kraken", "ETH/USD", 1, 8).state_hash()
