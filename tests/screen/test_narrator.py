"""Events in a trader's words."""

from __future__ import annotations

import pytest

from mm._core import events as ev
from mm.instruments import Instrument
from mm.screen.narrator import Narrator

NOW = 1_700_000_000_123_000_000
BTC = Instrument(
    venue="kraken", symbol="BTC/USD", base="BTC", quote="USD", settle="USD", price_precision=1, size_precision=8,
    tick=1, lot=1, size_min=5000, cost_min=0,
)  # fmt: skip


@pytest.fixture
def narrator() -> Narrator:
    return Narrator({("kraken", "BTC/USD"): BTC})


def fill(number: int, *, side: int = 1, price: int = 618_299, size: int = 500_000) -> ev.Fill:
    return ev.Fill(NOW + number, NOW, "kraken", "mm1Q1", "O1", "BTC/USD", side, f"T{number}", price, size, -1, "m",
                   772_900_000_000, "USD")  # fmt: skip


def test_a_fill(narrator: Narrator) -> None:
    told = narrator.tell(fill(1))
    assert told is not None
    assert told.text == "Bought 0.005 BTC at $61,829.9 as maker, fee $0.7729"
    assert told.extra == {"execution_id": "T1"}


def test_fills_at_one_price_become_one_sentence_with_their_sum(narrator: Narrator) -> None:
    first, second, third = (narrator.tell(fill(number)) for number in (1, 2, 3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.absorb(second)
    assert first.absorb(third)
    assert (first.text, first.count) == ("Bought 0.015 BTC at $61,829.9 as maker, fee $2.3187", 3)
    assert first.recv_ns == NOW + 3


@pytest.mark.parametrize("other", [fill(2, side=-1), fill(2, price=618_300)])
def test_fills_that_differ_stay_apart(narrator: Narrator, other: ev.Fill) -> None:
    first, second = narrator.tell(fill(1)), narrator.tell(other)
    assert first is not None
    assert second is not None
    assert not first.absorb(second)


def test_what_nobody_acts_on_is_not_told(narrator: Narrator) -> None:
    assert narrator.tell(ev.BookFrame(NOW, "kraken", b"{}")) is None
    assert narrator.tell(ev.ForeignOrders(NOW, "kraken", 0)) is None
