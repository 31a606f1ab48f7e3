from collections.abc import Sequence

from typing_extensions import disjoint_base

from mm._core.events import Event

@disjoint_base
class PlainFrames:
    """What a session offers to its link; this one takes nothing."""

    def take(self, now_ns: int, payload: bytes) -> Sequence[Event] | None: ...
