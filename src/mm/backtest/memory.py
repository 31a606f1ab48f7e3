"""A shell without sockets: one machine and one simulated venue with a clock that jumps to whatever is next.

Both sides are the ones that run over sockets, byte for byte. Messages take `latency_ns` each way, plus up to
`jitter_ns` drawn from the seed; on one connection they never overtake one another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from mm.errors import InvariantError
from mm.net.actions import Connect, Disconnect, Request, Send
from mm.net.http import LOST

ABNORMAL: Final = 1006
STEPS_MAX: Final = 20_000
"""In one moment: a burst of the tape is a few dozen messages, what waited for a process that stood still are more."""


class Machine(Protocol):
    """A link, or a driver's port: see `mm.live.shell.Machine`."""

    def start(self, now_ns: int) -> object: ...
    def opened(self, now_ns: int, channel: str) -> object: ...
    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool) -> object: ...
    def closed(self, now_ns: int, channel: str, code: int, reason: str) -> object: ...
    def unsent(self, now_ns: int, channel: str, request_id: int) -> object: ...
    def reply(self, now_ns: int, request_id: int, status: int, body: bytes) -> object: ...
    def deadline(self, now_ns: int) -> object: ...
    def stop(self, now_ns: int) -> object: ...
    def drain(self) -> Any: ...
    def next_deadline(self) -> int: ...


class MemoryWorld:
    """Runs a machine against a venue (`mm.simulator.kraken.venue.KrakenVenue` or anything with its surface)."""

    def __init__(
        self,
        machine: Machine,
        venue: Any,  # Any: the simulator's venues share a surface, not a class
        *,
        now_ns: int,
        seed: int = 1,
        latency_ns: int = 200_000,
        jitter_ns: int = 100_000,
    ) -> None:
        self.machine = machine
        self.venue = venue
        self.now_ns = now_ns
        self._random = Random(f"memory:{seed}")
        self._latency_ns, self._jitter_ns = latency_ns, jitter_ns
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = 0
        self._connections: dict[str, int] = {}
        """Channel of the machine to the venue's connection."""
        self._channels: dict[int, str] = {}
        self._attempts: dict[str, int] = {}
        self._lanes: dict[str, int] = {}
        self._requests: dict[int, int] = {}
        """Number of the HTTP exchange to the machine's request id."""
        self._is_venue_new = self._is_machine_new = True
        """Something happened there since it was asked when it is due: most steps touch one side alone."""
        self._venue_ns = self._machine_ns = 0

    def start(self) -> None:
        """Start the machine."""
        self.renew()
        self.machine.start(self.now_ns)
        self._drain()

    def tell(self, function: Callable[[int], object]) -> None:
        """Give the machine something that does not come from the venue."""
        self._is_machine_new = True
        function(self.now_ns)
        self._drain()

    def take_over(self, machine: Machine) -> None:
        """The machine is gone without a word, as a killed process is; another starts in its place.

        What it sent is still on its way; what is said to it reaches nobody.
        """
        for channel in list(self._connections):
            self._disconnect(channel)
        self._attempts = {channel: attempt + 1 for channel, attempt in self._attempts.items()}
        self._requests.clear()
        self.machine = machine
        self.start()

    def run(self, until_ns: int, done: Callable[[], bool] | None = None) -> None:
        """Let time pass up to a moment, or until `done` says so after a step."""
        run_together((self,), until_ns, done)

    def renew(self) -> None:
        """Somebody else may have touched either side: nothing that was asked before holds."""
        self._is_venue_new = self._is_machine_new = True

    def due_ns(self) -> int:
        """When something is due on either side or between them, 0 never."""
        if self._is_venue_new:
            self._is_venue_new = False
            self._venue_ns = int(self.venue.next_deadline())
        if self._is_machine_new:
            self._is_machine_new = False
            self._machine_ns = self._machine_due()
        due_ns, machine_ns, queue = self._venue_ns, self._machine_ns, self._queue
        if machine_ns and (not due_ns or machine_ns < due_ns):
            due_ns = machine_ns
        if queue and (not due_ns or queue[0][0] < due_ns):
            due_ns = queue[0][0]
        return due_ns

    def _machine_due(self) -> int:
        return self.machine.next_deadline()

    def is_still_due(self) -> bool:
        """Whether what `due_ns` said last holds: a deadline may be that of an engine that others share and moved."""
        if 0 < self._venue_ns <= self.now_ns or (self._queue and self._queue[0][0] <= self.now_ns):
            return True
        self._is_machine_new = True
        return 0 < self.due_ns() <= self.now_ns

    def step(self) -> None:
        """Do one thing that is due now."""
        if self._queue and self._queue[0][0] <= self.now_ns:
            heappop(self._queue)[2]()
        elif 0 < self._venue_ns <= self.now_ns:
            self._is_venue_new = True
            self.venue.advance(self.now_ns)
        else:
            self._is_machine_new = True
            self.machine.deadline(self.now_ns)
        self._drain()

    # --- from one side to the other ---------------------------------------------------------------------------------

    def _later(self, lane: str, function: Callable[[], None], delay_ns: int = 0) -> None:
        """Call after the latency; calls of one lane stay in order."""
        at_ns = self.now_ns + delay_ns + self._latency_ns + self._random.randrange(self._jitter_ns + 1)
        at_ns = max(at_ns, self._lanes.get(lane, 0))
        self._lanes[lane] = at_ns
        self._serial += 1
        heappush(self._queue, (at_ns, self._serial, function))

    def _drain(self) -> None:
        progress = True
        while progress:
            progress = False
            for action in self.machine.drain():
                progress = True
                self._do(action)
            for action in self.venue.drain():
                progress = True
                self._from_venue(action)

    def _do(self, action: Any) -> None:
        if isinstance(action, Send):
            number = self._connections.get(action.channel)
            if number is None:
                self._is_machine_new = True
                self.machine.unsent(self.now_ns, action.channel, action.request_id)
            else:
                payload = action.payload
                self._later(f"up {number}", lambda: self._sent(number, payload))
        elif isinstance(action, Request):
            self._request(action)
        elif isinstance(action, Connect):
            self._disconnect(action.channel)
            attempt = self._attempts[action.channel] = self._attempts.get(action.channel, 0) + 1
            parts = urlsplit(action.url)
            channel, path = action.channel, f"{parts.path}?{parts.query}" if parts.query else parts.path
            self._later(f"dial {channel}", lambda: self._connect(channel, path, attempt))
        elif isinstance(action, Disconnect):
            self._attempts[action.channel] = self._attempts.get(action.channel, 0) + 1
            self._disconnect(action.channel)

    def _sent(self, number: int, payload: bytes) -> None:
        self._is_venue_new = True
        self.venue.frame(self.now_ns, number, payload)

    def _left(self, number: int) -> None:
        self._is_venue_new = True
        self.venue.closed(self.now_ns, number)

    def _asked(self, number: int, request: Any, headers: dict[str, str]) -> None:
        self._is_venue_new = True
        self.venue.http(self.now_ns, number, request.method, request.path, headers, request.body)

    def _connect(self, channel: str, path: str, attempt: int) -> None:
        if self._attempts.get(channel) != attempt:
            return
        self._is_venue_new = True
        try:
            number = self.venue.open(self.now_ns, path)
        except ConnectionRefusedError as error:
            status, text = error.args
            self._later(f"dial {channel}", lambda: self._refused(channel, attempt, status, text))
            return
        self._connections[channel] = number
        self._channels[number] = channel
        # What the venue says at once comes after the news that the socket is open, on the same lane.
        self._later(f"down {number}", lambda: self._opened(channel, number))

    def _refused(self, channel: str, attempt: int, status: int, text: str) -> None:
        if self._attempts.get(channel) == attempt:
            self._is_machine_new = True
            # As from a socket: the waits after a venue's own refusal are others than those for one out of reach.
            self.machine.closed(self.now_ns, channel, status, f"upgrade refused with HTTP status {status}: {text}")

    def _opened(self, channel: str, number: int) -> None:
        if self._connections.get(channel) == number:
            self._is_machine_new = True
            self.machine.opened(self.now_ns, channel)

    def _disconnect(self, channel: str) -> None:
        number = self._connections.pop(channel, None)
        if number is not None:
            self._channels.pop(number, None)
            self._later(f"up {number}", lambda: self._left(number))

    def _request(self, action: Request) -> None:
        self._serial += 1
        number, request = self._serial, action.request
        self._requests[number] = action.request_id
        headers = {name.lower(): value for name, value in request.headers}
        self._later(f"http {number}", lambda: self._asked(number, request, headers))
        self._serial += 1
        timeout = (self.now_ns + action.timeout_ns, self._serial, lambda: self._answer(number, LOST, b"timed out"))
        heappush(self._queue, timeout)

    def _answer(self, number: int, status: int, body: bytes) -> None:
        request_id = self._requests.pop(number, None)
        if request_id is not None:
            self._is_machine_new = True
            self.machine.reply(self.now_ns, request_id, status, body)

    def _from_venue(self, action: Any) -> None:
        kind, number = action.kind, action.connection
        if kind == "reply":
            self._later(f"reply {number}", lambda: self._answer(number, action.code, action.payload))
        elif kind == "hangup":
            self._later(f"reply {number}", lambda: self._answer(number, LOST, b"connection closed"))
        elif kind in ("send", "send_binary"):
            self._later(f"down {number}", lambda: self._message(number, action.payload))
        else:
            code = action.code if kind == "close" else ABNORMAL
            self._later(f"down {number}", lambda: self._ended(number, code, action.reason))

    def _message(self, number: int, payload: bytes) -> None:
        channel = self._channels.get(number)
        if channel is not None:
            self._is_machine_new = True
            self.machine.frame(self.now_ns, channel, payload, True)

    def _ended(self, number: int, code: int, reason: str) -> None:
        channel = self._channels.pop(number, None)
        if channel is not None:
            self._connections.pop(channel, None)
            self._is_machine_new = True
            self.machine.closed(self.now_ns, channel, code, reason)


def run_together(
    worlds: Sequence[MemoryWorld],
    until_ns: int,
    done: Callable[[], bool] | None = None,
    after: Callable[[int, int], None] | None = None,
) -> bool:
    """Let time pass for several worlds with one clock: whatever is due first, wherever it is, comes first.

    done: asked before the first step and after each, must only look; after: called after each step with the time and
    the number of the world that made it. Returns whether `done` said so.

    Raises:
        InvariantError: something is due again and again at one moment.
    """
    if done is not None and done():
        return True
    steps, now_ns = 0, max(world.now_ns for world in worlds)
    dues = [0] * len(worlds)
    for world in worlds:
        # Whoever called may have done anything to them.
        world.renew()
    while True:
        due_ns, number = 0, -1
        for index, world in enumerate(worlds):
            if world._is_venue_new or world._is_machine_new:
                dues[index] = world.due_ns()
            # Of two that are due at once the first of the list: the same order in every run.
            if dues[index] and (not due_ns or dues[index] < due_ns):
                due_ns, number = dues[index], index
        if not due_ns or due_ns > until_ns:
            for world in worlds:
                world.now_ns = max(now_ns, until_ns)
            return False
        steps = 0 if due_ns > now_ns else steps + 1
        if steps > STEPS_MAX:
            raise InvariantError("time stands still: something is due again and again at the same moment")
        now_ns = max(now_ns, due_ns)
        for world in worlds:
            world.now_ns = now_ns
        if not worlds[number].is_still_due():
            dues[number] = worlds[number].due_ns()
            continue
        worlds[number].step()
        if after is not None:
            after(now_ns, number)
        if done is not None and done():
            return True
