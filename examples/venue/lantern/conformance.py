"""Lantern, as the suite is told of it: `.venv/bin/python -m mm.conformance examples.venue.lantern.conformance`."""

from __future__ import annotations

from typing import Final

from examples.venue.lantern.face import VENUE
from examples.venue.lantern.simulated import KIND
from mm.conformance import VenueCase, Words

VENUE_CASE: Final = VenueCase(
    face=VENUE,
    kind=KIND,
    words=Words(
        place="POST orders",
        cancel="DELETE orders",
        amend="PATCH orders",
        own=("order", "execution"),
        book="book",
        rate_refusal="rate_limited: too many orders",
        doubtful_refusal="overloaded: try again",
    ),
)
