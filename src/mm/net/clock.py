"""How far our clock is from the venue's, estimated from server times in replies, with a bound on the error."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

CLOCK_PERIOD_NS = 30_000_000_000
CLOCK_FIRST_PERIOD_NS = 250_000_000
"""The first few exchanges follow closely: the shortest round trip of several bounds the error well."""
CLOCK_FIRST_SAMPLES = 4
CLOCK_BAD_PERIOD_NS = 5_000_000_000
"""While it is too far off: trading waits for it."""
CLOCK_DOUBT_NS = 1_000_000_000
"""Refusals for the time that a request bore have the clock asked at once, so often at most, and wait so long for it."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Venue time = our time + offset_ns, give or take uncertainty_ns."""

    offset_ns: int
    uncertainty_ns: int


class ClockEstimator:
    """Keeps the last `samples_max` exchanges and trusts the one with the shortest round trip.

    A server time read somewhere between our send and our receipt lies within half a round trip of the midpoint,
    whatever the two directions took; the shortest trip gives the tightest bound. A venue that states two times
    (received and sent) is charged for the time between them; one that states whole seconds adds its resolution to
    the bound.
    """

    __slots__ = ("_asked", "_samples")

    def __init__(self, samples_max: int = 16) -> None:
        self._samples: deque[Offset] = deque(maxlen=samples_max)
        self._asked = 0

    def asked(self, *, is_off: bool) -> int:
        """The venue is asked for its time; returns until when it is again. is_off: the clock is too far off."""
        self._asked += 1
        if self._asked < CLOCK_FIRST_SAMPLES:
            return CLOCK_FIRST_PERIOD_NS
        return CLOCK_BAD_PERIOD_NS if is_off else CLOCK_PERIOD_NS

    def add(
        self, sent_ns: int, received_ns: int, server_ns: int, *, server_sent_ns: int = 0, resolution_ns: int = 0
    ) -> None:
        """Take one exchange.

        server_ns: the venue's time of receipt; server_sent_ns: of its answer, when known; resolution_ns: the unit that
        the venue cuts its times to (a cut time is on average half a unit early).
        """
        server_sent_ns = server_sent_ns or server_ns
        trip_ns = (received_ns - sent_ns) - (server_sent_ns - server_ns)
        if received_ns < sent_ns or trip_ns < 0:
            return
        middle_ns = (server_ns + server_sent_ns + resolution_ns) // 2
        offset_ns = middle_ns - (sent_ns + received_ns) // 2
        sample = Offset(offset_ns, trip_ns // 2 + resolution_ns // 2 + 1)
        if any(not _agree(sample, other) for other in self._samples):
            # The bounds exclude each other: one of the clocks was stepped, and what came before is not about it.
            self._samples.clear()
        self._samples.append(sample)

    def estimate(self) -> Offset | None:
        """The present estimate; None before the first exchange."""
        return min(self._samples, key=lambda sample: sample.uncertainty_ns) if self._samples else None

    def forget(self) -> None:
        """Drop the samples: after a silence long enough for clocks to drift, or when the host was suspended."""
        self._samples.clear()
        self._asked = 0


DRIFT_NS = 50_000_000
"""What two clocks may move apart while samples are kept: 100 ppm over eight minutes."""


def _agree(sample: Offset, other: Offset) -> bool:
    bound_ns = sample.uncertainty_ns + other.uncertainty_ns + DRIFT_NS
    return abs(sample.offset_ns - other.offset_ns) <= bound_ns
