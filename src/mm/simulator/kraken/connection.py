"""One WebSocket connection as the venue sees it: its subscriptions, its sequence numbers, when it falls idle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mm.simulator.kraken.texts import SECOND_NS

IDLE_NS: Final = 60 * SECOND_NS
"""A connection without a subscription is closed after about a minute."""
HEARTBEAT_NS: Final = SECOND_NS

Topic = tuple[str, str, str]
"""Channel, symbol and variant (depth, event trigger) of a public subscription."""


@dataclass(slots=True)
class PrivateSubscription:
    """An `executions` or `balances` subscription of a connection."""

    account: str
    sequence: int = 0
    order_status: bool = True
    """False leaves out everything but new, fills, canceled and expired."""

    def number(self, body: str) -> str:
        """The message with its sequence number: from 1, rising by 1."""
        self.sequence += 1
        return f'{body},"sequence":{self.sequence}}}'


@dataclass(slots=True)
class Connection:
    """A WebSocket connection."""

    id: int
    private: bool
    active_ns: int
    """When it last sent something or had a subscription."""
    topics: dict[Topic, None] = field(default_factory=dict)
    executions: PrivateSubscription | None = None
    balances: PrivateSubscription | None = None
    heartbeat_ns: int = 0
    """When the next heartbeat is due; 0 before the first subscription."""

    @property
    def subscribed(self) -> bool:
        return bool(self.topics) or self.executions is not None or self.balances is not None

    def next_deadline(self) -> int:
        """When the venue has to look at it."""
        return self.heartbeat_ns if self.subscribed else self.active_ns + IDLE_NS
