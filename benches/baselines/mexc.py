"""MEXC Spot's depth as one decodes it in Python for speed: `protobuf` in C, then a walk over its levels.

The message object is kept and parsed into again; the book is that of the other rows (floats, dicts, sorted keys), and
the rule of versions is one comparison.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from typing import Any

from benches.baselines.books import TunedBook
from tests.reference.mexc_proto import wrapper


class TunedMexcBook(TunedBook):
    """A book by its pushes."""

    __slots__ = ("push", "version")

    def __init__(self) -> None:
        super().__init__()
        self.push: Any = wrapper()
        self.version = 0

    def snapshot(self, payload: bytes) -> None:
        """Take a REST snapshot."""
        reply = json.loads(payload.partition(b"\n")[2])
        self.version = int(reply["lastUpdateId"])
        for side, name in ((1, "bids"), (-1, "asks")):
            for price, size in reply[name]:
                self.apply_text(side, price, size)

    def message(self, raw: bytes) -> bool:
        """Apply one push."""
        push = self.push
        push.ParseFromString(raw)
        body = push.publicAggreDepths
        if int(body.fromVersion) != self.version + 1:
            raise ValueError("gap")
        self.version = int(body.toVersion)
        for rows, levels, keys, sign in (
            (body.asks, self.asks, self.ask_keys, 1),
            (body.bids, self.bids, self.bid_keys, -1),
        ):
            for row in rows:
                key = float(row.price) * sign
                size = float(row.quantity)
                if size:
                    if key not in levels:
                        insort(keys, key)
                    levels[key] = size
                elif key in levels:
                    del levels[key]
                    del keys[bisect_left(keys, key)]
        return True
