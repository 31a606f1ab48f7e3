"""What the judge of a run holds, what it may ask of the bot, what the configuration promises it, and its verdicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Protocol

INVARIANTS: Final = {
    "I1": "one intent, at most one order at the venue",
    "I2": "the local open set contains the venue's",
    "I3": "terminal only on the venue's evidence",
    "I4": "each execution is booked once",
    "I5": "at rest the books are the venue's",
    "I6": "limits hold on the worst case",
    "I7": "intents are in the journal before their bytes leave",
    "I8": "prices and sizes are finite, positive, on the grid, inside the collar",
    "I9": "nothing is priced from stale or broken data",
    "I10": "in doubt no new risk",
    "I11": "hedges never exceed what they hedge",
    "I12": "ids and nonces are never used again and only rise",
    "I13": "the kill path works",
    "I14": "no secret appears",
    "I15": "same seed, same log",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that did not hold, with what shows it."""

    invariant: str
    at_ns: int
    venue: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.venue}: {self.evidence}"


class Bot(Protocol):
    """What the bot believes, asked for and not computed."""

    def open_orders(self) -> Collection[tuple[str, str]]:
        """Venue and client id of every order that it counts as open."""

    def positions(self) -> Mapping[tuple[str, str], tuple[int, int, Mapping[str, int]]]:
        """By venue and symbol: quantity, cash, and fees by asset in 10^-12."""

    def debt(self) -> int | None:
        """What it thinks is not hedged yet, in 10^-12 of the asset; None where nothing is hedged."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the configuration promises, in its own units; symbol to position in base units."""

    position_max: Mapping[str, Decimal]
    order_max: Decimal
    collar_bps: Decimal
    book_age_ns: int
    secrets: Sequence[str] = ()
    book_lag_ns: int = 10**18
    """How late by the venue's time."""
    side_age_ns: int = 0
    """How long a side may stand still while the other moves; 0: for ever."""
    exposure_usd: Decimal | None = None
    orders_max: int | None = None
    debt_usd: Decimal | None = None
    """From which on nothing is quoted that adds to it; None where that is nothing of one sum."""
    hedged: Mapping[str, Collection[str]] = field(default_factory=dict)
    """A venue to those on which its fills are hedged."""
    lot: int = 10**8
    """What a hedge may be more than it hedges, 10^-12: the largest lot of all venues."""
