"""The engine quotes MEXC Futures by the rules of any venue, and a replay of the recording ends in the same state."""

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
from tests.exchanges.mexc_futures.desk import BTC, MS, START, Desk, ok

TOML = """
[venues.mexc_futures]
symbols = ["BTC/USDT:USDT"]
maker_fee_bps = 6
taker_fee_bps = 8

[strategies.maker]
kind = "market_maker"
venue = "mexc_futures"
symbol = "BTC/USDT:USDT"
spread_bps = 80
min_spread_bps = 20
quote_size = 0.0005
max_position = 0.005

[limits]
max_total_exposure_usd = 100000
default_max_position = 0.01
max_order_size = 0.005
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
        self.engine = Engine(start, self.settings, {"mexc_futures": find("mexc_futures")}, self.recorder)
        self.inner = self.link
        self.driver = Driver(self.engine, {"mexc_futures": self.inner}, self.recorder)
        self.driver.observers.append(self.events.append)
        self.link = self.driver.ports["mexc_futures"]  # type: ignore[assignment]
        self.orders: dict[int, dict[str, Any]] = {}
        self.replies["POST private/order/create"] = self._place
        self.replies["POST private/order/cancel"] = self._cancel
        row = {"availableBalance": 1_000_000, "cashBalance": 1_000_000}
        self.replies["GET private/account/assets"] = lambda fields: ok([row | {"currency": "USDT"}])

    def _place(self, fields: dict[str, Any]) -> Any:
        order_id = 739113577038255616 + len(self.asked("POST private/order/create"))
        self.orders[order_id] = fields
        self._tell(order_id, 2)
        return ok({"orderId": str(order_id), "ts": self.now // MS})

    def _cancel(self, fields: list[int]) -> Any:
        rows = []
        for order_id in fields:
            rows.append({"orderId": order_id, "errorCode": 0 if order_id in self.orders else 2040})
            if order_id in self.orders:
                self._tell(order_id, 4)
                del self.orders[order_id]
        return ok(rows)

    def _tell(self, order_id: int, state: int, filled: int = 0) -> None:
        fields = self.orders[order_id]
        self.private(
            "order",
            orderId=str(order_id),
            symbol="BTC_USDT",
            externalOid=fields["externalOid"],
            price=fields["price"],
            vol=fields["vol"],
            side=fields["side"],
            orderType=fields["type"],
            dealVol=filled,
            state=state,
            category=1,
            version=state,
        )

    def fill(self, order_id: int, number: int) -> None:
        """Fill an order whole."""
        fields = self.orders[order_id]
        self._tell(order_id, 3, fields["vol"])
        self.private(
            "order.deal",
            id=number,
            symbol="BTC_USDT",
            side=fields["side"],
            vol=fields["vol"],
            price=fields["price"],
            fee=0.001,
            feeCurrency="USDT",
            orderId=order_id,
            isTaker=False,
            category=1,
            timestamp=self.now // MS,
        )
        self.private("position", symbol="BTC_USDT", positionId=7, positionType=1, openType=2, holdVol=fields["vol"])
        del self.orders[order_id]

    def quiet(self, seconds: float) -> None:
        """Go on while the market lives without moving."""
        for _ in range(int(seconds * 2)):
            self.push()
            self.run(0.5)

    def sides(self) -> set[int]:
        return {fields["side"] for fields in self.orders.values()}


def replayed(run: Run) -> str:
    events = list(run.recorder.events)
    engine = Engine(events[0], run.settings, {"mexc_futures": find("mexc_futures")}, MemoryRecorder())
    for event in events[1:]:
        engine.apply(ev.unpack(ev.pack(event)))
    return engine.state_hash()


def test_it_quotes_fills_survives_a_gap_and_replays(tmp_path: Any) -> None:
    run = Run(tmp_path)
    run.start()
    run.quiet(10)
    assert run.sides() == {1, 3}
    assert {fields["type"] for fields in run.orders.values()} == {2}
    market = run.engine.markets["mexc_futures", BTC]
    assert market.book_ok
    bid = next(order_id for order_id, fields in run.orders.items() if fields["side"] == 1)
    run.fill(bid, 1)
    run.quiet(3)
    assert market.quantity == 5
    assert run.engine.fills == 1
    assert [event.size for event in run.of(ev.PositionReport)] == [5]
    # A push is lost: the book comes back from the list of changes, and the quotes with it.
    run.push(lose=True)
    run.push()
    run.run(0.05)
    assert market.book_ok or market.gap
    run.quiet(15)
    assert market.book_ok
    assert run.sides() == {1, 3}
    assert run.engine.state_hash() == replayed(run)


def test_a_stop_leaves_nothing(tmp_path: Any) -> None:
    run = Run(tmp_path)
    run.start()
    run.quiet(10)
    assert run.orders
    run.driver.operate(run.now, "stop", "test")
    run.take(())
    run.quiet(5)
    assert run.orders == {}
    assert run.engine.orders.n_open == 0
