"""Decision records in a trader's words: what the market was, what was wanted and why, what held it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm.screen.amounts import in_base, movement, thousands, trimmed, venue_title

if TYPE_CHECKING:
    from mm.engine import Decision
    from mm.instruments import Instrument


def decision_lines(decision: Decision, instrument: Instrument) -> list[str]:
    """The record, one thought a line."""

    def price(units: int) -> str:
        return thousands(instrument.price_text(units))

    position = in_base(instrument, decision.position)
    head = f"{decision.symbol} on {venue_title(decision.venue)}, {decision.strategy or 'no strategy'}"
    if decision.gate:
        return [f"{head}: no quotes, {decision.gate} (position {position})"]
    lines = [f"{head}: others' best {price(decision.bid)} / {price(decision.ask)}, position {position}"]
    if decision.quoting is not None:
        terms = decision.quoting.terms
        fair = instrument.price_float(1) * terms.fair
        half = instrument.price_float(1) * terms.half_spread
        skew = movement(instrument.price_float(1) * -terms.skew)
        lines.append(f"  fair {fair:,.2f}, half spread {half:.2f}, moved {skew} by the inventory")
        for side, note in ((1, terms.bid_note), (-1, terms.ask_note)):
            word = "bid" if side > 0 else "ask"
            wanted = ", ".join(
                f"{trimmed(instrument.base_text(quote.size))} at {price(quote.price)}"
                for quote in decision.quoting.quotes
                if quote.side == side
            )
            lines.append(f"  wants {word} {wanted or 'nothing'}" + (f" ({note})" if note else ""))
    lines += [f"  asks for: {action}" for action in decision.actions]
    lines += [f"  held back: {refusal}" for refusal in decision.refused]
    return lines
