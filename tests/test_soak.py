"""What the soak calls a leak: memory that grows beyond the orders that a bot remembers."""

import pytest
from tools.soak import Samples, growth_allowed

SECONDS, WARM_S = 300, 150


@pytest.mark.parametrize(
    ("orders_a_second", "kb_an_order", "remembered", "is_allowed"),
    [(9, 2.5, 3000, True), (20, 2.5, 3000, True), (20, 2.5, 10**9, False), (9, 6, 10**9, False)],
)
def test_memory_that_grows_past_the_orders_that_are_remembered_is_a_leak(
    orders_a_second, kb_an_order, remembered, is_allowed
):
    sizes = [50 + kb_an_order / 1000 * min(remembered, orders_a_second * second) for second in range(SECONDS)]
    samples = Samples([(float(second), mb, 20) for second, mb in enumerate(sizes)])
    _, growth = samples.slope(WARM_S)
    assert (growth <= growth_allowed(orders_a_second * SECONDS, WARM_S / SECONDS)) is is_allowed
