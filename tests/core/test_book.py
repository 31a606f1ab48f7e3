"""The book against its slow twin, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import Book
from tests.reference.book import Book as Twin

BUY, SELL = 1, -1
SIDES = st.sampled_from((BUY, SELL))
PRICES = st.integers(1, 60) | st.integers(1, 2**63 - 1)
SIZES = st.integers(0, 3) | st.integers(0, 2**63 - 1)
ROWS = st.lists(st.tuples(PRICES, SIZES), max_size=40)
COMMANDS = st.one_of(
    st.tuples(st.just("apply"), SIDES, PRICES, SIZES),
    st.tuples(st.just("apply_many"), st.lists(st.tuples(SIDES, PRICES, SIZES), max_size=40)),
    st.tuples(st.just("apply_snapshot"), ROWS, ROWS),
    st.tuples(st.just("truncate")),
    st.tuples(st.just("clear")),
    st.tuples(st.just("invalidate")),
)


@given(st.sampled_from((0, 1, 3, 10, 25)), st.lists(COMMANDS, max_size=25), SIZES, st.integers(0, 12))
def test_book_agrees_with_its_twin(depth, commands, size, count):
    book, twin = Book(depth), Twin(depth)
    for name, *arguments in commands:
        getattr(book, name)(*arguments)
        getattr(twin, name)(*arguments)
        assert book.state_hash() == twin.state_hash()
        assert book.top() == twin.top() == (book.best_bid, book.best_bid_size, book.best_ask, book.best_ask_size)
        assert (book.is_valid, book.is_crossed, book.version) == (twin.is_valid, twin.is_crossed, twin.version)
        assert (book.bid_count, book.ask_count) == (len(twin.bids), len(twin.asks))
        assert book.checksum() == twin.checksum()
    for side in (BUY, SELL):
        assert book.levels(side, count) == twin.levels(side, count)
        assert book.vwap(side, size) == twin.vwap(side, size)
        for price in (0, size, *(at for at, _ in book.levels(side, 3))):
            assert book.depth_within(side, price) == twin.depth_within(side, price)


@given(steps=st.lists(st.tuples(SIDES, st.integers(-40, 200), st.integers(0, 2)), min_size=100, max_size=200))
def test_deep_book_agrees_with_its_twin_while_the_market_moves(steps):
    book, twin = Book(30), Twin(30)
    for number, (side, distance, size) in enumerate(steps):
        price = 10_000 + 2 * number - side * distance
        book.apply_many([(side, price, size)])
        twin.apply_many([(side, price, size)])
    assert book.state_hash() == twin.state_hash()
    assert book.checksum() == twin.checksum()


def test_arrays_are_the_levels_for_numpy():
    book = Book()
    book.apply_snapshot([(5, 50), (4, 40)], [(6, 60), (7, 2**62)])
    for side in (BUY, SELL):
        for count in (0, 1, 5):
            array = np.frombuffer(book.arrays(side, count), np.int64).reshape(-1, 2)
            assert [tuple(row) for row in array.tolist()] == book.levels(side, count)
    assert Book().arrays(BUY) == b""


def test_cost_of_a_large_size_is_exact():
    book = Book()
    largest = 2**63 - 1
    book.apply(SELL, largest, largest)
    assert book.vwap(SELL, largest) == (largest, largest * largest)
    assert book.vwap(BUY, 1) == (0, 0)
    book.apply(SELL, largest - 1, largest)
    assert book.depth_within(SELL, largest) == largest


@pytest.mark.parametrize("text", ["64525.1", "64525.10", "6.45251e4", "645251e-1", "645251E-01"])
def test_text_becomes_units_of_the_precision(text):
    book = Book(0, 1, 8)
    book.apply_text(BUY, text, "1e-08")
    assert book.levels(BUY) == [(645251, 1)]
    book.apply_text(BUY, text, "0.00000000")
    assert book.bid_count == 0


@pytest.mark.parametrize(
    ("price", "size", "field"),
    [
        ("0", "1", "price"),
        ("0.0", "1", "price"),
        ("-1", "1", "price"),
        ("NaN", "1", "price"),
        ("inf", "1", "price"),
        ("", "1", "price"),
        ("1.05", "1", "price"),
        ("1e30", "1", "price"),
        ("1", "-1", "size"),
        ("1", "0.000000001", "size"),
        ("1", "92233720368.54775808", "size"),
        ("1", "x", "size"),
    ],
)
def test_text_that_is_no_level_is_refused_by_field_and_changes_nothing(price, size, field):
    book = Book(0, 1, 8)
    with pytest.raises(ValueError, match=f"^{field}: expected .* got"):
        book.apply_text(SELL, price, size)
    assert (book.ask_count, book.version) == (0, 0)


@pytest.mark.parametrize(
    ("level", "field"),
    [
        ((BUY, 0, 1), "price"),
        ((BUY, -5, 1), "price"),
        ((SELL, 1, -1), "size"),
        ((0, 1, 1), "side"),
        ((2, 1, 1), "side"),
    ],
)
def test_bad_level_is_refused_by_field_and_changes_nothing(level, field):
    book = Book()
    book.apply_snapshot([(1, 1)], [(2, 2)])
    before = book.state_hash()
    with pytest.raises(ValueError, match=f"^{field}: expected"):
        book.apply(*level)
    with pytest.raises(ValueError, match=f"^{field}: expected"):
        book.apply_many([(BUY, 9, 9), level])
    if field != "side":
        with pytest.raises(ValueError, match=f"^{field}: expected"):
            book.apply_snapshot([(8, 8)], [level[1:]])
    assert book.state_hash() == before


def test_constructor_refuses_what_cannot_be():
    with pytest.raises(ValueError, match=r"depth: expected .* got -1"):
        Book(-1)
    with pytest.raises(ValueError, match=r"price_precision: expected 0 to 18 decimals, got 19"):
        Book(10, 19)
    with pytest.raises(ValueError, match=r"size_precision: expected"):
        Book(10, 1, -1)
    with pytest.raises(ValueError, match="size: expected"):
        Book().vwap(BUY, -1)
