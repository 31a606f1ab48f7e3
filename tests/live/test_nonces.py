"""Nonces over kills, restored folders and clocks that step: the simulated venue refuses one that does not rise."""

from __future__ import annotations

import asyncio
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace
from typing import Any

import pytest

from mm.conformance.stand import SECOND, Stand
from mm.live.nonces import NonceKeeper
from mm.persistence.floors import NONCE_BLOCK_NS
from tests.conformance.venues import VENUES

HOUR_NS = 3_600 * SECOND
KRAKEN = next(venue for venue in VENUES if venue.face.name == "kraken")


class Numbered(Stand):
    """The bot with the floor of its key in a folder; `ahead_ns`: how far the clock that it draws from is ahead."""

    def __init__(self, folder: Path, ahead_ns: int = 0) -> None:
        self.folder, self.ahead_ns = folder, ahead_ns
        folder.mkdir()
        super().__init__(KRAKEN)

    def _bot(self, now_ns: int) -> Any:
        port = super()._bot(now_ns)
        clock_ns = now_ns + self.ahead_ns
        keeper = NonceKeeper(self.folder, self.settings, {self.name: self.case.face}, clock_ns)
        self.nonces = self.link._rest.nonces
        self.nonces.last = max(keeper.start(self.name), clock_ns if self.ahead_ns else 0)
        return port

    def trades(self) -> None:
        """It comes up, and gets an order to the venue and away."""
        self.ready()
        order = self.place(1, self.price(-3))
        self.live(order)
        self.cancel(order)
        self.closed(order, "CANCELED")


def test_a_start_after_a_kill_goes_on_above_what_was_used_although_the_clock_stepped_back(tmp_path: Path) -> None:
    stand = Numbered(tmp_path / "state", ahead_ns=HOUR_NS)
    stand.trades()
    used = stand.nonces.last
    stand.kill()
    stand.ahead_ns = 0
    stand.restart()
    stand.trades()
    assert stand.nonces.raised_ns == 0, "the venue refused nonces that the folder knew of"
    assert stand.nonces.last > used


@pytest.mark.parametrize("hours", [2, 30])
def test_an_older_folder_under_a_clock_that_stepped_back_finds_the_nonces_that_the_venue_takes(
    tmp_path: Path, hours: int
) -> None:
    stand = Numbered(tmp_path / "state")
    copytree(tmp_path / "state", tmp_path / "older")
    stand.ahead_ns = hours * HOUR_NS
    stand.restart()
    stand.trades()
    used = stand.nonces.last
    stand.kill()
    stand.folder, stand.ahead_ns = tmp_path / "older", 0
    stand.restart()
    stand.trades()
    assert used < stand.nonces.last < used + 2 * hours * HOUR_NS, "found, and not far beyond"
    assert stand.nonces.raised_ns > 0


def test_only_venues_with_rising_nonces_have_floors(tmp_path: Path) -> None:
    for venue in VENUES:
        stand = Stand(venue)
        keeper = NonceKeeper(tmp_path, stand.settings, {stand.name: venue.face}, stand.now_ns)
        assert bool(keeper.floors) is (stand.name == "kraken")
        assert (keeper.start(stand.name) > 0) is False, "nothing was used before"


def test_the_disk_is_kept_ahead_of_the_links_and_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mm.live.nonces.LOOK_S", 0.001)
    stand = Stand(KRAKEN)
    faces = {stand.name: KRAKEN.face}
    now_ns = stand.now_ns
    keeper = NonceKeeper(tmp_path, stand.settings, faces, now_ns)
    links: Any = {stand.name: SimpleNamespace(nonce=now_ns + NONCE_BLOCK_NS)}
    (floor,) = keeper.floors.values()

    async def run() -> None:
        task = asyncio.ensure_future(keeper.run(links, lambda: now_ns, print))
        async with asyncio.timeout(60):
            while floor.end < now_ns + 2 * NONCE_BLOCK_NS:  # noqa: ASYNC110  # a thread raises it
                await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(run())
    assert NonceKeeper(tmp_path, stand.settings, faces, now_ns).start(stand.name) >= now_ns + 2 * NONCE_BLOCK_NS
    again = NonceKeeper(tmp_path, stand.settings, faces, now_ns)
    links[stand.name].nonce = again.start(stand.name) + 5
    again.give_back(links)
    assert NonceKeeper(tmp_path, stand.settings, faces, now_ns).start(stand.name) == links[stand.name].nonce
