"""What the suite has to be told of a venue: its face, its simulated counterpart, and the counterpart's words."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mm.simulator.kinds import VenueKind


@dataclass(frozen=True, slots=True)
class Words:
    """How the fault hooks of the counterpart name what is said (see `mm.simulator.hooks`).

    place, cancel, amend: requests about orders, and their answers; amend is empty where the venue cannot. own: messages
    that tell an account of its orders and executions. book: messages that tell of the book. rate_refusal: `error` of a
    refusal for too many order requests, in the form that the counterpart's `refuse` takes. doubtful_refusal: of one
    that does not prove that nothing was done.
    """

    place: str
    cancel: str
    own: tuple[str, ...]
    book: str
    rate_refusal: str
    doubtful_refusal: str
    amend: str = ""


@dataclass(frozen=True, slots=True)
class VenueCase:
    """One venue under test.

    face: the `VENUE` of its package; kind: its simulated counterpart; words: of that counterpart; settings: further
    keys of `[venues.NAME]`; options: what `kind` reads of the simulator's arguments; size: of an order in the cases, in
    units (0: twenty times the venue's minimum); counterpart: makes the other side where it is not made of
    `mm.simulator.exchange`, called as `mm.conformance.Counterpart` is; mode: tells apart two cases of one venue.
    """

    face: Any  # each venue's face has a type of its own
    kind: VenueKind
    words: Words
    counterpart: Callable[..., Any] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    size: int = 0
    mode: str = ""

    def __str__(self) -> str:
        return f"{self.face.name}-{self.mode}" if self.mode else str(self.face.name)

    def arguments(self, seed: int) -> argparse.Namespace:
        """The simulator's arguments for this venue."""
        known: dict[str, Any] = {"tier": "pro", "mexc_tier": "reported", "volume_usd": 0, "seed": seed}
        known |= {"mexc_futures_tier": "documented", "position_mode": "one_way", "funding_seconds": 28_800}
        return argparse.Namespace(**{**known, **self.options})
