"""F1, F2: decimal text to integers on the grid, and back. A user notices it wherever a venue speaks in text."""

from __future__ import annotations

from random import Random

from benches.baselines import numbers
from benches.batch import batch
from benches.gate import latencies, p99_under_1ms
from mm._core.fixed import to_text, to_units

RANDOM = Random(3)
UNITS = [int(RANDOM.lognormvariate(0, 3) * 10**8) + 1 for _ in range(10_000)]
TEXTS = [numbers.tuned_text(units, 8) for units in UNITS]


def read_ours(texts):
    for text in texts:
        to_units(text, 8, "size")


def read(function, texts):
    for text in texts:
        function(text, 8)


def write(function, values):
    for units in values:
        function(units, 8)


def test_f1_ours(benchmark):
    batch(benchmark, "F1", len(TEXTS), lambda: (TEXTS,), read_ours)
    p99_under_1ms(benchmark, latencies(lambda text: to_units(text, 8, "size"), TEXTS))


def test_f1_tuned(benchmark):
    batch(benchmark, "F1", len(TEXTS), lambda: (numbers.tuned, TEXTS), read)


def test_f1_plain(benchmark):
    batch(benchmark, "F1", len(TEXTS), lambda: (numbers.plain, TEXTS), read)


def test_f2_ours(benchmark):
    batch(benchmark, "F2", len(UNITS), lambda: (to_text, UNITS), write)
    p99_under_1ms(benchmark, latencies(lambda units: to_text(units, 8), UNITS))


def test_f2_tuned(benchmark):
    batch(benchmark, "F2", len(UNITS), lambda: (numbers.tuned_text, UNITS), write)


def test_f2_plain(benchmark):
    batch(benchmark, "F2", len(UNITS), lambda: (numbers.plain_text, UNITS), write)


def test_all_agree():
    for units, text in zip(UNITS, TEXTS, strict=True):
        assert to_units(text, 8, "size") == numbers.tuned(text, 8) == numbers.plain(text, 8) == units
        assert to_text(units, 8) == text == numbers.plain_text(units, 8)
