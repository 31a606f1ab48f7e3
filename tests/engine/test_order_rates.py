"""Whose requests a rate counter counts: a symbol's, or those of all symbols of an account."""

from __future__ import annotations

import pytest

from mm.config import VenueSettings
from mm.engine.venue import VenueState
from mm.exchanges import find

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND


def counters(venue, count=2):
    state = VenueState(find(venue), VenueSettings(name=venue))
    return [state.trading_limits() for _ in range(count)]


def use_up(counter):
    for _ in range(1000):
        if not counter.allows(NOW, "place"):
            return
        counter.charge(NOW, "place")
    raise AssertionError("it has no bound")


@pytest.mark.parametrize("venue", ["mexc_spot", "mexc_futures"])
def test_symbols_of_an_account_use_up_one_rate_together(venue):
    first, second = counters(venue)
    use_up(first)
    assert not second.allows(NOW, "place")
    assert second.allows(NOW, "cancel"), "the reserve is of the account, too"
    second.refused(NOW)
    assert first.headroom(NOW) == 0


def test_kraken_counts_each_pair_by_itself():
    first, second = counters("kraken")
    use_up(first)
    assert second.allows(NOW, "place")
