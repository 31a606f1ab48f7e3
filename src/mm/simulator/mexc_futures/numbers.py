"""Numbers as the venue spells them: bare JSON numbers of exact digits, some with trailing zeros, some with exponents.

(MEXC Futures reference: hosts and envelope.) The spelling depends on the value alone, so that runs repeat.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from mm.simulator.decimals import fixed, trimmed
from mm.simulator.ledger import DECIMALS

Number = orjson.Fragment
MS_NS: Final = 1_000_000


def number(units: int, decimals: int) -> Number:
    """Units of 10^-decimals without trailing zeros."""
    return orjson.Fragment(trimmed(units, decimals))


def money(units: int) -> Number:
    """An amount of the ledger."""
    return number(units, DECIMALS)


def rate(e6: int) -> Number:
    """A rate of millionths; small ones with an exponent, as `4.0E-5`."""
    if 0 < abs(e6) < 1_000:
        return exponent(e6, 6)
    return number(e6, 6)


def exponent(units: int, decimals: int) -> Number:
    """With an exponent: `1.03E4`, `4.0E-5`."""
    digits = str(abs(units))
    power = len(digits) - 1 - decimals
    tail = digits[1:].rstrip("0") or "0"
    return orjson.Fragment(f"{'-' if units < 0 else ''}{digits[0]}.{tail}E{power}")


def turnover(units: int, decimals: int) -> Number:
    """A large amount: from ten millions on with an exponent."""
    return exponent(units, decimals) if abs(units) >= 10 ** (decimals + 7) else number(units, decimals)


def level(price: int, decimals: int, vol: int, orders: int) -> list[Any]:
    """A level of a book. Every eighth price has zeros behind it, and sizes of thousands may have an exponent."""
    digits = fixed(price, decimals)
    shown = orjson.Fragment(digits + "00" if price % 8 == 3 else trimmed(price, decimals))
    if vol >= 1_000 and vol % 10 == 0:
        return [shown, exponent(vol, 0), orders]
    return [shown, vol, orders]


def text(value: Any) -> str:
    """JSON text."""
    return orjson.dumps(value).decode()
