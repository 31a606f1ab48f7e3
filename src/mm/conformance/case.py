"""One case: a name, and what is done on a fresh stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mm.conformance.stand import Stand
from mm.conformance.venue_case import VenueCase

Act = Callable[[Stand], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `run` raises AssertionError where the venue does not pass."""

    name: str
    act: Act

    def __str__(self) -> str:
        return self.name

    def run(self, venue: VenueCase, *, seed: int = 1) -> None:
        """Run it against a venue on a stand of its own."""
        self.act(Stand(venue, seed=seed))


def case_of(act: Act) -> Case:
    """The case that a function is, named as the function is."""
    return Case(act.__name__, act)
