"""A bot that quotes on the simulated Kraken and hedges on the simulated MEXC Spot, in memory with one clock."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace

from mm._core import events as ev
from mm.backtest.memory import MemoryWorld, run_together
from mm.config import Environment, Secret, load
from mm.config.canonical import from_json, to_json
from mm.driver import Driver
from mm.engine import Engine
from mm.exchanges import find
from mm.inventory.hedging import parameters_of as policies_of
from mm.live.linking import Addresses, make_link, symbols_of
from mm.persistence.recorder import MemoryRecorder
from mm.simulator.kinds import ACCOUNT, KINDS
from mm.simulator.orders import NewOrder, SimInstrument
from mm.strategies import parameters_of
from tests.backtest.brief_market import in_lots, market_of

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
KRAKEN, MEXC, FUTURES = "kraken", "mexc_spot", "mexc_futures"
DEALER = "dealer"
RATE = "USDT/USD"
BY_MARKET = """
[conversion.USDT]
venue = "kraken"
symbol = "USDT/USD"
"""
SETTINGS = """
[venues.kraken]
tier = "pro"
accept_account_wide_timer = true
dead_man_switch_s = 60

[venues.mexc_spot]

[strategies.btc]
venue = "kraken"
symbol = "BTC/USD"
spread_bps = 0.5
quote_size = 0.005
max_position = 0.05
refresh_interval_ms = 1000
refresh_tolerance_bps = 0.2

[hedging.btc]
policy = "{policy}"
primary = "kraken"
symbol = "BTC/USD"
hedge = "mexc_spot"
hedge_symbol = "BTC/USDT"
threshold = 50
debt_max_usd = 1500
{extra}

[limits]
max_total_exposure_usd = 100_000
default_max_position = 1
max_order_size = 0.1
"""


def usdt_usd():
    """USDT/USD as Kraken lists it."""
    return SimInstrument(RATE, "USDT", "USD", 4, 6, 1, 5 * 10**6, 5 * 10**10, 4, 2500, 4000)


class TwoVenues:
    """hooks: venue -> fault rules; settings: a configuration, or its text with places for `policy` and `extra`;
    is_rated: Kraken has a market of USDT, see `rate`; is_generated: it has the simulator's own one; hedge_venue:
    "mexc_futures" with settings of its own; fallback_venue: a third one; funding_seconds: between settlements;
    position_mode: of the account for contracts; primary_venue: another first one, `hedge_venue` None: it is the only
    one; entries_of: gives another tape than the recorded one for a venue's name."""

    def __init__(
        self,
        folder,
        *,
        seed=1,
        hooks=None,
        policy="cross_exchange",
        extra="",
        settings=SETTINGS,
        is_rated=False,
        is_generated=False,
        hedge_venue=MEXC,
        fallback_venue=None,
        funding_seconds=28_800,
        position_mode="one_way",
        primary_venue=KRAKEN,
        recorder=None,
        entries_of=None,
    ):
        self.log = []
        if isinstance(settings, str):
            path = folder / "two.toml"
            needs_rate = (is_rated or is_generated) and "[conversion.USDT]" not in settings
            path.write_text(settings.format(policy=policy, extra=extra) + (BY_MARKET if needs_rate else ""))
            settings = load(path, Environment({}), {("run", "seed"): seed}, parameters_of, policies_of)
        self.exchanges, self.venues, faces = {}, {}, {}
        options = Namespace(
            tier="pro",
            mexc_tier="reported",
            volume_usd=0,
            seed=seed,
            mexc_futures_tier="documented",
            position_mode=position_mode,
            funding_seconds=funding_seconds,
        )
        for name in (primary_venue, hedge_venue, fallback_venue):
            if name is None:
                continue
            kind = KINDS[name]
            traded = kind.instrument(options)
            named = {} if kind.order_name is None else {"name": kind.order_name}
            if is_generated and name == KRAKEN:
                named["generated"] = kind.generated(options)
            exchange = kind.exchange(
                [traded, usdt_usd()] if is_rated and name == KRAKEN else [traded],
                entries=market_of(name) if entries_of is None else in_lots(name, entries_of(name)),
                tape_symbol=traded.symbol,
                start_ns=START,
                seed=seed,
                log=self.log.append,
                **named,
            )
            for asset, amount in kind.funds.items():
                exchange.deposit(START, ACCOUNT, asset, amount * 10 ** exchange.ledger.decimals(asset))
            if is_rated and name == KRAKEN:
                exchange.deposit(START, DEALER, "USDT", 10**9 * 10 ** exchange.ledger.decimals("USDT"))
                exchange.deposit(START, DEALER, "USD", 10**9 * 10 ** exchange.ledger.decimals("USD"))
            exchange.advance(START)
            exchange.drain_reports()
            self.exchanges[name] = exchange
            self.venues[name] = kind.make(exchange, START, options, (hooks or {}).get(name, ()))
            faces[name] = find(name)
        self.settings = replace(
            settings,
            venues={
                name: replace(
                    venue, api_key=Secret(self.venues[name].api_key), api_secret=Secret(self.venues[name].api_secret)
                )
                for name, venue in settings.venues.items()
            },
        )
        self.recorder = recorder or MemoryRecorder(keep=True)
        start = ev.Start(START, seed, 1, to_json(self.settings))
        self.recorder.record(start)
        self.links = {}
        for name, venue in self.settings.venues.items():
            public, private = KINDS[name].paths
            where = Addresses("http://127.0.0.1", f"ws://127.0.0.1{public}", f"ws://127.0.0.1{private}")
            self.links[name] = make_link(venue, where, faces[name], symbols_of(self.settings, name), seed=seed)
        self.engine = Engine(start, self.settings, faces, self.recorder)
        self.driver = Driver(self.engine, self.links, self.recorder)
        self.worlds = {
            name: MemoryWorld(self.driver.ports[name], self.venues[name], now_ns=START, seed=seed)
            for name in self.settings.venues
        }
        self.driver.on_output = lambda venue: self.worlds[venue].tell(lambda now_ns: None)
        self.faces = faces
        self.started = False
        if is_rated:
            self.rate(10_000)

    @property
    def now_ns(self):
        return max(world.now_ns for world in self.worlds.values())

    @property
    def desk(self):
        return self.engine.desks["btc"]

    def run(self, seconds, done=None):
        if not self.started:
            self.started = True
            for world in self.worlds.values():
                world.start()
        run_together(tuple(self.worlds.values()), self.now_ns + int(seconds * SECOND), done)

    def wait(self, seconds, done=None):
        """`run` at a tenth of the pace of the market, where nothing is asked of it: minutes in a tenth of the work."""
        for exchange in self.exchanges.values():
            exchange.set_speed(self.now_ns, 0.1)
        self.run(seconds, done)
        for exchange in self.exchanges.values():
            exchange.set_speed(self.now_ns, 1)

    def operate(self, action, argument=""):
        """An operator's word."""
        next(iter(self.worlds.values())).tell(lambda now_ns: self.driver.operate(now_ns, action, argument))

    def stop(self, seconds=10):
        """Stop as Ctrl-C does; returns whether every own order is gone by the venues' word."""
        self.operate("stop", "test")
        self.run(seconds, done=lambda: self.engine.orders.n_open == 0)
        self.run(1)
        return self.engine.orders.n_open == 0

    def rate(self, bid):
        """Let others quote USDT on Kraken, in 0.0001 USD, one tick wide."""
        exchange = self.exchanges[KRAKEN]
        for order in exchange.open_orders(DEALER):
            exchange.cancel(self.now_ns, order.order_id, "moved")
        for side, price in ((1, bid), (-1, bid + 1)):
            exchange.place(self.now_ns, NewOrder(DEALER, RATE, side, 10**6 * 10**6, price))

    def balances(self):
        """What the account holds by the venues' ledgers, in 10^-12."""
        ledgers = {name: exchange.ledger for name, exchange in self.exchanges.items()}
        return {
            (name, asset): units * 10 ** (12 - ledger.decimals(asset))
            for name, ledger in ledgers.items()
            for asset, units in ledger.balances(ACCOUNT).items()
        }

    def trades(self, venue):
        return self.exchanges[venue].trades(ACCOUNT)

    def held(self, venue):
        """The change of the account's base asset at a venue, in 10^-8, by the venue's own ledger."""
        ledger = self.exchanges[venue].ledger
        units = ledger.balance(ACCOUNT, "BTC") - KINDS[venue].funds["BTC"] * 10 ** ledger.decimals("BTC")
        return units * 10**8 // 10 ** ledger.decimals("BTC")

    def check_books(self):
        """Our books against the venues' own, to the last unit."""
        for venue, symbol in ((KRAKEN, "BTC/USD"), (MEXC, "BTC/USDT")):
            trades = self.trades(venue)
            fills = [event for event in self.recorder.events if type(event) is ev.Fill and event.venue == venue]
            assert {trade.execution_id for trade in trades} == {fill.execution_id for fill in fills}, venue
            position = self.engine.markets[venue, symbol].position
            assert position.quantity == sum(trade.side * trade.size for trade in trades), venue
            assert position.cash == -sum(trade.side * trade.cost for trade in trades), venue
            assert self.held(venue) == position.quantity, venue
        # What is not hedged is the debt, no more and no less.
        assert (self.held(KRAKEN) + self.held(MEXC)) * 10**4 == self.desk.ledger.net

    def replayed(self):
        """The state of a fresh engine that was given the recording."""
        start, *events = self.recorder.events
        settings = from_json(start.config, parameters_of, policies_of)
        engine = Engine(start, settings, self.faces, MemoryRecorder())
        for event in events:
            engine.apply(event)
        return engine
