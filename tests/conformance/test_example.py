"""The example venue, which is outside the package, passes every case; and each defect built into it is seen."""

import pytest

from examples.venue.lantern import VENUE
from examples.venue.lantern.simulated import KIND
from mm.conformance import VenueCase, Words, cases

LANTERN = VenueCase(
    face=VENUE,
    kind=KIND,
    words=Words(
        place="POST orders",
        cancel="DELETE orders",
        amend="PATCH orders",
        own=("order", "execution"),
        book="book",
        rate_refusal="rate_limited: too many orders",
    ),
)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_conforms(case):
    case.run(LANTERN)
