"""Nonces over kills, restored folders and clocks that step: the simulated venue refuses one that does not rise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random
from shutil import copytree, rmtree
from typing import Any
from urllib.parse import parse_qs

import pytest

from mm._core import KrakenRestCounter
from mm.conformance.stand import SECOND, Stand
from mm.errors import ConfigError
from mm.live.nonces import keeper_of
from mm.net.actions import Request
from mm.net.breaker import Breaker
from mm.net.nonces import CANCEL_PATIENCE_NS, PATIENCE_NS, STEP_NS, Nonces
from mm.net.rest import Call, RestQueue
from mm.persistence.floors import NONCE_BLOCK_NS, Floor
from mm.persistence.state import StateFolder
from mm.simulator.world import launch
from mm.stopping import Exit
from tests.conformance.venues import VENUES
from tests.run.test_supervisor import Run, on

HOUR_NS = 3_600 * SECOND
KRAKEN = next(venue for venue in VENUES if venue.face.name == "kraken")


def on_disk(folder: Path) -> int:
    """What a start that began now would stay above."""
    (path,) = folder.glob("nonce-*")
    return Floor(path, key="", expected="", hint="").read()


class Seen:
    """A port whose actions somebody sees."""

    def __init__(self, port: Any, drain: Any) -> None:
        self.drain = drain
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


class Numbered(Stand):
    """The bot with the floor of its key in a folder; `ahead_ns`: how far the clock that it draws from is ahead; hangs:
    the disk takes nothing once the bot has begun."""

    def __init__(self, folder: Path, ahead_ns: int = 0) -> None:
        self.folder, self.ahead_ns, self.hangs = folder, ahead_ns, False
        self.requests: list[tuple[int, int, int]] = []
        """When a call with a nonce was handed over, the nonce, and what the disk had."""
        folder.mkdir()
        super().__init__(KRAKEN)

    def _bot(self, now_ns: int) -> Any:
        port = super()._bot(now_ns)
        clock_ns = now_ns + self.ahead_ns
        keeper = keeper_of(self.folder, self.settings, {self.name: self.case.face}, clock_ns)
        self.nonces = nonces = self.link._rest.nonces
        nonces.last = max(keeper.start(self.name), clock_ns if self.ahead_ns else 0)
        keeper.keep(self.name, nonces, lambda: None)
        (floor,) = keeper.floors.values()

        def ask(wanted: int) -> None:
            # A thread does it, and what it comes to is seen at the link's next deadline.
            if not self.hangs:
                floor.keep_ahead(wanted, 0)
                nonces.reserve(floor.end)

        nonces.ask = ask
        drain = port.drain

        def seen() -> list[Any]:
            actions = list(drain())
            for action in actions:
                if isinstance(action, Request) and (nonce := parse_qs(action.request.body.decode()).get("nonce")):
                    self.requests.append((self.world.now_ns, int(nonce[0]), on_disk(self.folder)))
            return actions

        return Seen(port, seen)

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
        keeper = keeper_of(tmp_path, stand.settings, {stand.name: venue.face}, stand.now_ns)
        assert bool(keeper.floors) is (stand.name == "kraken")
        assert (keeper.start(stand.name) > 0) is False, "nothing was used before"


def test_the_disk_is_kept_ahead_of_the_links_and_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mm.live.nonces.LOOK_S", 0.001)
    stand = Stand(KRAKEN)
    faces = {stand.name: KRAKEN.face}
    now_ns = stand.now_ns
    keeper = keeper_of(tmp_path, stand.settings, faces, now_ns)
    nonces = Nonces(now_ns + NONCE_BLOCK_NS, is_rising=True)
    keeper.keep(stand.name, nonces, lambda: None)

    async def run() -> None:
        task = asyncio.ensure_future(keeper.run(lambda: now_ns, print))
        async with asyncio.timeout(60):
            while nonces.reserved < now_ns + 2 * NONCE_BLOCK_NS:  # noqa: ASYNC110  # a thread raises it
                await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(run())
    assert keeper_of(tmp_path, stand.settings, faces, now_ns).start(stand.name) >= now_ns + 2 * NONCE_BLOCK_NS
    again = keeper_of(tmp_path, stand.settings, faces, now_ns)
    used = Nonces(again.start(stand.name) + 5, is_rising=True)
    again.keep(stand.name, used, lambda: None)
    asyncio.run(again.give_back())
    assert keeper_of(tmp_path, stand.settings, faces, now_ns).start(stand.name) == used.last


@pytest.mark.parametrize("hours", [0, 3])
def test_no_call_leaves_with_a_nonce_that_the_disk_does_not_have(tmp_path: Path, hours: int) -> None:
    """Refusals raise them by hours; a step of the clock does as well."""
    stand = Numbered(tmp_path / "state")
    copytree(tmp_path / "state", tmp_path / "older")
    stand.ahead_ns = 30 * HOUR_NS
    stand.restart()
    stand.trades()
    stand.kill()
    stand.folder, stand.ahead_ns = tmp_path / "older", 0
    stand.restart()
    stand.trades()
    assert stand.nonces.raised_ns > 0
    stand.nonces.last += hours * HOUR_NS
    stand.trades()
    bare = [(nonce - end) / HOUR_NS for _, nonce, end in stand.requests if nonce > end]
    assert not bare, (
        f"F48: {len(bare)} nonces of {len(stand.requests)} were used before the disk had them, by hours {bare}"
    )


def test_a_disk_that_hangs_keeps_no_bot_from_the_venue(tmp_path: Path) -> None:
    stand = Numbered(tmp_path / "state")
    copytree(tmp_path / "state", tmp_path / "older")
    stand.ahead_ns = 30 * HOUR_NS
    stand.restart()
    stand.trades()
    stand.folder, stand.ahead_ns, stand.hangs = tmp_path / "older", 0, True
    stand.restart()
    stand.trades()
    assert stand.nonces.raised_ns > 0
    assert on_disk(stand.folder) < stand.nonces.last, "the disk did not hang"


def test_a_cancel_waits_twenty_milliseconds_for_the_disk_and_a_read_a_second() -> None:
    queue = RestQueue(Random(1), Breaker(), KrakenRestCounter("pro"), nonces=(0, True))
    wanted: list[int] = []
    queue.nonces.reserve(100 * SECOND)
    queue.nonces.ask = wanted.append
    read, cancel = Call("Balance", "s"), Call("CancelOrder", "command", is_read=False, urgent=True, cost=0)
    now_ns = 101 * SECOND
    queue.add(read)
    queue.add(cancel)
    assert queue.next_call(now_ns) is None
    assert wanted == [now_ns], "asked once"
    assert queue.due_ns(now_ns) == now_ns + CANCEL_PATIENCE_NS
    assert queue.next_call(now_ns + CANCEL_PATIENCE_NS - 1) is None
    assert queue.next_call(now_ns + CANCEL_PATIENCE_NS) is cancel
    assert queue.next_call(now_ns + PATIENCE_NS - 1) is None
    assert queue.next_call(now_ns + PATIENCE_NS) is read
    # Once the disk has them nothing waits.
    queue.nonces.reserve(now_ns + 2 * PATIENCE_NS)
    queue.answered(read)
    queue.add(read)
    assert queue.next_call(now_ns + 2 * PATIENCE_NS) is read
    assert wanted == [now_ns]


async def test_a_run_whose_nonces_are_raised_has_them_on_the_disk_when_it_uses_them(tmp_path: Path) -> None:
    """Over sockets; a kill at that moment leaves what the next start begins above."""
    world = launch(tmp_path, tier="unlimited")
    (tmp_path / "state").mkdir()
    settings = on(world)
    settings = replace(settings, run=replace(settings.run, state=str(tmp_path / "state")))
    refuse = {"on": "request", "name": "GetWebSocketsToken", "action": "refuse", "error": "EAPI:Invalid nonce"}
    world.control("hooks", [{**refuse, "times": 5}])
    run = Run(settings, epoch=7_000)
    seen: list[int] = []

    def look(run: Run) -> None:
        seen.extend((run.bot.driver.links["kraken"].nonce, on_disk(tmp_path / "state")))
        run.supervisor.ask_to_stop("SIGINT")

    run.at_quotes = look
    try:
        assert await run.until_over() is Exit.CLEAN
    finally:
        world.control("stop", {})
    used, kept = seen
    assert used > run.bot.started_ns + 4 * STEP_NS, "they were not raised"
    assert used <= kept


def test_a_run_keeps_no_nonces_in_the_folder_of_another_one(tmp_path: Path) -> None:
    stand = Stand(KRAKEN)
    faces = {stand.name: KRAKEN.face}
    folder = tmp_path / "state"
    first = StateFolder(folder)
    keeper = keeper_of(folder, stand.settings, faces, stand.now_ns, first.owns)
    rmtree(folder)
    second = StateFolder(folder)
    other = keeper_of(folder, stand.settings, faces, stand.now_ns, second.owns)
    (mine,), (theirs,) = keeper.floors.values(), other.floors.values()
    with pytest.raises(ConfigError, match="another run's by now"):
        mine.keep_ahead(stand.now_ns + 9 * NONCE_BLOCK_NS, stand.now_ns)
    assert on_disk(folder) == theirs.end
    second.close()
    first.close()
