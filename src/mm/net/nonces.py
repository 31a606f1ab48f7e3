"""The nonces of one link: above what its key has used, as far as is known here, and higher where the venue knows more.

A nonce is the time, or one more than the last. Where a venue has rising nonces it refuses a lower one. One refusal is
mostly a request that another overtook; a second for the same request says that the key was used with higher ones: by an
older copy of the state folder under a clock that has stepped back since. Then they go on a block higher, twice as much
each time, until the venue takes them.

None is used before a number that is not below it is on the disk (`mm.live.nonces` has it there): a process that is
killed right after would begin lower the next time. Where the disk hangs or refuses, that is the lesser harm: a call
goes after all when it has waited for as long as its kind may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

STEP_NS: Final = 3_600_000_000_000
AHEAD_NS_MAX: Final = 400 * 24 * STEP_NS
"""No clock steps back for so long: something else is wrong, and the key would be spoilt for other programs."""


CANCEL_PATIENCE_NS: Final = 20_000_000
"""A sound disk has it within milliseconds; a cancel is to be on the wire 100 ms after the word of a kill."""
PATIENCE_NS: Final = 1_000_000_000
"""Of reads: the proof of a kill is read."""
ALL: Final = 2**63 - 1


class Nonces:
    """floor: they stay above it; is_rising: the venue wants them to."""

    __slots__ = ("_asked_ns", "_is_rising", "_step_ns", "ask", "last", "raised_ns", "reserved")

    def __init__(self, floor: int, *, is_rising: bool) -> None:
        self.last = floor
        self.raised_ns = 0
        """By how much they were raised beyond the clock, of all times, since `taken`."""
        self.reserved = ALL
        """Up to here they may be used, for the disk has it; where nobody keeps them, all of them."""
        self.ask: Callable[[int], None] = _nobody
        """Called with one that is to be on the disk; `reserve` is the answer, there is none while the disk refuses."""
        self._asked_ns = 0
        self._is_rising = is_rising
        self._step_ns = STEP_NS

    def draw(self, now_ns: int) -> int:
        """The next."""
        self.last = max(self.last + 1, now_ns)
        return self.last

    def free_ns(self, now_ns: int, *, urgent: bool) -> int:
        """When the next may be drawn, 0 now."""
        following = max(self.last + 1, now_ns)
        if following <= self.reserved:
            return 0
        if not self._asked_ns:
            self._asked_ns = now_ns
            self.ask(following)
        due_ns = self._asked_ns + (CANCEL_PATIENCE_NS if urgent else PATIENCE_NS)
        return due_ns if due_ns > now_ns else 0

    def reserve(self, end: int) -> None:
        """The disk has `end`."""
        self.reserved = end
        self._asked_ns = 0

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


def _nobody(wanted: int) -> None:
    """Take nothing."""
