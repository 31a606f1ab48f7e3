"""A circuit breaker of three states: closed (calls pass), open (none pass), half open (one call tries)."""

from __future__ import annotations

from enum import Enum


class BreakerState(Enum):
    """What the breaker lets through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens after `failures_max` failures in a row, for `open_ns`; then one trial call decides.

    Only failures of the transport or the venue's service count. A refusal is an answer: the path to the venue works.
    """

    __slots__ = ("_failures", "_state", "_until_ns", "failures_max", "open_ns")

    def __init__(self, failures_max: int = 5, open_ns: int = 5_000_000_000) -> None:
        self.failures_max, self.open_ns = failures_max, open_ns
        self._failures = 0
        self._state = BreakerState.CLOSED
        self._until_ns = 0

    @property
    def state(self) -> BreakerState:
        """The present state; an open breaker whose time is over still reads open until `allow` is asked."""
        return self._state

    def allow(self, now_ns: int) -> bool:
        """Whether a call may go out now; the trial call of a half-open breaker is claimed by asking."""
        if self._state is BreakerState.CLOSED:
            return True
        if now_ns < self._until_ns:
            return False
        # A trial that never reports back (its caller died) frees the next one after the same time.
        self._state = BreakerState.HALF_OPEN
        self._until_ns = now_ns + self.open_ns
        return True

    def retry_ns(self) -> int:
        """When a call that was not allowed may ask again (0: at once)."""
        return 0 if self._state is BreakerState.CLOSED else self._until_ns

    def succeed(self) -> None:
        """A call was answered."""
        self._failures = 0
        self._state = BreakerState.CLOSED

    def fail(self, now_ns: int) -> None:
        """A call failed."""
        self._failures += 1
        if self._state is BreakerState.HALF_OPEN or self._failures >= self.failures_max:
            self._state = BreakerState.OPEN
            self._until_ns = now_ns + self.open_ns
