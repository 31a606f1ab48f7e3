"""The whole bot against the whole simulated Kraken in memory: the same bytes as over sockets, under virtual time."""

from __future__ import annotations

from dataclasses import replace

from mm._core import events as ev
from mm.backtest.memory import MemoryWorld
from mm.config import Environment, Secret, load
from mm.config.canonical import from_json, to_json
from mm.driver import Driver
from mm.engine import Engine
from mm.exchanges import find
from mm.live.linking import Addresses, make_link
from mm.persistence.recorder import MemoryRecorder
from mm.simulator.exchange import Exchange
from mm.simulator.kraken.venue import KrakenVenue, Options
from mm.simulator.ledger import DECIMALS
from mm.simulator.market import ACCOUNT, FUNDS, btc_usd
from mm.strategies import parameters_of
from tests.backtest.brief_market import market_of
from tests.one_venue import ONE_VENUE

MS, SECOND = 1_000_000, 1_000_000_000
START = 1_700_000_000 * SECOND
KEY = ("kraken", "BTC/USD")


class Session:
    """hooks: the venue's fault hooks; tier: of its rate limits; recorder: another one than the memory's."""

    def __init__(self, folder, *, seed=1, hooks=(), tier="pro", epoch=1, toml=None, recorder=None):
        self.log = []
        self.exchange = Exchange(
            [btc_usd()],
            entries=market_of("kraken"),
            tape_symbol="BTC/USD",
            start_ns=START,
            seed=seed,
            log=self.log.append,
        )
        for asset, amount in FUNDS.items():
            self.exchange.deposit(START, ACCOUNT, asset, amount * 10**DECIMALS)
        self.exchange.advance(START)
        self.venue = KrakenVenue(self.exchange, start_ns=START, seed=seed, options=Options(tier=tier), hooks=hooks)
        path = ONE_VENUE
        if toml is not None:
            path = folder / "mm.toml"
            path.write_text(toml)
        self.settings = load(path, Environment({}), {("run", "seed"): seed}, parameters_of)
        self.kraken = kraken = replace(
            self.settings.venues["kraken"],
            api_key=Secret(self.venue.api_key),
            api_secret=Secret(self.venue.api_secret),
        )
        self.recorder = MemoryRecorder(keep=True) if recorder is None else recorder
        start = ev.Start(START, seed, epoch, to_json(self.settings))
        self.recorder.record(start)
        face = find("kraken")
        where = Addresses("http://127.0.0.1", "ws://127.0.0.1/v2", "ws://127.0.0.1/auth/v2")
        self.link = make_link(kraken, where, face, ("BTC/USD",), seed=seed)
        self.engine = Engine(start, self.settings, {"kraken": face}, self.recorder)
        self.driver = Driver(self.engine, {"kraken": self.link}, self.recorder)
        self.world = MemoryWorld(self.driver.ports["kraken"], self.venue, now_ns=START, seed=seed)

    def run(self, seconds):
        """Go on for so many seconds."""
        if self.world.now_ns == START:
            self.world.start()
        self.world.run(self.world.now_ns + int(seconds * SECOND))

    def stop(self, seconds=10):
        """Stop as Ctrl-C does; returns whether every own order is gone by the venue's word."""
        self.world.tell(lambda now_ns: self.driver.operate(now_ns, "stop", "test"))
        self.world.run(self.world.now_ns + seconds * SECOND, done=lambda: self.engine.orders.n_open == 0)
        self.world.tell(lambda now_ns: self.driver.decide(now_ns, ""))
        self.world.run(self.world.now_ns + SECOND)
        return self.engine.orders.n_open == 0

    @property
    def market(self):
        return self.engine.markets[KEY]

    def of(self, kind):
        return [event for event in self.recorder.events if type(event) is kind]

    def check_books(self):
        """Our books against the venue's own: orders, position, fees, balances."""
        assert {o.client_id for o in self.engine.orders.open()} == {
            o.request.client_id for o in self.exchange.open_orders(ACCOUNT)
        }
        trades = self.exchange.trades(ACCOUNT)
        assert {t.execution_id for t in trades} == {f.execution_id for f in self.of(ev.Fill)}
        position = self.market.position
        assert position.quantity == sum(t.side * t.size for t in trades)
        assert position.cash == -sum(t.side * t.cost for t in trades)
        assert position.fees.get("USD", 0) == sum(t.fee for t in trades) * 10 ** (12 - 4)
        for asset in FUNDS:
            ours = self.engine.venues["kraken"].balances[asset]
            assert ours == self.exchange.ledger.balance(ACCOUNT, asset) * 10 ** (12 - DECIMALS), asset

    def replayed(self):
        """The state of a fresh engine that was given the recording."""
        start, *events = self.recorder.events
        engine = Engine(start, from_json(start.config, parameters_of), {"kraken": find("kraken")}, MemoryRecorder())
        for event in events:
            engine.apply(event)
        return engine
