"""Cut the shipped recordings: BTC/USDT spot on a 0.01 grid becomes a small tape on that grid or on Kraken's of 0.1.

    python tools/make_cut.py FOLDER src/mm/simulator/data/btcusd_20240808.mmtape
    python tools/make_cut.py FOLDER src/mm/simulator/data/btcusdt_20240808.mmtape --fine

FOLDER holds snapshot, depth, bbo and trades (.parquet) of the recording: prices in ticks of 0.01, sizes in 1e-8. Needs
polars; nothing of this runs at a user's.

Grid: bids are rounded down, asks up, the sizes that meet at a price are added; trades follow the side that they hit. So
the mapped book is never tighter than the recorded one, and never crossed. Levels beyond the best 200 a side are left
out: the deepest subscription of the demonstration is 100.

Book: the depth stream tells all levels, but only every 100 ms; between its messages the best bid and ask (bbo) stream
is laid over it, without which a quote could be placed on a price that has long traded through.

Order: a trade often arrives after the book message that already lacks its size (up to 180 ms in a burst), and an order
would then move up in the queue twice. So trades stand where the engine matched them on the recorder's clock, with the
least delay that any message had, and every book message that knows of a trade is behind it.

A replay takes trades out of the book (`mm/simulator/recorded.py`). Where that differs from what a book message says,
the level is told again even if the recorded book had not changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from zlib import compress, crc32

import polars as pl

LEVELS = 200
COARSE, FINE = 10, 1
"""Recorded ticks in one tick of the tape."""
MAGIC = b"MMTAPE1\n"
BID, ASK = 1, -1

Levels = dict[tuple[int, int], int]
"""(side, price on the tape's grid) to size."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value: int) -> bytes:
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def mapped(side: int, ticks: int, grid: int) -> int:
    return ticks // grid if side > 0 else -(-ticks // grid)


class Book:
    """The recorded book on its own grid, and the newest best prices over it."""

    def __init__(self, grid: int) -> None:
        self.grid = grid
        self.fine: dict[int, dict[int, int]] = {BID: {}, ASK: {}}
        self.best: dict[int, tuple[int, int]] = {}

    def window(self) -> Levels:
        """The best levels on the tape's grid."""
        found: Levels = {}
        for side, fine in self.fine.items():
            if side in self.best:
                ticks, lots = self.best[side]
                fine = {**{t: q for t, q in fine.items() if t * side < ticks * side}, ticks: lots}
            count, last = 0, 0
            for ticks in sorted(fine, key=lambda t, s=side: -t * s):
                price = mapped(side, ticks, self.grid)
                if price != last:
                    count, last = count + 1, price
                    if count > LEVELS:
                        break
                found[side, price] = found.get((side, price), 0) + fine[ticks]
        return found


def after_trade(held: Levels, side: int, price: int, size: int) -> None:
    """What a replay does to its book at a trade that hits a side: better levels are gone, the level is smaller."""
    for key in [key for key in held if key[0] == side and (key[1] - price) * side > 0]:
        del held[key]
    left = held.pop((side, price), 0) - size
    if left > 0:
        held[side, price] = left


def read(folder: Path, grid: int) -> tuple[Book, int, list[tuple[int, int, str, Any]]]:
    """The book at the start, its time, and (time ns, rank at equal times, kind, rows) in the order of the tape."""
    snapshot = pl.read_parquet(folder / "snapshot.parquet")
    depth = pl.read_parquet(folder / "depth.parquet").sort("line", maintain_order=True)
    book = Book(grid)
    for row in snapshot.iter_rows(named=True):
        book.fine[row["side"]][row["px_ticks"]] = row["qty_lots"]
    last_id, first_ns = snapshot["last_update_id"][0], snapshot["local_ts_ns"][0]
    messages: dict[int, list[dict[str, Any]]] = {}
    for row in depth.iter_rows(named=True):
        if row["last_id"] > last_id:
            messages.setdefault(row["msg_idx"], []).append(row)
    trades = list(pl.read_parquet(folder / "trades.parquet").sort("trade_id").iter_rows(named=True))
    delays = [rows[0]["local_ts_ns"] - rows[0]["exch_event_ms"] * 10**6 for rows in messages.values()]
    delays += [row["local_ts_ns"] - row["exch_txn_ms"] * 10**6 for row in trades]
    delay_ns = min(delays)
    entries = [(rows[0]["local_ts_ns"], rows[0]["line"], "depth", rows) for rows in messages.values()]
    for row in pl.read_parquet(folder / "bbo.parquet").iter_rows(named=True):
        if row["update_id"] > last_id and row["local_ts_ns"] >= first_ns:
            entries.append((row["local_ts_ns"], row["line"], "bbo", row))
    for row in trades:
        time_ns = row["exch_txn_ms"] * 10**6 + delay_ns
        if time_ns >= first_ns:
            # Before every book message of the same instant, and in the order of their ids (the sort is stable).
            entries.append((time_ns, -1, "trade", row))
    entries.sort(key=lambda entry: entry[:2])
    return book, first_ns, entries


class Writer:
    """The body of the tape."""

    def __init__(self, reference: int) -> None:
        self.body = bytearray()
        self.price, self.time_us = reference, 0
        self.counts = {"book": 0, "levels": 0, "trades": 0}

    def write_book(self, time_us: int, changes: Levels) -> None:
        self._head(0, time_us)
        self.body += varint(len(changes))
        for (side, price), size in sorted(changes.items()):
            self._level(side, price, size)
        self.counts["levels"] += len(changes)

    def write_trade(self, time_us: int, taker: int, price: int, size: int) -> None:
        self._head(1, time_us)
        self._level(taker, price, size)
        self.counts["trades"] += 1

    def _head(self, kind: int, time_us: int) -> None:
        self.body += bytes([kind]) + varint(time_us - self.time_us)
        self.time_us = time_us

    def _level(self, side: int, price: int, size: int) -> None:
        self.body += varint(1 if side > 0 else 0) + zigzag(price - self.price) + varint(size)
        self.price = price


def main(folder: Path, target: Path, grid: int) -> None:
    book, first_ns, entries = read(folder, grid)
    told = book.window()
    replayed = dict(told)
    reference = max(price for side, price in told if side == BID)
    writer = Writer(reference)
    writer.write_book(0, told)
    depth_id = bbo_id = 0
    for time_ns, _, kind, payload in entries:
        time_us = max(writer.time_us, (time_ns - first_ns) // 1000)
        if kind == "trade":
            taker = ASK if payload["buyer_is_maker"] else BID
            price = mapped(-taker, payload["px_ticks"], grid)
            after_trade(replayed, -taker, price, payload["qty_lots"])
            writer.write_trade(time_us, taker, price, payload["qty_lots"])
            continue
        if kind == "depth":
            depth_id = payload[0]["last_id"]
            for level in payload:
                book.fine[level["side"]].pop(level["px_ticks"], None)
                if level["qty_lots"]:
                    book.fine[level["side"]][level["px_ticks"]] = level["qty_lots"]
            if book.best and bbo_id <= depth_id:
                book.best = {}
        else:
            bbo_id = payload["update_id"]
            if bbo_id <= depth_id:
                continue
            book.best = {
                BID: (payload["bid_px_ticks"], payload["bid_qty_lots"]),
                ASK: (payload["ask_px_ticks"], payload["ask_qty_lots"]),
            }
        fresh = book.window()
        changes = {
            key: fresh.get(key, 0)
            for key in told.keys() | fresh.keys()
            if told.get(key) != fresh.get(key) or replayed.get(key) != fresh.get(key)
        }
        told, replayed = fresh, dict(fresh)
        if changes:
            writer.write_book(time_us, changes)
            writer.counts["book"] += 1
    packed = compress(bytes(writer.body), 9)
    facts = {
        "symbol": "BTC/USD" if grid == COARSE else "BTC/USDT",
        "title": "BTC/USDT spot, Binance, 2024-08-08 23:54 to 23:59 UTC",
        "origin": "nkaz001/hftbacktest 5f3ec40, examples/spot (MIT)",
        "mapping": (
            "0.01 grid to 0.1: bids down, asks up, sizes added; best 200 levels a side"
            if grid == COARSE
            else "0.01 grid as recorded; best 200 levels a side"
        ),
        "price_precision": 1 if grid == COARSE else 2,
        "size_precision": 8,
        "reference": reference,
        "duration_us": writer.time_us + 100_000,
        "counts": writer.counts,
    }
    head = json.dumps(facts, sort_keys=True).encode()
    target.write_bytes(MAGIC + len(head).to_bytes(4, "little") + head + crc32(packed).to_bytes(4, "little") + packed)
    print(f"{target}: {target.stat().st_size:,} bytes, {facts['duration_us'] / 1e6:.1f} s, {writer.counts}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), FINE if "--fine" in sys.argv[3:] else COARSE)
