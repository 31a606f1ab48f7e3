"""The wires between the bot and one venue: what goes over them is shown to the judge, and the bot can stand still."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import Any, Final

from mm.backtest.memory import MemoryWorld
from mm.chaos.checker import Checker
from mm.chaos.names import LIE
from mm.chaos.wire import of_frame, of_request
from mm.net.actions import Disconnect, Request, Send

IMPATIENT_NS: Final = 1_000_000


class Tapped(MemoryWorld):
    """One venue's wires. `checker` hears them; until `frozen_ns` the bot's process does nothing at all."""

    checker: Checker
    name: str
    frozen_ns = 0
    is_mute = False
    """What the bot sends reaches nobody, and it does not know."""
    impatient_ns = 0
    """Until then no answer over HTTP is waited for longer than `IMPATIENT_NS`, although the request is carried out."""

    def __init__(self, *world: Any, **how: Any) -> None:
        super().__init__(*world, **how)
        self._placing: dict[int, str] = {}
        """Number of an HTTP exchange that places an order to that order's client id."""
        self._reading: dict[int, str] = {}
        """And of one that reads a book to its path."""

    def _machine_due(self) -> int:
        # A process that stands still misses its own deadlines.
        due_ns = self.machine.next_deadline()
        return max(due_ns, self.frozen_ns) if due_ns else 0

    def _do(self, action: Any) -> None:
        if self.is_mute and isinstance(action, Send | Request):
            return
        if isinstance(action, Send):
            self.checker.books[self.name].asked(action.payload)
            for sent in of_frame(self.name, action.payload):
                self.checker.sent(self.now_ns, self.name, sent, action.payload)
        elif isinstance(action, Request):
            request = action.request
            whole = b" ".join((request.path.encode(), request.body))
            if "/depth" in request.path:
                self._reading[self._serial + 1] = request.path
            for sent in of_request(self.name, request.method, request.path, request.body):
                self.checker.sent(self.now_ns, self.name, sent, whole)
                if sent.kind == "place":
                    # The number that the exchange gets in a moment.
                    self._placing[self._serial + 1] = sent.client_id
        elif isinstance(action, Disconnect):
            self.checker.linked(self.now_ns, self.name, action.channel, up=False)
        super()._do(action)

    def _request(self, action: Request) -> None:
        if self.now_ns < self.impatient_ns:
            action = Request(action.venue, action.request_id, action.request, IMPATIENT_NS, action.wait_ns)
        super()._request(action)

    def _thawed(self, again: Callable[[], None]) -> bool:
        """Whether the bot runs; what it is told while it does not waits in its order."""
        if self.now_ns >= self.frozen_ns:
            return True
        self._serial += 1
        heappush(self._queue, (self.frozen_ns, self._serial, again))
        return False

    def _opened(self, channel: str, number: int) -> None:
        if self._thawed(lambda: self._opened(channel, number)):
            self.checker.linked(self.now_ns, self.name, channel, up=True)
            super()._opened(channel, number)

    def _refused(self, channel: str, attempt: int, status: int, text: str) -> None:
        if self._thawed(lambda: self._refused(channel, attempt, status, text)):
            super()._refused(channel, attempt, status, text)

    def _answer(self, number: int, status: int, body: bytes) -> None:
        if self._thawed(lambda: self._answer(number, status, body)):
            client_id = self._placing.pop(number, "")
            if LIE in body and number in self._requests:
                self.checker.lied(self.name, client_id)
            path = self._reading.pop(number, "")
            if number in self._requests:
                self.checker.answered(self.now_ns, self.name, path, status, body)
            super()._answer(number, status, body)

    def _message(self, number: int, payload: bytes) -> None:
        if self._thawed(lambda: self._message(number, payload)):
            if number in self._channels:
                self.checker.told(self.now_ns, self.name, payload)
            super()._message(number, payload)

    def _ended(self, number: int, code: int, reason: str) -> None:
        if self._thawed(lambda: self._ended(number, code, reason)):
            channel = self._channels.get(number)
            if channel is not None:
                self.checker.linked(self.now_ns, self.name, channel, up=False)
            super()._ended(number, code, reason)
