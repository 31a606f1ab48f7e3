"""Runs a rescue at one venue over sockets: for a run whose engine has failed, and for the watchdog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mm.config import Secret, VenueSettings
from mm.exchanges import find
from mm.live.linking import Addresses, make_link
from mm.live.nonces import NonceKeeper
from mm.live.rescue import Rescue
from mm.live.shell import Shell
from mm.net.wall_clock import WallClock

POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Target:
    """One venue's account. symbols: whose orders are looked for."""

    venue: VenueSettings
    where: Addresses
    symbols: tuple[str, ...]
    seed: int

    def to_json(self) -> dict[str, Any]:
        """As plain values, with the key: for a pipe to an own process and nothing else."""
        venue = self.venue
        return {
            "addresses": [self.where.rest, self.where.public, self.where.private],
            "symbols": list(self.symbols),
            "seed": self.seed,
            "package": venue.package,
            "tier": venue.tier,
            "book_depth": venue.book_depth,
            "clock_offset_ms_max": venue.clock_offset_ms_max,
            # Not the leverage: a wrong one does not stand in the way of cancels.
            "modes": [venue.position_mode, venue.margin_mode],
            "key": venue.api_key.reveal() if venue.api_key is not None else "",
            "secret": venue.api_secret.reveal() if venue.api_secret is not None else "",
        }

    @classmethod
    def from_json(cls, name: str, value: dict[str, Any]) -> Target:
        """Return the target of `to_json`."""
        venue = VenueSettings(
            name=name,
            package=value["package"],
            tier=value["tier"],
            book_depth=value["book_depth"],
            clock_offset_ms_max=value["clock_offset_ms_max"],
            position_mode=value["modes"][0],
            margin_mode=value["modes"][1],
            leverage=1 if value["modes"][1] == "isolated" else 0,
            api_key=Secret(value["key"]),
            api_secret=Secret(value["secret"]),
        )
        return cls(venue, Addresses(*value["addresses"]), tuple(value["symbols"]), value["seed"])


@dataclass(frozen=True, slots=True)
class Rescued:
    """What a rescue came to. left: own orders that the venue says are open; is_read: the venue has told them all;
    knows_us: it has told of an own order."""

    left: tuple[str, ...]
    cancelled: int
    is_read: bool
    problem: str
    is_wanted: bool
    knows_us: bool

    @property
    def is_clean(self) -> bool:
        """None is open, by the venue's word."""
        return self.is_read and not self.left

    def text(self, name: str) -> str:
        """In a sentence."""
        if not self.is_read:
            return f"{name}: the open orders could not be read. {self.problem}".rstrip()
        if self.left:
            return f"{name}: {self.cancelled} cancelled, still open: {', '.join(self.left)}"
        return f"{name}: {self.cancelled} cancelled, none left by the venue's word"


async def rescue(
    target: Target,
    owner: str,
    *,
    patience_s: float,
    clock: WallClock | None = None,
    is_wanted: Callable[[], bool] = lambda: True,
    epoch_max: int | None = None,
    nonce_floor: int = 0,
    keeper: NonceKeeper | None = None,
    told: Mapping[str, tuple[str, str]] | None = None,
    is_trial: bool = False,
) -> Rescued:
    """Cancel own orders at a venue by a fresh link, until the venue says that none is left or patience is over.

    owner: how client ids of own orders begin; is_wanted: asked all the time, False breaks off;
    epoch_max: the last start whose orders are meant; nonce_floor: what the run that failed has used up to;
    keeper: has the link's nonces on the disk before they are used, while its `run` does; told: orders that may be open,
    by client id: symbol and the venue's id; is_trial: a critical problem, such as a refused key, ends it.
    """
    clock = clock or WallClock()
    name = target.venue.name
    face = find(name, target.venue.package)
    link = make_link(target.venue, target.where, face, target.symbols, seed=target.seed, nonce_floor=nonce_floor)
    machine = Rescue(link, owner, epoch_max, told=told or {})
    shell = Shell(machine, {name: target.where.rest}, clock=clock)
    if keeper is not None:
        keeper.keep(name, link.nonces, lambda: shell.tell(machine.deadline))
    shell.start()
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + patience_s
    # The machine is pure and has no event to wait for.
    while not machine.is_done(clock.now_ns()) and shell.failure is None and is_wanted():
        if loop.time() >= deadline_s or (is_trial and machine.problem):
            break
        await asyncio.sleep(POLL_S)
    wanted = is_wanted()
    shell.stop()
    await shell.wait_closed()
    left = tuple(f"{client_id} ({venue_id})" for client_id, venue_id in machine.open)
    return Rescued(left, machine.cancelled, machine.is_read, machine.problem, wanted, machine.knows_us)
