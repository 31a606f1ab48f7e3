"""One WebSocket connection as the venue sees it: its topics, its age, when it falls idle, how much it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mm.simulator.hooks import SECOND_NS

TOPICS_MAX: Final = 30
UNSUBSCRIBED_NS: Final = 30 * SECOND_NS
"""A connection without a subscription is closed after this, whatever it says."""
IDLE_NS: Final = 60 * SECOND_NS
"""One with subscriptions, when nothing went either way."""
LIFE_NS: Final = 24 * 3600 * SECOND_NS
MESSAGES_MAX: Final = 100
"""From the client in a second."""


@dataclass(slots=True)
class Connection:
    """A WebSocket connection; `private` and `account` are set by a good listen key."""

    id: int
    private: bool
    account: str
    opened_ns: int
    active_ns: int
    bare_ns: int
    """Since when it has had no subscription."""
    topics: dict[str, None] = field(default_factory=dict)
    is_refused: bool = False
    """It came with a listen key that is no good."""
    second_ns: int = 0
    messages: int = 0

    def next_deadline(self) -> int:
        """When it is over if nothing happens."""
        idle_ns = self.active_ns + IDLE_NS if self.topics else self.bare_ns + UNSUBSCRIBED_NS
        return min(idle_ns, self.opened_ns + LIFE_NS)

    def spoke(self, now_ns: int) -> bool:
        """Count a message of the client; False when it says too much."""
        self.active_ns = now_ns
        if now_ns - self.second_ns >= SECOND_NS:
            self.second_ns, self.messages = now_ns, 0
        self.messages += 1
        return self.messages <= MESSAGES_MAX
