"""Slow twin of `mm._core.fixed`: the same numbers by Fraction, written for reading."""

from __future__ import annotations

import re
from fractions import Fraction

GRAMMAR = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
LENGTH_MAX = 128
DIGITS_MAX = 19


def value_of(text: str) -> Fraction | None:
    """The number that `text` means, None when it is no number."""
    if len(text) > LENGTH_MAX or not GRAMMAR.fullmatch(text):
        return None
    mantissa, _, power = text.lower().partition("e")
    if mantissa.endswith("."):
        mantissa += "0"
    value = Fraction(mantissa if not mantissa.startswith(("-.", ".")) else mantissa.replace(".", "0.", 1))
    return value * Fraction(10) ** max(-500, min(500, int(power or 0)))


def to_units(
    text: str, precision: int, increment: int = 1, allow_zero: bool = False, allow_negative: bool = False
) -> int | None:
    """The count of 10^-precision, None where the fast form must refuse."""
    value = value_of(text)
    if value is None or significant_digits(text) > DIGITS_MAX:
        return None
    units = value * 10**precision
    if units.denominator != 1 or not -(2**63) < units < 2**63:
        return None
    if (units == 0 and not allow_zero) or (units < 0 and not allow_negative) or units % increment:
        return None
    return int(units)


def amount(text: str) -> int | None:
    value = value_of(text)
    if value is None:
        return None
    units = value * 10**12
    return int(units) if units.denominator == 1 and abs(units) < 10**100 else None


def significant_digits(text: str) -> int:
    return len(text.lower().partition("e")[0].strip("-").replace(".", "").strip("0"))


def to_text(units: int, precision: int) -> str:
    digits = str(abs(units)).rjust(precision + 1, "0")
    text = f"{digits[:-precision]}.{digits[-precision:]}" if precision else digits
    return f"-{text}" if units < 0 else text
