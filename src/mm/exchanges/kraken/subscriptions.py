"""The public subscriptions of one connection: asked at a bounded pace, acknowledged one by one, renewed one by one.

ASKED --ack--> ON --resync--> LEAVING --ack--> ASKED ...
  |                              (one recovery in flight per book)
  +--refused for good--> OFF     (unknown symbol, unsupported depth: until restart; too many resyncs: for a while; a
                                  symbol that was listed: until it is listed again)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import TYPE_CHECKING, Any, Final

from mm._core.events import Alert, BookReset
from mm.exchanges.venue import Decoded, ErrorClass

if TYPE_CHECKING:
    from mm.exchanges.absences import Absences
    from mm.exchanges.kraken.dialect import Dialect

SECOND_NS: Final = 1_000_000_000
PACE_PER_S: Final = 20
"""Kraken's limit of messages is not published; this is the figure other clients live with (Kraken reference:
connection life)."""
ACK_TIMEOUT_NS: Final = 10 * SECOND_NS
RESYNCS_MAX: Final = 5
RESYNC_WINDOW_NS: Final = 120 * SECOND_NS
PAUSE_NS: Final = 600 * SECOND_NS
"""A lossy network breaks a book now and then; one that breaks six times in two minutes is read wrongly or sent wrongly,
and is left alone for a while."""
REFUSED_RETRY_NS: Final = 5 * SECOND_NS


class _State(Enum):
    WAITING = "waiting"
    ASKED = "asked"
    ON = "on"
    LEAVING = "leaving"
    OFF = "off"


@dataclass(slots=True)
class _Subscription:
    channel: str
    symbol: str
    state: _State = _State.WAITING
    due_ns: int = 0
    """WAITING: when to ask; ASKED and LEAVING: when the answer is overdue; OFF: when to try again, 0 never."""
    leave_first: bool = False
    """It was refused, perhaps because it is on already: leave before asking."""
    was_on: bool = False
    """Acknowledged on this connection; a renewal does not undo it."""
    resyncs: deque[int] = field(default_factory=lambda: deque(maxlen=RESYNCS_MAX + 1))


class Subscriptions:
    """See the module's text."""

    def __init__(
        self,
        venue: str,
        codec: Dialect,
        absences: Absences,
        symbols: Sequence[str],
        depth: int,
        ticker: bool,
        transmit: Callable[[str, bytes], None],
        take_id: Callable[[], int],
        random: Random,
    ) -> None:
        self._venue, self._codec, self._depth = venue, codec, depth
        self._absences = absences
        self._known: set[str] = set()
        """Symbols that were on once: a refusal of them is no mistake in the configuration."""
        self._transmit, self._take_id, self._random = transmit, take_id, random
        channels = ("book", "trade", "ticker") if ticker else ("book", "trade")
        self._all = [_Subscription("instrument", "")]
        self._all += [_Subscription(channel, symbol) for channel in channels for symbol in symbols]
        self._asked: dict[int, _Subscription] = {}
        self._open = False
        self.silent_reason = ""
        """Set when an answer is overdue: the connection should be made anew."""

    @property
    def is_subscribed(self) -> bool:
        """At least one subscription is on."""
        return any(subscription.state is _State.ON for subscription in self._all)

    @property
    def has_books(self) -> bool:
        """At least one book is not off for good."""
        return any(item.channel == "book" and item.state is not _State.OFF for item in self._all)

    @property
    def is_complete(self) -> bool:
        """Everything that is not off is on, or was on this connection and is being renewed; at least one book is."""
        return self.has_books and all(item.was_on or item.state is _State.OFF for item in self._all)

    def opened(self, now_ns: int) -> None:
        """A new connection: ask for everything that is not off."""
        self._open = True
        self._asked.clear()
        self._wake(now_ns)
        waiting = [item for item in self._all if item.state is not _State.OFF]
        for index, item in enumerate(waiting):
            item.state = _State.WAITING
            item.was_on = item.leave_first = False
            item.due_ns = now_ns + index // PACE_PER_S * SECOND_NS
        self._ask_due(now_ns)

    def closed(self) -> None:
        """The connection is gone."""
        self._open = False
        self._asked.clear()
        for item in self._all:
            if item.state is not _State.OFF:
                item.state = _State.WAITING

    def due_ns(self) -> int:
        """When `deadline` has something to do; 0 never."""
        if not self._open:
            return 0
        waiting = [item for item in self._all if item.state is not _State.ON and item.due_ns]
        return min((item.due_ns for item in waiting if not self._absences.is_out(item.symbol)), default=0)

    def deadline(self, now_ns: int) -> list[Any]:
        """Ask for what is due; notice overdue answers."""
        if not self._open:
            return []
        for item in self._all:
            if item.state in (_State.ASKED, _State.LEAVING) and now_ns >= item.due_ns:
                self.silent_reason = f"no answer to the subscription of {item.channel} {item.symbol}".rstrip()
                # Said once; the connection that is made anew asks again.
                item.due_ns = now_ns + ACK_TIMEOUT_NS
        self._wake(now_ns)
        self._ask_due(now_ns)
        return []

    def acknowledged(self, now_ns: int, decoded: Decoded) -> list[Any]:
        """Take an answer to a request of ours."""
        item = self._asked.pop(decoded.request_id, None)
        if item is None or item.state is _State.OFF:
            return []
        if item.state is _State.LEAVING:
            # Refused or not, the subscription is not on any more or is about to be asked again.
            item.state = _State.WAITING
            item.due_ns = now_ns + self._resync_wait_ns(item)
            self._ask_due(now_ns)
            return []
        if decoded.ok:
            item.state = _State.ON
            item.was_on = True
            self._known.add(item.symbol)
            return []
        if decoded.error_class in (ErrorClass.RATE, ErrorClass.RETRY, ErrorClass.BUSY):
            item.state = _State.WAITING
            item.leave_first = True
            item.due_ns = now_ns + REFUSED_RETRY_NS + self._random.randrange(SECOND_NS)
            return []
        if item.symbol in self._known:
            if item.symbol:
                # The list of all instruments is of none that could be gone.
                self._absences.suspect(now_ns, item.symbol)
            return self._switch_off(now_ns, item, f"refused: {decoded.error}", PAUSE_NS)
        return self._switch_off(now_ns, item, f"refused: {decoded.error}; check the symbol in the configuration")

    def listed_again(self, now_ns: int, symbol: str) -> None:
        """A symbol that was gone is back: ask for what was refused meanwhile."""
        for item in self._all:
            if item.symbol == symbol and item.state is _State.OFF and item.due_ns:
                item.due_ns = now_ns
        if self._open:
            self.deadline(now_ns)

    def resync(self, now_ns: int, symbol: str, reason: str) -> list[Any]:
        """Get a fresh snapshot of one book, without touching anything else."""
        item = next((item for item in self._all if item.channel == "book" and item.symbol == symbol), None)
        if item is None or item.state is not _State.ON or not self._open:
            # Unknown, off, or being renewed already: one recovery in flight per instrument.
            return []
        while item.resyncs and item.resyncs[0] <= now_ns - RESYNC_WINDOW_NS:
            item.resyncs.popleft()
        item.resyncs.append(now_ns)
        if len(item.resyncs) > RESYNCS_MAX:
            self._send(now_ns, item, _State.LEAVING)
            text = f"book broken {RESYNCS_MAX + 1} times in {RESYNC_WINDOW_NS // (60 * SECOND_NS)} minutes ({reason})"
            return self._switch_off(now_ns, item, text, PAUSE_NS)
        self._send(now_ns, item, _State.LEAVING)
        return [BookReset(now_ns, self._venue, symbol, reason)]

    def _switch_off(self, now_ns: int, item: _Subscription, reason: str, pause_ns: int = 0) -> list[Any]:
        item.state = _State.OFF
        item.due_ns = now_ns + pause_ns if pause_ns else 0
        name = f"{item.channel} {item.symbol}".rstrip()
        until = f"for {pause_ns // (60 * SECOND_NS)} minutes" if pause_ns else "until restart"
        events: list[Any] = [Alert(now_ns, "error", f"{self._venue}: {name} is off {until}: {reason}")]
        if item.channel == "book":
            events.insert(0, BookReset(now_ns, self._venue, item.symbol, reason))
        return events

    def _wake(self, now_ns: int) -> None:
        for item in self._all:
            if item.state is _State.OFF and 0 < item.due_ns <= now_ns and not self._absences.is_out(item.symbol):
                item.state, item.due_ns, item.was_on = _State.WAITING, now_ns, False
                item.resyncs.clear()

    def _resync_wait_ns(self, item: _Subscription) -> int:
        """None for the first in a while, then doubling with full jitter: 1, 2, 4, 8 s at most."""
        repeats = len(item.resyncs) - 1
        return self._random.randrange(SECOND_NS << min(repeats - 1, 3)) + 1 if repeats > 0 else 0

    def _ask_due(self, now_ns: int) -> None:
        for item in self._all:
            if item.state is _State.WAITING and item.due_ns <= now_ns:
                self._send(now_ns, item, _State.LEAVING if item.leave_first else _State.ASKED)
                item.leave_first = False

    def _send(self, now_ns: int, item: _Subscription, state: _State) -> None:
        request_id = self._take_id()
        item.state = state
        item.due_ns = now_ns + ACK_TIMEOUT_NS
        self._asked[request_id] = item
        encode = self._codec.subscribe_public if state is _State.ASKED else self._codec.unsubscribe_public
        self._transmit("public", encode(item.channel, item.symbol, request_id, self._depth))
