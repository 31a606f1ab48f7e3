"""Decimal text to integers as one writes it in Python: by Decimal (plain), by splitting at the point (tuned)."""

from __future__ import annotations

from decimal import Decimal


def plain(text: str, precision: int) -> int:
    """Exact; refuses what is off the grid."""
    value = Decimal(text).scaleb(precision)
    units = int(value)
    if units != value or units <= 0:
        raise ValueError(text)
    return units


def tuned(text: str, precision: int) -> int:
    """Exact for plain digits; knows no exponent and no sign."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > precision:
        if fraction[precision:].strip("0"):
            raise ValueError(text)
        fraction = fraction[:precision]
    units = int(whole + fraction) * 10 ** (precision - len(fraction))
    if units <= 0 or units >= 1 << 63:
        raise ValueError(text)
    return units


def plain_text(units: int, precision: int) -> str:
    """Write integers back through Decimal."""
    return f"{Decimal(units).scaleb(-precision):f}"


def tuned_text(units: int, precision: int) -> str:
    """Write integers back by splitting them."""
    whole, fraction = divmod(units, 10**precision)
    return f"{whole}.{fraction:0{precision}d}"
