"""One websocket on picows: frames in as whole messages, bytes out only while the peer can take them.

The payload is copied once, inside the callback (picows reuses its memory). Every report says whether it was the last
one already read from the socket, so that a burst is many `apply` and one `decide`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Final

import picows
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport
from picows.version import __version__ as picows_version

from mm.net.tls import split_url, tls_context

PICOWS_VERSION: Final = "2.3.1"
if picows_version != PICOWS_VERSION:
    # The C layout of its classes changed inside 2.x, and native listeners are compiled against one layout.
    raise ImportError(
        f"picows {picows_version} is installed, mm is built for {PICOWS_VERSION}: pip install picows=={PICOWS_VERSION}"
    )

MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024
"""A whole instrument list is about 200 kB, a deep book snapshot near 1 MB; above this the peer is broken or hostile."""

LOST: Final = 1006
"""Close code for a connection that ended without a close frame (RFC 6455 reserves it for that)."""
TLS_FAILED: Final = 1015
"""Close code for a TLS handshake that failed (RFC 6455 reserves it for that)."""
UNREACHABLE: Final = 0
"""Close code for a peer that was never reached."""

OnOpen = Callable[[], None]
OnFrame = Callable[[bytes, bool], None]
OnClose = Callable[[int, str], None]


class WebSocket:
    """A connection to one URL: `open` once, then `on_open`, `on_frame`... and exactly one `on_close`.

    `on_close` gets a code and a reason. Codes from 1000 are websocket close codes, 300 to 599 the HTTP status of a
    refused upgrade, 0 a peer that was never reached. `on_frame(b"", last)` reports a read that held no whole message.
    """

    def __init__(
        self,
        url: str,
        on_open: OnOpen,
        on_frame: OnFrame,
        on_close: OnClose,
        *,
        context: ssl.SSLContext | None = None,
        handshake_timeout_s: float = 10.0,
        message_bytes_max: int = MESSAGE_BYTES_MAX,
    ) -> None:
        secure, *_ = split_url(url, ("ws", "wss"))
        self.url = url
        self._context = (context or tls_context()) if secure else None
        self._on_open, self._on_frame = on_open, on_frame
        self._on_close: OnClose | None = on_close
        self._handshake_timeout_s, self._message_bytes_max = handshake_timeout_s, message_bytes_max
        self._task: asyncio.Task[None] | None = None
        self._transport: WSTransport | None = None
        self._writable = False

    def open(self) -> None:
        """Start connecting."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._connect())

    def send(self, payload: bytes) -> bool:
        """Write a text message; False when nothing was written because the connection is closing or blocked."""
        transport = self._transport
        if transport is None or not self._writable or transport.is_disconnected or transport.is_close_frame_sent:
            return False
        # picows writes to the socket by its number, which may be another connection's by the time we hear of the end.
        if transport.underlying_transport.is_closing():
            return False
        transport.send(WSMsgType.TEXT, payload)
        return True

    def close(self, reason: str) -> None:
        """End the connection; `on_close` follows at once if it has not been called yet, with code 1006."""
        if self._task is not None and self._transport is None:
            self._task.cancel()
        transport, self._transport = self._transport, None
        if transport is not None:
            if not transport.is_close_frame_sent:
                transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        self._ended(LOST, reason)

    @property
    def is_closed(self) -> bool:
        """Nothing of this socket is left on the loop but, perhaps, a close being flushed."""
        return self._task is None or (self._task.done() and self._transport is None)

    async def wait_closed(self) -> None:
        """Wait until a handshake in progress has ended, after `close`."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _connect(self) -> None:
        try:
            # picows bounds the handshake alone: a resolver that hangs would keep this waiting for ever.
            async with asyncio.timeout(self._handshake_timeout_s):
                await picows.ws_connect(
                    lambda: _Listener(self, self._message_bytes_max),
                    self.url,
                    ssl_context=self._context,
                    websocket_handshake_timeout=self._handshake_timeout_s,
                    max_frame_size=self._message_bytes_max,
                    # picows would keep a ping to itself, and with it the mark of the last frame read.
                    enable_auto_pong=False,
                    max_redirects=0,
                )
        except picows.WSInvalidStatusError as error:
            status = int(error.response.status) if error.response is not None else UNREACHABLE
            self._ended(status, f"upgrade refused with HTTP status {status}")
        except ssl.SSLError as error:
            self._ended(TLS_FAILED, f"TLS: {error.reason or error}")
        except (OSError, TimeoutError, picows.WSError, RuntimeError) as error:
            self._ended(UNREACHABLE, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)

    def connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        if self._on_close is None:
            transport.disconnect(graceful=False)
            return
        self._transport = transport
        self._writable = True
        self._on_open()

    def message(self, payload: bytes, last: bool) -> None:
        """A whole message, or an empty report about a read without one."""
        if self._on_close is not None:
            self._on_frame(payload, last)

    def writable(self, value: bool) -> None:
        """The send buffer went over its mark (a peer that does not read) or is below it again."""
        self._writable = value

    def disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        self._transport = None
        handshake = transport.close_handshake
        info = handshake.recv if handshake is not None else None
        if info is None:
            sent = handshake.sent if handshake is not None else None
            self._ended(LOST, f"closed by us: {sent.code.name}" if sent is not None else "connection lost")
        else:
            self._ended(int(info.code.value) or LOST, str(info.reason or ""))

    def _ended(self, code: int, reason: str) -> None:
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close(code, reason)


class _Listener(WSListener):
    """Joins fragments and copies payloads."""

    def __init__(self, socket: WebSocket, message_bytes_max: int) -> None:
        self._socket = socket
        self._message_bytes_max = message_bytes_max
        self._fragments: bytearray | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._socket.connected(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if (kind == WSMsgType.TEXT or kind == WSMsgType.BINARY) and frame.fin:
            self._socket.message(frame.get_payload_as_bytes(), frame.last_in_buffer)
            return
        last = frame.last_in_buffer
        if kind == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        if kind == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind != WSMsgType.PONG:
            payload = self._join(transport, frame)
            if payload is not None:
                self._socket.message(payload, last)
                return
        if last:
            self._socket.message(b"", True)

    def _join(self, transport: WSTransport, frame: WSFrame) -> bytes | None:
        if self._fragments is None:
            self._fragments = bytearray()
        self._fragments += frame.get_payload_as_bytes()
        if len(self._fragments) > self._message_bytes_max:
            self._fragments = None
            transport.send_close(WSCloseCode.MESSAGE_TOO_BIG)
            transport.disconnect()
            return None
        if not frame.fin:
            return None
        payload, self._fragments = bytes(self._fragments), None
        return payload

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._socket.disconnected(transport)

    def pause_writing(self) -> None:
        self._socket.writable(False)

    def resume_writing(self) -> None:
        self._socket.writable(True)
