"""The whole bot against the whole simulated MEXC Spot in memory: the same bytes as over sockets, under virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mm._core import events as ev
from mm.backtest.memory import MemoryWorld
from mm.config import Environment, Secret, load
from mm.config.canonical import to_json
from mm.driver import Driver
from mm.engine import Engine
from mm.exchanges import find
from mm.live.bot import Addresses, make_link
from mm.persistence.recorder import MemoryRecorder
from mm.simulator.exchange import Exchange
from mm.simulator.kinds import ACCOUNT, KINDS, MEXC_SPOT
from mm.simulator.ledger import DECIMALS
from mm.simulator.mexc_spot.terms import btc_usdt
from mm.simulator.mexc_spot.venue import MexcSpotVenue, Options, mexc_name
from mm.strategies import parameters_of
from tests.backtest.brief_market import market_of

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
SYMBOL = "BTC/USDT"
TOML = """
[venues.mexc_spot]
symbols = ["BTC/USDT"]
maker_fee_bps = 0
taker_fee_bps = 5
tier = "unlimited"

[strategies.maker]
kind = "market_maker"
venue = "mexc_spot"
symbol = "BTC/USDT"
spread_bps = 2
min_spread_bps = 0.5
quote_size = 0.01
max_position = 0.1

[limits]
max_total_exposure_usd = 100000
default_max_position = 1
max_order_size = 1
price_collar_bps = 5000
"""


class Session:
    """hooks: the venue's fault hooks; options: of the venue."""

    def __init__(self, folder: Path, *, seed: int = 1, hooks: Sequence[dict[str, Any]] = (), **options: Any) -> None:
        self.log: list[Any] = []
        self.exchange = Exchange(
            [btc_usdt()],
            entries=market_of(MEXC_SPOT),
            tape_symbol=SYMBOL,
            start_ns=START,
            seed=seed,
            log=self.log.append,
            name=mexc_name,
        )
        for asset, amount in KINDS[MEXC_SPOT].funds.items():
            self.exchange.deposit(START, ACCOUNT, asset, amount * 10**DECIMALS)
        self.exchange.advance(START)
        self.exchange.drain_reports()
        self.venue = MexcSpotVenue(
            self.exchange, start_ns=START, seed=seed, options=Options(tier="unlimited", **options), hooks=hooks
        )
        path = folder / "mm.toml"
        path.write_text(TOML)
        settings = load(path, Environment({}), {("run", "seed"): seed}, parameters_of)
        keyed = replace(
            settings.venues["mexc_spot"],
            api_key=Secret(self.venue.api_key),
            api_secret=Secret(self.venue.api_secret),
        )
        self.recorder = MemoryRecorder(keep=True)
        start = ev.Start(START, seed, 1, to_json(settings))
        self.recorder.record(start)
        face = find("mexc_spot")
        where = Addresses("http://127.0.0.1", "ws://127.0.0.1/ws", "ws://127.0.0.1/ws")
        self.link = make_link(keyed, where, face, (SYMBOL,), seed=seed)
        self.engine = Engine(start, settings, {"mexc_spot": face}, self.recorder)
        self.driver = Driver(self.engine, {"mexc_spot": self.link}, self.recorder)
        self.world = MemoryWorld(self.driver.ports["mexc_spot"], self.venue, now_ns=START, seed=seed)

    def run(self, seconds: float) -> None:
        """Go on for so many seconds."""
        if self.world.now_ns == START:
            self.world.start()
        self.world.run(self.world.now_ns + int(seconds * SECOND))

    def stop(self, seconds: float = 20) -> bool:
        """Stop as Ctrl-C does; returns whether every own order is gone by the venue's word."""
        self.world.tell(lambda now_ns: self.driver.operate(now_ns, "stop", "test"))
        self.world.run(self.world.now_ns + int(seconds * SECOND), done=lambda: self.engine.orders.n_open == 0)
        self.world.tell(lambda now_ns: self.driver.decide(now_ns, ""))
        self.world.run(self.world.now_ns + SECOND)
        return self.engine.orders.n_open == 0 and not self.exchange.open_orders(ACCOUNT)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.recorder.events if type(event) is kind]

    def check_books(self) -> None:
        """Our books against the venue's own: executions, position, fees, balances."""
        trades = self.exchange.trades(ACCOUNT)
        assert {trade.execution_id for trade in trades} == {fill.execution_id for fill in self.of(ev.Fill)}
        position = self.engine.markets["mexc_spot", SYMBOL].position
        assert position.quantity == sum(trade.side * trade.size for trade in trades)
        assert position.cash == -sum(trade.side * trade.cost for trade in trades)
        assert position.fees.get("USDT", 0) == sum(trade.fee for trade in trades) * 10 ** (12 - 8)
        for asset in KINDS[MEXC_SPOT].funds:
            ours = self.engine.venues["mexc_spot"].balances[asset]
            assert ours == self.exchange.ledger.balance(ACCOUNT, asset) * 10 ** (12 - DECIMALS), asset
