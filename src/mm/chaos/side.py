"""What the judge has read of one venue so far."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    private_ns: int = 0
    is_private_up: bool = False
    nonce: int = 0
