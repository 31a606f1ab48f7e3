"""B1-B5: the order book. A user notices it as a quote that is late: each level of each message passes here."""

from __future__ import annotations

import pytest

from benches.baselines.books import PlainBook, TunedBook
from benches.batch import batch, each, each_of
from benches.gate import latencies, p99_under_1ms
from benches.loads import ASK, BID, price_text, size_text, updates
from mm._core import Book

COUNT = 5_000
DEPTHS = pytest.mark.parametrize("levels", [10, 100, 1000])


def floats(rows):
    return [(side, price / 10, size / 1e8) for side, price, size in rows]


def texts(rows):
    return [(side, price_text(price), size_text(size)) for side, price, size in rows]


def native(levels):
    bids, asks, _ = updates(levels, COUNT)
    book = Book(0, 1, 8)
    book.apply_snapshot(bids, asks)
    return book


def python(kind, levels):
    bids, asks, _ = updates(levels, COUNT)
    book = kind()
    for side, rows in ((BID, bids), (ASK, asks)):
        for price, size in rows:
            book.apply(side, price / 10, size / 1e8)
    return book


def stream(levels):
    return updates(levels, COUNT)[2]


# --- B1: one level from the text that a venue sends -------------------------------------------------------------------


def test_b1_ours(benchmark):
    rows = texts(stream(100))
    batch(benchmark, "B1", COUNT, lambda: (native(100).apply_text, rows), each_of)
    book = native(100)
    p99_under_1ms(benchmark, latencies(lambda row: book.apply_text(*row), rows))


def test_b1_tuned(benchmark):
    rows = texts(stream(100))
    batch(benchmark, "B1", COUNT, lambda: (python(TunedBook, 100).apply_text, rows), each_of)


def test_b1_plain(benchmark):
    rows = texts(stream(100))
    batch(benchmark, "B1", COUNT, lambda: (python(PlainBook, 100).apply_text, rows), each_of)


# --- B2: one level from numbers ---------------------------------------------------------------------------------------


@DEPTHS
def test_b2_ours(benchmark, levels):
    batch(benchmark, f"B2 {levels}", COUNT, lambda: (native(levels).apply, stream(levels)), each_of)
    book = native(levels)
    p99_under_1ms(benchmark, latencies(lambda row: book.apply(*row), stream(levels)))


@DEPTHS
def test_b2_tuned(benchmark, levels):
    rows = floats(stream(levels))
    batch(benchmark, f"B2 {levels}", COUNT, lambda: (python(TunedBook, levels).apply, rows), each_of)


# --- B3: many levels in one call --------------------------------------------------------------------------------------


def in_messages(rows, length=50):
    return [rows[start : start + length] for start in range(0, len(rows), length)]


def test_b3_ours(benchmark):
    messages = in_messages(stream(100))
    batch(benchmark, "B3", COUNT, lambda: (native(100).apply_many, messages), each)
    # Enough of them that a neighbour on the machine does not make the percentile.
    p99_under_1ms(benchmark, latencies(native(100).apply_many, messages * 20))


def test_b3_tuned(benchmark):
    messages = in_messages(floats(stream(100)))
    batch(benchmark, "B3", COUNT, lambda: (python(TunedBook, 100).apply_many, messages), each)


# --- B4: the top, and an update followed by it ------------------------------------------------------------------------


def ask_often(top):
    for _ in range(COUNT):
        top()


def test_b4_ours(benchmark):
    batch(benchmark, "B4", COUNT, lambda: (native(1000).top,), ask_often)
    book = native(1000)
    p99_under_1ms(benchmark, latencies(lambda _: book.top(), range(COUNT)))


def test_b4_tuned(benchmark):
    batch(benchmark, "B4", COUNT, lambda: (python(TunedBook, 1000).top,), ask_often)


def update_and_ask(apply, top, rows):
    for row in rows:
        apply(*row)
        top()


def updated_and_asked(book, rows):
    return book.apply, book.top, rows


def test_b4_update_ours(benchmark):
    batch(benchmark, "B4 update", COUNT, lambda: updated_and_asked(native(1000), stream(1000)), update_and_ask)


def test_b4_update_tuned(benchmark):
    rows = floats(stream(1000))
    batch(benchmark, "B4 update", COUNT, lambda: updated_and_asked(python(TunedBook, 1000), rows), update_and_ask)


# --- B5: the price of a size that takes eight levels ------------------------------------------------------------------


def size_of_eight_levels():
    return sum(size for _, size in updates(100, COUNT)[1][:8])


def ours_often(vwap, size):
    for _ in range(COUNT):
        vwap(ASK, size)


def tuned_often(vwap, size):
    for _ in range(COUNT):
        vwap(size)


def test_b5_ours(benchmark):
    size = size_of_eight_levels()
    batch(benchmark, "B5", COUNT, lambda: (native(100).vwap, size), ours_often)
    book = native(100)
    p99_under_1ms(benchmark, latencies(lambda _: book.vwap(ASK, size), range(COUNT)))


def test_b5_tuned(benchmark):
    size = size_of_eight_levels() / 1e8 - 1e-9
    batch(benchmark, "B5", COUNT, lambda: (python(TunedBook, 100).vwap, size), tuned_often)


def test_all_books_agree():
    ours, tuned, plain = native(100), python(TunedBook, 100), python(PlainBook, 100)
    for row, (side, price, size) in zip(stream(100), floats(stream(100)), strict=True):
        ours.apply(*row)
        tuned.apply(side, price, size)
        plain.apply(side, price, size)
    bid, bid_size, ask, ask_size = ours.top()
    assert (bid / 10, bid_size / 1e8, ask / 10, ask_size / 1e8) == tuned.top() == plain.top()
    filled, cost = ours.vwap(ASK, 10**8)
    assert filled == 10**8
    assert cost / 1e9 == pytest.approx(tuned.vwap(1.0))
