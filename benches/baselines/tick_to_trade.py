"""Market makers as one writes them in Python: a book message in, an order message out.

Plain is the first version of most bots, tuned keeps the book sorted and the checksum's texts. Neither has an order
store, limits, a rate limiter or a recording; both send a new order for each message.
"""

from __future__ import annotations

import json

import orjson

from benches.baselines.books import ASK, BID, PlainBook, TunedBook

TOKEN = "G38a1tGFzqGiUCmnegBcm8d4nfP3tytiNQz6tkCBYXY"


class PlainChain:
    """json, dicts, sorted, json."""

    def __init__(self, depth: int) -> None:
        self.book = PlainBook(depth)
        self.orders = 0

    def message(self, raw: bytes) -> bytes | None:
        """Return the order that answers a message, None for one that is of no book."""
        if not self.book.message(raw):
            return None
        middle = (max(self.book.sides[BID]) + min(self.book.sides[ASK])) / 2
        self.orders += 1
        parameters = {
            "order_type": "limit",
            "side": "buy",
            "order_qty": 0.01,
            "symbol": "BTC/USD",
            "limit_price": round(middle - 1, 1),
            "post_only": True,
            "cl_ord_id": f"mm-{self.orders:012d}",
            "token": TOKEN,
        }
        return json.dumps({"method": "add_order", "params": parameters, "req_id": self.orders}).encode()


class TunedChain:
    """orjson and a sorted book with its checksum."""

    def __init__(self, depth: int) -> None:
        self.book = TunedBook(depth, checked=True)
        self.position = 0.25
        self.orders = 0

    def message(self, raw: bytes) -> bytes | None:
        """Return the order that answers a message, None for one that is of no book."""
        book = self.book
        if not book.message(raw):
            return None
        bid, bid_size, ask, ask_size = book.top()
        micro = (bid * ask_size + ask * bid_size) / (ask_size + bid_size)
        price = round((micro - 0.9 - 0.4 * self.position) * 10) / 10
        self.orders += 1
        return orjson.dumps(
            {
                "method": "add_order",
                "params": {
                    "order_type": "limit",
                    "side": "buy",
                    "order_qty": 0.01,
                    "symbol": "BTC/USD",
                    "limit_price": price,
                    "post_only": True,
                    "cl_ord_id": "mm-%012d" % self.orders,  # noqa: UP031 - the quickest way to write it
                    "token": TOKEN,
                },
                "req_id": self.orders,
            }
        )
