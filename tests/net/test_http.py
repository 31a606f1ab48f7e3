"""The HTTP client over loopback: keep-alive, strict, and honest about whether bytes left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from mm._core.http_request import HttpRequest
from mm.net.http import LOST, NOT_SENT, HttpClient

GET = HttpRequest("GET", "/0/public/Time", (), b"", True)
POST = HttpRequest("POST", "/0/private/AddOrder", (("API-Key", "key"),), b"nonce=1", False)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Serving = Callable[..., AbstractAsyncContextManager[int]]


@contextlib.asynccontextmanager
async def client_of(port: int, **options: float) -> AsyncIterator[HttpClient]:
    client = HttpClient(f"http://127.0.0.1:{port}", **options)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.close()
        await client.wait_closed()


async def ask(
    client: HttpClient, request: HttpRequest = GET, timeout_s: float = 5.0, wait_s: float | None = None
) -> tuple[int, bytes]:
    future: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
    client.request(request, timeout_s, lambda status, body: future.set_result((status, body)), wait_s)
    return await future


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def test_one_connection_serves_requests_one_after_another(serving: Serving) -> None:
    ports: list[int] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head(reader)
            ports.append(writer.get_extra_info("peername")[1])
            writer.write(OK)

    async with serving(script) as port, client_of(port) as client:
        assert [await ask(client) for _ in range(3)] == [(200, b"ok")] * 3
    assert len(set(ports)) == 1


async def test_the_exact_bytes_of_a_post_are_sent(serving: Serving) -> None:
    seen: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await head(reader) + await reader.readexactly(7))
        writer.write(OK)

    async with serving(script) as port, client_of(port) as client:
        await ask(client, POST)
    request = seen[0]
    assert request.startswith(b"POST /0/private/AddOrder HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nAPI-Key: key\r\nContent-Length: 7\r\n\r\nnonce=1" in request


async def test_concurrent_requests_share_a_bounded_pool(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head(reader)
            writer.write(OK)

    async with serving(script) as port, client_of(port, connections_max=2) as client:
        assert await asyncio.gather(*(ask(client) for _ in range(20))) == [(200, b"ok")] * 20
        assert client.connections <= 2


async def test_a_request_beyond_the_waiting_bound_is_refused_unsent(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        await asyncio.Event().wait()

    async with serving(script) as port, client_of(port, connections_max=1, waiting_max=1) as client:
        answers = [asyncio.ensure_future(ask(client, timeout_s=0.2)) for _ in range(3)]
        results = await asyncio.gather(*answers)
    assert [status for status, _ in results].count(NOT_SENT) >= 1
    assert any(b"waiting already" in body for _, body in results)


async def test_a_request_that_found_no_connection_in_its_time_never_leaves(serving: Serving) -> None:
    seen: list[bytes] = []
    go_on = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append(await head(reader))
            await go_on.wait()
            writer.write(OK)

    async with serving(script) as port, client_of(port, connections_max=1) as client:
        first = asyncio.ensure_future(ask(client, wait_s=0.05))
        await asyncio.sleep(0)
        status, reason = await ask(client, wait_s=0.05)
        assert (status, reason) == (NOT_SENT, b"not sent: no connection within 0.05 s")
        go_on.set()
        assert await first == (200, b"ok"), "its bytes had left: the answer is waited for"
        assert await ask(client) == (200, b"ok")
    assert len(seen) == 2


async def test_a_reply_that_is_withheld_is_waited_for_to_the_end_of_the_time_out(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        await asyncio.sleep(30)

    async with serving(script) as port, client_of(port) as client:
        assert await ask(client, timeout_s=0.2, wait_s=0.05) == (LOST, b"no response within 0.2 s")


async def test_withheld_reply_is_lost_and_the_connection_is_not_used_again(serving: Serving) -> None:
    connections = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await head(reader)
        if connections > 1:
            writer.write(OK)
        await reader.read()

    async with serving(script) as port, client_of(port) as client:
        assert await ask(client, POST, timeout_s=0.5) == (LOST, b"no response within 0.5 s")
        assert await ask(client) == (200, b"ok")
    assert connections == 2


async def test_close_after_the_request_is_lost_not_retried(serving: Serving) -> None:
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head(reader))

    async with serving(script) as port, client_of(port) as client:
        status, _ = await ask(client, POST)
    assert status == LOST
    assert len(heads) == 1


async def test_refused_connection_is_not_sent() -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    client = HttpClient(f"http://127.0.0.1:{port}")
    status, body = await ask(client, POST)
    assert status == NOT_SENT
    assert b"cannot connect" in body
    client.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_hostile_reply_is_an_error_value(serving: Serving, reply: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(reply)

    async with serving(script) as port, client_of(port) as client:
        status, body = await ask(client)
    assert status == LOST
    assert body


async def test_bytes_without_a_request_close_the_connection(serving: Serving) -> None:
    """A late answer must never be taken for the next request's."""
    connections = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await head(reader)
        writer.write(OK + OK if connections == 1 else OK)
        await reader.read()

    async with serving(script) as port, client_of(port) as client:
        assert await ask(client) == (200, b"ok")
        assert await ask(client) == (200, b"ok")
    assert connections == 2


@pytest.mark.parametrize(
    "request_",
    [
        HttpRequest("GET", "/a b", (), b"", True),
        HttpRequest("GET", "/a\r\nX: y", (), b"", True),
        HttpRequest("POST", "/a", (("API-Sign", "canary\r\nX: y"),), b"", False),
    ],
)
async def test_injected_request_lines_are_refused_without_printing_values(request_: HttpRequest) -> None:
    client = HttpClient("http://127.0.0.1:1")
    status, body = await ask(client, request_)
    assert status == NOT_SENT
    assert b"canary" not in body
    client.close()


@pytest.mark.parametrize("url", ["http://api.kraken.com", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port"])
def test_plain_text_leaves_only_to_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        HttpClient(url)


async def test_close_answers_everybody(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(script) as port, client_of(port, connections_max=1) as client:
        answers = [asyncio.ensure_future(ask(client)) for _ in range(3)]
        for _ in range(5):
            await asyncio.sleep(0)
        client.close()
        assert {status for status, _ in await asyncio.gather(*answers)} <= {LOST, NOT_SENT}
