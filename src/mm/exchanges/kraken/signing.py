"""Signs private REST requests: `API-Sign = base64(HMAC-SHA512(secret, path || SHA256(nonce || body)))`.

(Kraken reference: signing.)
"""

from __future__ import annotations

from mm._core import KrakenSigner
from mm.errors import ConfigError


class Signer:
    """Holds a key and its secret, and shows neither. Raises ConfigError for a secret that is not base64."""

    __slots__ = ("_signer", "key")

    def __init__(self, key: str, secret: str) -> None:
        if not (key.isascii() and key.isprintable()):
            raise ConfigError("KRAKEN_API_KEY", "environment", "the printable text of an API key")
        try:
            self._signer = KrakenSigner(secret)
        except ValueError:
            raise ConfigError(
                "KRAKEN_API_SECRET", "environment", "base64 text", "copy the private key of the API key again, whole"
            ) from None
        self.key = key

    def __repr__(self) -> str:
        """Without key and secret."""
        return "Signer(...)"

    def sign(self, path: str, nonce: int, body: bytes) -> str:
        """Return the API-Sign of a request; `body` is exactly what is sent."""
        return self._signer.sign(path, nonce, body)
