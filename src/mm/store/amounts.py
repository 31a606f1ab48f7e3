"""Exact numbers as the store keeps them: plain decimal text, no exponent, no float."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from mm.instruments import AMOUNT_PRECISION

EXACT: Final = Context(prec=200)
"""Enough for every sum: a product of two 64-bit numbers has 38 digits, and no run adds up to 10^100 of anything."""
ZERO: Final = "0"


def text_of(value: Decimal) -> str:
    """Plain text without needless zeros, so that equal numbers are equal texts."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def units_text(units: int, precision: int) -> str:
    """`1.5` for 150 units of 10^-2."""
    return text_of(Decimal(units).scaleb(-precision, EXACT))


def amount_text(units: int) -> str:
    """The text of 10^-12 of an asset: a fee, a balance, an amount to hedge."""
    return units_text(units, AMOUNT_PRECISION)


def added(one: str, other: str) -> str:
    """The sum."""
    return text_of(EXACT.add(Decimal(one), Decimal(other)))


def times(one: str, factor: int | str) -> str:
    """The product."""
    return text_of(EXACT.multiply(Decimal(one), Decimal(factor)))


def less(one: str, other: str) -> str:
    """The difference."""
    return text_of(EXACT.subtract(Decimal(one), Decimal(other)))
