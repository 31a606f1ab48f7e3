"""The websocket shell over loopback: whole messages, honest sends, one close report with a telling code."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import subprocess
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from mm.net.tls import tls_context
from mm.net.websocket import LOST, TLS_FAILED, UNREACHABLE, WebSocket

Serving = Callable[..., AbstractAsyncContextManager[int]]


class Peer:
    """A websocket and everything it reported."""

    def __init__(self, url: str, **options: object) -> None:
        self.frames: list[tuple[bytes, bool]] = []
        self.opened = asyncio.Event()
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self.arrived = asyncio.Event()
        self.socket = WebSocket(
            url,
            self.opened.set,
            self._frame,
            lambda code, reason: self.closed.set_result((code, reason)),
            **options,  # type: ignore[arg-type]
        )
        self.socket.open()

    def _frame(self, payload: bytes, last: bool) -> None:
        self.frames.append((payload, last))
        if last:
            self.arrived.set()


def frame(payload: bytes, opcode: int = 1, fin: bool = True) -> bytes:
    length = bytes([len(payload)]) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
    return bytes([opcode | (0x80 if fin else 0)]) + length + payload


async def shake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    key = next(line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
    )


async def test_a_burst_marks_only_its_last_frame(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)
        await reader.read(1)
        writer.write(frame(b"one") + frame(b"two") + frame(b"three"))
        await reader.read()

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2")
        await peer.opened.wait()
        assert peer.socket.send(b"go")
        await peer.arrived.wait()
        assert peer.frames == [(b"one", False), (b"two", False), (b"three", True)]
        peer.socket.close("done")
        assert await peer.closed == (LOST, "done")
        assert not peer.socket.send(b"late")


async def test_fragments_are_joined_and_a_control_frame_ends_the_burst(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)
        await reader.read(1)
        writer.write(
            frame(b"a", fin=False) + frame(b"b", 0, fin=False) + frame(b"", 9) + frame(b"c", 0) + frame(b"", 9)
        )
        await reader.read()

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2")
        await peer.opened.wait()
        peer.socket.send(b"go")
        await peer.arrived.wait()
        assert peer.frames == [(b"abc", False), (b"", True)]
        peer.socket.close("done")


async def test_close_code_and_reason_of_the_peer_are_told_once(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)
        writer.write(frame((1008).to_bytes(2, "big") + b"policy", 8))
        await reader.read()

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2")
        assert await peer.closed == (1008, "policy")


async def test_nothing_is_written_to_a_socket_that_is_closing(serving: Serving) -> None:
    """Its number may be another connection's by then, and the bytes would go there."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)
        await reader.read()

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2")
        await peer.opened.wait()
        assert peer.socket.send(b"one")
        assert peer.socket._transport is not None
        peer.socket._transport.underlying_transport.close()
        assert not peer.socket.send(b"two")
        await peer.closed


async def test_abrupt_end_is_lost(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2")
        assert (await peer.closed)[0] == LOST


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_refused_upgrade_tells_its_status(serving: Serving, status: int) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2")
        assert (await peer.closed)[0] == status


async def test_redirects_are_not_followed(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2")
        assert (await peer.closed)[0] == 302


async def test_unreachable_peer_and_silent_handshake(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    peer = Peer("ws://127.0.0.1:1/v2")
    assert (await peer.closed)[0] == UNREACHABLE
    async with serving(script) as port:
        silent = Peer(f"ws://127.0.0.1:{port}/v2", handshake_timeout_s=0.05)
        assert (await silent.closed)[0] == UNREACHABLE
        given_up = Peer(f"ws://127.0.0.1:{port}/v2")
        await asyncio.sleep(0)
        given_up.socket.close("stop")
        assert await given_up.closed == (LOST, "stop")
        await given_up.socket.wait_closed()


async def test_oversized_message_closes_the_connection(serving: Serving) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)
        for _ in range(3):
            writer.write(frame(b"x" * 100, 0 if _ else 1, fin=False))
        await reader.read()

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2", message_bytes_max=250)
        assert (await peer.closed)[0] == LOST
        assert all(payload == b"" for payload, _ in peer.frames)


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", frame(b"x", 3), frame(b"x" * 126, 9), bytes([0x81, 0xFF])])
async def test_garbage_frames_end_the_connection_not_the_process(serving: Serving, garbage: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await shake(reader, writer)
        writer.write(garbage)

    async with serving(script) as port:
        peer = Peer(f"ws://127.0.0.1:{port}/v2")
        assert (await peer.closed)[0] >= 1000


def certificate(folder: Path, name: str) -> tuple[str, str]:
    key, cert = str(folder / "key.pem"), str(folder / "cert.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    command += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", cert]
    subprocess.run(command, check=True, capture_output=True)
    return key, cert


async def test_f40_bad_certificates_are_refused_before_any_byte(serving: Serving, tmp_path: Path) -> None:
    requests: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.read(1))

    key, cert = certificate(tmp_path, "other.test")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    async with serving(script, server) as port:
        unknown_authority = Peer(f"wss://localhost:{port}/v2")
        assert (await unknown_authority.closed)[0] == TLS_FAILED
        wrong_host = Peer(f"wss://localhost:{port}/v2", context=tls_context(cert))
        assert (await wrong_host.closed)[0] == TLS_FAILED
    assert requests == []


@pytest.mark.parametrize("url", ["ws://ws.kraken.com/v2", "http://127.0.0.1", "wss://user@ws.kraken.com"])
def test_plain_text_leaves_only_to_this_machine(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        WebSocket(url, lambda: None, lambda _payload, _last: None, lambda _code, _reason: None)
