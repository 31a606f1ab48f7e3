"""What a strategy wishes for: quotes, and the terms they came from."""

from __future__ import annotations

from typing import NamedTuple


class Quote(NamedTuple):
    """One order that should stand in the book. level: 0 is the best; price, size in the instrument's units."""

    side: int
    level: int
    price: int
    size: int


class Terms(NamedTuple):
    """Why the quotes are where they are; prices in units as floats, for people and not for orders.

    fair: the model's price; half_spread: half the width around it; skew: how far inventory moved both quotes down
    (negative: up); bid_note, ask_note: why a side is trimmed or missing, empty when it is whole.
    """

    fair: float
    half_spread: float
    skew: float
    bid_note: str
    ask_note: str


class Quoting(NamedTuple):
    """One answer of a strategy."""

    quotes: tuple[Quote, ...]
    terms: Terms
