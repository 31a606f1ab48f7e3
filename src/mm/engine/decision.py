"""The record that every quote and every absence of a quote leaves."""

from __future__ import annotations

from typing import NamedTuple

from mm.instruments import Instrument
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

    def lines(self, instrument: Instrument) -> list[str]:
        """The record for people, one thought a line."""
        text = instrument.price_text
        head = f"{self.symbol} on {self.venue}, strategy {self.strategy}: "
        if self.gate:
            lines = [f"{head}no quotes: {self.gate}"]
        else:
            lines = [f"{head}market {text(self.bid)} / {text(self.ask)} without own orders"]
        if self.quoting is not None:
            terms = self.quoting.terms
            lines.append(
                f"  fair {instrument.price_float(terms.fair):.2f}, half spread "
                f"{instrument.price_float(terms.half_spread):.2f}, skew {instrument.price_float(-terms.skew):+.2f} "
                f"for a position of {instrument.size_text(self.position)} {instrument.base}"
            )
            for quote in self.quoting.quotes:
                side = "bid" if quote.side > 0 else "ask"
                lines.append(f"  wants {side} {instrument.size_text(quote.size)} at {text(quote.price)}")
            lines += [f"  {side}: {note}" for side, note in (("bid", terms.bid_note), ("ask", terms.ask_note)) if note]
        lines += [f"  sent: {action}" for action in self.actions]
        lines += [f"  held back: {refusal}" for refusal in self.refused]
        return lines
