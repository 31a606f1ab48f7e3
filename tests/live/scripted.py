"""A venue in a few lines on a loopback port, REST and websocket, that can be cut, muted, slowed and made to babble."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
from collections.abc import AsyncIterator
from typing import Any

from mm.net.wall_clock import WallClock

KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def text_frame(payload: bytes, opcode: int = 1) -> bytes:
    """A server's frame."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + length + payload


class ScriptedVenue:
    """Answers the tests' dialect as it should, except for what `mute`, `slow` and `withhold` say."""

    def __init__(self) -> None:
        self.port = 0
        self.mute = False
        """Nothing is answered on websockets any more; they stay open."""
        self.hang = False
        """Connections are accepted, handshakes and requests never answered."""
        self.withhold: set[str] = set()
        """Methods that are carried out without an answer."""
        self.orders: dict[str, str] = {}
        self.received: list[dict[str, Any]] = []
        self.connections = 0
        self.changed = asyncio.Event()
        self._writers: dict[str, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._clock = WallClock()

    async def listen(self) -> None:
        """Accept connections, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Accept no connections, drop the present ones."""
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Reset every websocket."""
        for writer in self._writers.values():
            writer.transport.abort()
        self._writers.clear()

    def write(self, path: str, data: bytes) -> None:
        """Write raw bytes on the websocket of a path."""
        self._writers[path].write(data)

    def write_at_once(self, path: str, data: bytes) -> None:
        """Write raw bytes although the loop does not turn; nothing else may be on its way."""
        os.write(self._writers[path].get_extra_info("socket").fileno(), data)

    def say(self, path: str, message: dict[str, Any]) -> None:
        """Write a message on the websocket of a path."""
        if not self.mute and path in self._writers:
            self.write(path, text_frame(json.dumps(message).encode()))

    async def close(self) -> None:
        """End everything."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.changed.set()
        try:
            while not self.hang:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                path = head.split(" ", 2)[1]
                if "upgrade" in headers.get("connection", ""):
                    key = next(line[19:] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
                    await self._websocket(path, key.strip().encode(), reader, writer)
                    return
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                if not self.hang:
                    answer = json.dumps(self._rest(path[1:], json.loads(body))).encode()
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
            await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _rest(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind == "token":
            return {"token": "T"}
        if kind == "open_orders":
            rows = [{"what": "new", "client_id": name, "venue_id": order} for name, order in self.orders.items()]
            return {"rows": rows}
        if kind == "Cancel":
            self.orders.pop(body["client_id"], None)
        return {"rows": [], "total": 0}

    async def _websocket(
        self, path: str, key: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        accept = base64.b64encode(hashlib.sha1(key + KEY).digest())
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        self._writers[path] = writer
        while True:
            first, second = await reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                size = int.from_bytes(await reader.readexactly(2), "big")
            mask = await reader.readexactly(4)
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(await reader.readexactly(size)))
            if first & 0x0F == 8:
                return
            if first & 0x0F == 1:
                self._message(path, json.loads(payload))
                self.changed.set()

    def _message(self, path: str, message: dict[str, Any]) -> None:
        self.received.append(message)
        method, answer = message["method"], {"method": message["method"], "req_id": message["req_id"]}
        if method == "Place":
            self.orders[message["client_id"]] = f"O{len(self.orders)}"
        elif method == "Cancel":
            self.orders.pop(message["client_id"], None)
        if method in self.withhold:
            return
        if method == "ping":
            answer["method"] = "pong"
        now_ns = self._clock.now_ns()
        times = {"in": now_ns, "out": now_ns}
        self.say(path, {**answer, **times, "success": True, "order_id": self.orders.get(message.get("client_id"), "")})
        if method == "subscribe" and "token" in message:
            self.say(path, {"channel": message["channel"], "type": "snapshot", "data": [], "sequence": 1})


@contextlib.asynccontextmanager
async def scripted_venue() -> AsyncIterator[ScriptedVenue]:
    """A venue that listens."""
    venue = ScriptedVenue()
    await venue.listen()
    try:
        yield venue
    finally:
        await venue.close()
