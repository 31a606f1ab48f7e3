from collections.abc import Callable
from typing import Any

from typing_extensions import disjoint_base

from mm._core._rust import RecordBuffer
from mm._core.event import Event

@disjoint_base
class RecorderCore:
    """Frames events into a buffer."""

    failed: bool
    broken: str
    backlog: list[tuple[int, bytes, int, int]] | None
    def __init__(
        self,
        *,
        waiting: frozenset[Any] | None,
        bytes_max: int,
        kept: list[Any] | None = None,
        journal: Callable[[int, bytes, int, int], int] | None = None,
        durable: dict[type[Event], Any] | None = None,
        soon: Callable[[int, bytes, int, int], int] | None = None,
        soon_kinds: frozenset[Any] = ...,
    ) -> None: ...
    @property
    def records(self) -> int: ...
    @property
    def buffer(self) -> RecordBuffer: ...
    def record(self, event: Event) -> None: ...
    def settle_owed(self) -> None: ...
