"""What both simulated MEXC venues have in common: one key for spot and futures, HMAC-SHA256, counting in windows."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections import deque


def key_of(seed: int) -> tuple[str, str]:
    """The API key and the secret of the account: MEXC has one pair for spot and futures."""
    secrets = random.Random(f"mexc spot key:{seed}")
    return f"mx0{secrets.randbytes(8).hex()}", secrets.randbytes(16).hex()


def sign(secret: str, payload: bytes) -> str:
    """Lower-case hexadecimal HMAC-SHA256."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


class Sliding:
    """Counts in a sliding window."""

    __slots__ = ("_limit", "_marks", "_sum", "_window_ns")

    def __init__(self, limit: int, window_ns: int) -> None:
        self._limit, self._window_ns = limit, window_ns
        self._marks: deque[tuple[int, int]] = deque()
        self._sum = 0

    def take(self, now_ns: int, weight: int) -> bool:
        """Count, unless that would go over the limit."""
        while self._marks and self._marks[0][0] <= now_ns - self._window_ns:
            self._sum -= self._marks.popleft()[1]
        if self._sum + weight > self._limit:
            return False
        self._marks.append((now_ns, weight))
        self._sum += weight
        return True
