"""A journal of a busy day, and what a start does with it: for J5."""

from __future__ import annotations

from pathlib import Path

from mm._core import events as ev
from mm.config import Environment, load
from mm.config.canonical import to_json
from mm.persistence.journal import EventJournal
from tests.engine.world import KRAKEN, MS, SETTINGS, START, SYMBOL, instrument

FORM = "benches/recovering"


def settings(folder: Path):
    path = folder / "mm.toml"
    path.write_text(SETTINGS.format(extra="", limits=""))
    return load(path, Environment({}), {("run", "state"): str(folder)})


def orders(count: int, start: ev.Start):
    """So many durable events: orders that are placed, moved, filled in part and taken back, with balances."""
    yield start
    yield ev.InstrumentUpdate(START, KRAKEN, SYMBOL, instrument().to_json())
    yield ev.Balance(START, KRAKEN, "BTC", 10**13, "snapshot")
    yield ev.Balance(START, KRAKEN, "USD", 10**19, "snapshot")
    yield ev.LinkChanged(START, KRAKEN, "private", True, "")
    written, number = 5, 0
    while written < count:
        number += 1
        now = START + number * 100 * MS
        side = 1 if number % 2 else -1
        price, size = 600_000 + number % 1000, 1_000_000
        ours, theirs = f"mm7Q{number:x}", f"OAAAAA-{number:05d}-BBBBBB"
        head = (now, now, KRAKEN, ours, theirs)
        events = [
            ev.Place(now, KRAKEN, SYMBOL, ours, "test", "quote", 0, side, price, size, "limit", "gtc", True, False, ""),
            ev.OrderPending(*head),
            ev.OrderAccepted(*head),
            ev.Amend(now, KRAKEN, SYMBOL, ours, theirs, price + 1, size),
            ev.OrderAmended(*head, price + 1, size, 0),
            ev.Fill(
                *head, SYMBOL, side, f"T{number:07d}", price + 1, size // 2, size // 2, "m", 10**9, "USD", 2 * price
            ),
            ev.Balance(now, KRAKEN, "USD", 10**19 - number, "stream"),
            ev.Cancel(now, KRAKEN, SYMBOL, ours, theirs, "moved"),
            ev.OrderCanceled(*head, size // 2, "asked"),
        ]
        yield from events[: count - written]
        written += len(events)


def written(folder: Path, count: int) -> None:
    """A journal of so many events, as a killed process leaves it."""
    start = ev.Start(START, 1, 7, to_json(settings(folder)))
    journal = EventJournal(folder / "journal", epoch=7, build="bench", now_ns=0)
    for event in orders(count, start):
        journal.record(event, event.recv_ns, 0)
    journal.sync()
