"""The market of a simulator process: the recording, the exchange that replays it, the account's first funds, the log.

The order log (`orders.jsonl` in the state folder) has a line for whatever happened to an order, each with the number of
tape entries that were applied before it, so that `tools/audit_fills.py` can derive every fill again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import IO, Any, Final

from mm.simulator.exchange import Exchange
from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import SimInstrument
from mm.simulator.tape import Tape, builtin

ACCOUNT: Final = "main"
FUNDS: Final = {"BTC": 10, "USD": 1_000_000}
LOG_NAME: Final = "orders.jsonl"


def btc_usd() -> SimInstrument:
    """BTC/USD as Kraken lists it (Kraken reference: pair parameters), with the fees of the lowest tier."""
    return SimInstrument(
        symbol="BTC/USD",
        base="BTC",
        quote="USD",
        price_precision=1,
        size_precision=8,
        tick=1,
        size_min=5_000,
        cost_min=5 * 10**8,
        quote_decimals=4,
        maker_fee_e6=2500,
        taker_fee_e6=4000,
    )


def label(tape: Tape, speed: float) -> str:
    """What the market is, for a screen."""
    return (
        f"recording of {tape.facts['title']}, mapped to Kraken's 0.1 grid, replayed at {speed:g}x again and again, "
        "every second time upside down so that the price comes back; no profit can be claimed from it"
    )


class SimulatedMarket:
    """An exchange on a tape, with its log."""

    def __init__(self, exchange: Exchange, text: str, log: IO[str] | None) -> None:
        self.exchange = exchange
        self.label = text
        self._log = log

    def close(self) -> None:
        """Write the log to its end."""
        if self._log is not None:
            self._log.close()


def open_market(options: argparse.Namespace, started_ns: int) -> SimulatedMarket:
    """Open the market that the simulator's arguments ask for. Raises TapeError for a tape that is none."""
    tape = builtin() if not options.tape else Tape(Path(options.tape))
    file = (options.state / LOG_NAME).open("w", buffering=1)

    def log(entry: dict[str, Any]) -> None:
        file.write(json.dumps(entry, separators=(",", ":")) + "\n")

    log({"event": "start", "tape": str(tape.path), "started_ns": started_ns, "speed": options.speed})
    exchange = Exchange(
        [btc_usd()],
        entries=tape.replay(),
        tape_symbol="BTC/USD",
        start_ns=started_ns,
        speed=options.speed,
        seed=options.seed,
        log=log,
    )
    for asset, amount in FUNDS.items():
        exchange.deposit(started_ns, ACCOUNT, asset, amount * 10**DECIMALS)
    exchange.advance(started_ns)
    return SimulatedMarket(exchange, label(tape, options.speed), file)
