"""Kraken's websocket token: one fetch at a time, a fresh one for each connection, renewed before it is too old."""

from __future__ import annotations

from mm._core.order_writer import TokenCore

LIFETIME_NS = 900_000_000_000
"""A token must be used within 15 minutes (Kraken reference: token); then it lives as long as its connection."""
HALF_LIFE_NS = LIFETIME_NS // 2


class TokenKeeper(TokenCore):
    """Holds the token that the present connection uses, or a spare one for the next."""

    __slots__ = ("_fetched_ns", "_spare", "fetching")

    def __init__(self) -> None:
        super().__init__()
        self.fetching = False
        self._spare = ""
        self._fetched_ns = 0

    def begin(self, now_ns: int) -> bool:
        """Whether a fetch should start now: none is under way and no good spare is at hand."""
        if self.fetching or (self._spare and now_ns < self._fetched_ns + HALF_LIFE_NS):
            return False
        self.fetching = True
        return True

    def fetched(self, now_ns: int, token: str) -> None:
        """A fetch has ended well."""
        self.fetching = False
        self._spare, self._fetched_ns = token, now_ns

    def take(self, now_ns: int) -> bool:
        """Start using the spare token; False when there is none that is young enough."""
        if not self._spare or now_ns >= self._fetched_ns + HALF_LIFE_NS:
            return False
        self.value, self._spare = self._spare, ""
        return True

    def drop(self) -> None:
        """The token in use is not good any more (its connection is gone, or it was refused)."""
        self.value = ""

    def stale_ns(self) -> int:
        """When the spare token is half through its life; 0 when there is none or a fetch is under way."""
        return 0 if self.fetching or not self._spare else self._fetched_ns + HALF_LIFE_NS

    def is_stale(self, now_ns: int) -> bool:
        """Whether the spare token should be replaced."""
        return 0 < self.stale_ns() <= now_ns

    def __repr__(self) -> str:
        """Without the token."""
        return f"TokenKeeper(in_use={bool(self.value)}, spare={bool(self._spare)}, fetching={self.fetching})"
