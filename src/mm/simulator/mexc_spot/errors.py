"""MEXC's codes and words for a refusal, as one table for the matching core's refusals too.

(MEXC Spot reference: error codes. Where no text is known on the wire, it is the documented meaning.)
"""

from __future__ import annotations

from typing import Final

from mm.simulator.decimals import trimmed
from mm.simulator.orders import Refusal, SimInstrument


class Refused(Exception):
    """A request that the venue answers with a code and does not carry out."""

    def __init__(self, code: int, text: str, status: int = 400, retry_after_s: int = 0) -> None:
        super().__init__(text)
        self.code, self.text, self.status, self.retry_after_s = code, text, status, retry_after_s


def missing(name: str) -> Refused:
    """A mandatory parameter was not sent."""
    return Refused(700004, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def malformed(name: str) -> Refused:
    """A parameter cannot be what it says."""
    return Refused(33333, f"Parameter error: {name}")


def unknown_symbol() -> Refused:
    return Refused(10007, "bad symbol")


def unknown_order() -> Refused:
    """To a cancel."""
    return Refused(-2011, "Unknown order sent")


def no_such_order() -> Refused:
    """To a query."""
    return Refused(-2013, "Order does not exist.")


def too_many(retry_after_s: int, *, banned: bool = False) -> Refused:
    """Over a limit; `banned` when the address kept on."""
    return Refused(429, "Too Many Requests", 418 if banned else 429, retry_after_s)


_BY_REFUSAL: Final[dict[Refusal, tuple[int, str]]] = {
    Refusal.UNKNOWN_SYMBOL: (10007, "bad symbol"),
    Refusal.OFF_TICK: (33333, "Parameter error: price"),
    Refusal.BAD_PRICE: (30010, "no valid trade price"),
    Refusal.BAD_SIZE: (10097, "Error quantity"),
    Refusal.INSUFFICIENT_FUNDS: (30004, "Insufficient position"),
    # What a second order under a living name gets is not confirmed by anybody.
    Refusal.DUPLICATE_CLIENT_ID: (33333, "Parameter error: newClientOrderId"),
    Refusal.UNKNOWN_ORDER: (-2011, "Unknown order sent"),
    Refusal.MARKET_POST_ONLY: (30041, "current order type can not place order"),
    Refusal.MARKET_CANCEL_ONLY: (30000, "symbol suspended"),
    Refusal.MARKET_LIMIT_ONLY: (30018, "market order is disabled"),
    Refusal.MARKET_CLOSED: (30016, "Trading disabled"),
}


def refused(refusal: Refusal, traded: SimInstrument, notional_min: str) -> Refused:
    """The venue's words for a refusal of the matching core."""
    if refusal is Refusal.COST_BELOW_MINIMUM:
        return below_minimum(f"{notional_min}{traded.quote}")
    if refusal is Refusal.SIZE_BELOW_MINIMUM:
        return below_minimum(f"{trimmed(traded.size_min, traded.size_precision)}{traded.base}")
    code, text = _BY_REFUSAL[refusal]
    return Refused(code, text)


def below_minimum(limit: str) -> Refused:
    """The limit is part of the text."""
    return Refused(30002, f"The minimum transaction volume cannot be less than:{limit}")


def above_maximum(limit: str) -> Refused:
    """The limit is part of the text."""
    return Refused(30003, f"The maximum transaction volume cannot be greater than:{limit}")
