"""A bot and the venues as processes, and every connection between them through proxies that break them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mm._core import events as ev
from mm.persistence.recording import read
from tests.faults.fault_proxy import FaultProxy

FOUND_S_MAX = 10.0
"""A connection that is half open is known as dead by then: fault F37."""
HOLE_S = 11.0
"""Longer than that, and shorter than Kraken's timer of 15 s: what stands stays, and may fill unseen."""
SECOND = 1_000_000_000


@pytest.fixture
def kills(monkeypatch):
    # What chooses tests is no setting of a bot.
    monkeypatch.delenv("MM_CAMPAIGN", raising=False)
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "tools"))
    import kills

    return kills


async def until(chain, condition, seconds=30.0):
    """Wait until the venues say so; they are asked in a thread, for the proxies turn here."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, f"the bot does not trade: {chain.last_lines()}"
        await asyncio.sleep(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="the harness is Linux's")
@pytest.mark.parametrize("seed", range(1, 9 if os.environ.get("MM_CAMPAIGN") else 2))
async def test_f37_a_black_hole_on_every_line_is_found_in_time_and_no_order_goes_into_it(kills, tmp_path, seed):
    chain = kills.Chain(tmp_path / "state", tmp_path, "os", seed)
    chain.begin()
    try:
        async with AsyncExitStack() as proxied:
            await through_the_hole(kills, chain, proxied, forgets=seed % 2 == 0)
    finally:
        chain.end()


async def through_the_hole(kills, chain, proxied, *, forgets):
    """forgets: what was sent into the hole is gone; else it arrives at its end, late."""
    proxies, moved = {}, {}
    for name, venue in chain.world.venues.items():
        port = urlsplit(venue.rest_url).port
        proxies[name] = proxy = await proxied.enter_async_context(FaultProxy(port))
        addresses = ("rest_url", "ws_url", "ws_auth_url")
        moved[name] = replace(
            venue, **{each: getattr(venue, each).replace(f":{port}", f":{proxy.port}") for each in addresses}
        )
    replace(chain.world, venues=moved).save(chain.state)
    bot = chain.start(counted=False)
    proxies[kills.MEXC_FUTURES].cut(when="after", on=b"POST /api/v1/private/order")

    def fills(venue):
        return len(chain.world.control("ledger", venue=venue)["fills"])

    await until(chain, lambda: fills(kills.KRAKEN) >= 3 and fills(kills.MEXC_FUTURES) >= 2)
    began_ns = time.time_ns()
    for proxy in proxies.values():
        proxy.black_hole()
    await asyncio.sleep(HOLE_S)
    before = {venue: fills(venue) for venue in (kills.KRAKEN, kills.MEXC_FUTURES)}
    healed_ns = time.time_ns()
    for proxy in proxies.values():
        proxy.heal(forgets=forgets)
    await until(chain, lambda: all(fills(venue) > count for venue, count in before.items()))
    figures = await asyncio.to_thread(chain.end_of, bot)
    assert chain.problems == []
    assert figures["residual"] == "0"
    (recording,) = (chain.state / "recordings").glob("*.mmr")
    events = list(read(recording))
    lost = {event.client_id for event in events if type(event) is ev.OutcomeUnknown and event.recv_ns < began_ns}
    assert lost, "an order whose answer was cut off is in doubt"
    for venue in kills.VENUES:
        changes = [event for event in events if type(event) is ev.LinkChanged and event.venue == venue]
        downs, ups = [], []
        for channel in ("public", "private"):
            told = [(e.recv_ns, e.up) for e in changes if e.channel == channel and e.recv_ns > began_ns]
            assert len(told) > 1, f"F37: {venue} {channel} was not found dead, or did not come back: {told}"
            (down_ns, is_up), (up_ns, _) = told[:2]
            assert not is_up
            took_s = (down_ns - began_ns) / SECOND
            assert took_s <= FOUND_S_MAX, f"F37: {venue} {channel} was found dead after {took_s:.1f} s"
            downs.append(down_ns)
            ups.append(up_ns)
        found_ns, whole_ns = min(downs), max(ups)
        assert min(ups) > healed_ns
        late = [e for e in events if type(e) is ev.Place and e.venue == venue and found_ns < e.recv_ns < whole_ns]
        assert late == [], f"F37: {venue} was sent orders while its lines were known to be dead"
