"""The public subscriptions of one connection. Answers name no symbol, so that one is asked at a time: changes of
contracts, then books."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from mm._core.events import Alert
from mm.exchanges.mexc_futures import topics
from mm.exchanges.mexc_futures.numbers import VENUE
from mm.exchanges.venue import Decoded

SECOND_NS: Final = 1_000_000_000
ACK_TIMEOUT_NS: Final = 10 * SECOND_NS
SUBSCRIBE: Final = "sub."
ERROR: Final = "error"


class _State(Enum):
    WAITING = "waiting"
    ASKED = "asked"
    ON = "on"
    OFF = "off"
    """Refused: until restart, or until its contract is listed again."""


@dataclass(slots=True)
class _Subscription:
    channel: str
    symbol: str
    state: _State = _State.WAITING
    due_ns: int = 0
    """ASKED: when the answer is overdue."""


class Subscriptions:
    """See the module's text. transmit: takes messages for the socket."""

    def __init__(self, symbols: Sequence[str], merged: bool, transmit: Callable[[bytes], None]) -> None:
        # Of every contract at once. One that changes means something else with the next order: not a minute later.
        self._all = [_Subscription(topics.CONTRACT, "")]
        self._all += [_Subscription(channel, symbol) for channel in topics.CHANNELS for symbol in symbols]
        self._merged, self._transmit = merged, transmit
        self.is_open = False
        self.silent_reason = ""
        """Set when an answer is overdue: the connection should be made anew."""

    @property
    def is_on(self) -> bool:
        """At least one subscription is on."""
        return any(item.state is _State.ON for item in self._all)

    @property
    def hears_contracts(self) -> bool:
        """Whether a change of a contract is told from now on, or never on this connection."""
        return self._all[0].state in (_State.ON, _State.OFF)

    @property
    def has_books(self) -> bool:
        """At least one book is not off."""
        return any(item.channel == topics.DEPTH and item.state is not _State.OFF for item in self._all)

    @property
    def is_complete(self) -> bool:
        """Everything that is not off is on, at least one book is."""
        return self.has_books and all(item.state in (_State.ON, _State.OFF) for item in self._all)

    def begin(self, now_ns: int) -> None:
        """A new connection: ask for everything that is not off."""
        self.is_open = True
        self._ask(now_ns)

    def closed(self) -> None:
        """The connection is gone."""
        self.is_open = False
        for item in self._all:
            item.due_ns = 0
            if item.state is not _State.OFF:
                item.state = _State.WAITING

    def acknowledged(self, now_ns: int, decoded: Decoded) -> tuple[str, str, list[Any]]:
        """Take an answer: channel and symbol of what is on now (empty for nothing), and what there is to tell."""
        item = self._asked_for(decoded)
        if item is None:
            return "", "", []
        item.due_ns = 0
        item.state = _State.ON if decoded.ok else _State.OFF
        self._ask(now_ns)
        if decoded.ok:
            return item.channel, item.symbol, []
        if item.channel == topics.CONTRACT:
            text = f"{VENUE}: changes of contracts are not told, and found within a minute: refused: {decoded.error}"
            return "", "", [Alert(now_ns, "warning", text)]
        text = f"{VENUE}: {item.channel} of {item.symbol} is off until it is listed: refused: {decoded.error}"
        return "", "", [Alert(now_ns, "error", f"{text}; check the symbol in the configuration")]

    def listed_again(self, now_ns: int, symbol: str) -> None:
        """A contract that was gone is back: ask for what was refused meanwhile."""
        for item in self._all:
            if item.symbol == symbol and item.state is _State.OFF:
                item.state = _State.WAITING
        if self.is_open:
            self._ask(now_ns)

    def due_ns(self) -> int:
        """When `deadline` has something to do; 0 never."""
        return min((item.due_ns for item in self._all if item.due_ns), default=0)

    def deadline(self, now_ns: int) -> None:
        """Notice overdue answers."""
        for item in self._all:
            if 0 < item.due_ns <= now_ns:
                self.silent_reason = f"no answer to the subscription of {item.channel} {item.symbol}"
                # Said once; the connection that is made anew asks again.
                item.due_ns = 0

    def _asked_for(self, decoded: Decoded) -> _Subscription | None:
        item = next((item for item in self._all if item.state is _State.ASKED), None)
        if item is None or decoded.channel in (ERROR, SUBSCRIBE + item.channel):
            return item
        return None

    def _ask(self, now_ns: int) -> None:
        if any(item.state is _State.ASKED for item in self._all):
            return
        item = next((item for item in self._all if item.state is _State.WAITING), None)
        if item is not None:
            item.state = _State.ASKED
            item.due_ns = now_ns + ACK_TIMEOUT_NS
            if item.channel == topics.CONTRACT:
                self._transmit(topics.subscribe_contracts())
            else:
                self._transmit(topics.subscribe(item.channel, item.symbol, merged=self._merged))
