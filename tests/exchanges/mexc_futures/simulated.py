"""The whole bot against the whole simulated MEXC Futures in memory: the same bytes as over sockets, virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mm._core import events as ev
from mm.backtest.memory import MemoryWorld
from mm.config import Environment, Secret, load
from mm.config.canonical import to_json
from mm.driver import Driver
from mm.engine import Engine
from mm.exchanges.mexc_futures.codec import MexcFuturesCodec
from mm.exchanges.mexc_futures.face import MexcFuturesFace
from mm.exchanges.mexc_futures.terms import TradingMode
from mm.live.bot import Addresses, make_link
from mm.persistence.recorder import MemoryRecorder
from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.kinds import ACCOUNT
from mm.simulator.ledger import DECIMALS
from mm.simulator.mexc_futures.terms import MAINTENANCE_E6, SYMBOL, btc_usdt_contract, mexc_futures_name
from mm.simulator.mexc_futures.venue import MexcFuturesVenue, Options
from mm.strategies import parameters_of
from tests.backtest.brief_market import in_lots, market_of, recorded

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
VENUE = "mexc_futures"
FUNDS = 100_000
STEP = 10_000
"""Units of the recording's sizes in a contract."""
TOML = """
[venues.mexc_futures]
symbols = ["BTC/USDT:USDT"]
maker_fee_bps = 6
taker_fee_bps = 8
tier = "unlimited"

[strategies.maker]
kind = "market_maker"
venue = "mexc_futures"
symbol = "BTC/USDT:USDT"
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


class MeantFace(MexcFuturesFace):
    """The venue for an account that is meant to be set up in a certain way."""

    def __init__(self, trading: TradingMode) -> None:
        self._trading = trading

    def codec(self, *parts: Any, **more: Any) -> MexcFuturesCodec:
        return super().codec(*parts, **{**more, "mode": self._trading})


class Session:
    """hooks: the venue's fault hooks; toml: the bot's settings; funds: USDT of the account; trading: how the bot takes
    the account to be set up; is_whole: with every step of the recorded market; options: of the venue."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        hooks: Sequence[dict[str, Any]] = (),
        toml: str = TOML,
        funds: int = FUNDS,
        trading: TradingMode | None = None,
        is_whole: bool = False,
        **options: Any,
    ) -> None:
        self.log: list[Any] = []
        self.exchange = ContractExchange(
            [btc_usdt_contract()],
            maintenance_e6={SYMBOL: MAINTENANCE_E6},
            entries=market_of(VENUE) if not is_whole else in_lots(VENUE, recorded(VENUE)),
            tape_symbol=SYMBOL,
            start_ns=START,
            seed=seed,
            log=self.log.append,
            name=mexc_futures_name,
        )
        self.funds = funds
        self.exchange.deposit(START, ACCOUNT, "USDT", funds * 10**DECIMALS)
        self.exchange.advance(START)
        self.exchange.drain_reports()
        choices = Options(**{"tier": "unlimited", **options})
        self.venue = MexcFuturesVenue(self.exchange, start_ns=START, seed=seed, options=choices, hooks=hooks)
        path = folder / "mm.toml"
        path.write_text(toml)
        settings = load(path, Environment({}), {("run", "seed"): seed}, parameters_of)
        keyed = replace(
            settings.venues[VENUE], api_key=Secret(self.venue.api_key), api_secret=Secret(self.venue.api_secret)
        )
        self.settings = settings
        self.recorder = MemoryRecorder(keep=True)
        start = ev.Start(START, seed, 1, to_json(settings))
        self.recorder.record(start)
        face = MeantFace(trading or TradingMode())
        where = Addresses("http://127.0.0.1", "ws://127.0.0.1/edge", "ws://127.0.0.1/edge")
        self.link = make_link(keyed, where, face, (SYMBOL,), seed=seed)
        self.engine = Engine(start, settings, {VENUE: face}, self.recorder)
        self.driver = Driver(self.engine, {VENUE: self.link}, self.recorder)
        self.world = MemoryWorld(self.driver.ports[VENUE], self.venue, now_ns=START, seed=seed)

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        """Go on for so many seconds, or until something is so."""
        if self.world.now_ns == START:
            self.world.start()
        self.world.run(self.world.now_ns + int(seconds * SECOND), until)

    def stop(self, seconds: float = 20) -> bool:
        """Stop as Ctrl-C does; returns whether every own order is gone by the venue's word."""
        self.world.tell(lambda now_ns: self.driver.operate(now_ns, "stop", "test"))
        self.world.run(self.world.now_ns + int(seconds * SECOND), done=lambda: self.engine.orders.n_open == 0)
        self.world.tell(lambda now_ns: self.driver.decide(now_ns, ""))
        self.world.run(self.world.now_ns + SECOND)
        return self.engine.orders.n_open == 0 and not self.exchange.open_orders(ACCOUNT)

    def act(self, action: str, **fields: Any) -> None:
        """Let a hook of the venue do something at once."""
        self.venue.act(self.world.now_ns, {"action": action, **fields})

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.recorder.events if type(event) is kind]

    def alarms(self) -> str:
        """What was told of, for a test's eyes."""
        return "\n".join(f"{event.severity}: {event.text}" for event in self.of(ev.Alert))

    def check_books(self, *, others_traded: bool = False) -> None:
        """Our books against the venue's own: executions, position, fees, funding, cash.

        others_traded: the position that the run counts is not the account's.
        """
        trades = self.exchange.trades(ACCOUNT)
        fills = {fill.execution_id: fill for fill in self.of(ev.Fill)}
        assert {trade.execution_id for trade in trades} == fills.keys()
        for trade in trades:
            fill = fills[trade.execution_id]
            assert (fill.side, fill.size, fill.price) == (trade.side, trade.size, trade.price)
            assert fill.fee == trade.fee * 10 ** (12 - DECIMALS)
        held = sum(each.side * each.hold for each in self.exchange.positions.of(ACCOUNT))
        assert held == sum(trade.side * trade.size for trade in trades)
        assert others_traded or self.engine.markets[VENUE, SYMBOL].position.quantity == held
        # The last word about each position is the venue's.
        told = {report.position_id: report for report in self.of(ev.PositionReport)}
        theirs = {str(each.position_id): each for each in self.exchange.positions.of(ACCOUNT)}
        assert {name: report.size for name, report in told.items() if report.size} == {
            name: each.hold for name, each in theirs.items()
        }
        paid = {event.record_id: event.amount for event in self.of(ev.FundingPaid)}
        records = self.exchange.positions.records.get(ACCOUNT, ())
        booked = {str(record.record_id): record.funding * 10 ** (12 - DECIMALS) for record in records}
        assert paid.items() <= booked.items()
        # A settlement is read 20 s after its time.
        old = {str(record.record_id) for record in records if record.settle_ns < self.world.now_ns - 25 * SECOND}
        assert old <= paid.keys()
        ours = self.engine.venues[VENUE].balances["USDT"]
        assert ours == self.exchange.ledger.balance(ACCOUNT, "USDT") * 10 ** (12 - DECIMALS)
