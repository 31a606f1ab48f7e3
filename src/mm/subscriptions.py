"""What a strategy wants to hear besides its own market: declared by its parameters, so that it is known before the run.

    def hears(self) -> tuple[Subscription, ...]:
        return (Subscription("book", "mexc_spot", "BTC/USDT"), Subscription("fill"))

A run subscribes at the venues to every symbol that is named so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

KINDS: Final = ("balance", "book", "fill", "funding", "margin", "mark", "status", "ticker", "trade")
"""
balance   what the account holds           margin    positions, margin and the distance to liquidation
book      every level of a market's book   mark      mark and index prices
fill      own fills, of whichever order    status    a venue's mode, connections and clock
funding   rates and payments               ticker    best prices as the venue tells them
                                           trade     anybody's trades
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Events of one kind (see KINDS). venue, symbol: '' for any; of a book both are named. Raises ValueError."""

    kind: str
    venue: str = ""
    symbol: str = ""

    def __post_init__(self) -> None:
        """Refuse what would never be heard."""
        if self.kind not in KINDS:
            raise ValueError(f'kind: "{self.kind}" is none of {", ".join(KINDS)}')
        if self.symbol and not self.venue:
            raise ValueError(f"venue: a symbol ({self.symbol}) is one of a venue, which has to be named")
        if self.kind == "book" and not self.symbol:
            raise ValueError("symbol: whose book?")

    @property
    def market(self) -> tuple[str, str] | None:
        """The market that it names, None if it names none."""
        return (self.venue, self.symbol) if self.symbol else None


def subscriptions_of(parameters: Any) -> tuple[Subscription, ...]:
    """What a strategy with these parameters wants to hear. Any: a strategy's own dataclass.

    Raises TypeError for an answer that is none, and whatever `hears` raises.
    """
    hears = getattr(parameters, "hears", None)
    if hears is None:
        return ()
    found = tuple(hears())
    for each in found:
        if not isinstance(each, Subscription):
            raise TypeError(f"hears() returned {each!r}, expected mm.subscriptions.Subscription")
    return found
