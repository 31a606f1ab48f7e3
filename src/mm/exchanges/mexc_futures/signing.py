"""Signs private requests: `hex(HMAC-SHA256(secret, key + time + parameters))`.

The parameters are the sorted query of a GET and the very bytes of a POST's body. (MEXC Futures reference: signing.)
"""

from __future__ import annotations

from mm._core import MexcSigner
from mm.errors import ConfigError


class Signer:
    """Holds a key and its secret, and shows neither. Raises ConfigError for what cannot be either."""

    __slots__ = ("key", "sign_text")

    def __init__(self, key: str, secret: str) -> None:
        if not (key.isascii() and key.isprintable()):
            raise ConfigError("MEXC_FUTURES_API_KEY", "environment", "the printable text of an API key")
        if not (secret and secret.isascii() and secret.isprintable()):
            raise ConfigError(
                "MEXC_FUTURES_API_SECRET",
                "environment",
                "printable text",
                "copy the secret of the API key again, whole",
            )
        self.key = key
        self.sign_text = MexcSigner(secret).sign
        """Returns the signature of a text: key, time and parameters, one after the other."""

    def __repr__(self) -> str:
        """Without key and secret."""
        return "Signer(...)"

    def sign(self, time_ms: int, parameters: str = "") -> str:
        """Return the signature of a request."""
        return self.sign_text(f"{self.key}{time_ms}{parameters}")
