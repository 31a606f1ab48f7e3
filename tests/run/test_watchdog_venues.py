"""The watchdog over several venues: none waits for another, and a later start's orders are left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from mm.config import VenueSettings
from mm.live import rescuing
from mm.live.linking import Addresses
from mm.live.rescuing import Rescued, Target
from mm.live.watchdog import Watchdog

WHERE = Addresses("http://127.0.0.1:1", "ws://127.0.0.1:1", "ws://127.0.0.1:1")


def hello(*names: str) -> dict[str, Any]:
    venues = {name: Target(VenueSettings(name=name), WHERE, (), 1).to_json() for name in names}
    return {"silence_s": 2, "owner": "mm", "epoch": 7, "venues": venues}


def test_a_venue_that_cannot_be_reached_keeps_no_order_at_another_open(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    never = asyncio.Event()

    async def rescue(target: Target, owner: str, *, is_wanted: Callable[[], bool], **more: Any) -> Rescued:
        assert more["epoch_max"] == 7
        if target.venue.name == "mexc_spot":
            await never.wait()
        return Rescued((), 2, True, "", True)

    monkeypatch.setattr(rescuing, "rescue", rescue)

    async def fire() -> None:
        firing = asyncio.ensure_future(Watchdog(hello("mexc_spot", "mexc_futures"), said.append)._fire("killed"))
        for _ in range(10):
            await asyncio.sleep(0)
        firing.cancel()

    asyncio.run(fire())
    assert said == [
        "killed: cancelling own orders at mexc_spot, mexc_futures",
        "mexc_futures: 2 cancelled, none left by the venue's word",
    ]
