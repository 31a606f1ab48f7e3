"""Exact decimals of any venue's texts: integers in units of 10^-decimals, never doubles."""

from __future__ import annotations

import re
from typing import Final

_DECIMAL = re.compile(r"-?(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?")
_DIGITS_MAX: Final = 40
"""Far beyond any price or size; longer texts are hostile."""


def power(exponent: int) -> int:
    """10^exponent for an exponent that is not negative."""
    return int(10**exponent)


def decimal_units(text: str, decimals: int) -> int | None:
    """The decimal `text` in units of 10^-decimals, None where it is not a number or has more decimals than that."""
    match = _DECIMAL.fullmatch(text)
    if match is None or len(text) > _DIGITS_MAX:
        return None
    whole, fraction, exponent = match.group(1), match.group(2) or "", int(match.group(3) or 0)
    if abs(exponent) > _DIGITS_MAX:
        return None
    digits, shift = int(whole + fraction), decimals + exponent - len(fraction)
    if shift >= 0:
        units = digits * power(shift)
    else:
        units, rest = divmod(digits, power(-shift))
        if rest:
            return None
    return -units if text[0] == "-" else units


def fixed(units: int, decimals: int) -> str:
    """Units of 10^-decimals as text with exactly that many decimals."""
    if decimals == 0:
        return str(units)
    if units < 0:
        return "-" + fixed(-units, decimals)
    digits = str(units).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def scaled(units: int, decimals: int, wanted: int) -> int:
    """Units of 10^-decimals in units of 10^-wanted, rounded half up (away from zero)."""
    if wanted >= decimals:
        return units * power(wanted - decimals)
    step = power(decimals - wanted)
    rounded = (abs(units) + step // 2) // step
    return rounded if units >= 0 else -rounded


def ratio(numerator: int, denominator: int) -> int:
    """The quotient rounded half up; 0 for nothing divided by nothing."""
    return 0 if denominator == 0 else (2 * numerator + denominator) // (2 * denominator)


def trimmed(units: int, decimals: int) -> str:
    """Units of 10^-decimals as text without trailing zeros."""
    text = fixed(units, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text
