"""Positions: the textbook in Fractions against 128 bits, and what must hold to the last unit."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm._core.positions import Position
from tests.reference.positions import Position as Twin

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


@settings(max_examples=300, deadline=None)
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


def test_no_drift_in_a_long_run_that_never_goes_flat():
    """Never flat is the worst case: every partial close rounds, and nothing ever resets the rounding."""
    random = Random(7)
    ours, twin = position(), Twin()
    ours.apply_fill(1, 600_000, 10**15)
    twin.apply_fill(1, 600_000, 10**15)
    held, basis = 10**15, Fraction(600_000 * 10**15)
    for _ in range(20_000):
        side, price, size = random.choice((1, -1)), random.randint(590_000, 610_000), random.randint(1, 10**9)
        ours.apply_fill(side, price, size)
        basis += price * size if side == 1 else -(basis * size / held)
        basis = Fraction(round(basis * 2**64), 2**64)
        held += side * size
    assert ours.quantity == held
    assert abs(ours.cost_basis - basis) < 2


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
