"""The market of a simulator process: the recording, the exchange that replays it, the account's first funds, the log.

Each venue of a process has its own (see `names`). The order log (`orders.jsonl` in the state folder for Kraken) has a
line for whatever happened to an order, each with the number of tape entries that were applied before it, so that
`tools/audit_fills.py` can derive every fill again; the log of the process before is `orders.previous.jsonl`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import orjson

from mm.simulator.exchange import Exchange
from mm.simulator.generated import GeneratedMarket
from mm.simulator.kinds import ACCOUNT, KINDS, KRAKEN, VenueKind, btc_usd
from mm.simulator.ledger import DECIMALS
from mm.simulator.tape import BookEntry, Entry, Tape, TapeError, TradeEntry, builtin

FUNDS: Final = KINDS[KRAKEN].funds


@dataclass(frozen=True, slots=True)
class FileNames:
    """What a venue keeps in the state folder."""

    log: str
    log_before: str
    saved: str
    ledger: str


def names(kind: VenueKind) -> FileNames:
    """Kraken was there first: its files have plain names, every other venue's carry its own."""
    tail = "" if kind.name == KRAKEN else f".{kind.name}"
    return FileNames(
        f"orders{tail}.jsonl", f"orders{tail}.previous.jsonl", f"exchange{tail}.json", f"ledger{tail}.json"
    )


def label(tape: Tape, speed: float, grid: str, generated: Sequence[GeneratedMarket] = ()) -> str:
    """What the market is, for a screen."""
    beside = "".join(f"; {each.instrument.symbol} is generated from the seed, no recording" for each in generated)
    return (
        f"recording of {tape.facts['title']}, {grid}, replayed at {speed:g}x again and again, "
        "every second time upside down so that the price comes back; no profit can be claimed from it"
        f"{beside}"
    )


class SavedError(Exception):
    """What the state folder holds is no exchange; the text says what to do."""


class SimulatedMarket:
    """An exchange on a tape, with its log; its accounts are kept in the state folder."""

    def __init__(self, exchange: Exchange, text: str, saved_path: Path, log: IO[bytes], saved: dict[str, Any]) -> None:
        self.exchange = exchange
        self.label = text
        self.venue_saved = saved
        """What the venue of the process before has kept beside its exchange; {} for none."""
        self.venue_snapshot: Callable[[], dict[str, Any]] = dict
        """Gives what the venue of this process wants kept."""
        self._saved_path, self._log = saved_path, log

    def flush(self) -> None:
        """Hand the log to the system; called twice a second, as a write for each line costs more than its order."""
        self._log.flush()

    def save(self) -> None:
        """Keep balances, orders and executions for the next process, in one step."""
        draft = self._saved_path.with_name(f".{self._saved_path.name}")
        whole = {**self.exchange.snapshot(), "venue": self.venue_snapshot()}
        draft.write_text(json.dumps(whole, separators=(",", ":")))
        draft.replace(self._saved_path)

    def close(self) -> None:
        """Save, and write the log to its end."""
        self.save()
        self.exchange.end_log()
        self._log.close()


def scaled(entries: Iterator[Entry], factor: int) -> Iterator[Entry]:
    """A recording of a coarser grid on a finer one."""
    for entry in entries:
        if isinstance(entry, TradeEntry):
            yield TradeEntry(entry.number, entry.time_us, entry.side, entry.price * factor, entry.size)
        else:
            levels = tuple((side, price * factor, size) for side, price, size in entry.levels)
            yield BookEntry(entry.number, entry.time_us, levels, entry.is_snapshot)


def coarser(entries: Iterator[Entry], step: int) -> Iterator[Entry]:
    """A recording in coarser sizes: a level's goes up to whole ones, so that none vanishes, a trade's goes down."""
    for entry in entries:
        if isinstance(entry, TradeEntry):
            yield TradeEntry(entry.number, entry.time_us, entry.side, entry.price, entry.size // step)
        else:
            levels = tuple((side, price, -(-size // step)) for side, price, size in entry.levels)
            yield BookEntry(entry.number, entry.time_us, levels, entry.is_snapshot)


def open_market(options: argparse.Namespace, started_ns: int, kind: VenueKind) -> SimulatedMarket:
    """Open a venue's market as the simulator's arguments ask, with the accounts of the state folder.

    Raises TapeError for a tape that is none, SavedError for accounts that cannot be read, OSError.
    """
    tape = builtin(kind.tape) if not options.tape else Tape(Path(options.tape))
    instrument, files = kind.instrument(options), names(kind)
    finer = instrument.price_precision - int(tape.facts["price_precision"])
    if finer < 0:
        raise TapeError(f"{tape.path}: its prices are finer than {kind.title}'s grid; cut it with tools/make_cut.py")
    path = options.state / files.saved
    saved: Any = None
    if path.exists():
        try:
            saved = json.loads(path.read_text())
        except ValueError as error:
            raise SavedError(f"{path} is damaged ({error}): move it away to begin with fresh accounts") from error
    log_path = options.state / files.log
    if log_path.exists():
        log_path.replace(options.state / files.log_before)
    file = log_path.open("wb")

    def log(entry: dict[str, Any]) -> None:
        file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))

    step = 10 ** max(0, int(tape.facts["size_precision"]) - instrument.size_precision)
    log({"event": "tape", "path": str(tape.path.resolve()), "price_factor": 10**finer, "size_step": step})
    generated = kind.generated(options)
    besides: dict[str, Any] = {"generated": generated} if generated else {}
    entries = scaled(tape.replay(), 10**finer) if finer else tape.replay()
    exchange = kind.exchange(
        [instrument],
        entries=coarser(entries, step) if step > 1 else entries,
        tape_symbol=instrument.symbol,
        start_ns=started_ns,
        speed=options.speed,
        seed=options.seed,
        log=log,
        name=kind.order_name,
        **besides,
    )
    exchange.advance(started_ns)
    if saved is not None:
        try:
            exchange.restore(started_ns, saved)
        except ValueError as error:
            raise SavedError(f"{path}: {error}: move it away to begin with fresh accounts") from error
    else:
        for asset, amount in kind.funds.items():
            exchange.deposit(started_ns, ACCOUNT, asset, amount * 10**DECIMALS)
    kept = saved.get("venue", {}) if isinstance(saved, dict) else {}
    if not isinstance(kept, dict):
        raise SavedError(f"{path}: venue: expected a table: move it away to begin with fresh accounts")
    return SimulatedMarket(exchange, label(tape, options.speed, kind.grid, generated), path, file, kept)


__all__ = ["ACCOUNT", "FUNDS", "SavedError", "SimulatedMarket", "btc_usd", "label", "names", "open_market"]
