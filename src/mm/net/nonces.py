"""The nonces of one link: above what its key has used, as far as is known here, and higher where the venue knows more.

A nonce is the time, or one more than the last. Where a venue has rising nonces it refuses a lower one. One refusal is
mostly a request that another overtook; a second for the same request says that the key was used with higher ones: by an
older copy of the state folder under a clock that has stepped back since. Then they go on a block higher, twice as much
each time, until the venue takes them.
"""

from __future__ import annotations

from typing import Final

STEP_NS: Final = 3_600_000_000_000
AHEAD_NS_MAX: Final = 400 * 24 * STEP_NS
"""No clock steps back for so long: something else is wrong, and the key would be spoilt for other programs."""


class Nonces:
    """floor: they stay above it; is_rising: the venue wants them to."""

    __slots__ = ("_is_rising", "_step_ns", "last", "raised_ns")

    def __init__(self, floor: int, *, is_rising: bool) -> None:
        self.last = floor
        self.raised_ns = 0
        """By how much they were raised beyond the clock, of all times, since `taken`."""
        self._is_rising = is_rising
        self._step_ns = STEP_NS

    def draw(self, now_ns: int) -> int:
        """The next."""
        self.last = max(self.last + 1, now_ns)
        return self.last

    def raise_(self, now_ns: int) -> bool:
        """Go on higher, for the venue has refused one a second time; False where that is of no use."""
        if not self._is_rising or self.last + self._step_ns - now_ns > AHEAD_NS_MAX:
            return False
        self.last += self._step_ns
        self.raised_ns += self._step_ns
        self._step_ns *= 2
        return True

    def taken(self) -> None:
        """The venue has taken one."""
        self._step_ns = STEP_NS
