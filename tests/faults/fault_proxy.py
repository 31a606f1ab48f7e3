"""A TCP proxy on loopback that breaks what goes through it: black hole, half close, reset, throttle, crumbs."""

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
        self._step = 0
        self._answer = None
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

    def half_close(self):
        """The venue's side says that it will send no more, and goes on reading."""
        for client, _ in self._pairs:
            with contextlib.suppress(OSError):
                client.write_eof()

    def reset(self):
        """The connection is gone: RST instead of FIN."""
        for client, _ in self._pairs:
            sock = client.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.transport.abort()

    def throttle(self, bytes_a_step):
        """So few bytes at a time."""
        self._step = bytes_a_step

    def answer(self, payload):
        """These bytes instead of the venue's."""
        self._answer = payload

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
        await asyncio.gather(self._pump(reader, there_writer, True), self._pump(there_reader, writer, False))

    async def _pump(self, reader, writer, is_up):
        while True:
            await self._open.wait()
            data = await reader.read(65_536)
            if not data:
                writer.close()
                return
            if is_up and len(self.upstream) < 4096:
                self.upstream += data
            step = self._step or len(data)
            for start in range(0, len(data), step):
                # A fault that began meanwhile holds for the bytes that are here already.
                await self._open.wait()
                writer.write(data[start : start + step])
                await writer.drain()
                if self._step:
                    await asyncio.sleep(0)
