"""Orders a second through the simulated Kraken: one client and one simulator process, pipelined on one socket.

Each order is an `add_order` and its `cancel_order`, with every execution event delivered; rate counters are off, the
market is replayed meanwhile. Usage: `python tools/measure_simulator.py [orders] [in flight]`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import picows
import uvloop
from picows import WSFrame, WSListener, WSMsgType

from mm.simulator.kraken.auth import sign
from mm.simulator.world import World, launch

ADD = (
    b'{"method":"add_order","params":{"order_type":"limit","side":"buy","order_qty":0.001,"symbol":"BTC/USD",'
    b'"limit_price":%d.5,"post_only":true,"cl_ord_id":"m%d","token":"%s"},"req_id":%d}'
)
CANCEL = b'{"method":"cancel_order","params":{"cl_ord_id":["m%d"],"token":"%s"},"req_id":%d}'


class Client(WSListener):
    """Keeps a number of requests in flight until all are answered."""

    def __init__(self, token: str, requests: int, in_flight: int) -> None:
        self.token, self.requests, self.in_flight = token.encode(), requests, in_flight
        self.sent = self.answered = self.refused = self.events = 0
        self.started_s = 0.0
        self.done = asyncio.Event()

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        params = {"channel": "executions", "snap_orders": False, "token": self.token.decode()}
        transport.send(WSMsgType.TEXT, json.dumps({"method": "subscribe", "params": params}).encode())

    def on_ws_frame(self, transport: picows.WSTransport, frame: WSFrame) -> None:
        head = bytes(frame.get_payload_as_memoryview()[:20])
        if head.startswith(b'{"method":"subscribe'):
            self.started_s = time.perf_counter()
        elif head.startswith((b'{"method"', b'{"error"')):
            self.answered += 1
            self.refused += head.startswith(b'{"error"')
        else:
            self.events += 1
        if frame.last_in_buffer and self.started_s:
            self.fill()
        if self.answered >= self.requests:
            self.done.set()

    def fill(self) -> None:
        while self.sent < self.requests and self.sent - self.answered < self.in_flight:
            number, is_cancel = divmod(self.sent, 2)
            if is_cancel:
                text = CANCEL % (number, self.token, self.sent + 1)
            else:
                text = ADD % (50_000 + number % 50, number, self.token, self.sent + 1)
            self.transport.send(WSMsgType.TEXT, text)
            self.sent += 1


async def token_of(world: World) -> str:
    """A WebSocket token, over REST."""
    nonce = str(time.time_ns())
    path, body = "/0/private/GetWebSocketsToken", urlencode({"nonce": nonce})
    signature = sign(base64.b64decode(world.api_secret), path, nonce, body.encode())
    host, _, port = world.rest_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {path} HTTP/1.1\r\nAPI-Key: {world.api_key}\r\nAPI-Sign: {signature}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    answer = await reader.read()
    writer.close()
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["result"]["token"])


def cpu_s(pid: int) -> float:
    """Processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(world: World, orders: int, in_flight: int) -> None:
    token = await token_of(world)
    before_s = cpu_s(world.pid)
    transport, client = await picows.ws_connect(lambda: Client(token, 2 * orders, in_flight), world.ws_auth_url)
    await client.done.wait()
    seconds = time.perf_counter() - client.started_s
    used_s = cpu_s(world.pid) - before_s
    transport.disconnect()
    await transport.wait_disconnected()
    print(
        f"{orders} orders placed and canceled in {seconds:.2f} s: {orders / seconds:,.0f} orders/s, "
        f"{2 * orders / seconds:,.0f} requests/s, {client.events} events, {client.refused} refused; "
        f"simulator {used_s / orders * 1e6:.0f} us of processor an order (load {os.getloadavg()[0]:.1f})"
    )


def main() -> None:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    in_flight = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with tempfile.TemporaryDirectory() as folder:
        world = launch(Path(folder), tier="unlimited", idle_seconds=30)
        try:
            for _ in range(3):
                uvloop.run(measure(world, orders, in_flight))
        finally:
            world.control("stop", {})
            os.waitpid(world.pid, 0)


if __name__ == "__main__":
    main()
