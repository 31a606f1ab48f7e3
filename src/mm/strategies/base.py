"""What a strategy is: a pure function from the state of a market to the quotes that should stand in it.

A strategy reads `MarketState` and answers with `Quoting`. It keeps no clock and sends nothing: the engine calls it when
something changed, the quoter decides which orders change, and the limits have the last word. What a strategy must
remember between calls it learns in `on_fill` and `on_trade`, which a replay repeats.

What else it wants to hear (the book of another market, funding, fills of hedges) it declares in its parameters: a
method `hears()` that returns `mm.subscriptions.Subscription` values. Those events come to `on_event`, in the order in
which the engine applies them, and the markets that they name are in `market.others` to read; when one of them changes,
the strategy is asked again.

To add one, write one file with one subclass (in `mm.strategies`, or anywhere: `kind = "package.module:Class"`), give
it a frozen dataclass `Parameters` made of `mm.config` rules, and implement `quotes`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from mm._core.events import Fill, Trade
from mm._core.market import MarketState
from mm.instruments import Instrument
from mm.quotes import Quoting

__all__ = ["MarketState", "Strategy"]


class Strategy(ABC):
    """A quoting model for one symbol."""

    Parameters: ClassVar[type]
    """A frozen dataclass made of `mm.config` rules: the keys of the strategy's table in the configuration."""

    def __init__(self, name: str, parameters: Any) -> None:  # Any: an instance of the subclass's own Parameters
        self.name = name
        self.parameters = parameters

    @abstractmethod
    def prepare(self, instrument: Instrument) -> None:
        """Take the instrument's grid, at first and whenever it changes. Raises ValueError if it cannot be quoted so."""

    @abstractmethod
    def quotes(self, market: MarketState) -> Quoting:
        """Return the quotes that should stand now. Pure: the same state gives the same answer."""

    def due_ns(self, market: MarketState) -> int:
        """When the answer changes although nothing happens; 0 never."""
        return 0

    def on_fill(self, fill: Fill) -> None:  # noqa: B027 - most strategies remember nothing
        """Learn of an own fill."""

    def on_trade(self, trade: Trade) -> None:  # noqa: B027 - most strategies remember nothing
        """Learn of anybody's trade."""

    def on_event(self, event: Any) -> None:  # noqa: B027 - most strategies hear nothing else
        """Learn of something that the parameters' `hears()` has subscribed to; Any: one of `mm._core.events`."""

    def on_start(self, market: MarketState) -> None:  # noqa: B027 - most strategies need no beginning
        """Begin: the grid is known, the first quotes come next. After a stop it is another object that begins."""

    def on_stop(self, market: MarketState, reason: str) -> None:  # noqa: B027 - most strategies need no end
        """End, by the operator or with the run: no further quotes are asked for. Late fills may still be told."""
