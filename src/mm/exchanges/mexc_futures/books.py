"""How books come into step: pushes first, then a REST snapshot that is not older than the first of them.

OFF --subscribed--> FIRST --a push, or none for a while--> ASKED --snapshot--> IN_STEP --resync--> FIRST ...
                                                            ^ |
                                                            | v it lags, or cannot be read
                                                           WAITING

After a gap the list of the latest changes is asked for as well: it repairs what the native decoder kept, most often
before a snapshot comes. Until a book is in step the session sees its pushes, to know what the snapshot has to reach;
afterwards they pass it by. The decoder judges the same by itself: what is let through too early changes nothing there.
(MEXC Futures reference: keeping a book from push.depth.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from mm._core.events import Alert, BookReset
from mm.exchanges.mexc_futures.names import venue_name
from mm.exchanges.mexc_futures.numbers import VENUE
from mm.exchanges.mexc_futures.rest_replies import reply_frame
from mm.exchanges.session import Query, Wish

SECOND_NS: Final = 1_000_000_000
FIRST_WAIT_NS: Final = 2 * SECOND_NS
"""A market in which nothing changes for so long has no push to wait for."""
LAG_WAIT_NS: Final = SECOND_NS // 4
"""The REST book has been seen 400 versions behind: some seconds of a busy market."""
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


class Books:
    """The books of one session. wish: takes the reads that are wanted."""

    def __init__(self, symbols: Sequence[str], wish: Callable[[Wish], None]) -> None:
        self._feeds = {symbol: _Feed(symbol) for symbol in symbols}
        self._by_name = {venue_name(symbol): feed for symbol, feed in self._feeds.items()}
        self._wish = wish
        self.prefixes: tuple[bytes, ...] = ()
        """How the frames of the books begin that are in step; what has its members in another order is seen anyhow."""

    def subscribed(self, now_ns: int, symbol: str) -> None:
        """The pushes of a book are on."""
        self._begin(now_ns, self._feeds[symbol])

    def closed(self) -> list[str]:
        """The pushes of all books have ended; returns the symbols."""
        for feed in self._feeds.values():
            feed.state = _State.OFF
            feed.due_ns = 0
            feed.generation += 1
        self._list()
        return list(self._feeds)

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

    def reply(self, now_ns: int, query: Query, result: tuple[int, int, bytes]) -> list[Any]:
        """Take a snapshot or a list of changes: an event for the engine, or another try where it does not reach."""
        feed = self._feeds.get(query.subject)
        if feed is None or feed.generation != query.generation:
            return []
        _, version, body = result
        name = venue_name(feed.symbol)
        if query.kind == "depth_commits":
            return [reply_frame(query.kind, name, body, now_ns)] if feed.state is not _State.OFF else []
        if feed.state is not _State.ASKED:
            return []
        if feed.first and version + 1 < feed.first:
            feed.lags += 1
            feed.state = _State.WAITING
            feed.due_ns = now_ns + min(LAG_WAIT_NS << min(feed.lags - 1, 10), LAG_WAIT_NS_MAX)
            if feed.lags % LAGS_ALERT == 0:
                behind = feed.first - 1 - version
                text = f"{VENUE}: snapshots of {feed.symbol} trail its stream by {behind} versions, {feed.lags} times"
                return [Alert(now_ns, "warning", text)]
            return []
        feed.state = _State.IN_STEP
        feed.due_ns = feed.lags = 0
        self._list()
        return [reply_frame(query.kind, name, body, now_ns)]

    def given_up(self, now_ns: int, query: Query) -> None:
        """A snapshot cannot be read."""
        feed = self._feeds.get(query.subject)
        if feed is not None and feed.generation == query.generation and feed.state is _State.ASKED:
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
        events: list[Any] = [BookReset(now_ns, VENUE, symbol, reason)]
        if len(feed.resyncs) > RESYNCS_MAX:
            feed.resyncs.clear()
            feed.due_ns = now_ns + PAUSE_NS
            text = (
                f"{VENUE}: the book of {symbol} broke {RESYNCS_MAX + 1} times in {RESYNC_WINDOW_NS // SECOND_NS} s "
                f"({reason}): it rests for {PAUSE_NS // SECOND_NS} s"
            )
            events.append(Alert(now_ns, "error", text))
            return events
        parameters = {"symbol": symbol}
        self._wish(Query("depth_commits", parameters, is_private=False, subject=symbol, generation=feed.generation))
        return events

    def due_ns(self) -> int:
        """When `deadline` has something to do; 0 never."""
        return min((feed.due_ns for feed in self._feeds.values() if feed.due_ns), default=0)

    def deadline(self, now_ns: int) -> None:
        """Ask for the snapshots that are due."""
        for feed in self._feeds.values():
            if 0 < feed.due_ns <= now_ns:
                self._ask(feed)

    def _begin(self, now_ns: int, feed: _Feed) -> None:
        feed.state = _State.FIRST
        feed.first = feed.last = feed.lags = 0
        feed.due_ns = now_ns + FIRST_WAIT_NS
        feed.generation += 1
        self._list()

    def _ask(self, feed: _Feed) -> None:
        feed.state = _State.ASKED
        feed.due_ns = 0
        parameters = {"symbol": feed.symbol}
        self._wish(Query("depth", parameters, is_private=False, subject=feed.symbol, generation=feed.generation))

    def _list(self) -> None:
        self.prefixes = tuple(
            f'{{"symbol":"{venue_name(feed.symbol)}","data":{{"cts":'.encode()
            for feed in self._feeds.values()
            if feed.state is _State.IN_STEP
        )
