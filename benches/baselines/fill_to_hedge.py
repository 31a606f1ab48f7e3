"""A hedger as one writes it in Python for speed: a fill message in, the bytes of a signed order out.

It has what it cannot do without: the position, what is hedged already, executions seen before, and the book of the
other venue. It has no order store, no limits, no count of requests, no ledger of debts, no recording, and its numbers
are floats. What it is told of the market is not timed.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from time import time_ns

import orjson

KEY = "mx0aBYs33eIilxBWC5"
SECRET = b"45d0b3c26f2644f19bfb98b07741b2f5"
HEAD = (
    " HTTP/1.1\r\nHost: api.mexc.com\r\nUser-Agent: plain\r\nX-MEXC-APIKEY: " + KEY + "\r\n"
    "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n"
)
SLIPPAGE = 5 / 10_000
DEPTH_SHARE = 0.5
LOT = 1e-8

Levels = list[tuple[float, float]]


class TunedHedger:
    """orjson, dicts, a keyed hash that is copied. own: client ids of the orders whose fills are hedged."""

    def __init__(self, own: set[str]) -> None:
        self.own = own
        self.seen: set[str] = set()
        self.sequence = 0
        self.position = 0.0
        self.hedged = 0.0
        self.orders = 0
        self.bids: Levels = []
        self.asks: Levels = []
        self._keyed = hmac.new(SECRET, digestmod=sha256)

    def market(self, bids: Levels, asks: Levels) -> None:
        """Take the book of the hedge venue, best first."""
        self.bids, self.asks = bids, asks

    def message(self, raw: bytes) -> bytes | None:
        """Return the hedge that answers a message, None for one that is no news of our fills."""
        message = orjson.loads(raw)
        if message["channel"] != "executions":
            return None
        self.sequence = message["sequence"]
        for row in message["data"]:
            if row["exec_type"] == "trade" and row["cl_ord_id"] in self.own:
                execution = row["exec_id"]
                if execution not in self.seen:
                    self.seen.add(execution)
                    size = row["last_qty"]
                    self.position += size if row["side"] == "buy" else -size
        debt = self.position + self.hedged
        if abs(debt) < LOT:
            return None
        levels, side, sign = (self.bids, "SELL", -1) if debt > 0 else (self.asks, "BUY", 1)
        price = levels[0][0] * (1 + sign * SLIPPAGE)
        depth = 0.0
        for at, size in levels:
            if (at - price) * sign > 0:
                break
            depth += size
        size = min(abs(debt), depth * DEPTH_SHARE)
        self.hedged += sign * size
        self.orders += 1
        query = (
            f"symbol=BTCUSDT&side={side}&type=IMMEDIATE_OR_CANCEL&quantity={size:.8f}&price={price:.2f}"
            f"&newClientOrderId=mmH{self.orders:012d}&recvWindow=5000&timestamp={time_ns() // 1_000_000}"
        )
        signed = self._keyed.copy()
        signed.update(query.encode())
        return f"POST /api/v3/order?{query}&signature={signed.hexdigest()}{HEAD}".encode()
