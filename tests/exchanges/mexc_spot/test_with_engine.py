"""The engine quotes MEXC Spot by the same rules as any venue, and a replay of the recording ends in the same state."""

from __future__ import annotations

from typing import Any

from mm._core import events as ev
from mm.config import load
from mm.config.canonical import to_json
from mm.config.environment import Environment
from mm.driver import Driver
from mm.engine import Engine
from mm.exchanges import find
from mm.persistence.recorder import MemoryRecorder
from mm.strategies import parameters_of
from tests.exchanges.mexc_spot.desk import MS, SECOND, START, Desk

TOML = """
[venues.mexc_spot]
symbols = ["BTC/USDT"]
maker_fee_bps = 0
taker_fee_bps = 5

[strategies.maker]
kind = "market_maker"
venue = "mexc_spot"
symbol = "BTC/USDT"
spread_bps = 50
min_spread_bps = 10
quote_size = 0.1
max_position = 1

[limits]
max_total_exposure_usd = 100000
default_max_position = 10
max_order_size = 1
price_collar_bps = 5000
"""


class Run(Desk):
    """A desk whose link has an engine before it, and a venue that keeps the orders it is sent."""

    def __init__(self, folder: Any) -> None:
        super().__init__()
        path = folder / "mm.toml"
        path.write_text(TOML)
        self.settings = load(path, Environment({}), {}, parameters_of)
        self.recorder = MemoryRecorder(keep=True)
        start = ev.Start(START, 1, 1, to_json(self.settings))
        self.recorder.record(start)
        self.engine = Engine(start, self.settings, {"mexc_spot": find("mexc_spot")}, self.recorder)
        self.inner = self.link
        self.driver = Driver(self.engine, {"mexc_spot": self.inner}, self.recorder)
        self.driver.observers.append(self.events.append)
        self.link = self.driver.ports["mexc_spot"]  # type: ignore[assignment]
        self.orders: dict[str, dict[str, str]] = {}
        self.replies["POST order"] = self._place
        self.replies["DELETE order"] = self._cancel
        self.replies["GET account"] = lambda fields: (
            200,
            {
                "canTrade": True,
                "balances": [
                    {"asset": "USDT", "free": "1000000", "locked": "0"},
                    {"asset": "BTC", "free": "50", "locked": "0"},
                ],
            },
        )

    def _place(self, fields: dict[str, str]) -> Any:
        order_id = f"C02__{len(self.asked('POST order'))}"
        self.orders[order_id] = fields
        self._tell(order_id, 1)
        return 200, {"symbol": fields["symbol"], "orderId": order_id, "transactTime": self.now // MS}

    def _cancel(self, fields: dict[str, str]) -> Any:
        order_id = fields.get("orderId") or next(
            (each for each, order in self.orders.items() if order["newClientOrderId"] == fields["origClientOrderId"]),
            "",
        )
        if order_id not in self.orders:
            return 400, {"code": -2011, "msg": "Unknown order sent"}
        self._tell(order_id, 4)
        del self.orders[order_id]
        return 200, {"symbol": fields["symbol"], "orderId": order_id, "status": "NEW"}

    def _tell(self, order_id: str, status: int, filled: str = "0") -> None:
        fields = self.orders[order_id]
        self.private(
            "orders",
            id=order_id,
            clientId=fields["newClientOrderId"],
            price=fields["price"],
            quantity=fields["quantity"],
            cumulativeQuantity=filled,
            status=status,
            tradeType=1 if fields["side"] == "BUY" else 2,
            orderType=2,
        )

    def fill(self, order_id: str, number: int) -> None:
        """Fill an order whole."""
        fields = self.orders[order_id]
        self._tell(order_id, 2, fields["quantity"])
        self.private(
            "deals",
            price=fields["price"],
            quantity=fields["quantity"],
            tradeType=1 if fields["side"] == "BUY" else 2,
            isMaker=True,
            tradeId=f"50597901743900{number:04}X1",
            orderId=order_id,
            clientOrderId=fields["newClientOrderId"],
            feeAmount="0",
            feeCurrency="USDT",
            time=self.now // MS,
        )
        del self.orders[order_id]

    def quiet(self, seconds: float) -> None:
        """Go on while the market lives without moving."""
        for _ in range(int(seconds * 2)):
            self.push()
            self.run(0.5)


def replayed(run: Run) -> str:
    events = list(run.recorder.events)
    engine = Engine(events[0], run.settings, {"mexc_spot": find("mexc_spot")}, MemoryRecorder())
    for event in events[1:]:
        engine.apply(ev.unpack(ev.pack(event)))
    return engine.state_hash()


def test_it_quotes_fills_survives_a_gap_and_replays(tmp_path: Any) -> None:
    run = Run(tmp_path)
    run.start()
    run.quiet(5)
    assert {fields["side"] for fields in run.orders.values()} == {"BUY", "SELL"}
    assert {fields["type"] for fields in run.orders.values()} == {"LIMIT_MAKER"}
    market = run.engine.markets["mexc_spot", "BTC/USDT"]
    assert market.book_ok
    bid = next(order_id for order_id, fields in run.orders.items() if fields["side"] == "BUY")
    run.fill(bid, 1)
    run.quiet(2)
    assert market.quantity > 0
    assert run.engine.fills == 1
    # A push is lost: quotes go, the book comes back by itself, and so do they.
    run.push(lose=True)
    run.push()
    run.run(0.05)
    assert not market.book_ok
    assert market.gap == "a frame is missing"
    run.quiet(15)
    assert market.book_ok
    assert {fields["side"] for fields in run.orders.values()} == {"BUY", "SELL"}
    assert run.engine.state_hash() == replayed(run)


def test_a_stop_leaves_nothing(tmp_path: Any) -> None:
    run = Run(tmp_path)
    run.start()
    run.quiet(5)
    assert run.orders
    run.driver.operate(run.now, "stop", "test")
    run.take(())
    run.quiet(5)
    assert run.orders == {}
    assert run.engine.orders.n_open == 0


def test_a_private_socket_that_ends_pulls_no_order_twice(tmp_path: Any) -> None:
    run = Run(tmp_path)
    run.start()
    run.quiet(5)
    run.replies["GET openOrders"] = lambda fields: (
        200,
        [
            {
                "symbol": "BTCUSDT",
                "orderId": order_id,
                "clientOrderId": each["newClientOrderId"],
                "price": each["price"],
                "origQty": each["quantity"],
                "executedQty": "0",
                "status": "NEW",
                "type": "LIMIT_MAKER",
                "side": each["side"],
            }
            for order_id, each in run.orders.items()
        ],
    )
    placed = len(run.asked("POST order"))
    run.end("private")
    run.quiet(1)
    run.quiet(4)
    assert {fields["side"] for fields in run.orders.values()} == {"BUY", "SELL"}
    assert run.engine.orders.n_open == len(run.orders)
    assert len(run.asked("POST order")) <= placed + 4
    assert run.engine.state_hash() == replayed(run)


def test_orders_wait_no_longer_than_their_market(tmp_path: Any) -> None:
    """A venue that does not answer leaves doubt, and doubt is settled; nothing is sent twice."""
    run = Run(tmp_path)
    run.start()
    run.quiet(3)
    run.replies["DELETE order"] = lambda fields: (502, b"")
    run.push(lose=True)
    run.push()
    run.run(0.1)
    assert any(type(event) is ev.OutcomeUnknown for event in run.events) or run.orders
    run.replies["DELETE order"] = run._cancel
    run.quiet(60)
    ids = [fields["newClientOrderId"] for fields in run.asked("POST order")]
    assert len(ids) == len(set(ids))
    assert run.engine.orders.n_open == len(run.orders)
    assert run.now - START >= 60 * SECOND
