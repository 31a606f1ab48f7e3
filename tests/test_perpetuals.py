"""Contract arithmetic: the documented figures exactly, and laws that hold for all."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm import perpetuals
from mm.instruments import Instrument

FACTS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "exchanges/data/mexc_futures/arithmetic.json").read_text()
)
ONE = 10**12


def e12(text: str) -> int:
    value = Decimal(text).scaleb(12)
    assert value == int(value)
    return int(value)


def e8(text: str) -> int:
    value = Decimal(text).scaleb(8)
    assert value == int(value)
    return int(value)


def contract(size: str, tick: str = "0.0001", **more: Any) -> Instrument:
    digits = Decimal(size).as_tuple()
    exponent = int(digits.exponent)
    decimals = max(0, -int(Decimal(tick).as_tuple().exponent))
    return Instrument(
        "mexc_futures",
        "BTC/USDT:USDT",
        "BTC",
        "USDT",
        settle="USDT",
        price_precision=decimals,
        size_precision=0,
        tick=int(Decimal(tick).scaleb(decimals)),
        multiplier=int(Decimal(size).scaleb(max(0, -exponent))),
        multiplier_precision=max(0, -exponent),
        **more,
    )


def computed(fact: dict[str, Any]) -> int:
    """The fact by our functions, in 1e-12."""
    inputs = fact["inputs"]
    kind = fact["id"]
    if "contracts" in inputs:
        instrument = contract(inputs["contractSize"])
        size = int(inputs["contracts"])
    if kind.startswith("taker-fee"):
        return perpetuals.fee(perpetuals.value(instrument, e12(inputs["price"]), size), e8(inputs["rate"]))
    if "pnl" in kind or kind == "close-profit-btc":
        return perpetuals.profit(instrument, 1, e12(inputs["open"]), e12(inputs["close"]), size)
    if "margin" in kind:
        value = perpetuals.value(instrument, e12(inputs["price"]), size)
        rate = inputs.get("takerRate", inputs.get("rate"))
        return perpetuals.initial_margin(value, int(inputs["leverage"]), e8(rate))
    if kind == "realised-after-open-eth":
        value = perpetuals.value(instrument, e12(inputs["price"]), size)
        return perpetuals.realized(0, -perpetuals.fee(value, e8(inputs["takerRate"])))
    if kind.startswith("funding"):
        return perpetuals.funding(1, e12(inputs["positionValue"]), e12(inputs["rate"]))
    if kind == "realised-btc":
        return perpetuals.realized(e12(inputs["closeProfitLoss"]), e12(inputs["fee"]))
    assert kind.startswith("price-band")
    rate = e8(next(value for name, value in inputs.items() if "ate" in name))
    grid = contract("0.0001", inputs.get("priceUnit", "0.1"))
    lowest, highest = perpetuals.price_band(grid, e12(inputs["indexPrice"]), rate, rate)
    return perpetuals.price_e12(grid, highest if "high" in kind else lowest)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["id"])
def test_documented_figures(fact: dict[str, Any]) -> None:
    result = computed(fact)
    assert result == e12(fact.get("computedExactly", fact["expected"]))
    if "computedExactly" in fact:
        assert perpetuals.cut(result, 4) == e12(fact["expected"])


PRICES = st.integers(1, 10**18)
SIZES = st.integers(1, 10**9)


@given(PRICES, PRICES, SIZES, st.sampled_from(["0.0001", "0.01", "1", "1000"]), st.booleans())
def test_long_and_short_together_never_win(opened: int, closed: int, size: int, each: str, linear: bool) -> None:
    instrument = contract(each, linear=linear)
    both = [perpetuals.profit(instrument, side, opened, closed, size) for side in (1, -1)]
    assert -1 <= sum(both) <= 0
    exact = Decimal(each) * size
    if linear:
        assert abs(both[0] - exact * (closed - opened)) < 1
    assert (both[0] > 0) <= (closed > opened)


@given(PRICES, SIZES, st.integers(1, 500), st.integers(0, 10**6))
def test_margin_covers_the_share_and_the_closing_fee(price: int, size: int, leverage: int, rate: int) -> None:
    value = perpetuals.value(contract("0.0001"), price, size)
    margin = perpetuals.initial_margin(value, leverage, rate)
    exact = Decimal(value) / leverage + Decimal(value) * rate / 10**8
    assert 0 <= margin - exact < Decimal("1.001")


@given(st.sampled_from([1, -1]), st.integers(-ONE, ONE), st.integers(0, 10**24))
def test_what_a_long_pays_a_short_receives(side: int, rate: int, value: int) -> None:
    one, other = perpetuals.funding(side, value, rate), perpetuals.funding(-side, value, rate)
    assert -1 <= one + other <= 0
    if rate > 0 and value:
        assert perpetuals.funding(1, value, rate) <= 0


@given(st.sampled_from([1, -1]), st.integers(10**10, 10**17), SIZES, st.integers(1, 200))
def test_liquidation_is_on_the_losing_side_and_further_with_more_margin(
    side: int, entry: int, size: int, leverage: int
) -> None:
    instrument = contract("0.0001")
    value = perpetuals.value(instrument, entry, size)
    rates = (40_000, 60_000)
    margin = perpetuals.initial_margin(value, leverage, rates[1])
    near = perpetuals.liquidation_estimate(instrument, side, entry, size, margin, *rates)
    far = perpetuals.liquidation_estimate(instrument, side, entry, size, 2 * margin, *rates)
    assert (near - far) * side >= 0
    if near:
        assert perpetuals.liquidation_distance_e8(side, entry, near) >= 0
        # There the margin is used up but for what must be left, to a unit a contract.
        lost = -perpetuals.profit(instrument, side, entry, near, size)
        left = perpetuals.maintenance_margin(value, sum(rates))
        assert abs(margin - lost - left) <= 2 + size


def test_distance_is_told_from_the_mark() -> None:
    assert perpetuals.liquidation_distance_e8(1, 100 * ONE, 90 * ONE) == 10**7
    assert perpetuals.liquidation_distance_e8(-1, 100 * ONE, 110 * ONE) == 10**7
    assert perpetuals.liquidation_distance_e8(1, 100 * ONE, 101 * ONE) == -(10**6)
    assert perpetuals.liquidation_distance_e8(1, ONE, 0) == 10**8


def test_contracts_in_base_units() -> None:
    assert perpetuals.base_amount(contract("0.0001"), 5) == e12("0.0005")
    assert perpetuals.base_amount(contract("0.0001"), -5) == -e12("0.0005")
    inverse = contract("100", linear=False)
    assert perpetuals.base_amount(inverse, 3, e12("60000")) == e12("0.005")
    assert perpetuals.value(inverse, e12("60000"), 3) == e12("0.005")
    spot = Instrument("kraken", "BTC/USD", "BTC", "USD", price_precision=1, size_precision=8)
    assert perpetuals.base_amount(spot, 10**8) == ONE
    assert perpetuals.value(spot, perpetuals.price_e12(spot, 645_250), 10**8) == e12("64525")
    assert spot.size_float(5 * 10**7) == 0.5
    assert contract("0.0001").size_float(5) == 0.0005


@pytest.mark.parametrize(
    "call",
    [
        lambda: perpetuals.value(contract("1"), 0, 1),
        lambda: perpetuals.profit(contract("1"), 1, ONE, 0, 1),
        lambda: perpetuals.initial_margin(1, 0, 0),
        lambda: perpetuals.base_amount(contract("1", linear=False), 1),
        lambda: perpetuals.liquidation_estimate(contract("1"), 1, ONE, 0, 1, 1, 1),
        lambda: perpetuals.liquidation_estimate(contract("1", linear=False), 1, ONE, 1, 1, 1, 1),
        lambda: perpetuals.liquidation_distance_e8(1, 0, 1),
    ],
)
def test_impossible_numbers_are_refused(call: Any) -> None:
    with pytest.raises(ValueError, match=r"expected|no estimate"):
        call()


def test_old_definitions_are_still_read() -> None:
    spot = Instrument("kraken", "BTC/USD", "BTC", "USD", price_precision=1, size_precision=8)
    old = json.loads(spot.to_json())
    del old["multiplier_precision"]
    assert Instrument.from_json(json.dumps(old).encode()) == spot
