"""Signs private requests: `signature = hex(HMAC-SHA256(secret, query string + body))`, over the bytes that are sent.

(MEXC Spot reference: signing.)
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from mm._core import MexcSigner
from mm.errors import ConfigError

SAFE: Final = "-_.~"


def encoded(value: str) -> str:
    """Return a parameter's value as it is sent and signed: percent-encoded, hexadecimal digits in capitals."""
    return value if value.isascii() and value.isalnum() else quote(value, safe=SAFE)


class Signer:
    """Holds a key and its secret, and shows neither. Raises ConfigError for what cannot be either."""

    __slots__ = ("headers", "key", "sign")

    def __init__(self, key: str, secret: str) -> None:
        if not (key.isascii() and key.isprintable()):
            raise ConfigError("MEXC_SPOT_API_KEY", "environment", "the printable text of an API key")
        if not (secret and secret.isascii() and secret.isprintable()):
            raise ConfigError(
                "MEXC_SPOT_API_SECRET", "environment", "printable text", "copy the secret of the API key again, whole"
            )
        self.key = key
        # Without this content type a private POST is refused.
        self.headers = (("X-MEXC-APIKEY", key), ("Content-Type", "application/json"))
        self.sign = MexcSigner(secret).sign
        """Returns the signature of a text: the query string, with a body behind it and nothing between the two."""

    def __repr__(self) -> str:
        """Without key and secret."""
        return "Signer(...)"
