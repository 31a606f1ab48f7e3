"""The market of a simulator process: the recording, the exchange that replays it, the account's first funds, the log.

The order log (`orders.jsonl` in the state folder) has a line for whatever happened to an order, each with the number of
tape entries that were applied before it, so that `tools/audit_fills.py` can derive every fill again; the log of the
process before is `orders.previous.jsonl`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

import orjson

from mm.simulator.exchange import Exchange
from mm.simulator.kraken.fees import FEES_MAKER, FEES_TAKER, fee_e6
from mm.simulator.ledger import DECIMALS
from mm.simulator.orders import SimInstrument
from mm.simulator.tape import Tape, builtin

ACCOUNT: Final = "main"
FUNDS: Final = {"BTC": 10, "USD": 1_000_000}
LOG_NAME: Final = "orders.jsonl"
LOG_NAME_BEFORE: Final = "orders.previous.jsonl"
SAVED_NAME: Final = "exchange.json"


def btc_usd(volume_usd: int = 0) -> SimInstrument:
    """BTC/USD as Kraken lists it (Kraken reference: pair parameters), with the fees at a 30-day volume."""
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
        maker_fee_e6=fee_e6(FEES_MAKER, volume_usd),
        taker_fee_e6=fee_e6(FEES_TAKER, volume_usd),
    )


def label(tape: Tape, speed: float) -> str:
    """What the market is, for a screen."""
    return (
        f"recording of {tape.facts['title']}, mapped to Kraken's 0.1 grid, replayed at {speed:g}x again and again, "
        "every second time upside down so that the price comes back; no profit can be claimed from it"
    )


class SavedError(Exception):
    """What the state folder holds is no exchange; the text says what to do."""


class SimulatedMarket:
    """An exchange on a tape, with its log; its accounts are kept in the state folder."""

    def __init__(self, exchange: Exchange, text: str, state: Path, log: IO[bytes], saved: dict[str, Any]) -> None:
        self.exchange = exchange
        self.label = text
        self.venue_saved = saved
        """What the venue of the process before has kept beside its exchange; {} for none."""
        self.venue_snapshot: Callable[[], dict[str, Any]] = dict
        """Gives what the venue of this process wants kept."""
        self._state, self._log = state, log

    def flush(self) -> None:
        """Hand the log to the system; called twice a second, as a write for each line costs more than its order."""
        self._log.flush()

    def save(self) -> None:
        """Keep balances, orders and executions for the next process, in one step."""
        draft = self._state / f".{SAVED_NAME}"
        whole = {**self.exchange.snapshot(), "venue": self.venue_snapshot()}
        draft.write_text(json.dumps(whole, separators=(",", ":")))
        draft.replace(self._state / SAVED_NAME)

    def close(self) -> None:
        """Save, and write the log to its end."""
        self.save()
        self.exchange.end_log()
        self._log.close()


def open_market(options: argparse.Namespace, started_ns: int) -> SimulatedMarket:
    """Open the market that the simulator's arguments ask for, with the accounts of the state folder.

    Raises TapeError for a tape that is none, SavedError for accounts that cannot be read, OSError.
    """
    tape = builtin() if not options.tape else Tape(Path(options.tape))
    path = options.state / SAVED_NAME
    saved: Any = None
    if path.exists():
        try:
            saved = json.loads(path.read_text())
        except ValueError as error:
            raise SavedError(f"{path} is damaged ({error}): move it away to begin with fresh accounts") from error
    log_path = options.state / LOG_NAME
    if log_path.exists():
        log_path.replace(options.state / LOG_NAME_BEFORE)
    file = log_path.open("wb")

    def log(entry: dict[str, Any]) -> None:
        file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    log({"event": "tape", "path": str(tape.path.resolve())})
    exchange = Exchange(
        [btc_usd(options.volume_usd)],
        entries=tape.replay(),
        tape_symbol="BTC/USD",
        start_ns=started_ns,
        speed=options.speed,
        seed=options.seed,
        log=log,
    )
    exchange.advance(started_ns)
    if saved is not None:
        try:
            exchange.restore(started_ns, saved)
        except ValueError as error:
            raise SavedError(f"{path}: {error}: move it away to begin with fresh accounts") from error
    else:
        for asset, amount in FUNDS.items():
            exchange.deposit(started_ns, ACCOUNT, asset, amount * 10**DECIMALS)
    kept = saved.get("venue", {}) if isinstance(saved, dict) else {}
    if not isinstance(kept, dict):
        raise SavedError(f"{path}: venue: expected a table: move it away to begin with fresh accounts")
    return SimulatedMarket(exchange, label(tape, options.speed), options.state, file, kept)
