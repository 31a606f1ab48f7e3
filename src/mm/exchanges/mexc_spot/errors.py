"""What each of MEXC's codes means for the request that it answers.

A code that nobody has listed is no proof that an order request was not carried out: its class is AMBIGUOUS for those,
RETRY for reads. HTTP status 5xx and 403 (the firewall before the venue) say nothing about the outcome; 429 and 418 say
that nothing was done. (MEXC Spot reference: transport, error codes.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mm.exchanges.venue import ErrorClass

LISTEN_KEY_UNKNOWN: Final = 730708
CLASSES: Final[Mapping[ErrorClass, frozenset[int]]] = {
    # Key, signature, rights, account.
    ErrorClass.FATAL: frozenset(
        {400, 401, 602, 10001, 10015, 10072, 60005, 700001, 700002, 700006, 700007, 730701, 730702, 730706, 730707}
    ),
    # The clock: refused for the time that it carried, so that it was not carried out.
    ErrorClass.CLOCK: frozenset({700003, 10073}),
    ErrorClass.TOKEN: frozenset({LISTEN_KEY_UNKNOWN}),
    ErrorClass.RATE: frozenset({429}),
    ErrorClass.BUSY: frozenset({503, 11444}),
    ErrorClass.AMBIGUOUS: frozenset({403, 500, 504, 20002, 730000}),
    ErrorClass.GONE: frozenset({-2011, -2013, 30026, 22222}),
    # Trading of the symbol, or of this kind of order, is closed.
    ErrorClass.MODE: frozenset({30000, 30001, 30016, 30018, 30019, 30020, 30027, 30028, 30041, 30051, 70011, 10098}),
    ErrorClass.REJECTED: frozenset(
        {
            # Parameters.
            *(33333, 44444, 700004, 700005, 700008, 700013, 730001, 730002, 730003, 730100, 730101, -1128, 26),
            # Symbol.
            *(-1121, 10007, 30014, 30021),
            # Filters.
            *(30002, 30003, 30010, 30025, 30032, 30087, 10095, 10096, 10097, 10102),
            # Balance, count of open orders.
            *(30004, 30005, 10101, 30029),
            # Wallet, margin and sub-accounts, which no request of ours touches.
            *(10099, 10100, 10103, 10200, 10201, 10202, 10206, 10211, 10212, 10216, 10219, 10222, 10232, 10259, 10265),
            *(10268, 20001, 88004, 88009, 88013, 88015, 140001, 140002, 730703, 730704, 730705),
            *(730600, 730601, 730602, 730700),
        }
    ),
}
"""The codes of each class."""
TERMS: Final = CLASSES[ErrorClass.MODE] | {-1121, 10007, 30014, 30021, 30002, 30003, 10095, 10096, 10097, 10102}
"""A symbol may be traded on other terms than we know, or not any more."""
UNKNOWN_SYMBOL: Final = frozenset({"10007", "-1121"})
_BY_CODE: Final = {code: kind for kind, codes in CLASSES.items() for code in codes}


def classify(code: int, *, is_read: bool) -> ErrorClass:
    """Return what a code means for a read, or for a request that changes something."""
    kind = _BY_CODE.get(code, ErrorClass.AMBIGUOUS)
    return ErrorClass.RETRY if is_read and kind is ErrorClass.AMBIGUOUS else kind


def speaks_of_terms(error: str) -> bool:
    """Whether a refusal ("30002: ...") is for what the list of instruments says."""
    code = error.partition(":")[0]
    return code.removeprefix("-").isdecimal() and len(code) < 10 and int(code) in TERMS


def is_unknown_symbol(error: str) -> bool:
    """Whether a refusal ("10007: bad symbol") says that there is no such symbol."""
    return error.partition(":")[0] in UNKNOWN_SYMBOL


def classify_status(status: int, *, is_read: bool) -> ErrorClass:
    """Return what an HTTP status without a readable body means."""
    if status in (418, 429):
        return ErrorClass.RATE
    return ErrorClass.RETRY if is_read else ErrorClass.AMBIGUOUS
