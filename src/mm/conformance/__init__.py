"""What every venue has to pass, those of other packages too: real engine, link, session and codec against a simulated
counterpart in memory, judged by the counterpart's ledger. How to use it is in `docs/adding_a_venue.md`."""

from mm.conformance.cases import Case, cases
from mm.conformance.counterpart import Counterpart
from mm.conformance.stand import Stand
from mm.conformance.venue_case import VenueCase, Words

__all__ = ["Case", "Counterpart", "Stand", "VenueCase", "Words", "cases"]
