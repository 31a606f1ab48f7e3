"""Who is asking: HMAC-SHA256 over key, time and parameters (MEXC Futures reference: signing)."""

from __future__ import annotations

import hmac
import re
from typing import Final
from urllib.parse import unquote_plus

from mm.simulator.mexc_futures.errors import Refused
from mm.simulator.mexc_key import sign

WINDOW_MS: Final = 10_000
WINDOW_S_MAX: Final = 60
_TIME: Final = re.compile(r"\d{1,19}")
ORDER_WRITES: Final = "order/"


class Key:
    """One API key of one account. rights: refusal codes of what it may not (701 to 704)."""

    def __init__(self, account: str, name: str, secret: str, lacks: frozenset[int]) -> None:
        self.account, self.name, self._secret, self.lacks = account, name, secret, lacks

    def check(self, now_ms: int, method: str, headers: dict[str, str], query: str, body: bytes) -> None:
        """Refuse a request that this key did not sign, or not in time.

        Raises:
            Refused: with the venue's code.
        """
        name, stamp, given = (headers.get(each, "") for each in ("apikey", "request-time", "signature"))
        self._check_key(now_ms, name, stamp, headers.get("recv-window", ""))
        if method == "POST":
            signed = [body]
        else:
            pairs = sorted(pair for pair in query.split("&") if pair)
            # The documentation encodes before it signs, the venue's own example after it: both are taken.
            signed = ["&".join(pairs).encode("latin-1"), unquote_plus("&".join(pairs)).encode()]
        if not any(self._matches(name, stamp, each, given) for each in signed):
            raise Refused(602, "Confirming signature failed!")

    def login(self, now_ms: int, name: str, stamp: str, given: str) -> None:
        """Refuse a login.

        Raises:
            Refused: with the venue's code.
        """
        self._check_key(now_ms, name, stamp, "")
        if not self._matches(name, stamp, b"", given):
            raise Refused(602, "Confirming signature failed!")

    def need(self, path: str, *, writes: bool) -> None:
        """Refuse what the key has no right for.

        Raises:
            Refused: 701 account read, 702 account write, 703 order read, 704 order write.
        """
        code = (703 if path.startswith(ORDER_WRITES) else 701) + (1 if writes else 0)
        if code in self.lacks:
            raise Refused(code, "The API key has no permission")

    def _check_key(self, now_ms: int, name: str, stamp: str, window: str) -> None:
        if name != self.name:
            raise Refused(401, "Not logged in or login has expired")
        if not _TIME.fullmatch(stamp):
            raise Refused(513, "Invalid request")
        wide_ms = WINDOW_MS
        if _TIME.fullmatch(window):
            # Seconds by the documentation; what is beyond its greatest value is taken for milliseconds.
            wide_ms = int(window) * 1000 if int(window) <= WINDOW_S_MAX else min(int(window), WINDOW_S_MAX * 1000)
        if abs(now_ms - int(stamp)) > wide_ms:
            raise Refused(513, "Invalid request")

    def _matches(self, name: str, stamp: str, parameters: bytes, given: str) -> bool:
        return hmac.compare_digest(sign(self._secret, f"{name}{stamp}".encode() + parameters).encode(), given.encode())
