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
from pathlib import Path
from typing import IO, Any, Final

from mm.simulator.control import Control
from mm.simulator.hooks import Hooks
from mm.simulator.kraken.fees import FEES_MAKER, FEES_TAKER, fee_e6
from mm.simulator.kraken.rates import TIERS
from mm.simulator.kraken.venue import KrakenVenue, Options
from mm.simulator.ledger_report import ledger_report
from mm.simulator.market import ACCOUNT, SAVED_NAME, SavedError, SimulatedMarket, open_market
from mm.simulator.server import HOST, Server
from mm.simulator.tape import TapeError
from mm.simulator.world import FILE_NAME, World, find

OK, WRONG_ARGUMENTS, PORT_TAKEN, STATE_UNUSABLE = 0, 2, 3, 4
IDLE_SECONDS: Final = 120.0
LOOK_S: Final = 0.5
SAVE_S: Final = 60.0
"""How often accounts are kept while running; a clean end keeps them too."""
LEDGER_NAME: Final = "ledger.json"
VERSION: Final = "1"
"""Of the contents of the state folder."""

log = logging.getLogger("mm.simulator")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The arguments; exits with 2 on wrong ones."""
    parser = argparse.ArgumentParser(
        prog="python -m mm.simulator", description="A simulated Kraken Spot on loopback, replaying a recorded market."
    )
    parser.add_argument("--state", type=Path, required=True, help="folder for simulator.json and the ledger")
    parser.add_argument("--port", type=_port, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="of every random choice")
    parser.add_argument("--speed", type=_positive, default=1.0, help="how fast the recording is replayed")
    parser.add_argument("--tape", default="", help="name or file of the recording (default: the packaged one)")
    parser.add_argument("--tier", choices=sorted(TIERS), default="pro", help="rate limits of the account")
    parser.add_argument("--volume-usd", type=_volume, default=0, help="30-day volume of the account: sets its fees")
    parser.add_argument("--idle-seconds", type=_positive, default=IDLE_SECONDS, help="end when nobody was here so long")
    parser.add_argument("--hooks", type=Path, help="JSON file with fault hooks, see mm.simulator.hooks")
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
        hooks = _read_hooks(options.hooks)
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


def _run(options: argparse.Namespace, hooks: list[dict[str, Any]]) -> int:
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_serve(options, hooks))


async def _serve(options: argparse.Namespace, hooks: list[dict[str, Any]]) -> int:
    started_ns = time.time_ns()
    stopped = asyncio.Event()
    try:
        market = open_market(options, started_ns)
    except TapeError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return WRONG_ARGUMENTS
    except SavedError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return STATE_UNUSABLE
    except OSError as error:
        return _unusable(options.state, error)
    venue = KrakenVenue(
        market.exchange,
        start_ns=started_ns,
        seed=options.seed,
        options=Options(account=ACCOUNT, tier=options.tier, volume_usd=options.volume_usd),
        hooks=hooks,
    )
    try:
        venue.restore(market.venue_saved)
    except ValueError as error:
        print(f"simulator: {options.state / SAVED_NAME}: {error}: move it away to begin afresh", file=sys.stderr)
        return STATE_UNUSABLE
    market.venue_snapshot = venue.snapshot
    hello: dict[str, Any] = {"pid": os.getpid(), "started_ns": started_ns, "version": VERSION}
    server: Server

    def statistics() -> dict[str, Any]:
        return {"http_requests": server.requests_received, "market": market.label}

    control = Control(venue, hello, stopped.set, statistics)
    server = Server(venue, control.handle)
    try:
        port = await server.listen(options.port)
    except OSError as error:
        print(
            f"simulator: port {options.port} on {HOST} cannot be used ({error.strerror or error}): choose another "
            "--port, or 0 for a free one",
            file=sys.stderr,
        )
        return PORT_TAKEN
    world = World(
        pid=os.getpid(),
        rest_url=f"http://{HOST}:{port}",
        ws_url=f"ws://{HOST}:{port}/v2",
        ws_auth_url=f"ws://{HOST}:{port}/auth/v2",
        control_url=f"http://{HOST}:{port}/sim/",
        api_key=venue.api_key,
        api_secret=venue.api_secret,
        market=market.label,
        tier=options.tier,
        fees=fees_text(options.volume_usd),
        started_ns=started_ns,
        version=VERSION,
    )
    try:
        world.save(options.state)
    except OSError as error:
        await server.close()
        return _unusable(options.state, error)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stopped.set)
    log.info("listening on %s, %s", world.rest_url, world.market)
    try:
        await _until_over(server, market, stopped, options.idle_seconds)
    finally:
        await server.close()
        # What the account had at the end, next to the order log; the process that made it is gone by then.
        try:
            (options.state / LEDGER_NAME).write_text(json.dumps(ledger_report(market.exchange, ACCOUNT), indent=1))
            market.close()
        except OSError as error:
            print(f"simulator: the accounts could not be kept in {options.state}: {error}", file=sys.stderr)
        _remove(options.state, world)
    return OK


async def _until_over(server: Server, market: SimulatedMarket, stopped: asyncio.Event, idle_seconds: float) -> None:
    saved_s = time.monotonic()
    while server.idle_s() < idle_seconds:
        market.flush()
        if time.monotonic() >= saved_s + SAVE_S:
            saved_s = time.monotonic()
            market.save()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), min(LOOK_S, idle_seconds))
            log.info("stopped on request")
            return
    log.info("nobody was connected for %g s", idle_seconds)


def fees_text(volume_usd: int) -> str:
    """The account's fees, for the screen."""
    maker, taker = (fee_e6(table, volume_usd) / 10_000 for table in (FEES_MAKER, FEES_TAKER))
    return f"maker {maker:.2f} %, taker {taker:.2f} % (30-day volume of {volume_usd:,} USD)"


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


def _read_hooks(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    value = json.loads(path.read_text())
    Hooks(0, 0).load(value)
    rules: list[dict[str, Any]] = value
    return rules


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


def _volume(text: str) -> int:
    if not text.isdecimal() or int(text) > 10**12:
        raise argparse.ArgumentTypeError(f"expected whole US dollars, not {text!r}")
    return int(text)
