"""Which definitions are of now: a contract may change while nobody listens, and its orders then mean something else.

A book waits for the definition of its contract that was asked for since the venue tells changes on this connection:
what is priced from it, and so sent, is counted in the contracts of now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mm.exchanges.session import Query


class Definitions:
    """Of one session. begin: lets a book come into step; generation: how often changes came to be told; an
    answer to what was asked for before is not of now."""

    __slots__ = ("_begin", "_is_listening", "_symbols", "_waiting", "generation", "stale")

    def __init__(self, symbols: Sequence[str], begin: Callable[[int, str], None]) -> None:
        self._symbols, self._begin = symbols, begin
        self.stale = set(symbols)
        """Contracts that may have changed since they were read."""
        self._waiting: set[str] = set()
        """Of them those whose book is subscribed."""
        self._is_listening = False
        self.generation = 0

    def closed(self) -> None:
        """Nobody listens any more."""
        self.stale, self._is_listening = set(self._symbols), False
        self._waiting.clear()

    def listen(self) -> bool:
        """Changes are told; whether that is news, so that the definitions are to be read."""
        is_news = not self._is_listening
        self._is_listening = True
        self.generation += is_news
        return is_news

    def subscribed(self, now_ns: int, symbol: str) -> None:
        """The pushes of a book are on."""
        if symbol in self.stale:
            self._waiting.add(symbol)
        else:
            self._begin(now_ns, symbol)

    def read(self, now_ns: int, query: Query) -> None:
        """The venue has answered about a contract."""
        symbol = query.subject
        if not self._is_listening or query.generation != self.generation:
            return
        self.stale.discard(symbol)
        if symbol in self._waiting:
            self._waiting.discard(symbol)
            self._begin(now_ns, symbol)
