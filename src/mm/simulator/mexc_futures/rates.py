"""How often each endpoint may be asked (MEXC Futures reference: limits); nothing is banned, the next window is free."""

from __future__ import annotations

from typing import Final

from mm.simulator.hooks import SECOND_NS
from mm.simulator.mexc_futures.errors import too_many
from mm.simulator.mexc_key import Sliding

USUAL: Final = (20, 2)
FEW: Final[dict[str, tuple[int, int]]] = {
    **dict.fromkeys(
        (
            "POST order/create",
            "POST order/submit_batch",
            "POST order/change_limit_order",
            "POST order/chase_limit_order",
        ),
        (4, 2),
    ),
    "GET order/batch_query": (5, 2),
    "GET depth": (10, 2),
    "GET detail": (10, 2),
    "GET ticker": (10, 2),
    "POST position/change_leverage": (10, 10),
}
"""Requests and seconds of the endpoints that have limits of their own."""
SAME: Final = {"POST order/submit": "POST order/create"}
"""The older path of the same thing."""
TIERS: Final = ("documented", "unlimited")


class Limits:
    """Of one account."""

    def __init__(self, tier: str) -> None:
        self._is_free = tier == "unlimited"
        self._windows: dict[str, Sliding] = {}
        self.refusals = 0

    def admit(self, now_ns: int, endpoint: str) -> None:
        """Count a request.

        Raises:
            Refused: 510.
        """
        if self._is_free:
            return
        endpoint = SAME.get(endpoint, endpoint)
        window = self._windows.get(endpoint)
        if window is None:
            count, seconds = FEW.get(endpoint, USUAL)
            window = self._windows[endpoint] = Sliding(count, seconds * SECOND_NS)
        if not window.take(now_ns, 1):
            self.refusals += 1
            raise too_many()
