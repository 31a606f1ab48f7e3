"""What a screen says of an engine, in words that cannot be misread."""

from __future__ import annotations

import re
from pathlib import Path

from mm.screen.amounts import movement
from mm.screen.observe import observe
from tests.backtest.brief_market import recorded
from tests.backtest.session import START
from tests.backtest.two_venues import TwoVenues
from tests.store.conftest import CONTRACTS, FUTURES


def test_no_movement_has_no_sign() -> None:
    assert [movement(value) for value in (-0.0, 0.0, -0.004, 0.004, -1.254, 12.0)] == [
        "0.00",
        "0.00",
        "0.00",
        "0.00",
        "-1.25",
        "+12.00",
    ]


def test_what_a_market_stands_on(tmp_path: Path) -> None:
    session = TwoVenues(tmp_path, hedge_venue=FUTURES, settings=CONTRACTS, entries_of=recorded)
    said: dict[str, list[str]] = {"kraken": [], FUTURES: []}
    for _ in range(30):
        session.run(1)
        snapshot = observe(session.engine, session.now_ns, started_ns=START, world="sim")
        for market in snapshot.markets:
            said[market.venue] += [market.why] if market.why else []
    assert any(re.search(r"skew (0\.00|[+-]\d)", why) for why in said["kraken"])
    assert not any("-0.00" in why or "+0.00" in why for why in said["kraken"])
    assert said[FUTURES]
    assert all(re.match(r"liquidation at [\d,]+\.\d\d, \d+\.\d\d % away", why) for why in said[FUTURES])
