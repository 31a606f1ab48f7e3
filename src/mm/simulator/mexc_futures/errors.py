"""MEXC Futures' codes and words for a refusal (MEXC Futures reference: error codes; texts are approximate)."""

from __future__ import annotations

from typing import Final

from mm.simulator.hook_refusal import numbered
from mm.simulator.mexc_futures.codes import INTERNAL_ERROR, TEXTS
from mm.simulator.orders import Refusal


class Refused(Exception):
    """A request that the venue answers with a code and does not carry out; with HTTP status 200, as a rule."""

    def __init__(self, code: int, text: str, status: int = 200) -> None:
        super().__init__(text)
        self.code, self.text, self.status = code, text, status


def parameter(name: str) -> Refused:
    """A parameter is missing or cannot be."""
    return Refused(600, f"Parameter error! [{name}]")


def unknown_contract() -> Refused:
    return Refused(1001, "Contract does not exist")


def entry_closed(code: int = 1002) -> Refused:
    """Order entry is closed to the contract (1002) or the account."""
    return Refused(code, "Contract not allow place order!" if code == 1002 else "Feature is not open to this account")


def too_many() -> Refused:
    return Refused(510, "Requests are too frequent. Please try again later!")


_BY_REFUSAL: Final[dict[Refusal, tuple[int, str]]] = {
    Refusal.UNKNOWN_SYMBOL: (1001, "Contract does not exist"),
    Refusal.SIZE_BELOW_MINIMUM: (2011, "Order quantity error"),
    Refusal.COST_BELOW_MINIMUM: (7008, "Less than the minimum value"),
    Refusal.OFF_TICK: (2015, "Price or quantity accuracy error"),
    Refusal.BAD_PRICE: (2007, "Order price error"),
    Refusal.BAD_SIZE: (2011, "Order quantity error"),
    Refusal.INSUFFICIENT_FUNDS: (2005, "Balance insufficient"),
    Refusal.DUPLICATE_CLIENT_ID: (2042, "The externalOid already exists"),
    Refusal.UNKNOWN_ORDER: (2040, "order not exist"),
    Refusal.MARKET_POST_ONLY: (1002, "Contract not allow place order!"),
    Refusal.MARKET_CANCEL_ONLY: (1002, "Contract not allow place order!"),
    Refusal.MARKET_LIMIT_ONLY: (1002, "Contract not allow place order!"),
    Refusal.MARKET_CLOSED: (801, "System maintenance"),
    Refusal.NO_POSITION: (2009, "Position does not exist or has been closed"),
    Refusal.POSITION_TOO_SMALL: (2008, "The quantity is insufficient"),
}


def refused(refusal: Refusal) -> Refused:
    """The venue's words for a refusal of the core."""
    return Refused(*_BY_REFUSAL[refusal])


def hook_refusal(text: str) -> Refused:
    """The refusal of a fault hook: `2005` in the venue's words, or `2005:any text`; "" is an internal error.

    Raises:
        HookError: it is neither.
    """
    return Refused(*numbered(text, TEXTS, INTERNAL_ERROR))
