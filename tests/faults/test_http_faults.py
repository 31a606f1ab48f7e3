"""Orders over HTTP through a proxy that breaks connections: nothing is sent twice, and nobody waits past his deadline.

What the client answers is what the fate of an order is told by: NOT_SENT is a denial, for no byte left; LOST makes the
order UNKNOWN, for the venue may have it. `mexc_spot` and `mexc_futures` take their orders this way.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time

import pytest

from mm._core.http_request import HttpRequest
from mm.net.http import LOST, NOT_SENT, HttpClient
from mm.net.tls import tls_context
from tests.faults.fault_proxy import FaultProxy
from tests.faults.test_socket_faults import until
from tests.net.conftest import serve_script
from tests.net.test_http import GET, OK, ask
from tests.net.test_websocket import certificate

ORDER = HttpRequest("POST", "/api/v3/order", (("X-Key", "key"),), b"side=BUY&quantity=1", False)
READ = "GET"
WAIT_S = 0.3
LATE_S = 1.0
"""What a busy machine may add to a deadline."""


@contextlib.asynccontextmanager
async def broken_line(answer=OK, server=None, **options):
    """A client, its proxy, and the first word of each request that the venue has heard."""
    heard = []

    async def venue(reader, writer):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"POST" in head:
                body = await reader.readexactly(len(ORDER.body))
                assert body == ORDER.body
            heard.append(head.partition(b" ")[0].decode())
            if answer:
                writer.write(answer)

    scheme, host = ("http", "127.0.0.1") if server is None else ("https", "localhost")
    async with serve_script(venue, server) as port, FaultProxy(port) as proxy:
        client = HttpClient(f"{scheme}://{host}:{proxy.port}", **options)
        try:
            yield client, proxy, heard
        finally:
            client.close()
            await client.wait_closed()


async def timely(asked, limit_s):
    """An answer, which must come before its deadline."""
    begun = time.monotonic()
    answer = await asyncio.wait_for(asked, 10)
    assert time.monotonic() - begun < limit_s + LATE_S, "F42: a wait without an end"
    return answer


@pytest.mark.parametrize(("when", "arrived"), [("before", []), ("after", ["POST"])])
async def test_f36_an_order_whose_connection_is_reset_is_lost_and_never_sent_again(when, arrived):
    async with broken_line(answer=b"") as (client, proxy, heard):
        proxy.cut(when=when, on=b"POST")
        status, reason = await timely(ask(client, ORDER, 5), 5)
        assert status == LOST, f"F36: nobody knows whether the venue has it, told {status} {reason}"
        await asyncio.sleep(0.05)
        assert heard == arrived
        # The client goes on with another connection, and with another request.
        await ask(client, GET, 0.2)
        assert heard == [*arrived, READ], "F36: an order was sent twice"


async def test_f36_an_idle_connection_that_was_reset_takes_no_order_with_it_unseen():
    async with broken_line() as (client, proxy, heard):
        assert await ask(client) == (200, b"ok")
        # At once: the reset waits in the socket, and the client has not read it.
        proxy.reset()
        status, _ = await timely(ask(client, ORDER, 5), 5)
        assert status in (LOST, 200)
        assert heard.count("POST") == (status == 200), "F36: sent again after all"
        assert await ask(client, ORDER) == (200, b"ok"), "the next one has a connection of its own"
        assert heard.count("POST") == 1 + (status == 200)


@pytest.mark.parametrize("idle", [True, False])
async def test_f36_a_venue_that_says_it_will_send_no_more_loses_the_order_that_waits_and_no_other(idle):
    async with broken_line(answer=OK if idle else b"") as (client, proxy, heard):
        if idle:
            assert await ask(client) == (200, b"ok")
            proxy.half_close()
            await asyncio.sleep(0.05)
            assert await ask(client, ORDER) == (200, b"ok"), "F36: sent where nobody answers any more"
        else:
            waiting = asyncio.ensure_future(ask(client, ORDER, 5))
            await until(lambda: heard)
            proxy.half_close()
            assert (await timely(waiting, 0))[0] == LOST
        assert heard.count("POST") == 1


@pytest.mark.parametrize("forgets", [False, True])
async def test_f37_an_order_into_a_black_hole_is_lost_at_its_deadline_and_reaches_the_venue_once_at_most(forgets):
    async with broken_line() as (client, proxy, heard):
        assert await ask(client) == (200, b"ok")
        proxy.black_hole()
        status, reason = await timely(ask(client, ORDER, WAIT_S), WAIT_S)
        assert (status, reason) == (LOST, b"no response within 0.3 s")
        # A connection that is made in the hole takes no request either.
        assert (await timely(ask(client, ORDER, WAIT_S), WAIT_S))[0] == LOST
        assert heard == [READ]
        proxy.heal(forgets=forgets)
        assert await timely(ask(client, GET, 5), 0) == (200, b"ok")
        await asyncio.sleep(0.05)
        assert heard.count("POST") <= (0 if forgets else 2), "F37: an order arrived that was sent once"
        assert heard.count(READ) == 2


async def test_f37_handshakes_that_hang_in_a_black_hole_are_given_up_and_keep_no_later_order_waiting(tmp_path):
    key, cert = certificate(tmp_path, "localhost")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    options = {"context": tls_context(cert), "connections_max": 2, "connect_s": WAIT_S}
    async with broken_line(server=server, **options) as (client, proxy, heard):
        proxy.black_hole()
        orders = [timely(ask(client, ORDER, 5, WAIT_S / 2), WAIT_S / 2) for _ in range(2)]
        for status, reason in await asyncio.gather(*orders):
            assert (status, reason) == (NOT_SENT, b"not sent: no connection within 0.15 s")
        # The firewall knows nothing of those that were begun: nobody will ever finish them.
        proxy.heal(forgets=True)
        assert await timely(ask(client, ORDER, 5), 2 * WAIT_S) == (200, b"ok")
        assert heard == ["POST"]


async def test_f42_a_choked_answer_is_whole_in_its_time_and_lost_after_it():
    body = b"x" * 2000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + body
    async with broken_line(answer=answer) as (client, proxy, heard):
        proxy.throttle(bytes_a_step=37)
        assert await timely(ask(client, ORDER, 5), 5) == (200, body)
        # A byte each 5 ms: always something, and never the whole.
        proxy.throttle(bytes_a_step=1, pause_s=0.005)
        assert await timely(ask(client, GET, WAIT_S), WAIT_S) == (LOST, b"no response within 0.3 s")
        proxy.throttle(bytes_a_step=0)
        assert await ask(client, GET, 5) == (200, body), "F42: what was late is no answer to the next request"
        assert heard.count("POST") == 1


@pytest.mark.parametrize(
    "answer",
    [OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;a=b\r\nk\r\n0\r\n\r\n"],
    ids=["length", "chunks"],
)
async def test_f43_an_order_and_its_answer_in_crumbs_of_one_byte_are_whole(answer):
    async with broken_line(answer=answer) as (client, proxy, heard):
        proxy.throttle(bytes_a_step=1)
        for _ in range(2):
            assert await timely(ask(client, ORDER, 5), 5) == (200, b"ok")
        assert heard == ["POST", "POST"]
        assert client.connections == 1


@pytest.mark.parametrize("kind", ["unknown authority", "wrong host", "broken handshake"])
async def test_f40_no_order_goes_to_a_venue_that_cannot_prove_who_it_is(tmp_path, kind):
    key, cert = certificate(tmp_path, "other.test")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    options = {} if kind == "unknown authority" else {"context": tls_context(cert)}
    async with broken_line(server=server) as (_, proxy, heard):
        if kind == "broken handshake":
            proxy.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        client = HttpClient(f"https://localhost:{proxy.port}", **options)
        status, reason = await timely(ask(client, ORDER, 5), 0)
        client.close()
        await client.wait_closed()
        assert status == NOT_SENT, "F40: no byte of it left"
        assert b"cannot connect: SSL" in reason
        assert heard == []
        assert b"POST" not in proxy.upstream
