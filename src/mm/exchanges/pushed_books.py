"""How books come into step: pushes first, then a REST snapshot that is not older than the first of them.

OFF --subscribed--> FIRST --a push, or none for a while--> ASKED --snapshot--> IN_STEP --resync--> FIRST ...
                                                            ^ |
                                                            | v it lags, or cannot be read
                                                           WAITING

Until a book is in step the session sees its pushes, to know what the snapshot has to reach; afterwards they pass it by.
The decoder judges the same by itself: what is let through here too early changes nothing there. A venue derives from
`PushedBooks` what it asks with and how its frames look.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Final

from mm._core.events import Alert, BookReset
from mm.exchanges.session import Query, Wish

SECOND_NS: Final = 1_000_000_000
FIRST_WAIT_NS: Final = 2 * SECOND_NS
"""A market in which nothing changes for so long has no push to wait for."""
LAG_WAIT_NS_MAX: Final = 2 * SECOND_NS
LAGS_ALERT: Final = 10
RETRY_NS: Final = 5 * SECOND_NS
RESYNCS_MAX: Final = 5
RESYNC_WINDOW_NS: Final = 120 * SECOND_NS
PAUSE_NS: Final = 60 * SECOND_NS
"""A book that breaks six times in two minutes is sent or read wrongly: it rests, or its snapshots use up our calls."""


class _State(Enum):
    OFF = "off"
    FIRST = "first"
    ASKED = "asked"
    WAITING = "waiting"
    IN_STEP = "in_step"


@dataclass(slots=True)
class _Feed:
    symbol: str
    state: _State = _State.OFF
    first: int = 0
    """The first version that a push without a gap behind it has; 0 before any push."""
    last: int = 0
    due_ns: int = 0
    lags: int = 0
    generation: int = 0
    resyncs: deque[int] = field(default_factory=lambda: deque(maxlen=RESYNCS_MAX + 1))


class PushedBooks(ABC):
    """The books of one session. names: the venue's name of each symbol; wish: takes the reads that are wanted.

    lag_wait_ns: before the first other try after a snapshot that does not reach the pushes; it doubles with each.
    """

    repair: ClassVar[str] = ""
    """A query that may put a book right before its snapshot comes, where a venue has such a thing."""

    def __init__(self, venue: str, names: Mapping[str, str], lag_wait_ns: int, wish: Callable[[Wish], None]) -> None:
        self._venue, self._lag_wait_ns, self._wish = venue, lag_wait_ns, wish
        self._feeds = {symbol: _Feed(symbol) for symbol in names}
        self._by_name = {name: self._feeds[symbol] for symbol, name in names.items()}
        self.prefixes: tuple[bytes, ...] = ()
        """How the frames of the books begin that are in step."""

    @abstractmethod
    def _parameters(self, symbol: str) -> dict[str, Any]:
        """What the query `depth` is asked with."""

    @abstractmethod
    def _frame(self, kind: str, symbol: str, body: bytes, now_ns: int) -> Any:
        """The answer to a query as the decoder reads it."""

    @abstractmethod
    def _prefix(self, symbol: str) -> bytes:
        """How the pushes of a book begin; empty where that cannot be said."""

    def subscribed(self, now_ns: int, symbol: str) -> None:
        """The pushes of a book are on."""
        self._begin(now_ns, self._feeds[symbol])

    def closed(self, symbol: str) -> None:
        """The pushes of a book have ended."""
        feed = self._feeds[symbol]
        feed.state = _State.OFF
        feed.due_ns = 0
        feed.generation += 1
        self._list()

    def saw(self, now_ns: int, name: str, first: int, last: int) -> None:
        """Take the versions of a push; name: the venue's."""
        feed = self._by_name.get(name)
        if feed is None or feed.state in (_State.OFF, _State.IN_STEP):
            return
        if not feed.last or first != feed.last + 1:
            # The ones before a gap are of no use to a book any more.
            feed.first = first
        feed.last = last
        if feed.state is _State.FIRST and feed.due_ns <= now_ns + FIRST_WAIT_NS:
            self._ask(feed)

    def reply(self, now_ns: int, query: Query, version: int, body: bytes) -> list[Any]:
        """Take a snapshot: an event for the engine if it reaches the pushes, else another try."""
        feed = self._asked(query)
        if feed is None or feed.state is not _State.ASKED:
            return []
        if feed.first and version + 1 < feed.first:
            feed.lags += 1
            feed.state = _State.WAITING
            feed.due_ns = now_ns + min(self._lag_wait_ns << min(feed.lags - 1, 10), LAG_WAIT_NS_MAX)
            if feed.lags % LAGS_ALERT == 0:
                behind = feed.first - 1 - version
                text = f"snapshots of {feed.symbol} trail its stream by {behind} versions, {feed.lags} times"
                return [Alert(now_ns, "warning", f"{self._venue}: {text}")]
            return []
        feed.state = _State.IN_STEP
        feed.due_ns = feed.lags = 0
        self._list()
        return [self._frame(query.kind, feed.symbol, body, now_ns)]

    def given_up(self, now_ns: int, query: Query) -> None:
        """A snapshot cannot be read."""
        feed = self._asked(query)
        if feed is not None and feed.state is _State.ASKED:
            feed.state = _State.WAITING
            feed.due_ns = now_ns + RETRY_NS

    def resync(self, now_ns: int, symbol: str, reason: str) -> list[Any]:
        """Get one book right again; one recovery at a time."""
        feed = self._feeds.get(symbol)
        if feed is None or feed.state is not _State.IN_STEP:
            return []
        while feed.resyncs and feed.resyncs[0] <= now_ns - RESYNC_WINDOW_NS:
            feed.resyncs.popleft()
        feed.resyncs.append(now_ns)
        self._begin(now_ns, feed)
        events: list[Any] = [BookReset(now_ns, self._venue, symbol, reason)]
        if len(feed.resyncs) > RESYNCS_MAX:
            feed.resyncs.clear()
            feed.due_ns = now_ns + PAUSE_NS
            text = (
                f"{self._venue}: the book of {symbol} broke {RESYNCS_MAX + 1} times in "
                f"{RESYNC_WINDOW_NS // SECOND_NS} s ({reason}): it rests for {PAUSE_NS // SECOND_NS} s"
            )
            events.append(Alert(now_ns, "error", text))
        elif self.repair:
            self._read(feed, self.repair, {"symbol": symbol})
        return events

    def due_ns(self) -> int:
        """When `deadline` has something to do; 0 never."""
        return min((feed.due_ns for feed in self._feeds.values() if feed.due_ns), default=0)

    def deadline(self, now_ns: int) -> None:
        """Ask for the snapshots that are due."""
        for feed in self._feeds.values():
            if 0 < feed.due_ns <= now_ns:
                self._ask(feed)

    def _asked(self, query: Query) -> _Feed | None:
        """The feed that a query is of, None where its pushes have begun anew or ended since."""
        feed = self._feeds.get(query.subject)
        return feed if feed is not None and feed.generation == query.generation else None

    def _begin(self, now_ns: int, feed: _Feed) -> None:
        feed.state = _State.FIRST
        feed.first = feed.last = feed.lags = 0
        feed.due_ns = now_ns + FIRST_WAIT_NS
        feed.generation += 1
        self._list()

    def _ask(self, feed: _Feed) -> None:
        feed.state = _State.ASKED
        feed.due_ns = 0
        self._read(feed, "depth", self._parameters(feed.symbol))

    def _read(self, feed: _Feed, kind: str, parameters: dict[str, Any]) -> None:
        self._wish(Query(kind, parameters, is_private=False, subject=feed.symbol, generation=feed.generation))

    def _list(self) -> None:
        prefixes = (self._prefix(feed.symbol) for feed in self._feeds.values() if feed.state is _State.IN_STEP)
        self.prefixes = tuple(prefix for prefix in prefixes if prefix)
