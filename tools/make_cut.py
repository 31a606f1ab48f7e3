"""Cut the shipped recording: BTC/USDT spot on a 0.01 grid becomes a small tape on Kraken's 0.1 grid.

    python tools/make_cut.py FOLDER src/mm/simulator/data/btcusd_20240808.mmtape

FOLDER holds depth.parquet, trades.parquet and snapshot.parquet of the recording (prices in ticks of 0.01, sizes in
1e-8). Needs polars; nothing of this runs at a user's. The mapping: bids are rounded down, asks up, the sizes that
meet at a price are added; trades follow the side that they hit. So the mapped book is never tighter than the recorded
one, and never crossed. Levels beyond the best 200 a side are left out: the deepest subscription of the demonstration
is 100.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from zlib import compress, crc32

import polars as pl

LEVELS = 200
GRID = 10
"""Recorded ticks in one tick of the tape."""
MAGIC = b"MMTAPE1\n"


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value: int) -> bytes:
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def mapped(side: int, ticks: int) -> int:
    return ticks // GRID if side > 0 else -(-ticks // GRID)


class Book:
    def __init__(self) -> None:
        self.fine: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.coarse: dict[int, dict[int, int]] = {1: {}, -1: {}}

    def set(self, side: int, ticks: int, lots: int) -> None:
        old = self.fine[side].pop(ticks, 0)
        if lots:
            self.fine[side][ticks] = lots
        price = mapped(side, ticks)
        total = self.coarse[side].get(price, 0) + lots - old
        if total:
            self.coarse[side][price] = total
        else:
            self.coarse[side].pop(price, None)

    def window(self) -> dict[tuple[int, int], int]:
        found = {}
        for side in (1, -1):
            for price in sorted(self.coarse[side], key=lambda p, s=side: -p * s)[:LEVELS]:
                found[side, price] = self.coarse[side][price]
        return found


def main(folder: Path, target: Path) -> None:
    snapshot = pl.read_parquet(folder / "snapshot.parquet")
    depth = pl.read_parquet(folder / "depth.parquet").sort("line", maintain_order=True)
    trades = pl.read_parquet(folder / "trades.parquet").sort("line", maintain_order=True)
    book = Book()
    for row in snapshot.iter_rows(named=True):
        book.set(row["side"], row["px_ticks"], row["qty_lots"])
    last_id = snapshot["last_update_id"][0]
    start_line = snapshot["line"][0]
    messages: dict[int, list[dict]] = {}
    for row in depth.iter_rows(named=True):
        if row["last_id"] > last_id:
            messages.setdefault(row["msg_idx"], []).append(row)
    entries: list[tuple[int, str, object]] = [(rows[0]["line"], "book", rows) for rows in messages.values()]
    entries += [(row["line"], "trade", row) for row in trades.iter_rows(named=True) if row["line"] > start_line]
    entries.sort(key=lambda entry: entry[0])

    held = book.window()
    body = bytearray()
    reference = max(price for side, price in held if side > 0)
    first_ns = snapshot["local_ts_ns"][0]
    time_us = 0
    body += b"\0" + varint(0) + varint(len(held))
    price_at = reference
    for (side, price), size in sorted(held.items()):
        body += varint(1 if side > 0 else 0) + zigzag(price - price_at) + varint(size)
        price_at = price
    counts = {"book": 0, "levels": len(held), "trades": 0}
    end_us = 0
    for _, kind, payload in entries:
        row = payload[0] if kind == "book" else payload
        at_us = max(time_us, (row["local_ts_ns"] - first_ns) // 1000)
        if kind == "book":
            for level in payload:
                book.set(level["side"], level["px_ticks"], level["qty_lots"])
            fresh = book.window()
            changes = {key: fresh.get(key, 0) for key in held.keys() | fresh.keys() if held.get(key) != fresh.get(key)}
            held = fresh
            if not changes:
                continue
            body += b"\0" + varint(at_us - time_us) + varint(len(changes))
            for (side, price), size in sorted(changes.items()):
                body += varint(1 if side > 0 else 0) + zigzag(price - price_at) + varint(size)
                price_at = price
            counts["book"] += 1
            counts["levels"] += len(changes)
        else:
            taker = -1 if row["buyer_is_maker"] else 1
            price = mapped(-taker, row["px_ticks"])
            body += b"\1" + varint(at_us - time_us) + varint(1 if taker > 0 else 0) + zigzag(price - price_at)
            body += varint(row["qty_lots"])
            price_at = price
            counts["trades"] += 1
        time_us = end_us = at_us
    packed = compress(bytes(body), 9)
    meta = {
        "symbol": "BTC/USD",
        "title": "BTC/USDT spot, Binance, 2024-08-08 23:54 to 23:59 UTC",
        "origin": "nkaz001/hftbacktest 5f3ec40, examples/spot (MIT)",
        "mapping": "0.01 grid to 0.1: bids down, asks up, sizes added; best 200 levels a side",
        "price_precision": 1,
        "size_precision": 8,
        "reference": reference,
        "duration_us": end_us + 100_000,
        "counts": counts,
    }
    head = json.dumps(meta, sort_keys=True).encode()
    target.write_bytes(MAGIC + len(head).to_bytes(4, "little") + head + crc32(packed).to_bytes(4, "little") + packed)
    print(f"{target}: {target.stat().st_size:,} bytes, {meta['duration_us'] / 1e6:.1f} s, {counts}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
