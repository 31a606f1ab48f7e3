"""Instruments: the grid at the door."""

from __future__ import annotations

import pytest

from mm._core.fixed import FixedError
from mm.instruments import Instrument

BTC = Instrument("kraken", "BTC/USD", "BTC", "USD", price_precision=1, size_precision=8, tick=1, size_min=5000)


def test_text_becomes_units_and_goes_back() -> None:
    assert BTC.price_from_text("64525.0") == 645250
    assert BTC.price_text(645250) == "64525.0"
    assert BTC.size_from_text("0.00005100") == 5100
    assert BTC.size_text(5100) == "0.00005100"


def test_off_grid_price_names_field_and_value() -> None:
    with pytest.raises(FixedError, match=r"limit_price.*64525\.01"):
        BTC.price_from_text("64525.01", "limit_price")


def test_rounding_goes_away_from_risk() -> None:
    coarse = Instrument("kraken", "X/USD", "X", "USD", price_precision=2, size_precision=2, tick=5, lot=10)
    assert coarse.price_down(1004.9) == 1000
    assert coarse.price_up(1000.1) == 1005
    assert coarse.size_down(109.9) == 100


def test_json_gives_back_an_equal_instrument() -> None:
    assert Instrument.from_json(BTC.to_json()) == BTC


@pytest.mark.parametrize("change", [{"tick": 0}, {"lot": -1}, {"price_precision": 19}])
def test_impossible_grid_is_refused_by_name(change: dict[str, int]) -> None:
    values = {"price_precision": 1, "size_precision": 8} | change
    with pytest.raises(ValueError, match=next(iter(change))):
        Instrument("kraken", "BTC/USD", "BTC", "USD", **values)
