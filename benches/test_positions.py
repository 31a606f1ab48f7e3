"""P1: one fill applied to a position. A user notices it as a slower hedge: it stands between a fill and its hedge."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from benches.baselines.positions import PlainPosition, TunedPosition
from benches.batch import batch, each_of
from benches.gate import latencies, p99_under_1ms
from mm._core.positions import Position

RANDOM = Random(5)
FILLS = [
    (RANDOM.choice((1, -1)), 640_000 + RANDOM.randrange(-500, 500), RANDOM.randrange(1, 50) * 1_000_000)
    for _ in range(1_000)
]
"""Adds, reductions, closes and flips: side, price in 0.1, size in 1e-8."""
FEE = 10**10


def ours():
    return Position("kraken", "BTC/USD", 1, 8)


def test_p1_ours(benchmark):
    fills = [(*fill, FEE, "USD") for fill in FILLS]
    batch(benchmark, "P1", len(fills), lambda: (ours().apply_fill, fills), each_of)
    position = ours()
    p99_under_1ms(benchmark, latencies(lambda fill: position.apply_fill(*fill), fills))


def test_p1_tuned(benchmark):
    fills = [(*fill, FEE) for fill in FILLS]
    batch(benchmark, "P1", len(fills), lambda: (TunedPosition().apply_fill, fills), each_of)


def test_p1_plain(benchmark):
    fills = [(side, price / 10, size / 1e8, 0.01) for side, price, size in FILLS]
    batch(benchmark, "P1", len(fills), lambda: (PlainPosition(0.0).apply_fill, fills), each_of)


def test_p1_decimal(benchmark):
    fills = [(side, Decimal(price) / 10, Decimal(size) / 10**8, Decimal("0.01")) for side, price, size in FILLS]
    batch(benchmark, "P1", len(fills), lambda: (PlainPosition(Decimal(0)).apply_fill, fills), each_of)


def test_all_positions_agree():
    native, tuned, plain = ours(), TunedPosition(), PlainPosition(0.0)
    for side, price, size in FILLS:
        native.apply_fill(side, price, size)
        tuned.apply_fill(side, price, size, 0)
        plain.apply_fill(side, price / 10, size / 1e8, 0.0)
    assert native.quantity == tuned.quantity
    assert abs(native.realized - tuned.realized) <= 1
    assert native.realized / 1e9 == pytest.approx(plain.realized, rel=1e-6)
