"""Kraken's words for a refusal: the error texts of its API, as one table for the matching core's refusals."""

from __future__ import annotations

import re
from typing import Final

from mm.simulator.hooks import HookError
from mm.simulator.orders import Refusal


class Malformed(ValueError):
    """Bytes that are not a request."""


class Refused(Exception):
    """A request that the venue answers with this error text and does not carry out."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


INVALID_KEY: Final = "EAPI:Invalid key"
INVALID_SIGNATURE: Final = "EAPI:Invalid signature"
INVALID_NONCE: Final = "EAPI:Invalid nonce"
INVALID_TOKEN: Final = "EAPI:Invalid token"
TOKEN_MISSING: Final = "Token(s) not found"
PERMISSION_DENIED: Final = "EGeneral:Permission denied"
LOCKED_OUT: Final = "EGeneral:Temporary lockout"
API_RATE: Final = "EAPI:Rate limit exceeded"
ORDER_RATE: Final = "EOrder:Rate limit exceeded"
ORDERS_LIMIT: Final = "EOrder:Orders limit exceeded"
MESSAGE_RATE: Final = "Exceeded msg rate"
UNKNOWN_METHOD: Final = "EGeneral:Unknown method"
UNAVAILABLE: Final = "EService:Unavailable"
UNKNOWN_ORDER: Final = "EOrder:Unknown order"
UNKNOWN_PAIR: Final = "EQuery:Unknown asset pair"
UNKNOWN_ASSET: Final = "EQuery:Unknown asset"
DEADLINE_ELAPSED: Final = "EService:Deadline elapsed"
INVALID_PRICE: Final = "EOrder:Invalid price"
PUBLIC_ENDPOINT: Final = "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"
"""What the public WebSocket says to a private request (text of the older socket, unconfirmed on v2)."""


_HOOK_ERROR: Final = re.compile(r"[EW][A-Z][A-Za-z]*:.+")


def hook_refusal(text: str) -> str:
    """The text of a refusal by a fault hook; "" is an outage.

    Raises:
        HookError: it is none of Kraken's, which name a severity and a category: `EOrder:Insufficient funds`.
    """
    if text and _HOOK_ERROR.fullmatch(text) is None:
        raise HookError(f"hook field 'error' must be an error as Kraken writes it ({UNAVAILABLE!r}), not {text!r}")
    return text or UNAVAILABLE


def invalid_arguments(name: str) -> Refused:
    """The refusal of one request field."""
    return Refused(f"EGeneral:Invalid arguments:{name}")


_COMMON: Final[dict[Refusal, str]] = {
    Refusal.UNKNOWN_SYMBOL: UNKNOWN_PAIR,
    Refusal.SIZE_BELOW_MINIMUM: "EOrder:Order minimum not met",
    Refusal.COST_BELOW_MINIMUM: "EOrder:Cost minimum not met",
    Refusal.OFF_TICK: "EOrder:Tick size check failed",
    Refusal.BAD_PRICE: INVALID_PRICE,
    Refusal.BAD_SIZE: "EGeneral:Invalid arguments:volume",
    Refusal.INSUFFICIENT_FUNDS: "EOrder:Insufficient funds",
    # The real text is not published; this is the documented class with the field's name.
    Refusal.DUPLICATE_CLIENT_ID: "EGeneral:Invalid arguments:cl_ord_id must be unique among open orders",
    Refusal.UNKNOWN_ORDER: UNKNOWN_ORDER,
    Refusal.POST_ONLY_WOULD_TAKE: "EOrder:Post only order",
    Refusal.NOTHING_TO_AMEND: "EGeneral:Invalid arguments:no amendable parameters",
    Refusal.MARKET_POST_ONLY: "EService:Market in post_only mode",
    Refusal.MARKET_CANCEL_ONLY: "EService:Market in cancel_only mode",
    Refusal.MARKET_LIMIT_ONLY: "EService:Market in limit_only mode",
    Refusal.MARKET_CLOSED: UNAVAILABLE,
    # Reduce-only is a margin order's flag (Kraken reference: errors); the simulated account has no margin.
    Refusal.NO_POSITION: "EOrder:Reduce only:No position exists",
}
_WEBSOCKET: Final[dict[Refusal, str]] = {
    # Recorded in January 2026; REST has kept the older text.
    Refusal.SIZE_BELOW_MINIMUM: "EGeneral:Invalid arguments:volume minimum not met",
}


def refusal_text(refusal: Refusal, *, websocket: bool) -> str:
    """Kraken's text for a refusal of the matching core."""
    return (_WEBSOCKET.get(refusal) if websocket else None) or _COMMON[refusal]
