"""One WebSocket connection as the venue sees it: whether it logged in, what it wants pushed, when it was last heard."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mm.simulator.hooks import SECOND_NS

UNHEARD_NS: Final = 60 * SECOND_NS
"""A connection is closed so long after its client's last ping, even while data flow."""


@dataclass(slots=True)
class Connection:
    """See the module. `filters`: personal channel to the venue's names of symbols, empty for all of them; None pushes
    everything."""

    id: int
    opened_ns: int
    pinged_ns: int
    private: bool = False
    account: str = ""
    topics: dict[str, None] = field(default_factory=dict)
    filters: dict[str, frozenset[str]] | None = None
    is_told: bool = False
    """Something personal is pushed at all: after a login without `subscribe` only once a filter is set."""

    def next_deadline(self) -> int:
        """When it is over if nothing comes."""
        return self.pinged_ns + UNHEARD_NS

    def wants(self, channel: str, name: str) -> bool:
        """Whether a personal channel of a symbol ("" for none) is to be pushed here."""
        if not self.is_told:
            return False
        if self.filters is None:
            return True
        rules = self.filters.get(channel)
        return rules is not None and (not rules or not name or name in rules)
