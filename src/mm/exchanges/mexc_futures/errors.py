"""What each of MEXC's contract codes means for the request that it answers, and why orders end.

A code that nobody has listed is no proof that an order request was not carried out: its class is AMBIGUOUS for those,
RETRY for reads. HTTP status 5xx and 403 (the firewall before the venue) say nothing about the outcome. Texts are never
matched: they may be Chinese. (MEXC Futures reference: error codes.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mm.exchanges.venue import ErrorClass

CLASSES: Final[Mapping[ErrorClass, frozenset[int]]] = {
    # Key, signature, rights, account, identity, region.
    ErrorClass.FATAL: frozenset({401, 402, 406, 506, 602, 701, 702, 703, 704, 1000, 200005, 200006, 300002}),
    # The clock: refused for the time that it carried, so that it was not carried out.
    ErrorClass.CLOCK: frozenset({513}),
    ErrorClass.RATE: frozenset({510, 2037}),
    # "Repeated" may be said of the very order that is asked about: it is looked up by its id.
    ErrorClass.AMBIGUOUS: frozenset({500, 9999, 603, 2042}),
    ErrorClass.BUSY: frozenset({501}),
    ErrorClass.GONE: frozenset({2040, 2041, 5002}),
    # Trading of the contract, or this endpoint, is closed (1002 to everybody until March 2026).
    ErrorClass.MODE: frozenset({511, 604, 801, 1002, 6001, 6002, 6005}),
    ErrorClass.REJECTED: frozenset(
        {
            # Parameters and their filters.
            *(600, 601, 1001, 1003, 1004, 2001, 2002, 2003, 2004, 2006, 2007, 2008, 2011, 2015, 2022, 2026, 2029, 2030),
            *(2032, 2033, 2035, 4001, 6003, 6004, 7008),
            # Balance, margin, positions and their limits.
            *(2005, 2009, 2018, 2019, 2021, 2023, 2024, 2025, 2027, 2028, 2031, 2038, 7001, 8817),
            # Too many orders, in one request or open.
            *(2013, 2014, 2016, 2034, 2036),
            # Changes of an order in one-way mode.
            *(2053, 2064),
            # Conditional orders, which no request of ours makes.
            *(3001, 3002, 3003, 3004, 5001, 5003, 5004),
        }
    ),
}
"""The codes of each class."""
_BY_CODE: Final = {code: kind for kind, codes in CLASSES.items() for code in codes}

ORDER_ENDS: Final[Mapping[int, str]] = {
    1: "parameter invalid",
    2: "insufficient balance",
    3: "position does not exist",
    4: "position not sufficient",
    5: "position in liquidation",
    6: "order in liquidation",
    7: "risk level limit",
    8: "cancelled by the system",
    9: "position mode does not match",
    10: "reduce-only would not reduce",
    11: "contract not enabled",
    12: "delivery",
    13: "cancelled for the liquidation of the position",
    14: "auto-deleveraging",
    15: "account barred",
    16: "settlement of funding",
    17: "change of the position's margin",
    18: "rest of an immediate-or-cancel order",
    19: "fill-or-kill not fillable",
    20: "post-only would have taken",
    21: "rest of a market order",
    22: "duplicate order id",
    23: "duplicate client id",
    999: "other",
}
"""Why an order ended, by its errorCode; 0 is none."""


def classify(code: int, *, is_read: bool) -> ErrorClass:
    """Return what a code means for a read, or for a request that changes something."""
    kind = _BY_CODE.get(code, ErrorClass.AMBIGUOUS)
    return ErrorClass.RETRY if is_read and kind in (ErrorClass.AMBIGUOUS, ErrorClass.BUSY) else kind


def classify_status(status: int, *, is_read: bool) -> ErrorClass:
    """Return what an HTTP status without a readable body means."""
    if status in (418, 429):
        return ErrorClass.RATE
    return ErrorClass.RETRY if is_read else ErrorClass.AMBIGUOUS


def order_end(code: int) -> str:
    """Return why an order ended, in words; empty for no reason."""
    return ORDER_ENDS.get(code, f"reason {code}") if code else ""
