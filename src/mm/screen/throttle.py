"""How much a run says: of each kind of sentence, and in all, so many at once and then one after another.

Something that goes wrong ten thousand times a second is said often enough to be seen, and counted. What kind a sentence
is its words say: those with a digit in them (ids, prices, times) count for nothing. A venue that puts other words into
each one meets the bound for all of them.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

SECOND_NS: Final = 1_000_000_000
BURST: Final = 20
EVERY_NS: Final = 2 * SECOND_NS
"""Of one kind: 43,000 lines a day."""
BURST_ALL: Final = 200
EVERY_ALL_NS: Final = SECOND_NS // 10
KINDS_MAX: Final = 256
KIND_LENGTH: Final = 80
CHANGING: Final = re.compile(r"\S*\d\S*")


class Bucket:
    """So many at once, and one more each so often. left_out: how many it has refused since it was asked last."""

    __slots__ = ("_burst", "_every_ns", "_full_ns", "left_out")

    def __init__(self, burst: int, every_ns: int) -> None:
        self._burst, self._every_ns = burst, every_ns
        self._full_ns = 0
        """When it is full again if nothing is taken."""
        self.left_out = 0

    def may(self, now_ns: int) -> bool:
        """Whether there is one."""
        return max(self._full_ns, now_ns) + self._every_ns <= now_ns + self._burst * self._every_ns

    def take(self, now_ns: int) -> None:
        """Take one."""
        self._full_ns = max(self._full_ns, now_ns) + self._every_ns


class Throttle:
    """Says which sentences are said. now_ns: of a clock that only rises."""

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._now_ns = now_ns
        self._kinds: OrderedDict[str, Bucket] = OrderedDict()
        self._all = Bucket(BURST_ALL, EVERY_ALL_NS)
        self.left_out = 0
        """In all, since the beginning."""

    def let(self, text: str) -> str:
        """The sentence, with how many like it were left out before; '' for one that is left out."""
        now_ns = self._now_ns()
        kind = CHANGING.sub("#", text[:KIND_LENGTH])
        bucket = self._kinds.get(kind)
        if bucket is None:
            bucket = self._kinds[kind] = Bucket(BURST, EVERY_NS)
            if len(self._kinds) > KINDS_MAX:
                self._kinds.popitem(last=False)
        self._kinds.move_to_end(kind)
        if not (bucket.may(now_ns) and self._all.may(now_ns)):
            bucket.left_out += 1
            self.left_out += 1
            return ""
        bucket.take(now_ns)
        self._all.take(now_ns)
        count, bucket.left_out = bucket.left_out, 0
        return f"{text} ({count:,} more like it were left out)" if count else text
