"""What the watchdog hears over the pipe."""

from __future__ import annotations

import asyncio
import json

from mm.live.watchdog import Watchdog

LIMIT = 2**10


def test_a_line_longer_than_is_read_is_a_sign_of_life_and_not_the_last_one() -> None:
    async def watched() -> tuple[list[str], int]:
        reader = asyncio.StreamReader(limit=LIMIT)
        said: list[str] = []
        hello = {"silence_s": 0.6, "venues": {}, "owner": "mm", "epoch": 1, "process": 1, "state": "/"}
        watchdog = Watchdog(hello, said.append)
        running = asyncio.ensure_future(watchdog.run(reader))
        for number in range(8):
            padding = "x" * (3 * LIMIT if number < 4 else 0)
            reader.feed_data(json.dumps({"beat": number, "padding": padding}).encode() + b"\n")
            await asyncio.sleep(0.2)
        beats = watchdog.pulse.beats
        reader.feed_data(b'{"bye": true}\n')
        async with asyncio.timeout(5):
            await running
        return said, beats

    said, beats = asyncio.run(watched())
    assert said == []
    assert beats == 4
