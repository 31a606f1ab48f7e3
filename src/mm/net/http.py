"""A small keep-alive HTTP/1.1 client on the event loop: one call in, one answer out, nothing ever sent twice.

Written for order entry: a request's bytes go out once, from one place, and the caller learns whether they may have
reached the peer. It never retries, never follows redirects, never decompresses; those are decisions of the caller.

An answer is (status, body). Status 0 means that the bytes were written and no response came (the outcome is unknown);
status NOT_SENT means that no byte left. The body then holds the reason as text.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import cast

from mm._core.http_request import HttpRequest, HttpWriter
from mm.net.http_parser import BODY_BYTES_MAX, HttpError, HttpResponse, ResponseParser
from mm.net.tls import PORTS, split_url, tls_context

LOST = 0
"""No response: the request may have been carried out."""
NOT_SENT = -1
"""No byte of the request was written."""

Answer = Callable[[int, bytes], None]
USER_AGENT = "mm"


class HttpClient:
    """A pool of connections to one base address.

    Args: base_url: http (this machine only) or https; connections_max: sockets at once, further requests wait in
    order; waiting_max: requests that may wait, more are refused; idle_s: an idle connection older than this is not
    used again (a peer that closes it at the same moment would leave the outcome of a request unknown); connect_s: a
    connection that is not open by then, name and TLS included, is given up and its place in the pool is free.
    """

    def __init__(
        self,
        base_url: str,
        *,
        context: ssl.SSLContext | None = None,
        connections_max: int = 4,
        waiting_max: int = 256,
        idle_s: float = 20.0,
        connect_s: float = 5.0,
        body_bytes_max: int = BODY_BYTES_MAX,
    ) -> None:
        self._secure, self._host, self._port, self._path = split_url(base_url, ("http", "https"))
        self._context = (context or tls_context()) if self._secure else None
        self.connections_max, self.waiting_max = connections_max, waiting_max
        self.idle_s, self.connect_s, self.body_bytes_max = idle_s, connect_s, body_bytes_max
        self._idle: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: deque[_Exchange] = deque()
        self._closed = False
        self.writer = HttpWriter(self._path, _authority(self._host, self._port, self._secure), USER_AGENT)

    def request(self, request: HttpRequest, timeout_s: float, answer: Answer, wait_s: float | None = None) -> None:
        """Send a request; `answer` is called once, later, with status and body (see the module's text).

        The time-out covers waiting, connecting and the whole response; after `wait_s` nothing is sent any more.
        """
        loop = asyncio.get_running_loop()
        exchange = _Exchange(self, answer)
        try:
            exchange.payload = self.writer.write(request)
        except ValueError as error:
            loop.call_soon(exchange.finish, NOT_SENT, f"not sent: {error}".encode())
            return
        if self._closed or len(self._waiting) >= self.waiting_max:
            reason = "client closed" if self._closed else f"{self.waiting_max} requests are waiting already"
            loop.call_soon(exchange.finish, NOT_SENT, f"not sent: {reason}".encode())
            return
        wait_s = timeout_s if wait_s is None else min(wait_s, timeout_s)
        exchange.timer = loop.call_later(wait_s, exchange.expire, wait_s, timeout_s)
        self._waiting.append(exchange)
        self._dispatch()

    def close(self) -> None:
        """Close every connection; requests without an answer get one at once."""
        self._closed = True
        waiting, self._waiting = self._waiting, deque()
        for exchange in waiting:
            exchange.finish(NOT_SENT, b"not sent: client closed")
        for task in self._opening:
            task.cancel()
        for connection in tuple(self._open):
            connection.fail("client closed")

    async def wait_closed(self) -> None:
        """Wait until connections being opened have ended, after `close`."""
        while self._opening:
            await asyncio.wait(self._opening)

    @property
    def connections(self) -> int:
        """Open sockets."""
        return len(self._open)

    def _dispatch(self) -> None:
        """Give waiting requests to idle connections, newest first, or open further ones."""
        now = asyncio.get_running_loop().time()
        while self._waiting:
            connection = self._take_idle(now)
            if connection is None:
                # One opening socket for each request that has none: `opening` ones will come back for the rest.
                if (
                    len(self._opening) < len(self._waiting)
                    and len(self._open) + len(self._opening) < self.connections_max
                ):
                    task = asyncio.get_running_loop().create_task(self._connect())
                    self._opening.add(task)
                    task.add_done_callback(self._opened)
                    continue
                return
            connection.send(self._waiting.popleft())

    def _take_idle(self, now: float) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if now - connection.idle_since <= self.idle_s and not connection.is_closing:
                return connection
            connection.fail("idle for too long")
        return None

    async def _connect(self) -> None:
        # A handshake in a black hole outlives the request that it was begun for by a minute, and the hole too.
        async with asyncio.timeout(self.connect_s):
            await asyncio.get_running_loop().create_connection(
                lambda: _Connection(self),
                self._host,
                self._port,
                ssl=self._context,
                server_hostname=self._host if self._secure else None,
            )

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, TimeoutError) and self._waiting:
            # One failed connection answers one request, so that a dead address never keeps a queue waiting. One that
            # was given up answers none: those that wait now came later, and have deadlines of their own.
            self._waiting.popleft().finish(NOT_SENT, f"not sent: cannot connect: {_describe(error)}".encode())
        if not self._closed:
            self._dispatch()

    def made(self, connection: _Connection) -> None:
        """A connection is ready for its first request."""
        if self._closed:
            connection.fail("client closed")
            return
        self._open.add(connection)
        self.free(connection)

    def free(self, connection: _Connection) -> None:
        """A connection has finished its request."""
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._idle.append(connection)

    def lost(self, connection: _Connection) -> None:
        """A connection is gone."""
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._closed:
            self._dispatch()

    def withdraw(self, exchange: _Exchange) -> None:
        """A request that still waits has run out of time."""
        if exchange in self._waiting:
            self._waiting.remove(exchange)


class _Exchange:
    """One request and the caller who waits for its answer."""

    __slots__ = ("answer", "client", "connection", "payload", "timer")

    def __init__(self, client: HttpClient, answer: Answer) -> None:
        self.client = client
        self.answer: Answer | None = answer
        self.payload = b""
        self.connection: _Connection | None = None
        self.timer: asyncio.TimerHandle | None = None

    def finish(self, status: int, body: bytes) -> None:
        """Answer the caller, once."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        answer, self.answer = self.answer, None
        if answer is not None:
            answer(status, body)

    def expire(self, waited_s: float, timeout_s: float) -> None:
        """A time-out has passed: the answer of an abandoned connection must never meet a later request."""
        if self.connection is None:
            self.client.withdraw(self)
            self.finish(NOT_SENT, f"not sent: no connection within {waited_s:g} s".encode())
        elif waited_s < timeout_s:
            loop = asyncio.get_running_loop()
            self.timer = loop.call_later(timeout_s - waited_s, self.expire, timeout_s, timeout_s)
        else:
            self.connection.fail(f"no response within {timeout_s:g} s")


class _Connection(asyncio.Protocol):
    """One socket: at most one request at a time on it."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._exchange: _Exchange | None = None
        self._parser = ResponseParser(client.body_bytes_max)
        self._transport: asyncio.Transport | None = None
        self.idle_since = 0.0

    @property
    def is_closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def send(self, exchange: _Exchange) -> None:
        """Write a request; the connection must be idle."""
        if self._transport is None or self._transport.is_closing():
            exchange.finish(NOT_SENT, b"not sent: connection closed")
            return
        self._exchange = exchange
        exchange.connection = self
        self._parser = ResponseParser(self._client.body_bytes_max)
        self._transport.write(exchange.payload)

    def fail(self, reason: str) -> None:
        """Give the connection up; its request, if any, is answered LOST."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        exchange, self._exchange = self._exchange, None
        self._client.lost(self)
        if exchange is not None:
            exchange.finish(LOST, reason.encode())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.idle_since = asyncio.get_running_loop().time()
        self._client.made(self)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        if self._exchange is None:
            self.fail("bytes without a request")
            return
        try:
            response = self._parser.feed(data)
        except HttpError as error:
            self.fail(f"malformed response: {error}")
            return
        if response is not None:
            self._finish(response)

    def eof_received(self) -> None:
        if self._transport is None or self._exchange is None:
            return
        try:
            response = self._parser.end()
        except HttpError as error:
            self.fail(str(error))
            return
        self._finish(response)

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(f"connection lost: {_describe(exc)}" if exc is not None else "connection closed before the response")

    def _finish(self, response: HttpResponse) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if self._parser.excess or not response.keep_alive:
            self.fail("connection not reusable")
        else:
            self.idle_since = asyncio.get_running_loop().time()
            self._client.free(self)
        exchange.finish(response.status, response.body)


def _authority(host: str, port: int, secure: bool) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port == PORTS["https" if secure else "http"] else f"{name}:{port}"


def _describe(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
