"""A strategy that writes down what it is told, and quotes a bid under the best of another market."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from mm._core.events import BUY
from mm.config import number, text, texts
from mm.quotes import Quote, Quoting, Terms
from mm.strategies import Strategy
from mm.subscriptions import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerParameters:
    """kinds: heard of the market `venue`, `other`; anywhere: heard of all; breaks: hook that raises; size: of a bid."""

    kinds: tuple[str, ...] = texts("name", default=())
    anywhere: tuple[str, ...] = texts("name", default=())
    venue: str = text("name", default="kraken")
    other: str = text("symbol", default="BTC/USD")
    breaks: str = text("name", default="never")
    size: Decimal = number("base", default="0.01", above=0, most=100)

    def hears(self):
        named = tuple(Subscription(kind, self.venue, self.other) for kind in self.kinds)
        return named + tuple(Subscription(kind) for kind in self.anywhere)


class Listener(Strategy):
    """See the module's text."""

    Parameters = ListenerParameters
    told: list = []  # noqa: RUF012  # what all of them were told, in order: a test empties it

    def note(self, *facts):
        self.told.append((self.name, *facts))
        if self.parameters.breaks == facts[0]:
            raise ZeroDivisionError(f"in {facts[0]}")

    def prepare(self, instrument):
        self.size = int(self.parameters.size * 10**instrument.size_precision)
        self.tick = instrument.tick

    def quotes(self, market):
        other = market.others.get((self.parameters.venue, self.parameters.other))
        if other is not None:
            self.note("asked", other.bid, other.position, other.gate)
        best = other.bid if other is not None and other.bid and not other.gate else market.bid
        bid = min(best, market.bid) - 100 * self.tick
        return Quoting((Quote(BUY, 0, bid, self.size),), Terms(bid, 1.0, 0.0, "", ""))

    def on_start(self, market):
        self.note("start", market.position)

    def on_stop(self, market, reason):
        self.note("stop", reason)

    def on_event(self, event):
        self.note(type(event).__name__)
