"""The socket shell of a simulated venue: WebSocket and HTTP/1.1 on one loopback port, and nothing decided here.

Every connection starts as HTTP. A request that asks for an upgrade hands its transport over to picows; any other is
answered and the connection kept. The venue is called with the time, its actions are carried out, and one timer wakes
it for its next deadline.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from picows import WSAutoPingStrategy, WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeResponse
from picows.common import WSUpgradeRequest, WSUpgradeResponseWithListener
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from mm.simulator.http_request import BadRequest, HttpRequest, parse_request, response
from mm.simulator.outbox import ABORT, CLOSE, FRAMES, HANGUP, REPLY, SEND, Action

HOST: Final = "127.0.0.1"
CONNECTIONS_MAX: Final = 512
HTTP_IDLE_S: Final = 75.0
"""Keep-alive time; a client's pool must not outlive it."""
MESSAGE_BYTES_MAX: Final = 1024 * 1024
OWN_BUFFER_BYTES: Final = 8192
"""Above this picows 2.3 hands the loop a header that lies in a buffer which its next frame writes over, and uvloop
writes only later: two frames in one turn, the first of them large, went out with the second one's header. Such a frame
gets a buffer of its own."""
HEADER_BYTES_MAX: Final = 14
UNSENT_BYTES_MAX: Final = 32 * 1024 * 1024
"""A client that does not read is dropped, as the venue would."""

log = logging.getLogger(__name__)


class Refusal(Protocol):
    """Why a venue does not take a WebSocket connection."""

    status: int


class Venue(Protocol):
    """A venue's machine, see `mm.simulator.kraken.venue`."""

    def open(self, now_ns: int, path: str) -> int: ...
    def frame(self, now_ns: int, connection: int, payload: bytes) -> None: ...
    def closed(self, now_ns: int, connection: int) -> None: ...
    def http(
        self, now_ns: int, connection: int, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> None: ...
    def advance(self, now_ns: int) -> None: ...
    def next_deadline(self) -> int: ...
    def drain(self) -> list[Action]: ...


Control = Callable[[int, HttpRequest], tuple[int, bytes]]
"""now, request to /sim/... -> status, JSON body"""


class Clock:
    """Wall clock anchored on the monotonic clock: it never goes back. The venues of a process share one."""

    def __init__(self) -> None:
        self._wall_ns, self._anchor_ns = time.time_ns(), time.monotonic_ns()

    def now_ns(self) -> int:
        return self._wall_ns + time.monotonic_ns() - self._anchor_ns


class Server:
    """Serves one venue and its control pages."""

    def __init__(self, venue: Venue, control: Control, clock: Clock | None = None) -> None:
        self._venue, self._control = venue, control
        self._loop = asyncio.get_running_loop()
        self.now_ns = (clock or Clock()).now_ns
        self._sockets: dict[int, _Socket] = {}
        self._requests: dict[int, _Http] = {}
        self._http_serial = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._server: asyncio.Server | None = None
        self.last_active_ns = self.now_ns()
        self.frames_received = 0
        self.requests_received = 0

    async def listen(self, port: int) -> int:
        """Listen on loopback; returns the port.

        Raises:
            OSError: the port is taken or not allowed.
        """
        self._server = await self._loop.create_server(lambda: _Http(self), HOST, port)
        self._wake()
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """Open connections of both kinds."""
        return len(self._sockets) + len(self._requests)

    def idle_s(self) -> float:
        """For how long nobody has been connected."""
        if self.connections:
            self.last_active_ns = self.now_ns()
        return (self.now_ns() - self.last_active_ns) / 1e9

    async def close(self) -> None:
        """Stop listening and end every connection: WebSockets with 1001 (going away)."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for socket in list(self._sockets.values()):
            socket.end(WSCloseCode.GOING_AWAY.value, "simulator stops")
        for request in list(self._requests.values()):
            request.drop()
        if self._server is not None:
            await self._server.wait_closed()

    def carry_out(self) -> None:
        """Do what the venue wants done, and set the timer for its next deadline."""
        for action in self._venue.drain():
            kind = action.kind
            if kind in FRAMES:
                socket = self._sockets.get(action.connection)
                if socket is not None:
                    socket.send(action.payload, is_text=kind == SEND)
            elif kind in (REPLY, HANGUP):
                request = self._requests.get(action.connection)
                if request is not None and kind == REPLY:
                    request.reply(action.code, action.reason, action.payload, action.headers)
                elif request is not None:
                    request.drop()
            elif kind in (CLOSE, ABORT):
                socket = self._sockets.pop(action.connection, None)
                if socket is not None:
                    socket.end(action.code if kind == CLOSE else 0, action.reason)
        deadline_ns = self._venue.next_deadline()
        if deadline_ns and (self._timer is None or deadline_ns < self._timer_ns):
            if self._timer is not None:
                self._timer.cancel()
            self._timer_ns = deadline_ns
            self._timer = self._loop.call_later(max(0.0, (deadline_ns - self.now_ns()) / 1e9), self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._venue.advance(self.now_ns())
        self.carry_out()

    # From the connections.

    def http_opened(self, connection: _Http) -> int:
        """A number for a new connection; 0 when there are too many."""
        if self.connections >= CONNECTIONS_MAX:
            return 0
        self._http_serial += 1
        self._requests[self._http_serial] = connection
        return self._http_serial

    def http_request(self, number: int, connection: _Http, request: HttpRequest) -> None:
        """A whole request has arrived."""
        self.requests_received += 1
        now_ns = self.now_ns()
        if request.target.startswith("/sim/"):
            status, body = self._control(now_ns, request)
            connection.reply(status, "application/json", body)
        else:
            self._venue.http(now_ns, number, request.method, request.target, request.headers, request.body)
        self.carry_out()

    def http_closed(self, number: int) -> None:
        """A connection has ended or become a WebSocket."""
        self._requests.pop(number, None)
        self.last_active_ns = self.now_ns()

    def upgrade(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener:
        """The listener of a new WebSocket, or the response that refuses it."""
        path = request.path.decode("latin-1")
        try:
            identity = self._venue.open(self.now_ns(), path)
        except ConnectionRefusedError as error:
            status = int(error.args[0])
            refusal = WSUpgradeResponse.create_error_response(status, str(error.args[1]).encode())
            return WSUpgradeResponseWithListener(refusal, None)
        return _Socket(self, identity)

    def ws_opened(self, identity: int, socket: _Socket) -> None:
        """The handshake is done."""
        self._sockets[identity] = socket
        self.carry_out()

    def ws_frame(self, identity: int, payload: bytes, *, last: bool) -> None:
        """A message has arrived; a burst is answered as one."""
        self.frames_received += 1
        self._venue.frame(self.now_ns(), identity, payload)
        if last:
            self.carry_out()

    def ws_read(self) -> None:
        """The end of a burst that held other frames."""
        self.carry_out()

    def ws_closed(self, identity: int) -> None:
        """A WebSocket has ended."""
        self._sockets.pop(identity, None)
        self.last_active_ns = self.now_ns()
        self._venue.closed(self.now_ns(), identity)
        self.carry_out()


class _Http(asyncio.Protocol):
    """One connection while it speaks HTTP: one request at a time, the next when the reply is out."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._number = 0
        self._buffer = bytearray()
        self._waiting: HttpRequest | None = None
        self._transport: asyncio.Transport | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not of the classes of asyncio.
        self._transport = stream = cast(asyncio.Transport, transport)
        self._number = self._server.http_opened(self)
        if not self._number:
            stream.write(response(503, "text/plain", b"too many connections", keep_alive=False))
            stream.close()
            return
        self._await_request()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._waiting is None:
            self._next()
        elif len(self._buffer) > MESSAGE_BYTES_MAX:
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def reply(self, status: int, content_type: str, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Answer the request that is being waited for."""
        request, self._waiting = self._waiting, None
        if request is None or self._transport is None:
            return
        self._transport.write(response(status, content_type, body, keep_alive=request.keep_alive, headers=headers))
        if not request.keep_alive:
            self._transport.close()
            self._leave()
            return
        self._await_request()
        if self._buffer:
            self._next()

    def drop(self) -> None:
        """End the connection without a word."""
        if self._transport is not None:
            self._transport.abort()
        self._leave()

    def _next(self) -> None:
        assert self._transport is not None
        try:
            request = parse_request(self._buffer)
        except BadRequest as error:
            self._transport.write(response(error.status, "text/plain", str(error).encode(), keep_alive=False))
            self._transport.close()
            self._leave()
            return
        if request is None:
            return
        if self._idle is not None:
            self._idle.cancel()
        if request.upgrades:
            self._hand_over()
            return
        del self._buffer[: request.size]
        self._waiting = request
        self._server.http_request(self._number, self, request)

    def _hand_over(self) -> None:
        """The rest of this connection's life belongs to picows, which also answers the handshake."""
        transport, self._transport = self._transport, None
        assert transport is not None
        self._server.http_closed(self._number)
        self._number = 0
        protocol: Any = WSProtocol(
            None,  # host and port: of a client
            None,  # path: of a client
            False,  # client side
            self._server.upgrade,
            log,
            True,  # disconnect on an exception of the listener
            5.0,  # handshake time-out
            False,  # pings of our own
            20.0,
            20.0,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # pongs by picows: it would keep pings from the listener, and with them the end of a burst
            MESSAGE_BYTES_MAX,
            None,  # extra headers: of a client
            16 * 1024,
        )
        # The transport looks up at the start of reading whether its protocol takes buffers.
        transport.pause_reading()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        transport.set_write_buffer_limits(high=UNSENT_BYTES_MAX)
        data = memoryview(bytes(self._buffer))
        while data:
            room = protocol.get_buffer(-1)
            count = min(len(room), len(data))
            room[:count] = data[:count]
            protocol.buffer_updated(count)
            data = data[count:]
        if not transport.is_closing():
            transport.resume_reading()

    def _await_request(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(HTTP_IDLE_S, self._expire)

    def _expire(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._leave()

    def _leave(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._number:
            self._server.http_closed(self._number)
            self._number = 0
        self._transport = None


class _Socket(WSListener):
    """One WebSocket connection."""

    def __init__(self, server: Server, identity: int) -> None:
        self._server, self._identity = server, identity
        self._transport: WSTransport | None = None
        self._fragments = bytearray()

    def send(self, payload: bytes, *, is_text: bool) -> None:
        """Send a frame."""
        transport = self._transport
        # picows writes to the socket by its number, which may be another connection's by the time we hear of the end.
        if transport is not None and not transport.is_disconnected and not transport.underlying_transport.is_closing():
            kind = WSMsgType.TEXT if is_text else WSMsgType.BINARY
            if len(payload) > OWN_BUFFER_BYTES:
                transport.send_reuse_external_bytearray(kind, bytearray(HEADER_BYTES_MAX) + payload, HEADER_BYTES_MAX)
            else:
                transport.send(kind, payload)

    def end(self, code: int, reason: str) -> None:
        """Close; code 0 drops the connection without a close frame."""
        transport, self._transport = self._transport, None
        if transport is None:
            return
        if code:
            transport.send_close(WSCloseCode(code), reason.encode())
            transport.disconnect()
        else:
            transport.disconnect(graceful=False)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._server.ws_opened(self._identity, self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind, last = frame.msg_type, frame.last_in_buffer
        if kind == WSMsgType.TEXT and frame.fin:
            self._server.ws_frame(self._identity, frame.get_payload_as_bytes(), last=last)
            return
        if kind == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif kind in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._fragments += frame.get_payload_as_bytes()
            if len(self._fragments) > MESSAGE_BYTES_MAX:
                transport.send_close(WSCloseCode.MESSAGE_TOO_BIG)
                transport.disconnect()
            elif frame.fin:
                payload, self._fragments = bytes(self._fragments), bytearray()
                self._server.ws_frame(self._identity, payload, last=last)
                return
        if last:
            self._server.ws_read()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self._server.ws_closed(self._identity)

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def resume_writing(self) -> None:
        pass
