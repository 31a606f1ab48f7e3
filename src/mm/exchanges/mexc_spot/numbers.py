"""MEXC's numbers: quoted or bare, amounts finer than we keep, times in milliseconds.

(MEXC Spot reference: conventions.)
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from mm._core.fixed import FixedError, amount, to_units
from mm.exchanges.wire import INTEGER_MAX, Malformed, Row, digits

VENUE: Final = "mexc_spot"
MS: Final = 1_000_000
MS_MAX: Final = INTEGER_MAX // MS
AMOUNT_DECIMALS: Final = 12
EXPONENT_TEXT_MAX: Final = 60
EXPONENT_MAX: Final = 40
EXPONENT_CHARACTERS: Final = frozenset("0123456789+-.eE")


def whole(row: Row, key: str, default: int | None = None) -> int:
    """Return a whole number of zero or more that may be quoted; a missing one is `default`, None: malformed."""
    value = row.get(key)
    if type(value) is int and 0 <= value <= INTEGER_MAX:
        return value
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    if value is None and default is not None:
        return default
    raise Malformed(f"{key}: expected a whole number")


def identifier(row: Row, key: str, default: str | None = None) -> str:
    """Return an id, which may be a bare number; empty and missing ones are `default`, None: malformed."""
    value = row.get(key)
    if type(value) is int:
        value = str(value)
    if type(value) is str and 0 < len(value) <= 64 and value.isascii() and value.isprintable():
        return value
    if (value is None or value == "") and default is not None:
        return default
    raise Malformed(f"{key}: expected an id of at most 64 printable characters")


def time_ns(row: Row, key: str) -> int:
    """Return the nanoseconds of a time in milliseconds; 0 when it is missing or no time."""
    value = row.get(key)
    return milliseconds(value) if type(value) is int else milliseconds(whole(row, key, 0) if value else 0)


def milliseconds(value: int) -> int:
    """Return the nanoseconds of milliseconds; 0 for what is no time of this age."""
    return value * MS if 0 < value <= MS_MAX else 0


def units_of(text: str, precision: int, field: str, *, allow_zero: bool = True, default: int | None = None) -> int:
    """Return text in units of 10^-precision; an empty one is `default`, None: malformed."""
    if not text and default is not None:
        return default
    return to_units(text, precision, field, 1, allow_zero)


def quantity(row: Row, key: str, precision: int, *, allow_zero: bool = True, default: int | None = None) -> int:
    """Return a number of a JSON row in units; one that is missing, null or empty is `default`, None: malformed."""
    value = row.get(key)
    if default is not None and (value is None or value == ""):
        return default
    return to_units(digits(row, key), precision, key, 1, allow_zero)


def coins(text: str, field: str, *, up: bool = False) -> int:
    """Return an amount of an asset in 10^-12. MEXC prints up to 19 decimals: what is finer is cut off.

    up: round away from zero instead, for what we pay.
    """
    if "e" in text or "E" in text:
        text = _plain(text, field)
    whole_part, point, decimals = text.partition(".")
    finer = decimals[AMOUNT_DECIMALS:]
    if not finer:
        return amount(text, field)
    if not (finer.isascii() and finer.isdigit()):
        # An exponent, or no number at all.
        raise FixedError(field, text[:60], f"is not a number of plain digits with at most {AMOUNT_DECIMALS} decimals")
    value = amount(f"{whole_part}{point}{decimals[:AMOUNT_DECIMALS]}", field)
    if up and finer.strip("0"):
        return value - 1 if text.startswith("-") else value + 1
    return value


def _plain(text: str, field: str) -> str:
    """Write a number with an exponent, which is how Java prints what is tiny (`1.5E-15`), without one."""
    is_short = len(text) <= EXPONENT_TEXT_MAX and set(text) <= EXPONENT_CHARACTERS
    try:
        value = Decimal(text) if is_short else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    # Its size first: an exponent must not cost memory.
    if not value.is_finite() or (value and abs(value.adjusted()) > EXPONENT_MAX):
        raise FixedError(field, text[:60], "is not a number")
    return f"{value:f}" if value else "0"
