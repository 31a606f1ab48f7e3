"""What each of Kraken's error texts means for the request that it answers.

Texts are `<E|W><Category>:<text>[:<detail>]` or, from the websocket gateway, a plain sentence. They are matched by
their beginning: details vary, and a blank after the first colon occurs. A text that nobody has listed is no proof that
an order request was not carried out: its class is AMBIGUOUS for those, RETRY for reads. (Kraken reference: errors.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mm.exchanges.venue import ErrorClass

CANCEL_PENDING: Final = "EOrder:Cancel pending"
"""A cancel of the same order is under way: its report follows on the executions channel."""

CLASSES: Final[dict[ErrorClass, tuple[str, ...]]] = {
    ErrorClass.FATAL: (
        "EAPI:Invalid key",
        "EAPI:Invalid signature",
        "EGeneral:Permission denied",
        "EAccount:Invalid permissions",
        "EAuth:Account temporary disabled",
        "EAuth:Account unconfirmed",
        "ETrade:User Locked",
        # Fifteen minutes after too many invalid keys; asking again prolongs it.
        "EGeneral:Temporary lockout",
    ),
    ErrorClass.NONCE: ("EAPI:Invalid nonce",),
    ErrorClass.TOKEN: ("EAPI:Invalid token", "ESession:Invalid session", "Token(s) not found"),
    ErrorClass.RATE: (
        "EAPI:Rate limit exceeded",
        "EGeneral:Too many requests",
        "EAuth:Rate limit exceeded",
        "EAuth:Too many requests",
        "EService:Throttled",
        "EOrder:Rate limit exceeded",
        "EOrder:Domain rate limit exceeded",
        "Exceeded msg rate",
    ),
    ErrorClass.BUSY: ("EService:Unavailable", "EService:Busy"),
    ErrorClass.AMBIGUOUS: ("EService:Timeout", "EGeneral:Internal error", "EDatabase:Internal error"),
    # The order's deadline passed before the engine came to it: by its clock, or by ours that told the deadline.
    ErrorClass.CLOCK: ("EService:Deadline elapsed",),
    # An unsubscription has not arrived yet.
    ErrorClass.RETRY: ("Already subscribed",),
    ErrorClass.MODE: ("EService:Market in",),
    ErrorClass.GONE: ("EOrder:Unknown order", "EOrder:Invalid order"),
    ErrorClass.REJECTED: (
        "EOrder:Orders limit exceeded",
        "EOrder:Positions limit exceeded",
        "EOrder:Scheduled orders limit exceeded",
        "EOrder:Insufficient funds",
        "EOrder:Insufficient margin",
        "EOrder:Margin",
        "EOrder:Cannot open position",
        "EOrder:Cannot open opposing position",
        "EOrder:Reduce only",
        "EOrder:Order minimum not met",
        "EOrder:Cost minimum not met",
        "EOrder:Tick size check failed",
        "EOrder:Invalid price",
        "EGeneral:Invalid arguments",
        "ETrade:Invalid request",
        CANCEL_PENDING,
        "EOrder:Post only order",
        "EQuery:Unknown asset pair",
        "EQuery:Invalid asset pair",
        "EQuery:Unknown asset",
        "EGeneral:Unknown method",
        "EOrder:Unknown position",
        "EBM:limit exceeded",
        "EFunding",
        "Malformed request",
        "Unsupported field",
        "Unsupported event",
        "Currency pair not supported",
        "Subscription depth not supported",
        "Subscription name invalid",
        "Subscription ohlc interval not supported",
        "Symbol(s) not found",
    ),
}
"""The beginnings of the texts of each class."""

# "Limit_price field must be a number_float": the field comes first.
_BAD_FIELD: Final = re.compile(r"\w+ field must be ", re.ASCII | re.IGNORECASE)

_BY_PREFIX: Final = tuple(
    sorted(
        ((prefix.lower(), kind) for kind, prefixes in CLASSES.items() for prefix in prefixes),
        key=lambda entry: -len(entry[0]),
    )
)

# When one reply gives several errors, the one that leaves most in doubt, then the one that stops most, counts.
_GRAVITY: Final = (
    ErrorClass.AMBIGUOUS,
    ErrorClass.BUSY,
    ErrorClass.FATAL,
    ErrorClass.TOKEN,
    ErrorClass.NONCE,
    ErrorClass.RATE,
    ErrorClass.MODE,
    ErrorClass.CLOCK,
    ErrorClass.RETRY,
    ErrorClass.GONE,
    ErrorClass.REJECTED,
)


def classify(text: str, *, is_read: bool) -> ErrorClass:
    """Return what an error text means for a read (subscriptions are reads), or for a request that changes something."""
    category, colon, rest = text.partition(":")
    normal = f"{category}:{rest.lstrip()}".lower() if colon else text.lower()
    for prefix, kind in _BY_PREFIX:
        if normal.startswith(prefix) and not normal[len(prefix) : len(prefix) + 1].isalnum():
            return ErrorClass.RETRY if is_read and kind is ErrorClass.AMBIGUOUS else kind
    if _BAD_FIELD.match(text):
        return ErrorClass.REJECTED
    return ErrorClass.RETRY if is_read else ErrorClass.AMBIGUOUS


def gravest(texts: Iterable[str], *, is_read: bool) -> ErrorClass:
    """Return the class of a reply with several error texts."""
    kinds = {classify(text, is_read=is_read) for text in texts}
    return next((kind for kind in _GRAVITY if kind in kinds), ErrorClass.AMBIGUOUS)
