"""The simulator process: arguments, the state folder, signals, and an end when nobody is there.

It outlives a killed bot: nothing here depends on who started it. Exit codes: 0 stopped on request or idle, 2 wrong
arguments, 3 the port is taken, 4 the state folder cannot be used or belongs to a running simulator.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any, Final

from mm.simulator.control import Control
from mm.simulator.hooks import Hooks
from mm.simulator.kinds import ACCOUNT, KINDS, KRAKEN, Operated, VenueKind, take
from mm.simulator.kraken.rates import TIERS
from mm.simulator.ledger_report import ledger_report
from mm.simulator.market import SavedError, SimulatedMarket, names, open_market
from mm.simulator.mexc_futures.rates import TIERS as FUTURES_TIERS
from mm.simulator.mexc_futures.venue import EIGHT_HOURS_S
from mm.simulator.mexc_spot.rates import TIERS as MEXC_TIERS
from mm.simulator.server import HOST, Clock, Server
from mm.simulator.tape import TapeError
from mm.simulator.world import FILE_NAME, Venue, World, find

OK, WRONG_ARGUMENTS, PORT_TAKEN, STATE_UNUSABLE = 0, 2, 3, 4
IDLE_SECONDS: Final = 120.0
LOOK_S: Final = 0.5
SAVE_S: Final = 60.0
"""How often accounts are kept while running; a clean end keeps them too."""
VERSION: Final = "1"
"""Of the contents of the state folder."""

log = logging.getLogger("mm.simulator")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The arguments; exits with 2 on wrong ones."""
    parser = argparse.ArgumentParser(
        prog="python -m mm.simulator", description="Simulated venues on loopback, replaying one recorded market."
    )
    parser.add_argument("--state", type=Path, required=True, help="folder for simulator.json and the ledger")
    parser.add_argument(
        "--venues", type=_venues, default=(KRAKEN,), help=f"which to host, of {', '.join(KINDS)} (default: {KRAKEN})"
    )
    parser.add_argument(
        "--port", type=_port, default=0, help="port on 127.0.0.1, further venues the next ones; 0 takes free ones"
    )
    parser.add_argument("--seed", type=int, default=1, help="of every random choice")
    parser.add_argument("--speed", type=_positive, default=1.0, help="how fast the recording is replayed")
    parser.add_argument("--tape", default="", help="name or file of the recording (default: the packaged one)")
    parser.add_argument("--tier", choices=sorted(TIERS), default="pro", help="rate limits of the Kraken account")
    parser.add_argument("--mexc-tier", choices=sorted(MEXC_TIERS), default="reported", help="rate limits at MEXC")
    parser.add_argument(
        "--mexc-futures-tier", choices=FUTURES_TIERS, default=FUTURES_TIERS[0], help="rate limits at MEXC Futures"
    )
    parser.add_argument(
        "--position-mode", choices=("one_way", "hedge"), default="one_way", help="of the account at MEXC Futures"
    )
    parser.add_argument(
        "--funding-seconds", type=_seconds, default=EIGHT_HOURS_S, help="between two settlements of funding"
    )
    parser.add_argument(
        "--volume-usd", type=_volume, default=0, help="30-day volume of the Kraken account: sets its fees"
    )
    parser.add_argument("--idle-seconds", type=_positive, default=IDLE_SECONDS, help="end when nobody was here so long")
    parser.add_argument("--hooks", type=Path, help="JSON file with fault hooks (mm.simulator.hooks), or such by venue")
    parser.add_argument("--log-level", choices=("info", "debug"), default="info")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run a simulator until it is stopped or nobody needs it; returns the exit code."""
    options = parse(arguments)
    logging.basicConfig(
        level=options.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    logging.getLogger("mm.simulator.server").setLevel(logging.WARNING)
    try:
        hooks = _read_hooks(options.hooks, options.venues)
    except (OSError, ValueError) as error:
        print(f"simulator: --hooks {options.hooks}: {error}", file=sys.stderr)
        return WRONG_ARGUMENTS
    try:
        options.state.mkdir(parents=True, exist_ok=True)
        lock = _lock(options.state)
    except OSError as error:
        return _unusable(options.state, error)
    running = find(options.state) if lock is None else None
    if lock is None:
        where = f" (process {running.pid}, {running.rest_url})" if running is not None else ""
        print(
            f"simulator: state folder {options.state} belongs to a running simulator{where}: use it, stop it, or "
            "choose another --state",
            file=sys.stderr,
        )
        return STATE_UNUSABLE
    with lock:
        return _run(options, hooks)


def _unusable(state: Path, error: OSError) -> int:
    """Say that a state folder cannot be written, in the bot's own words."""
    reason = (error.strerror or str(error)).lower()
    where = error.filename if error.filename is not None else state
    print(
        f"simulator: {where}: --state: expected a folder that can be written ({reason}; choose another with --state)",
        file=sys.stderr,
    )
    return STATE_UNUSABLE


def _run(options: argparse.Namespace, hooks: dict[str, list[dict[str, Any]]]) -> int:
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_serve(options, hooks))


@dataclass(slots=True)
class Hosted:
    """One venue of the process with all that is its own."""

    kind: VenueKind
    market: SimulatedMarket
    venue: Operated
    server: Server
    address: Venue | None = None


async def _serve(options: argparse.Namespace, hooks: dict[str, list[dict[str, Any]]]) -> int:
    clock = Clock()
    started_ns = clock.now_ns()
    stopped = asyncio.Event()
    hello: dict[str, Any] = {"pid": os.getpid(), "started_ns": started_ns, "version": VERSION}
    hosted: list[Hosted] = []
    try:
        for name in options.venues:
            hosted.append(_open(options, KINDS[name], hooks.get(name, []), clock, started_ns, hello, stopped))
    except TapeError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return WRONG_ARGUMENTS
    except SavedError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return STATE_UNUSABLE
    except OSError as error:
        return _unusable(options.state, error)
    for index, one in enumerate(hosted):
        wanted = options.port + index if options.port else 0
        try:
            port = await one.server.listen(wanted)
        except (OSError, OverflowError) as error:
            await _close(hosted)
            print(
                f"simulator: port {wanted} on {HOST} cannot be used ({getattr(error, 'strerror', None) or error}): "
                "choose another --port, or 0 for a free one",
                file=sys.stderr,
            )
            return PORT_TAKEN
        one.address = _address(options, one, port)
    addresses = {one.kind.name: one.address for one in hosted if one.address is not None}
    world = World(
        pid=os.getpid(),
        **{field.name: getattr(hosted[0].address, field.name) for field in fields(Venue)},
        started_ns=started_ns,
        version=VERSION,
        venues=addresses,
    )
    try:
        world.save(options.state)
    except OSError as error:
        await _close(hosted)
        return _unusable(options.state, error)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    for name, address in addresses.items():
        log.info("%s listens on %s, %s", name, address.rest_url, address.market)
    try:
        await _until_over(hosted, stopped, options.idle_seconds)
    finally:
        await _close(hosted)
        # What the accounts had at the end, next to the order logs; the process that made them is gone by then.
        try:
            for one in hosted:
                report = json.dumps(ledger_report(one.market.exchange, ACCOUNT), indent=1)
                (options.state / names(one.kind).ledger).write_text(report)
                one.market.close()
        except OSError as error:
            print(f"simulator: the accounts could not be kept in {options.state}: {error}", file=sys.stderr)
        _remove(options.state, world)
    return OK


def _open(
    options: argparse.Namespace,
    kind: VenueKind,
    hooks: list[dict[str, Any]],
    clock: Clock,
    started_ns: int,
    hello: dict[str, Any],
    stopped: asyncio.Event,
) -> Hosted:
    """A venue with its market, its state and its control pages, not listening yet."""
    market = open_market(options, started_ns, kind)
    venue = kind.make(market.exchange, started_ns, options, hooks)
    try:
        venue.restore(market.venue_saved)
    except ValueError as error:
        path = options.state / names(kind).saved
        raise SavedError(f"{path}: {error}: move it away to begin afresh") from error
    market.venue_snapshot = venue.snapshot
    server: Server

    def statistics() -> dict[str, Any]:
        return {"http_requests": server.requests_received, "market": market.label}

    server = Server(venue, Control(venue, hello, stopped.set, statistics).handle, clock)
    return Hosted(kind, market, venue, server)


def _address(options: argparse.Namespace, one: Hosted, port: int) -> Venue:
    public, private = one.kind.paths
    return Venue(
        rest_url=f"http://{HOST}:{port}",
        ws_url=f"ws://{HOST}:{port}{public}",
        ws_auth_url=f"ws://{HOST}:{port}{private}",
        control_url=f"http://{HOST}:{port}/sim/",
        api_key=one.venue.api_key,
        api_secret=one.venue.api_secret,
        second_key=getattr(one.venue, "second_key", (one.venue.api_key, one.venue.api_secret)),
        market=one.market.label,
        tier=one.kind.tier(options),
        fees=one.kind.fees(options),
    )


async def _close(hosted: list[Hosted]) -> None:
    for one in hosted:
        await one.server.close()


async def _until_over(hosted: list[Hosted], stopped: asyncio.Event, idle_seconds: float) -> None:
    saved_s = time.monotonic()
    # One venue that is used keeps all of them: a bot may speak to one long before the other.
    while min(one.server.idle_s() for one in hosted) < idle_seconds:
        for one in hosted:
            one.market.flush()
        if time.monotonic() >= saved_s + SAVE_S:
            saved_s = time.monotonic()
            for one in hosted:
                one.market.save()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), min(LOOK_S, idle_seconds))
            log.info("stopped on request")
            return
    log.info("nobody was connected for %g s", idle_seconds)


def _remove(state: Path, world: World) -> None:
    """Take the file away, unless it is another simulator's by now."""
    path = state / FILE_NAME
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if json.loads(path.read_text())["pid"] == world.pid:
            path.unlink()


def _lock(state: Path) -> IO[bytes] | None:
    """The lock of the state folder, held while the file is open; None if another process holds it."""
    file = (state / ".simulator.lock").open("ab")
    try:
        import fcntl
    except ImportError:  # a platform without it relies on `find` alone
        return file if find(state) is None else None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _read_hooks(path: Path | None, venues: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """The hooks of each venue; a plain list is the first one's."""
    if path is None:
        return {}
    value = json.loads(path.read_text())
    if not isinstance(value, dict):
        value = {venues[0]: value}
    for name, rules in value.items():
        if name not in venues:
            raise ValueError(f"hooks for {name!r}: expected one of the venues {', '.join(venues)}")
        Hooks(0, 0, KINDS[name].actions, KINDS[name].refusal).load(rules)
    return value


def _venues(text: str) -> tuple[str, ...]:
    try:
        wanted = tuple(dict.fromkeys(take(each) for each in text.split(",")))
    except LookupError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    # Kraken's address stands first where it is hosted, whatever the order.
    return tuple(sorted(wanted, key=lambda name: name != KRAKEN))


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a whole number from 0 to 65535, not {text!r}")
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number over 0 and under a million, not {text!r}")
    return value


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"expected whole seconds from 1 to 86400, not {text!r}")
    return int(text)


def _volume(text: str) -> int:
    if not text.isdecimal() or int(text) > 10**12:
        raise argparse.ArgumentTypeError(f"expected whole US dollars, not {text!r}")
    return int(text)
