"""One stream of events to the strategies that asked for it, and the other markets that they read.

Who subscribed to nothing costs nothing: handlers of events that somebody wants are wrapped when the run begins, and the
rest stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm.strategies.others import OtherMarket
from mm.subscriptions import Subscription, subscriptions_of

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market

EVENTS: Final[dict[str, tuple[type, ...]]] = {
    "balance": (ev.Balance, ev.BalanceChange),
    "funding": (ev.FundingRate, ev.FundingPaid),
    "margin": (ev.MarginReport, ev.PositionReport, ev.LiquidationRisk),
    "mark": (ev.MarkPrice,),
    "status": (ev.VenueStatus, ev.LinkChanged, ev.ClockOffset),
    "ticker": (ev.Ticker,),
    "trade": (ev.Trade,),
}
"""Books are read in `MarketState.others`, and of fills those that were booked are told, see `on_fill`."""


class Hearing:
    """markets: every market that a subscription names."""

    __slots__ = ("_engine", "_fills", "_wanted", "markets")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # By name: a replay has the strategies in that order, whatever the order of the user's file.
        self._wanted = {
            name: subscriptions_of(strategy.parameters) for name, strategy in sorted(engine.settings.strategies.items())
        }
        self.markets = {each.market for wanted in self._wanted.values() for each in wanted if each.market is not None}
        self._fills = [(name, each) for name, wanted in self._wanted.items() for each in wanted if each.kind == "fill"]
        engine.hears_fills = bool(self._fills)
        ears: dict[type, list[tuple[str, Subscription]]] = {}
        for name, wanted in self._wanted.items():
            for each in wanted:
                for kind in EVENTS.get(each.kind, ()):
                    ears.setdefault(kind, []).append((name, each))
        for kind, listeners in ears.items():
            engine.handlers[kind] = self._told(engine.handlers[kind], listeners)

    def connect(self) -> None:
        """A market came: whoever reads it can do so from now on."""
        markets: dict[tuple[str, str], Market] = self._engine.markets
        for market in markets.values():
            market.wakes = []
        for name, wanted in self._wanted.items():
            reader = self._engine.roster.members[name].market
            if reader is None:
                continue
            named = dict.fromkeys(each.market for each in wanted if each.market is not None)
            heard = [markets[key] for key in named if key in markets and markets[key] is not reader]
            reader.hears = list(heard)
            others = {(market.venue.name, market.symbol): OtherMarket(market, reader) for market in heard}
            reader.state.others = MappingProxyType(others)
            for market in heard:
                market.wakes.append(reader)
                self._engine.is_heard = True
        books = {each.market for wanted in self._wanted.values() for each in wanted if each.kind == "book"}
        for key, market in markets.items():
            market.stirs = key in books

    def on_fill(self, fill: ev.Fill) -> None:
        """A fill was booked, and somebody wants to hear of it."""
        self._tell(self._fills, fill)

    def _told(
        self, handler: Callable[[Any], object], listeners: list[tuple[str, Subscription]]
    ) -> Callable[[Any], None]:
        """The engine takes an event first, then those hear of it who asked."""

        def handle(event: Any) -> None:
            handler(event)
            self._tell(listeners, event)

        return handle

    def _tell(self, listeners: list[tuple[str, Subscription]], event: Any) -> None:
        engine = self._engine
        symbol = getattr(event, "symbol", "")
        told = set()
        for name, wanted in listeners:
            market = engine.roster.members[name].market
            if (
                name not in told
                and market is not None
                and market.strategy is not None
                and engine.roster.members[name].is_told
                and wanted.venue in ("", event.venue)
                and wanted.symbol in ("", symbol)
            ):
                # Two subscriptions that both cover it are one word.
                told.add(name)
                engine.roster.tell(market, market.strategy.on_event, event)
                market.changed = True
