"""The record that every quote and every absence of a quote leaves."""

from __future__ import annotations

from typing import NamedTuple

from mm.quotes import Quoting


class Decision(NamedTuple):
    """What was decided for one symbol, and on what.

    gate: why nothing may be quoted, empty when quotes may stand; bid, ask: the best prices of others that the strategy
    saw; quoting: its answer, None behind a gate; actions: what was sent; refused: what the limits or the rate counters
    held back, with the reason.
    """

    now_ns: int
    venue: str
    symbol: str
    strategy: str
    gate: str
    bid: int
    ask: int
    position: int
    quoting: Quoting | None
    actions: tuple[str, ...]
    refused: tuple[str, ...]
