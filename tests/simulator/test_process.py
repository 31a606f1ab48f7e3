"""The simulator as a process: found again, bounded, alone on its folder, ended cleanly, and whole under bad clients."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import picows
import pytest
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from mm.simulator.kraken.auth import sign
from mm.simulator.process import OK, PORT_TAKEN, STATE_UNUSABLE, WRONG_ARGUMENTS
from mm.simulator.world import LaunchError, World, find, launch, read

PATIENCE_S = 10.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    started = launch(tmp_path, seed=3, tier="unlimited", idle_seconds=60)
    yield started
    with contextlib.suppress(OSError):
        started.control("stop", {})
    with contextlib.suppress(ChildProcessError):
        os.waitpid(started.pid, 0)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mm.simulator", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def gone(pid: int) -> bool:
    """Wait for a child to end; launched simulators are children of this process."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == OK


def exchange(world: World, data: bytes, *, until_closed: bool = False) -> bytes:
    """Send bytes to the port and read what comes."""
    parts = urlsplit(world.rest_url)
    with socket.create_connection((parts.hostname, parts.port), PATIENCE_S) as connection:
        connection.sendall(data)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
            if not until_closed:
                break
    return received


class Listener(WSListener):
    """Collects texts until the connection ends."""

    def __init__(self) -> None:
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.code = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.code = int(frame.get_close_code().value)
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            self.texts.put_nowait(frame.get_payload_as_utf8_text())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed.set()

    async def next(self) -> Any:
        return json.loads(await asyncio.wait_for(self.texts.get(), PATIENCE_S))


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[WSTransport, Listener]]:
    transport, listener = await picows.ws_connect(Listener, url, max_redirects=0)
    assert isinstance(listener, Listener)
    try:
        yield transport, listener
    finally:
        transport.disconnect(graceful=False)
        await asyncio.wait_for(transport.wait_disconnected(), PATIENCE_S)


def test_a_world_is_found_again_by_its_folder(world: World, tmp_path: Path) -> None:
    assert find(tmp_path) == world
    assert (tmp_path / "simulator.json").stat().st_mode & 0o077 == 0
    assert world.api_secret not in repr(world)
    assert "no profit can be claimed" in world.market
    assert "USDT/USD is generated from the seed, no recording" in world.market
    assert world.fees == "maker 0.25 %, taker 0.40 % (30-day volume of 0 USD)"
    assert urlsplit(world.rest_url).hostname == "127.0.0.1"


@pytest.fixture
def two_venues(tmp_path: Path) -> Iterator[World]:
    extra = ("--mexc-tier", "unlimited")
    started = launch(tmp_path, speed=20, venues=("mexc_spot", "kraken"), idle_seconds=60, extra=extra)
    yield started
    with contextlib.suppress(OSError):
        started.control("stop", {})
    with contextlib.suppress(ChildProcessError):
        os.waitpid(started.pid, 0)


def test_one_process_hosts_several_venues(two_venues: World, tmp_path: Path) -> None:
    assert list(two_venues.venues) == ["kraken", "mexc_spot"]
    kraken, mexc = two_venues.venues.values()
    assert (two_venues.rest_url, two_venues.api_key) == (kraken.rest_url, kraken.api_key)
    assert kraken.rest_url != mexc.rest_url
    assert kraken.api_secret != mexc.api_secret
    assert mexc.api_secret not in repr(mexc)
    assert mexc.fees == "maker 0.00 %, taker 0.05 %"
    assert find(tmp_path) == two_venues
    assert two_venues.control("ledger", venue="mexc_spot")["balances"] == {
        "BTC": "10.0000000000", "USDT": "20000.0000000000",
    }  # fmt: skip
    assert set(two_venues.control("ledger")["balances"]) == {"BTC", "USD"}
    assert "generated" not in mexc.market
    assert two_venues.control("act", {"action": "peg", "bps": -120, "duration_s": 1}) == {}
    with pytest.raises(OSError, match="hook action on 'clock' must be one of"):
        two_venues.control("act", {"action": "peg", "bps": -120}, venue="mexc_spot")
    two_venues.control("status", {"mode": "maintenance"}, venue="mexc_spot")
    assert two_venues.control("stats")["mode"] == "online"
    two_venues.control("stop", {}, venue="mexc_spot")
    assert gone(two_venues.pid)
    kept = {path.name for path in tmp_path.iterdir()}
    assert {"ledger.json", "ledger.mexc_spot.json", "exchange.mexc_spot.json", "orders.mexc_spot.jsonl"} <= kept


def test_large_frames_arrive_whole(two_venues: World) -> None:
    """A burst of the recording is more than picows copies into a buffer of its own."""
    topics = [f"spot@public.aggre.depth.v3.api.pb@{every}@BTCUSDT" for every in ("100ms", "10ms")]

    class Sizes(WSListener):
        def __init__(self) -> None:
            self.sizes: list[tuple[int, int]] = []
            self.enough = asyncio.Event()

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type == WSMsgType.BINARY:
                payload = frame.get_payload_as_bytes()
                place = payload.index(b"\xca\x13") + 2
                size = shift = 0
                while True:
                    size |= (payload[place] & 127) << shift
                    place, shift = place + 1, shift + 7
                    if payload[place - 1] < 128:
                        break
                self.sizes.append((len(payload), place + size))
                if len(self.sizes) >= 400:
                    self.enough.set()

    async def read() -> list[tuple[int, int]]:
        transport, listener = await picows.ws_connect(Sizes, two_venues.venues["mexc_spot"].ws_url)
        assert isinstance(listener, Sizes)
        transport.send(WSMsgType.TEXT, json.dumps({"method": "SUBSCRIPTION", "params": topics}).encode())
        await asyncio.wait_for(listener.enough.wait(), 2 * PATIENCE_S)
        transport.disconnect(graceful=False)
        await transport.wait_disconnected()
        return listener.sizes

    sizes = asyncio.run(read())
    assert max(size for size, _ in sizes) > 8192
    assert [pair for pair in sizes if pair[0] != pair[1]] == []


def test_hooks_by_venue(tmp_path: Path) -> None:
    path = tmp_path / "hooks.json"
    path.write_text(json.dumps({"mexc_spot": [{"on": "reply", "action": "withhold"}]}))
    result = run("--state", str(tmp_path / "state"), "--hooks", str(path))
    assert result.returncode == WRONG_ARGUMENTS
    assert "hooks for 'mexc_spot': expected one of the venues kraken" in result.stderr


def test_nothing_else_than_loopback_is_listened_on(world: World) -> None:
    port = f"{urlsplit(world.rest_url).port:04X}"
    rows = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [row for row in rows if row.endswith(f":{port}") and not row.startswith("0100007F")] == []


def test_a_killed_simulator_is_not_believed(world: World, tmp_path: Path) -> None:
    os.kill(world.pid, signal.SIGKILL)
    os.waitpid(world.pid, 0)
    assert read(tmp_path) == world
    assert find(tmp_path) is None
    again = launch(tmp_path, seed=3)
    assert find(tmp_path) == again != world
    again.control("stop", {})
    assert gone(again.pid)


def test_folder_without_a_simulator(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    (tmp_path / "simulator.json").write_text("{broken")
    assert find(tmp_path) is None


def test_terminated_simulator_says_goodbye_and_leaves_its_ledger(world: World, tmp_path: Path) -> None:
    async def watch() -> int:
        async with connected(world.ws_url) as (_, listener):
            await listener.next()
            os.kill(world.pid, signal.SIGTERM)
            await asyncio.wait_for(listener.closed.wait(), PATIENCE_S)
            return listener.code

    assert asyncio.run(watch()) == WSCloseCode.GOING_AWAY.value
    assert gone(world.pid)
    assert not (tmp_path / "simulator.json").exists()
    assert json.loads((tmp_path / "ledger.json").read_text())["balances"] == {
        "BTC": "10.0000000000",
        "USD": "1000000.0000000000",
    }


def private(of: World, method: str, **fields: str) -> bytes:
    """A private REST call, answered without an error."""
    body = urlencode({"nonce": time.time_ns(), **fields})
    path = f"/0/private/{method}"
    nonce = body.split("&")[0].partition("=")[2]
    signature = sign(base64.b64decode(of.api_secret), path, nonce, body.encode())
    head = f"POST {path} HTTP/1.1\r\nAPI-Key: {of.api_key}\r\nAPI-Sign: {signature}\r\n"
    answer = exchange(of, f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    assert b'"error":[]' in answer
    return answer


def order(of: World) -> None:
    client_id = f"k{time.time_ns() % 10**9}"
    fields = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "30000.0"}
    private(of, "AddOrder", **fields, cl_ord_id=client_id)


def test_accounts_and_open_orders_outlive_the_process(world: World, tmp_path: Path) -> None:
    order(world)
    before = world.control("ledger")
    world.control("stop", {})
    assert gone(world.pid)
    again = launch(tmp_path, seed=4)
    after = again.control("ledger")
    assert after["balances"] == before["balances"]
    assert [(o["order_id"], o["price"], o["status"]) for o in after["open_orders"]] == [
        (before["open_orders"][0]["order_id"], "30000.0", "new")
    ]
    order(again)
    assert len({o["order_id"] for o in again.control("ledger")["open_orders"]}) == 2
    again.control("stop", {})
    assert gone(again.pid)


@pytest.mark.parametrize(("passed_s", "survives"), [(0, True), (3601, False)])
def test_the_dead_mans_timer_outlives_the_process(world: World, tmp_path: Path, passed_s: int, survives: bool) -> None:
    """Its deadline is a time of the venue: it runs on while no process does, and fires with the first one after it."""
    order(world)
    private(world, "CancelAllOrdersAfter", timeout="3600")
    armed = world.control("stats")["timers"]
    assert list(armed) == ["main"]
    world.control("stop", {})
    assert gone(world.pid)
    path = tmp_path / "exchange.json"
    saved = json.loads(path.read_text())
    assert saved["venue"]["timers"] == armed
    saved["venue"]["timers"]["main"] -= passed_s * 10**9
    path.write_text(json.dumps(saved))
    again = launch(tmp_path, seed=4)
    timers, orders = again.control("stats")["timers"], again.control("ledger")["open_orders"]
    assert timers == (armed if survives else {})
    assert len(orders) == (1 if survives else 0)
    again.control("stop", {})
    assert gone(again.pid)


def test_damaged_timers_are_not_silently_dropped(world: World, tmp_path: Path) -> None:
    world.control("stop", {})
    assert gone(world.pid)
    path = tmp_path / "exchange.json"
    for damaged in ({"timers": {"main": "soon"}}, {"timers": []}, []):
        path.write_text(json.dumps({**json.loads(path.read_text()), "venue": damaged}))
        result = run("--state", str(tmp_path))
        assert result.returncode == STATE_UNUSABLE
        assert "move it away" in result.stderr


def test_damaged_accounts_are_not_silently_replaced(tmp_path: Path) -> None:
    (tmp_path / "exchange.json").write_text('{"format": 1')
    result = run("--state", str(tmp_path))
    assert result.returncode == STATE_UNUSABLE
    assert "exchange.json is damaged" in result.stderr
    assert "move it away to begin with fresh accounts" in result.stderr


def test_it_ends_by_itself_when_nobody_is_there(tmp_path: Path) -> None:
    started = launch(tmp_path, idle_seconds=0.3)
    assert gone(started.pid)
    assert find(tmp_path) is None


def test_a_folder_has_one_simulator(world: World, tmp_path: Path) -> None:
    second = run("--state", str(tmp_path))
    assert second.returncode == STATE_UNUSABLE
    assert f"belongs to a running simulator (process {world.pid}, {world.rest_url})" in second.stderr
    assert find(tmp_path) == world


def test_port_in_use(world: World, tmp_path: Path) -> None:
    port = str(urlsplit(world.rest_url).port)
    other = run("--state", str(tmp_path / "other"), "--port", port)
    assert other.returncode == PORT_TAKEN
    assert f"port {port} on 127.0.0.1 cannot be used" in other.stderr
    with pytest.raises(LaunchError, match=r"ended with exit code 3: .*choose another --port"):
        launch(tmp_path / "other", port=int(port))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tier", "gold"], "invalid choice: 'gold'"),
        (["--port", "70000"], "a port is a whole number from 0 to 65535, not '70000'"),
        (["--port", "http"], "a port is a whole number from 0 to 65535, not 'http'"),
        (["--speed", "fast"], "expected a number over 0 and under a million, not 'fast'"),
        (["--volume-usd", "1e6"], "expected whole US dollars, not '1e6'"),
        (["--speed", "0"], "expected a number over 0"),
        (
            ["--venues", "kraken,binance"],
            "venues are kraken, mexc_spot, mexc_futures, separated by commas, not 'binance'",
        ),
        (["--mexc-tier", "gold"], "invalid choice: 'gold'"),
        (["--tape", "/nowhere.mmtape"], "/nowhere.mmtape"),
        (["--hooks", "/nowhere.json"], "--hooks /nowhere.json"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: list[str], words: str) -> None:
    result = run("--state", str(tmp_path), *arguments)
    assert result.returncode == WRONG_ARGUMENTS
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_hooks_file(tmp_path: Path) -> None:
    path = tmp_path / "hooks.json"
    path.write_text('[{"on": "reply", "action": "explode"}]')
    result = run("--state", str(tmp_path), "--hooks", str(path))
    assert result.returncode == WRONG_ARGUMENTS
    assert "hook 0: hook action on 'reply' must be one of" in result.stderr


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    result = run("--state", str(path))
    assert result.returncode == STATE_UNUSABLE
    hint = "(file exists; choose another with --state)"
    assert result.stderr == f"simulator: {path}: --state: expected a folder that can be written {hint}\n"
    with pytest.raises(LaunchError, match=r"expected a folder that can be written \(file exists; choose another with"):
        launch(path)


@pytest.mark.skipif(not Path("/sys").exists(), reason="needs a file system that nobody can write")
def test_read_only_folder() -> None:
    # Nobody can make a folder there, root included.
    result = run("--state", "/sys/mm")
    assert result.returncode == STATE_UNUSABLE
    assert "/sys/mm: --state: expected a folder that can be written (" in result.stderr
    assert result.stderr.count("\n") == 1


def test_bad_clients_do_not_disturb_the_others(world: World) -> None:
    async def others() -> None:
        async with connected(world.ws_url) as (transport, listener):
            assert (await listener.next())["channel"] == "status"
            assert exchange(world, b"\x16\x03\x01 not http\r\n\r\n", until_closed=True).startswith(b"HTTP/1.1 400 ")
            assert exchange(world, b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 20_000), until_closed=True).startswith(
                b"HTTP/1.1 431 "
            )
            upgrade = b"GET /v2 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            assert exchange(world, upgrade, until_closed=True).startswith(b"HTTP/1.1 400 ")
            with pytest.raises(picows.WSInvalidStatusError):
                async with connected(world.ws_url + "/nowhere"):
                    pass
            transport.send(WSMsgType.TEXT, b'{"method":"ping","req_id":1}')
            assert (await listener.next())["method"] == "pong"
            transport.send(WSMsgType.TEXT, b'{"method":"pi', fin=False)
            transport.send(WSMsgType.CONTINUATION, b'ng","req_id":2}')
            assert (await listener.next())["req_id"] == 2
            transport.send(WSMsgType.TEXT, b"[" * 500_000)
            assert (await listener.next())["error"] == "Malformed request"

    asyncio.run(others())
    assert world.control("stats")["malformed"] == 1


def test_a_message_that_is_too_large_ends_its_connection(world: World) -> None:
    async def send() -> None:
        async with connected(world.ws_url) as (transport, listener):
            await listener.next()
            for _ in range(3):
                transport.send(WSMsgType.TEXT, b" " * 500_000, fin=False)
            await asyncio.wait_for(listener.closed.wait(), PATIENCE_S)

    asyncio.run(send())
    assert world.control("hello")["pid"] == world.pid


def test_requests_on_one_connection_are_answered_in_order(world: World) -> None:
    request = b"GET /0/public/%s HTTP/1.1\r\nHost: x\r\n%s\r\n"
    data = request % (b"Time", b"") + request % (b"SystemStatus", b"") + request % (b"Nope", b"Connection: close\r\n")
    received = exchange(world, data, until_closed=True)
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.index(b"unixtime") < received.index(b'"status":"online"') < received.index(b"EGeneral:Unknown")


def test_control_pages(world: World) -> None:
    assert world.control("hooks", [{"on": "reply", "name": "Time", "action": "status", "status": 502, "times": 1}])
    assert exchange(world, b"GET /0/public/Time HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 502 ")
    assert exchange(world, b"GET /0/public/Time HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    stats = world.control("stats")
    assert stats["hooks"]["fired"] == {"reply.status": 1}
    assert world.control("status", {"mode": "post_only"}) == {"mode": "post_only"}
    assert b'"status":"post_only"' in exchange(world, b"GET /0/public/SystemStatus HTTP/1.1\r\n\r\n")
    for page, body, words in (
        ("status", {"mode": "sleepy"}, "mode must be one of"),
        ("status", {"moood": "online"}, "expected a JSON object with some of mode, symbol"),
        ("status", {"mode": "online", "symbol": "X"}, "symbol must be one of BTC/USD"),
        ("hooks", [{"on": "x"}], "hook 0"),
        ("disconnect", {"target": "moon"}, "target must be one of"),
        ("dance", {}, "no POST page 'dance'"),
    ):
        with pytest.raises(OSError, match=words):
            world.control(page, body)


def test_web_pages_of_other_origins_are_refused(world: World) -> None:
    request = b"POST /sim/stop HTTP/1.1\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\n\r\n"
    assert exchange(world, request).startswith(b"HTTP/1.1 403 ")
    assert world.control("hello")["pid"] == world.pid


def test_operator_disconnects_private_connections_only(world: World) -> None:
    async def both() -> tuple[bool, int]:
        async with connected(world.ws_url) as (_, public), connected(world.ws_auth_url) as (_, private):
            await public.next()
            await private.next()
            answer = await asyncio.to_thread(world.control, "disconnect", {"target": "private", "code": 1001})
            assert answer == {"disconnected": 1}
            await asyncio.wait_for(private.closed.wait(), PATIENCE_S)
            return public.closed.is_set(), private.code

    assert asyncio.run(both()) == (False, 1001)


def test_it_survives_the_kill_of_a_client(world: World) -> None:
    program = (
        "import asyncio, picows\n"
        "async def main():\n"
        f"    await picows.ws_connect(picows.WSListener, {world.ws_url!r})\n"
        "    print('up', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "up\n"
        assert world.control("stats")["open_connections"] == 1
        client.kill()
    for _ in range(1000):
        if not world.control("stats")["open_connections"]:
            break
    assert world.control("stats")["open_connections"] == 0
    assert world.control("hello")["pid"] == world.pid
