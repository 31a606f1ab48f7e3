"""A TCP proxy on loopback that breaks what goes through it: black hole, half close, reset, cut, throttle, crumbs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct


class FaultProxy:
    """Forwards each connection to `target` on 127.0.0.1; faults hold for those that stand and those to come."""

    def __init__(self, target):
        self.target = target
        self.port = 0
        self.upstream = b""
        """The first bytes that clients sent, for a judge."""
        self._step, self._pause_s = 0, 0.0
        self._answer = None
        self._cut = None
        self._forgotten = set()
        self._open = asyncio.Event()
        self._open.set()
        self._pairs = []
        self._tasks = set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *ended):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for pair in self._pairs:
            for writer in pair:
                writer.close()

    # --- faults -----------------------------------------------------------------------------------------------------

    def black_hole(self):
        """Nothing comes through any more, either way, and nobody is told."""
        self._open.clear()

    def heal(self, *, forgets=False):
        """The hole is over: what waited in it goes on, late. forgets: nobody knows those connections any more, which is
        what a firewall does; they stay in the hole, and new ones pass."""
        if forgets:
            self._forgotten.update(client for client, _ in self._pairs)
        self._open.set()

    def cut(self, *, when, on=b""):
        """Reset the connection of the next request with these bytes, once. when: "before" any of it is passed on, or
        "after" all of what came with it was."""
        self._cut = (when, on)

    def half_close(self):
        """The venue's side says that it will send no more, and goes on reading."""
        for client, _ in self._pairs:
            with contextlib.suppress(OSError):
                client.write_eof()

    def reset(self):
        """The connection is gone: RST instead of FIN."""
        for client, _ in self._pairs:
            self._abort(client)

    def throttle(self, bytes_a_step, pause_s=0.0):
        """So few bytes at a time, 0 for all, with a pause between them."""
        self._step, self._pause_s = bytes_a_step, pause_s

    def answer(self, payload):
        """These bytes instead of the venue's."""
        self._answer = payload

    @staticmethod
    def _abort(client):
        if client.is_closing():
            return
        sock = client.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.transport.abort()

    # --- bytes ------------------------------------------------------------------------------------------------------

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._forward(reader, writer)
        except (ConnectionError, asyncio.CancelledError, OSError):
            writer.close()

    async def _forward(self, reader, writer):
        if self._answer is not None:
            self.upstream += await reader.read(4096)
            writer.write(self._answer)
            writer.close()
            return
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._pairs.append((writer, there_writer))
        up = self._pump(reader, there_writer, writer, is_up=True)
        await asyncio.gather(up, self._pump(there_reader, writer, writer, is_up=False))

    async def _pass(self, client):
        """Wait for the end of the hole; for ever where the connection was forgotten in it."""
        await self._open.wait()
        if client in self._forgotten:
            await asyncio.Event().wait()

    async def _pump(self, reader, writer, client, *, is_up):
        while True:
            await self._pass(client)
            data = await reader.read(65_536)
            if not data:
                await self._pass(client)
                writer.close()
                return
            when = ""
            if is_up:
                if len(self.upstream) < 4096:
                    self.upstream += data
                if self._cut is not None and self._cut[1] in data:
                    (when, _), self._cut = self._cut, None
            if when == "before":
                self._abort(client)
                writer.close()
                return
            step = self._step or len(data)
            for start in range(0, len(data), step):
                # A fault that began meanwhile holds for the bytes that are here already.
                await self._pass(client)
                writer.write(data[start : start + step])
                await writer.drain()
                if self._step:
                    await asyncio.sleep(self._pause_s)
            if when == "after":
                self._abort(client)
                return
