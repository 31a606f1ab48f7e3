"""What a run waits for before its first order: every venue of it, and every market that it trades.

Wrong settings of one venue (a position mode, a leverage, a symbol that is not traded there) are told by that venue once
it is reached; until then nothing may stand at the others. Once complete it stays so: a venue that is lost later is the
affair of its own markets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mm.engine.engine import Engine


class Muster:
    """See the module's text."""

    __slots__ = ("_engine", "_markets")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        settings = engine.settings
        self._markets = [(each.venue, each.symbol) for each in settings.strategies.values()]
        self._markets += [market for each in settings.hedging.values() for market in each.markets()]
        self.look()

    def look(self) -> None:
        """Something came: see what is still missing."""
        engine = self._engine
        awaited = self._missing()
        if engine.awaited and not awaited:
            for market in engine.markets.values():
                market.changed = True
        engine.awaited = awaited

    def _missing(self) -> str:
        engine = self._engine
        for name, venue in engine.venues.items():
            if not venue.was_ready:
                return f"{name} has not been heard yet: no order before every venue of the run was"
        for venue_name, symbol in self._markets:
            if (venue_name, symbol) not in engine.markets:
                return f"{venue_name} has told nothing about {symbol} yet: no order before that"
        return ""
