"""The limits of an address and an account, as the venue's documents and its clients report them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from mm.simulator.hooks import SECOND_NS
from mm.simulator.mexc_key import Sliding
from mm.simulator.mexc_spot.errors import too_many

WINDOW_NS: Final = 10 * SECOND_NS
INSIST_MAX: Final = 20
"""Requests of a refused address before it is banned; the venue's own number is not published."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Limits; 0 is none.

    Attributes:
        weight: for each endpoint in 10 s.
        requests: of all endpoints in 10 s.
        orders: placed in a second.
        refused_s: how long an address is refused after going over (the venue says some ten minutes).
        banned_s: after it kept on asking.
    """

    name: str
    weight: int
    requests: int
    orders: int
    refused_s: int
    banned_s: int


TIERS: Final[dict[str, Tier]] = {
    tier.name: tier
    for tier in (
        Tier("documented", 500, 0, 0, 600, 120),
        # 20 requests a second is what the venue's support told a client author; 12 orders a second is reported.
        Tier("reported", 500, 200, 12, 10, 120),
        Tier("unlimited", 0, 0, 0, 0, 0),
    )
}
WEIGHTS: Final[dict[str, int]] = {
    "GET exchangeInfo": 10,
    "GET trades": 5,
    "GET order": 2,
    "GET openOrders": 3,
    "GET allOrders": 10,
    "GET account": 10,
    "GET myTrades": 10,
    "GET tradeFee": 20,
}
"""Every other endpoint weighs 1."""
TWO_A_SECOND: Final = frozenset({"GET account", "POST batchOrders"})


class Limits:
    """Of one address with one account behind it."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self._windows: dict[str, Sliding] = {}
        self._refused_until_ns = 0
        self._insisted = 0
        self.refusals = 0

    def admit(self, now_ns: int, endpoint: str) -> None:
        """Count a request.

        Raises:
            Refused: 429 (418 when banned) with the time to wait.
        """
        tier = self._tier
        if now_ns < self._refused_until_ns:
            self._insisted += 1
            if self._insisted == INSIST_MAX:
                self._refused_until_ns = max(self._refused_until_ns, now_ns + tier.banned_s * SECOND_NS)
            raise self._refusal(now_ns)
        self._insisted = 0
        if tier.weight and not self._take(now_ns, endpoint, tier.weight, WINDOW_NS, WEIGHTS.get(endpoint, 1)):
            self._refused_until_ns = now_ns + tier.refused_s * SECOND_NS
            raise self._refusal(now_ns)
        if tier.requests and not self._take(now_ns, "all", tier.requests, WINDOW_NS, 1):
            self._refused_until_ns = now_ns + tier.refused_s * SECOND_NS
            raise self._refusal(now_ns)
        if tier.weight and endpoint in TWO_A_SECOND and not self._take(now_ns, f"{endpoint} 2", 2, SECOND_NS, 1):
            self.refusals += 1
            raise too_many(1)

    def admit_orders(self, now_ns: int, count: int) -> None:
        """Count orders to be placed: over the rate a request is refused, and nothing else."""
        if self._tier.orders and not self._take(now_ns, "orders", self._tier.orders, SECOND_NS, count):
            self.refusals += 1
            raise too_many(1)

    def _take(self, now_ns: int, name: str, limit: int, window_ns: int, weight: int) -> bool:
        window = self._windows.get(name)
        if window is None:
            window = self._windows[name] = Sliding(limit, window_ns)
        return window.take(now_ns, weight)

    def _refusal(self, now_ns: int) -> Exception:
        self.refusals += 1
        wait_s = math.ceil((self._refused_until_ns - now_ns) / SECOND_NS)
        return too_many(wait_s, banned=self._insisted >= INSIST_MAX)
