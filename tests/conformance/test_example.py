"""The example venue, which is outside the package, passes every case; and each defect built into it is seen."""

import pytest

from examples.venue.lantern.conformance import VENUE_CASE
from mm.conformance import cases
from mm.conformance.__main__ import main


@pytest.mark.parametrize("case", cases(), ids=str)
def test_conforms(case):
    case.run(VENUE_CASE)


def test_the_suite_can_be_run_without_pytest(capsys):
    assert main(["examples.venue.lantern.conformance", "-k", "place"]) == 0
    assert "passed place_lost" in capsys.readouterr().out
    assert main(["examples.venue.lantern.codec"]) == 2
