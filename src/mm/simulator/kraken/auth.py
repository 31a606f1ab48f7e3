"""Who is asking: signatures, nonces and permissions of REST keys, and WebSocket tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import random
import re
from dataclasses import dataclass, field
from typing import Final

from mm.simulator.kraken import errors
from mm.simulator.kraken.errors import Refused
from mm.simulator.kraken.rates import Counter
from mm.simulator.kraken.texts import SECOND_NS

TOKEN_SECONDS: Final = 900
LOCKOUT_AFTER: Final = 20
"""Bad keys or signatures in a row before the lockout; the venue's own number is not published."""
LOCKOUT_NS: Final = 900 * SECOND_NS
NONCE_MAX: Final = 2**64 - 1

PERMISSIONS: Final = (
    "query-funds",
    "query-open-trades",
    "query-closed-trades",
    "modify-trades",
    "close-trades",
    "query-ledger",
    "create-ws-token",
)


@dataclass(slots=True)
class Key:
    """An API key of an account."""

    account: str
    name: str
    secret: str
    """Base64, as the venue hands it out."""
    counter: Counter
    permissions: frozenset[str] = frozenset(PERMISSIONS)
    otp: str = ""
    nonce: int = 0
    secret_bytes: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.secret_bytes = base64.b64decode(self.secret, validate=True)


@dataclass(slots=True)
class Token:
    """A WebSocket token: good for 900 s, and as long as a connection that uses it keeps its private subscription."""

    account: str
    permissions: frozenset[str]
    made_ns: int
    connections: set[int] = field(default_factory=set)


def sign(secret: bytes, path: str, nonce: str, body: bytes) -> str:
    """The `API-Sign` header: HMAC-SHA512 over the path and the SHA-256 of nonce and body, in base64."""
    inner = hashlib.sha256(nonce.encode() + body).digest()
    return base64.b64encode(hmac.new(secret, path.encode() + inner, hashlib.sha512).digest()).decode()


class Keys:
    """The keys of the venue's accounts and the tokens made with them."""

    def __init__(self, keys: list[Key], rng: random.Random) -> None:
        self._keys = {key.name: key for key in keys}
        self._tokens: dict[str, Token] = {}
        self._rng = rng
        self._bad_in_a_row = 0
        self._locked_until_ns = 0

    def check(self, now_ns: int, path: str, headers: dict[str, str], body: bytes, nonce: str, otp: str) -> Key:
        """The key that signed a request.

        Raises:
            Refused: with the venue's text, in its order: lockout, key, signature, nonce.
        """
        if now_ns < self._locked_until_ns:
            raise Refused(errors.LOCKED_OUT)
        key = self._keys.get(headers.get("api-key", ""))
        if key is None:
            self._bad(now_ns)
            raise Refused(errors.INVALID_KEY)
        try:
            given = base64.b64decode(headers.get("api-sign", ""), validate=True)
        except (binascii.Error, ValueError):
            given = b""
        expected = base64.b64decode(sign(key.secret_bytes, path, nonce, body))
        if not hmac.compare_digest(given, expected) or (key.otp and otp != key.otp):
            self._bad(now_ns)
            raise Refused(errors.INVALID_SIGNATURE)
        self._bad_in_a_row = 0
        if not re.fullmatch(r"\d{1,20}", nonce) or not key.nonce < int(nonce) <= NONCE_MAX:
            raise Refused(errors.INVALID_NONCE)
        key.nonce = int(nonce)
        return key

    def _bad(self, now_ns: int) -> None:
        self._bad_in_a_row += 1
        if self._bad_in_a_row >= LOCKOUT_AFTER:
            self._bad_in_a_row, self._locked_until_ns = 0, now_ns + LOCKOUT_NS

    def make_token(self, now_ns: int, key: Key) -> str:
        """A new WebSocket token of the key's account."""
        for old in [text for text, token in self._tokens.items() if self._stale(now_ns, token)]:
            del self._tokens[old]
        text = base64.b64encode(self._rng.randbytes(32)).decode().rstrip("=")
        self._tokens[text] = Token(key.account, key.permissions, now_ns)
        return text

    def token(self, now_ns: int, text: object) -> Token:
        """The token of a request's text.

        Raises:
            Refused: missing, unknown or stale.
        """
        if not text:
            raise Refused(errors.TOKEN_MISSING)
        token = self._tokens.get(text) if isinstance(text, str) else None
        if token is None or self._stale(now_ns, token):
            raise Refused(errors.INVALID_TOKEN)
        return token

    def invalidate_tokens(self) -> None:
        """Drop all tokens, as exchange upgrades have done."""
        self._tokens.clear()

    def release(self, connection: int) -> None:
        """A connection is gone or has no private subscription any more."""
        for token in self._tokens.values():
            token.connections.discard(connection)

    @staticmethod
    def _stale(now_ns: int, token: Token) -> bool:
        return not token.connections and now_ns >= token.made_ns + TOKEN_SECONDS * SECOND_NS
