"""Carries out a machine's actions on real sockets, and tells it what happened: the only place where the two meet.

The machine is a link, or an engine with its links; it does no I/O and reads no clock. Everything here runs in callbacks
of the event loop: no task for a message, no await between a frame that was read and the orders that it leads to.
A failed socket is news for the machine. A machine that raises is broken: the shell stops feeding it, keeps the error
for `wait_failed`, and leaves it to the caller to stop in order.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

from mm.net.actions import Action, Connect, Disconnect, Request, Send
from mm.net.http import NOT_SENT, HttpClient
from mm.net.wall_clock import WallClock
from mm.net.websocket import UNREACHABLE, WebSocket

LATE_NS: Final = 500_000_000
"""A timer this late means that the process stood still: what waits in the sockets is older than the deadline, and is
read first, or a connection that is full of frames would be found silent."""
TIMER_S_MAX: Final = 3600.0
CONNECTIONS_MAX: Final = 12
"""HTTP sockets of one venue: eight order requests at once where orders go over REST, reads, and the clock. An order
must not wait here unseen for a socket; they are opened when they are needed."""


class Machine(Protocol):
    """What a shell drives. Times are UTC in ns and never go back; results are for the machine's owner, not for us."""

    def start(self, now_ns: int) -> object: ...
    def opened(self, now_ns: int, channel: str) -> object: ...
    def frame(self, now_ns: int, channel: str, payload: bytes, last: bool, /) -> object:
        """Take a message; `last`: nothing more has been read. An empty payload with `last` ends a burst."""
        ...

    def closed(self, now_ns: int, channel: str, code: int, reason: str) -> object: ...
    def unsent(self, now_ns: int, channel: str, request_id: int) -> object: ...
    def reply(self, now_ns: int, request_id: int, status: int, body: bytes) -> object: ...
    def deadline(self, now_ns: int) -> object: ...
    def stop(self, now_ns: int) -> object: ...
    def drain(self) -> Iterable[Action]: ...
    def next_deadline(self) -> int: ...


class Shell:
    """Runs one machine on the running event loop.

    rest_urls: base address of each venue's REST interface; context: TLS settings (the default verifies everything);
    on_stall: told how long the loop has stood still, in ns, before anything that waited in the sockets is read, once
    `watch` has said from when on that counts.
    """

    def __init__(
        self,
        machine: Machine,
        rest_urls: Mapping[str, str],
        *,
        clock: WallClock | None = None,
        context: ssl.SSLContext | None = None,
        on_stall: Callable[[int], None] | None = None,
    ) -> None:
        self._machine = machine
        self._drain: Callable[[], Iterable[Action]] = machine.drain
        self._left: Iterator[Action] = iter(())
        """Actions that were drained and not carried out yet."""
        self._on_stall = on_stall
        self._stall_ns = 0
        self._alive_ns = 0
        """When the loop was last seen to turn."""
        self._beat: asyncio.TimerHandle | None = None
        self._clock = clock or WallClock()
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._http = {
            venue: HttpClient(url, context=context, connections_max=CONNECTIONS_MAX) for venue, url in rest_urls.items()
        }
        self._sockets: dict[str, _Socket] = {}
        self._closing: set[WebSocket] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._late = False
        """The sockets are being read before a late deadline is looked at."""
        self._acting = False
        self._running = self._has_begun = False
        self._burst = ""
        self._flush: asyncio.Handle | None = None
        self._failure: asyncio.Future[None] = self._loop.create_future()

    # --- for the owner ----------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the machine is fed."""
        return self._running

    @property
    def failure(self) -> BaseException | None:
        """What the machine raised, if it did."""
        return self._failure.exception() if self._failure.done() and not self._failure.cancelled() else None

    def watch(self, stall_ns: int) -> None:
        """Tell of a loop that stood still for so long; 0: of none."""
        self._stall_ns = stall_ns
        self.turned()
        if self._beat is None and stall_ns and self._running:
            self._beating()

    def turned(self) -> None:
        """The loop turns: what it missed before is known."""
        self._alive_ns = self._clock.now_ns()

    def start(self) -> None:
        """Start the machine; one that has raised already stays where it is."""
        self._has_begun = True
        if self._failure.done():
            return
        self._running = True
        self.tell(self._machine.start)

    def tell(self, function: Callable[[int], object]) -> None:
        """Give the machine something that does not come from a socket: `function` is called with the time.

        Before the start too, when it can only be noted; after the stop nothing is taken any more.
        """
        if self._running or not (self._has_begun or self._failure.done()):
            try:
                function(self._clock.now_ns())
                self._act()
            except Exception as error:  # noqa: BLE001  # kept, and raised by `wait_failed`
                self._fail(error)

    def flush(self) -> None:
        """Carry out, soon, what the machine wants because of news that came another way (through another shell)."""
        if self._flush is None:
            self._flush = self._loop.call_soon(self._flushed)

    def push(self) -> bool:
        """Carry out what the machine wants before whoever calls goes on, from inside an action too; returns whether
        the machine is sound."""
        if self._running or not (self._has_begun or self._failure.done()):
            try:
                if self._acting:
                    # What is left of the action's own batch was wished before.
                    self._carry_out()
                else:
                    self._act()
            except Exception as error:  # noqa: BLE001  # kept, and raised by `wait_failed`
                self._fail(error)
        return not self._failure.done()

    async def wait_failed(self) -> None:
        """Wait until the machine raises, and raise that; for ever if it does not."""
        await asyncio.shield(self._failure)

    def stop(self) -> None:
        """Stop the machine and close everything; a machine that raised is not asked any more."""
        if self._running:
            self.tell(self._machine.stop)
        self._running, self._has_begun = False, True
        for timer in (self._timer, self._beat):
            if timer is not None:
                timer.cancel()
        self._timer = self._beat = None
        for channel in tuple(self._sockets):
            self._disconnect(channel, "stopped")
        for client in self._http.values():
            client.close()

    async def wait_closed(self) -> None:
        """Wait until nothing of this shell is left on the loop, after `stop`."""
        for socket in tuple(self._closing):
            await socket.wait_closed()
        self._closing.clear()
        for client in self._http.values():
            await client.wait_closed()

    # --- news -------------------------------------------------------------------------------------------------------

    def opened(self, socket: _Socket) -> None:
        """A socket is connected."""
        if self._sockets.get(socket.channel) is socket:
            self.tell(lambda now_ns: self._machine.opened(now_ns, socket.channel))

    def frame(self, socket: _Socket, payload: bytes, last: bool) -> None:
        """A socket has a message; the hot path."""
        channel = socket.channel
        if not self._running or self._sockets.get(channel) is not socket:
            return
        try:
            now_ns = self._clock.now_ns()
            if self._stall_ns and now_ns - self._alive_ns > self._stall_ns:
                self._stood_still(now_ns)
            self._machine.frame(now_ns, channel, payload, last)
            self._act()
        except Exception as error:  # noqa: BLE001  # kept, and raised by `wait_failed`
            self._fail(error)
            return
        if last:
            self._burst = ""
        elif not self._burst:
            # What follows in the buffer may be half a frame: then no message of this read is marked as the last one.
            self._burst = channel
            self._loop.call_soon(self._end_burst)

    def closed(self, socket: _Socket, code: int, reason: str) -> None:
        """A socket has ended, or never began."""
        if self._sockets.get(socket.channel) is socket:
            del self._sockets[socket.channel]
            self.tell(lambda now_ns: self._machine.closed(now_ns, socket.channel, code, reason))

    def _flushed(self) -> None:
        self._flush = None
        self.tell(lambda now_ns: None)

    def _beating(self) -> None:
        """Note that the loop turns, several times in what counts as standing still."""
        now_ns = self._clock.now_ns()
        if self._stall_ns and now_ns - self._alive_ns > self._stall_ns:
            self.tell(self._stood_still)
        self._alive_ns = now_ns
        self._beat = self._loop.call_later(self._stall_ns / 4e9, self._beating) if self._stall_ns else None

    def _stood_still(self, now_ns: int) -> None:
        """What waits in the sockets, and what is known, is from before."""
        late_ns, self._alive_ns = now_ns - self._alive_ns, now_ns
        if self._on_stall is not None:
            self._on_stall(late_ns)

    def _end_burst(self) -> None:
        channel, self._burst = self._burst, ""
        if channel:
            self.tell(lambda now_ns: self._machine.frame(now_ns, channel, b"", True))

    # --- actions ----------------------------------------------------------------------------------------------------

    def _act(self) -> None:
        """Carry out what the machine wants, until it wants nothing more; then see when it wants to be woken."""
        if self._acting:
            # News from inside an action: its own call goes on with what it led to.
            return
        self._acting = True
        try:
            while actions := self._drain():
                self._left = left = iter(actions)
                for action in left:
                    self._do(action)
        finally:
            self._acting = False
        self._arm()

    def _carry_out(self) -> None:
        """As `_act`, inside one of its actions: first the rest of what that one is of."""
        for action in self._left:
            self._do(action)
        while actions := self._drain():
            self._left = left = iter(actions)
            for action in left:
                self._do(action)

    def _do(self, action: Action) -> None:
        if isinstance(action, Send):
            socket = self._sockets.get(action.channel)
            if socket is None or not socket.websocket.send(action.payload):
                self._machine.unsent(self._clock.now_ns(), action.channel, action.request_id)
        elif isinstance(action, Request):
            self._request(action)
        elif isinstance(action, Connect):
            self._connect(action)
        elif isinstance(action, Disconnect):
            self._disconnect(action.channel, action.reason)

    def _connect(self, action: Connect) -> None:
        self._disconnect(action.channel, "connected anew")
        try:
            socket = _Socket(self, action.channel, action.url, self._context)
        except ValueError as error:
            self._machine.closed(self._clock.now_ns(), action.channel, UNREACHABLE, str(error))
            return
        self._sockets[action.channel] = socket
        socket.websocket.open()

    def _disconnect(self, channel: str, reason: str) -> None:
        # Taken out first: the machine has closed it in its own books and expects no news of it.
        socket = self._sockets.pop(channel, None)
        if socket is not None:
            socket.websocket.close(reason)
            self._closing.add(socket.websocket)
            self._closing = {websocket for websocket in self._closing if not websocket.is_closed}

    def _request(self, action: Request) -> None:
        request_id = action.request_id

        def answer(status: int, body: bytes) -> None:
            self.tell(lambda now_ns: self._machine.reply(now_ns, request_id, status, body))

        client = self._http.get(action.venue)
        if client is None:
            text = f"not sent: no REST address is known for {action.venue!r}".encode()
            self._loop.call_soon(answer, NOT_SENT, text)
        else:
            client.request(action.request, action.timeout_ns / 1e9, answer, action.wait_ns / 1e9)

    # --- timer ------------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Keep one timer, never later than the machine wants it; one that is too early looks again."""
        due_ns = self._machine.next_deadline()
        if not due_ns or (self._timer is not None and (self._late or self._timer_ns <= due_ns)):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = due_ns
        wait_s = min(max(0.0, (due_ns - self._clock.now_ns()) / 1e9), TIMER_S_MAX)
        self._timer = self._loop.call_later(wait_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if not self._running:
            return
        due_ns, now_ns = self._machine.next_deadline(), self._clock.now_ns()
        if not due_ns or due_ns > now_ns:
            self._late = False
            self._arm()
        elif now_ns - self._timer_ns > LATE_NS and not self._late:
            self._late = True
            self._timer = self._loop.call_later(0.001, self._ring)
        else:
            self._late = False
            self.tell(self._machine.deadline)

    def _fail(self, error: Exception) -> None:
        self._running = False
        # Nothing that it wanted leaves any more: what it raised may have come from inside an action.
        self._drain = tuple
        for _ in self._left:
            pass
        if not self._failure.done():
            self._failure.set_exception(error)


class _Socket:
    """One connection of a channel: a later one of the same channel is another object."""

    __slots__ = ("channel", "websocket")

    def __init__(self, shell: Shell, channel: str, url: str, context: ssl.SSLContext | None) -> None:
        self.channel = channel
        self.websocket = WebSocket(
            url,
            lambda: shell.opened(self),
            lambda payload, last: shell.frame(self, payload, last),
            lambda code, reason: shell.closed(self, code, reason),
            context=context,
        )
