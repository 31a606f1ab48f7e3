"""Faults that only real sockets show: the live transport on loopback through a proxy that breaks connections."""

from __future__ import annotations

import asyncio
import socket
import ssl
from itertools import pairwise
from random import Random

import pytest

from mm.net.channel import FATAL_CODES
from mm.net.tls import tls_context
from mm.net.websocket import LOST, TLS_FAILED, UNREACHABLE
from tests.faults.fault_proxy import FaultProxy
from tests.faults.hedged import SEEDS
from tests.net.conftest import serve_script
from tests.net.test_websocket import Peer, certificate, frame, shake


async def talk(reader, writer):
    """A venue that says something every 20 ms, and hears nothing."""
    await shake(reader, writer)
    while True:
        writer.write(frame(b'{"channel":"heartbeat"}'))
        await writer.drain()
        await asyncio.sleep(0.02)


def large(payload, opcode=1, fin=True):
    return bytes([opcode | (0x80 if fin else 0), 127]) + len(payload).to_bytes(8, "big") + payload


@pytest.mark.parametrize("fault", ["reset", "half_close"])
async def test_f36_a_connection_that_is_reset_or_half_closed_is_told_once_as_lost(fault):
    async with serve_script(talk) as port, FaultProxy(port) as proxy:
        peer = Peer(f"ws://127.0.0.1:{proxy.port}/v2")
        await peer.opened.wait()
        await peer.arrived.wait()
        getattr(proxy, fault)()
        code, _ = await asyncio.wait_for(peer.closed, 5)
        assert code == LOST
        assert not peer.socket.send(b"late")


async def test_f37_bytes_into_a_black_hole_are_no_frames_and_the_socket_can_be_given_up_at_once():
    async with serve_script(talk) as port, FaultProxy(port) as proxy:
        peer = Peer(f"ws://127.0.0.1:{proxy.port}/v2")
        await peer.arrived.wait()
        proxy.black_hole()
        await asyncio.sleep(0.1)
        heard = len(peer.frames)
        await asyncio.sleep(0.2)
        assert len(peer.frames) == heard, "F37: the hole lets frames through"
        assert not peer.closed.done(), "nothing tells of it: that is what the link's deadline is for"
        peer.socket.close("no frame for 5.0 s")
        assert await peer.closed == (LOST, "no frame for 5.0 s")


async def test_f42_a_peer_that_reads_nothing_stops_what_is_sent_and_memory_is_bounded():
    async with serve_script(talk) as port, FaultProxy(port) as proxy:
        peer = Peer(f"ws://127.0.0.1:{proxy.port}/v2")
        await peer.opened.wait()
        proxy.black_hole()
        sent = 0
        while sent < 64_000_000 and peer.socket.send(b"x" * 100_000):
            sent += 100_000
            await asyncio.sleep(0)
        assert sent < 64_000_000, "F42: bytes pile up without end"
        peer.socket.close("done")


async def test_f42_a_choked_connection_delivers_whole_messages_late():
    async def script(reader, writer):
        await shake(reader, writer)
        for number in range(20):
            writer.write(frame(b"message %d" % number))
        await reader.read()

    async with serve_script(script) as port, FaultProxy(port) as proxy:
        proxy.throttle(bytes_a_step=37)
        peer = Peer(f"ws://127.0.0.1:{proxy.port}/v2")
        await until(lambda: len(texts(peer)) == 20)
        assert texts(peer) == [b"message %d" % number for number in range(20)]
        peer.socket.close("done")


@pytest.mark.parametrize("seed", SEEDS)
async def test_f43_a_message_in_crumbs_is_whole(seed):
    """Of one byte each, and of other sizes by seed."""
    chance = Random(f"f43 {seed}")
    most = 1 if seed == 0 else chance.randint(2, 200)
    body = b"0123456789" * 30
    places = [0]
    while places[-1] < len(body):
        places.append(min(len(body), places[-1] + chance.randint(1, most)))

    async def script(reader, writer):
        await shake(reader, writer)
        for begin, end in pairwise(places):
            writer.write(frame(body[begin:end], 0 if begin else 1, fin=end == len(body)))
        await reader.read()

    async with serve_script(script) as port, FaultProxy(port) as proxy:
        proxy.throttle(bytes_a_step=1 if seed == 0 else chance.randint(1, 30))
        peer = Peer(f"ws://127.0.0.1:{proxy.port}/v2")
        await until(lambda: texts(peer))
        assert texts(peer) == [body], "F43: a message in crumbs is another one"
        peer.socket.close("done")


@pytest.mark.parametrize("form", ["one frame", "fragments"])
async def test_f43_a_snapshot_of_five_megabytes_fits_and_what_is_over_the_cap_ends_the_connection(form):
    size = 5_000_000

    async def script(reader, writer):
        await shake(reader, writer)
        writer.write(large(b"x" * size))
        await writer.drain()
        await reader.read(1)
        if form == "one frame":
            writer.write(large(b"x" * 17 * 1024 * 1024))
        else:
            for number in range(40):
                writer.write(large(b"x" * 1_000_000, 0 if number else 1, fin=False))
                await writer.drain()
        await writer.drain()
        await reader.read()

    async with serve_script(script) as port, FaultProxy(port) as proxy:
        peer = Peer(f"ws://127.0.0.1:{proxy.port}/v2")
        await until(lambda: texts(peer))
        assert [len(each) for each in texts(peer)] == [size]
        peer.socket.send(b"go")
        await asyncio.wait([peer.closed], timeout=10)
        assert peer.closed.done(), "F43: a message over the cap did not end the connection"
        assert peer.closed.result()[0] >= 1000
        assert len(texts(peer)) == 1, "F43: a message over the cap was handed on"


@pytest.mark.parametrize("kind", ["unknown authority", "wrong host", "broken handshake"])
async def test_f40_nothing_is_said_to_a_peer_that_cannot_prove_who_it_is(tmp_path, kind):
    heard = []

    async def script(reader, writer):
        heard.append(await reader.read(1))

    key, cert = certificate(tmp_path, "other.test")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    plain = kind == "broken handshake"
    async with serve_script(script, None if plain else server) as port, FaultProxy(port) as proxy:
        if plain:
            proxy.answer(b"HTTP/1.1 200 OK\r\n\r\nnot TLS")
        options = {"context": tls_context(cert)} if kind == "wrong host" else {}
        peer = Peer(f"wss://localhost:{proxy.port}/v2", **options)
        code, _ = await asyncio.wait_for(peer.closed, 10)
        assert code == TLS_FAILED, "F40: a certificate that proves nothing is no accident of the line"
        assert code in FATAL_CODES, "F40: it is not tried again and again"
        assert heard == [], "F40: bytes went to a peer that proved nothing"
        assert b"GET /v2" not in proxy.upstream


@pytest.mark.parametrize("kind", ["fails", "hangs", "dead address"])
async def test_f41_a_name_that_does_not_resolve_is_a_peer_that_was_not_reached(monkeypatch, kind):
    loop = asyncio.get_running_loop()

    async def resolve(host, port, **options):
        if kind == "fails":
            raise socket.gaierror(socket.EAI_AGAIN, "temporary failure in name resolution")
        if kind == "hangs":
            await asyncio.Event().wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    peer = Peer("wss://venue.test:443/v2", handshake_timeout_s=0.2)
    code, _ = await asyncio.wait_for(peer.closed, 10)
    assert code == UNREACHABLE, "F41: it is no refusal, and tried again"
    await peer.socket.wait_closed()
    assert peer.socket.is_closed


def texts(peer):
    return [payload for payload, _ in peer.frames if payload]


async def until(condition, seconds=20):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # conditions of the peer, which has no event for each
            await asyncio.sleep(0.01)
