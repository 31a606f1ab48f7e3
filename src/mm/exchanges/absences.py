"""Markets of a run that their venue's own lists leave out.

A list that was read whole and says nothing of a market may have been cut, or come from a machine that trails. So the
first one takes the market out of trading ("unlisted"), and a second that was asked for some seconds later is believed
("delisted"); until a list has the market again, which is looked for each minute. Neither says anything about orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from mm._core.events import Alert
from mm.instruments import Instrument

SECOND_NS: Final = 1_000_000_000
AGAIN_NS: Final = 10 * SECOND_NS
"""Between the two lists that have to agree."""
LOOK_NS: Final = 60 * SECOND_NS
UNLISTED: Final = "unlisted"
DELISTED: Final = "delisted"


class Absences:
    """See the module's text. Symbols are unified names."""

    __slots__ = ("_back", "_closed", "_due_ns", "_looked_ns", "_since_ns")

    def __init__(self) -> None:
        self._since_ns: dict[str, int] = {}
        self._due_ns: dict[str, int] = {}
        self._looked_ns: dict[str, int] = {}
        self._back: dict[str, None] = {}
        self._closed: set[str] = set()
        """Markets about which the venue takes no question any more, not even about own orders and fills there."""

    def suspect(self, now_ns: int, symbol: str) -> None:
        """Something else than a list says that a market is not there: a list is wanted."""
        if symbol not in self._since_ns:
            self._want(symbol, now_ns)

    def left_out(self, now_ns: int, instrument: Instrument) -> Instrument | None:
        """A whole list has no line of a market: what it is now, None where that is known."""
        symbol = instrument.symbol
        since_ns = self._since_ns.setdefault(symbol, now_ns)
        is_believed = now_ns - since_ns >= AGAIN_NS
        self._want(symbol, now_ns + (LOOK_NS if is_believed else AGAIN_NS))
        status = DELISTED if is_believed else UNLISTED
        if instrument.status in (status, DELISTED):
            return None
        return replace(instrument, status=status)

    def listed(self, symbol: str) -> None:
        """A list has a line of a market, whether or not it can be read."""
        self._due_ns.pop(symbol, None)
        if self._since_ns.pop(symbol, None) is not None:
            self._back[symbol] = None
            self._closed.discard(symbol)

    def back(self) -> list[str]:
        """Take the markets that were out and are listed again."""
        back, self._back = self._back, {}
        return list(back)

    def closed(self, now_ns: int, venue: str, symbol: str, reason: str) -> list[Alert]:
        """A question about own orders or fills was refused because its market is gone: an alarm, once.

        What is not known of it stays in doubt, and must not hold up the others: those alone are `readable`.
        """
        if symbol in self._closed:
            return []
        self._closed.add(symbol)
        text = f"{venue}: {symbol} is not listed any more, and own orders and fills there cannot be asked for: {reason}"
        return [Alert(now_ns, "error", text)]

    def readable(self, symbols: Iterable[str]) -> list[str]:
        """Return the markets about which the venue takes questions."""
        return [symbol for symbol in symbols if symbol not in self._closed]

    def is_out(self, symbol: str) -> bool:
        """Whether the last whole list left a market out."""
        return symbol in self._since_ns

    def due(self, now_ns: int) -> list[str]:
        """Markets that should be looked for now; they are asked for again a while later, whatever the answer."""
        due = sorted(symbol for symbol, due_ns in self._due_ns.items() if due_ns <= now_ns)
        for symbol in due:
            self._looked_ns[symbol] = now_ns
            self._want(symbol, now_ns + LOOK_NS)
        return due

    def due_ns(self) -> int:
        """When `due` has something, 0 never."""
        return min(self._due_ns.values(), default=0)

    def _want(self, symbol: str, due_ns: int) -> None:
        """Whatever is heard meanwhile, nothing is looked for again within `AGAIN_NS`."""
        self._due_ns[symbol] = max(due_ns, self._looked_ns.get(symbol, -AGAIN_NS) + AGAIN_NS)
