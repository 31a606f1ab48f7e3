"""The topics of the public sockets: thirty at most on one, asked one by one, each with its own answer.

WAITING --asked--> ASKED --its name--> ON
                     |  --"Not Subscribed"--> REFUSED --a while later--> ASKED
                     +--silence--> the connection is made anew

A refusal can mean a wrong symbol, a retired topic or a ban of our address: it is tried again, slowly.
(MEXC Spot reference: WebSocket.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from mm._core.events import Alert
from mm.exchanges.mexc_spot import topics
from mm.exchanges.mexc_spot.numbers import VENUE
from mm.exchanges.session import Transmit, Wish
from mm.exchanges.venue import Decoded

SECOND_NS: Final = 1_000_000_000
ACK_TIMEOUT_NS: Final = 10 * SECOND_NS
REFUSED_RETRY_NS: Final = 60 * SECOND_NS


class _State(Enum):
    WAITING = "waiting"
    ASKED = "asked"
    ON = "on"
    REFUSED = "refused"


@dataclass(slots=True)
class Topic:
    """One subscription. symbol: whose book it brings, empty for other topics."""

    name: str
    symbol: str = ""
    state: _State = _State.WAITING
    request_id: int = 0
    due_ns: int = 0
    was_told: bool = False
    """Its refusal has been told."""


class Topics:
    """The subscriptions of one socket. channel: its name; wish: takes messages to send."""

    def __init__(
        self, channel: str, all_topics: Sequence[Topic], wish: Callable[[Wish], None], take_id: Callable[[], int]
    ) -> None:
        if len(all_topics) > topics.SUBSCRIPTIONS_MAX:
            raise ValueError(f"{VENUE}: {len(all_topics)} subscriptions on one connection")
        self.channel = channel
        self.topics: Final = tuple(all_topics)
        self._wish, self._take_id = wish, take_id
        self.is_open = False
        self.silent_reason = ""
        """Set when an answer is overdue: the connection should be made anew."""

    @property
    def is_on(self) -> bool:
        """At least one subscription is on."""
        return any(topic.state is _State.ON for topic in self.topics)

    @property
    def is_complete(self) -> bool:
        """Every answer is there, and a subscription is on."""
        return self.is_on and all(topic.state in (_State.ON, _State.REFUSED) for topic in self.topics)

    @property
    def is_whole(self) -> bool:
        """Every subscription is on."""
        return all(topic.state is _State.ON for topic in self.topics)

    def begin(self, now_ns: int) -> None:
        """Ask for everything on a connection that is open."""
        self.is_open = True
        for topic in self.topics:
            self._ask(now_ns, topic)

    def closed(self) -> None:
        """The connection is gone."""
        self.is_open = False
        self.silent_reason = ""
        for topic in self.topics:
            topic.state, topic.due_ns, topic.request_id = _State.WAITING, 0, 0

    def acknowledged(self, now_ns: int, decoded: Decoded) -> tuple[Topic | None, list[Any]]:
        """Take an answer: the topic that is on because of it, and events."""
        topic = self._asked(decoded)
        if topic is None:
            return None, []
        # Success is the topic's own name: anything else, with code 0 too, is none.
        if decoded.ok and decoded.channel == topic.name:
            topic.state, topic.due_ns, topic.was_told = _State.ON, 0, False
            return topic, []
        topic.state, topic.due_ns = _State.REFUSED, now_ns + REFUSED_RETRY_NS
        if topic.was_told:
            return None, []
        topic.was_told = True
        reason = decoded.error or f"answered with {decoded.channel[:80]!r}"
        text = f"{VENUE}: subscription to {topic.name} refused: {reason.strip()}; trying again each minute"
        return None, [Alert(now_ns, "error", text)]

    def due_ns(self) -> int:
        """When `deadline` has something to do; 0 never."""
        return min((topic.due_ns for topic in self.topics if topic.due_ns), default=0) if self.is_open else 0

    def deadline(self, now_ns: int) -> None:
        """Notice overdue answers; ask again for what was refused."""
        if not self.is_open:
            return
        for topic in self.topics:
            if not 0 < topic.due_ns <= now_ns:
                continue
            if topic.state is _State.ASKED:
                self.silent_reason = f"no answer to the subscription of {topic.name}"
                topic.due_ns = now_ns + ACK_TIMEOUT_NS
            elif topic.state is _State.REFUSED:
                self._ask(now_ns, topic)

    def _ask(self, now_ns: int, topic: Topic) -> None:
        topic.state, topic.due_ns, topic.request_id = _State.ASKED, now_ns + ACK_TIMEOUT_NS, self._take_id()
        self._wish(Transmit(self.channel, topics.request("SUBSCRIPTION", topic.name, topic.request_id)))

    def _asked(self, decoded: Decoded) -> Topic | None:
        """Whose answer it is: by its id, or by the name that it repeats where no id comes back."""
        asked = [topic for topic in self.topics if topic.state is _State.ASKED]
        if decoded.request_id:
            return next((topic for topic in asked if topic.request_id == decoded.request_id), None)
        return next((topic for topic in asked if topic.name == decoded.channel), None)
