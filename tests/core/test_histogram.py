"""The histogram beside a list of all values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm._core import Histogram
from tests.reference.histogram import Histogram as Twin

VALUES = st.integers(-5, 200) | st.integers(0, 10**7) | st.integers(-(2**63), 2**63 - 1)
PERCENTS = st.integers(0, 100_000).map(lambda thousandths: thousandths / 1000)
COMMANDS = st.tuples(st.sampled_from(("record",) * 20 + ("merge", "merge itself", "reset")), st.integers(0, 1), VALUES)


@given(st.lists(COMMANDS, max_size=150), st.lists(PERCENTS, min_size=1, max_size=5))
def test_histogram_equals_its_twin(commands, percents):
    ours, twins = (Histogram(), Histogram()), (Twin(), Twin())
    for command, which, value in commands:
        if command == "record":
            ours[which].record(value)
            twins[which].record(value)
        elif command == "merge":
            ours[which].merge(ours[1 - which])
            twins[which].merge(twins[1 - which])
        elif command == "merge itself":
            ours[which].merge(ours[which])
            twins[which].merge(twins[which])
        else:
            ours[which].reset()
            twins[which].reset()
    for histogram, twin in zip(ours, twins, strict=True):
        assert (histogram.count, histogram.max) == (twin.count, twin.max)
        for percent in (0, 50, 99, 99.9, 100, *percents):
            exact = twin.percentile(percent)
            assert exact <= histogram.percentile(percent) <= exact + exact // 64


def test_small_values_are_exact():
    histogram = Histogram()
    for value in range(128):
        histogram.record(value)
    assert [histogram.percentile(100 * (value + 1) / 128) for value in range(128)] == list(range(128))


def test_largest_value_is_never_passed():
    histogram = Histogram()
    histogram.record(1_000_001)
    assert histogram.percentile(99) == histogram.max == 1_000_001


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan"), float("inf")])
def test_percentage_out_of_range_is_named(percent):
    with pytest.raises(ValueError, match="percent: expected a number from 0 to 100"):
        Histogram().percentile(percent)
