"""Loopback peers for the shells: one script for each connection, everything closed at the end."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serving = Callable[..., AbstractAsyncContextManager[int]]


@contextlib.asynccontextmanager
async def serve_script(script: Script, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run `script` for each connection to a loopback port; yields the port."""
    tasks: set[asyncio.Task[None]] = set()
    ended = False

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            if ended:
                # Accepted while everything is being closed: from Python 3.12 on the server waits for this one too.
                return
            await script(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        ended = True
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.fixture
def serving() -> Serving:
    """An async context manager over `serve_script`."""
    return serve_script
