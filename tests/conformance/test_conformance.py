"""Every venue of the package passes every case, and every venue that is found is among them."""

import pytest

from mm.conformance import cases
from mm.exchanges.discovery import names
from tests.conformance.venues import VENUES


@pytest.mark.parametrize("case", cases(), ids=str)
@pytest.mark.parametrize("venue", VENUES, ids=str)
def test_conforms(venue, case):
    case.run(venue)


def test_every_venue_that_is_found_is_under_test():
    assert {venue.face.name for venue in VENUES} == set(names())
