"""What the judge has read of one venue so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mm.simulator.orders import SimInstrument


@dataclass(slots=True)
class Side:
    """One venue: what was read of it so far."""

    base: dict[str, int]
    """Asset to the balance at the beginning."""
    traded: SimInstrument
    most: int | None
    """The position that is allowed, in units of size; None: nothing is said of it."""
    orders: int = 0
    trades: int = 0
    own: int = 0
    """Signed size of own executions."""
    external: int = 0
    """Signed size of what else moved the position."""
    taken: list[tuple[int, int]] = field(default_factory=list)
    """Of that each part: when, in ns, and its signed size."""
    entries: int = 0
    """Of the ledger, read so far."""
    moved: int = 0
    """Of the base asset of a spot market, what came to the account by transfers, in the ledger's units."""
    eaten: int = 0
    """And what fees took of it."""
    records: int = 0
    """Of the journal, besides market data: only then the bot may think otherwise of its orders."""
    mark: tuple[int, ...] = ()
    ids: dict[str, str] = field(default_factory=dict)
    """Client id to the venue's id."""
    names: dict[str, str] = field(default_factory=dict)
    """The venue's id to the client id of an own order, by the records that tell both."""
    unnamed: dict[str, list[Any]] = field(default_factory=dict)
    """The venue's id to fills without a client id, until a record tells whose they are."""
    private_ns: int = 0
    is_private_up: bool = False
    nonce: int = 0

    def fills(self, kind: str, record: Any, *, is_own: bool) -> list[Any]:
        """The fills of own orders that are known by a record: itself, or by the venue's id those that waited for a
        name. is_own: its client id is of an intent. MEXC's list of deals names the venue's id alone."""
        client_id, venue_id = getattr(record, "client_id", ""), getattr(record, "venue_id", "")
        told = [record] if kind == "Fill" else []
        if told and not client_id:
            if venue_id in self.names:
                return told
            self.unnamed.setdefault(venue_id, []).append(record)
            return []
        if not is_own:
            return []
        if venue_id:
            self.names.setdefault(venue_id, client_id)
            told += self.unnamed.pop(venue_id, ())
        return told
