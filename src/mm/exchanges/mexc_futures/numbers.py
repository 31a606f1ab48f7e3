"""The venue's numbers: JSON numbers or text, exponents and trailing zeros included; times in milliseconds.

(MEXC Futures reference: hosts and envelope.)
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, Decimal, InvalidOperation, localcontext
from typing import Final

from mm._core.fixed import to_units
from mm.exchanges.wire import INTEGER_MAX, Malformed, Row, digits

VENUE: Final = "mexc_futures"
MS: Final = 1_000_000
MS_MAX: Final = INTEGER_MAX // MS
DIGITS_MAX: Final = 80
RATE_DECIMALS: Final = 8
TEXT_MAX: Final = 100


def whole(row: Row, key: str, default: int | None = None) -> int:
    """Return a whole number of zero or more, bare or quoted; a missing one is `default`, None: malformed."""
    value = row.get(key)
    if type(value) is int and 0 <= value <= INTEGER_MAX:
        return value
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    if (value is None or value == "") and default is not None:
        return default
    raise Malformed(f"{key}: expected a whole number")


def identifier(row: Row, key: str, default: str | None = None) -> str:
    """Return an id as text: they are above 2^53, bare or quoted. A missing one is `default`, None: malformed."""
    value = row.get(key)
    if type(value) is int and value >= 0:
        value = str(value)
    if type(value) is str and 0 < len(value) <= 64 and value.isascii() and value.isprintable():
        return value
    if (value is None or value == "") and default is not None:
        return default
    raise Malformed(f"{key}: expected an id of at most 64 printable characters")


def time_ns(row: Row, key: str) -> int:
    """Return the nanoseconds of a time in milliseconds; 0 when it is missing or no time."""
    try:
        return milliseconds(whole(row, key, 0))
    except Malformed:
        return 0


def milliseconds(value: int) -> int:
    """Return the nanoseconds of milliseconds; 0 for what is no time of this age."""
    return value * MS if 0 < value <= MS_MAX else 0


def units(row: Row, key: str, precision: int, *, allow_zero: bool = True, default: int | None = None) -> int:
    """Return a number in units of 10^-precision, exact; one that is missing or null is `default`, None: malformed."""
    value = row.get(key)
    if default is not None and (value is None or value == ""):
        return default
    return to_units(digits(row, key), precision, key, 1, allow_zero)


def decimal(row: Row, key: str) -> Decimal:
    """Return a number of any sign. Raises Malformed for what is none, or beyond all that money is counted in."""
    written = digits(row, key)
    try:
        value = Decimal(written) if len(written) <= TEXT_MAX and written.isascii() else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    # Its size first: an exponent must not cost memory.
    if not value.is_finite() or (value and abs(value.adjusted()) > DIGITS_MAX // 2):
        raise Malformed(f"{key}: expected a number")
    return value


def scaled(row: Row, key: str, decimals: int = 12, *, default: int | None = None, up: bool = False) -> int:
    """Return a number in 10^-decimals, what is finer cut off (up: rounded up instead, for what we pay).

    A missing one is `default`, None: malformed.
    """
    value = row.get(key)
    if default is not None and (value is None or value == ""):
        return default
    number = decimal(row, key)
    with localcontext(prec=2 * DIGITS_MAX):
        return int(number.scaleb(decimals).to_integral_value(ROUND_CEILING if up else ROUND_DOWN))


def rate_e8(row: Row, key: str, default: int | None = None) -> int:
    """Return a fraction in 1e-8, rounded up: a fee is never taken for less than it is."""
    value = scaled(row, key, RATE_DECIMALS, default=default, up=True)
    if abs(value) > 10**12:
        raise Malformed(f"{key}: expected a rate")
    return value
