"""The bot on its test stand: real engine, driver, link, session and codec, in memory against a counterpart.

A case gives orders through a desk of the engine, as hedging does: each passes the recorder, the store, the link and the
codec. It reads the result from the counterpart's ledger; `finish` stops the bot and compares both sides to the unit.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from mm._core import events as ev
from mm._core.orders import Order
from mm.backtest.memory import MemoryWorld
from mm.config import LimitSettings, RunSettings, Secret, Settings, VenueSettings
from mm.config.canonical import to_json
from mm.conformance.counterpart import Counterpart, Standing
from mm.conformance.venue_case import VenueCase
from mm.driver import Driver
from mm.engine import Engine
from mm.engine.market import Market
from mm.engine.venue import VenueState
from mm.instruments import AMOUNT_PRECISION
from mm.live.linking import Addresses, make_link
from mm.persistence.recorder import MemoryRecorder, NullRecorder

SECOND: Final = 1_000_000_000
START_NS: Final = 1_700_000_000 * SECOND
READY_S: Final = 60
PATIENCE_S: Final = 120
"""Virtual seconds that a proof may take: a list may lag, and two reads have to agree."""
PURPOSE: Final = "flatten"
STRATEGY: Final = "conformance"


class Desk:
    """Hands the engine what a case wants sent, at its next decision."""

    due_ns = 0

    def __init__(self) -> None:
        self.waiting: list[Callable[[int], object]] = []

    def run(self, now_ns: int) -> None:
        """Send what waits."""
        waiting, self.waiting = self.waiting, []
        for send in waiting:
            send(now_ns)


class Nobody:
    """A machine that does nothing: the bot is dead."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: 0 if name == "next_deadline" else []


class Stand:
    """One case of one venue: `venue` under test, `seed` of every chance."""

    def __init__(self, venue: VenueCase, *, seed: int = 1) -> None:
        self.case = venue
        self.name: str = venue.face.name
        self.seed = seed
        make = venue.counterpart or Counterpart
        self.counterpart: Counterpart = make(venue, seed=seed, start_ns=START_NS)
        self.symbol = self.counterpart.symbol
        self.size = self.counterpart.size
        self.epoch = 0
        self.world = MemoryWorld(self._bot(START_NS), self.counterpart.venue, now_ns=START_NS, seed=seed)
        self.world.start()

    def _bot(self, now_ns: int) -> Any:
        """A fresh start of the bot, as its port to the venue."""
        self.epoch += 1
        account = self.counterpart.venue
        keys = {"api_key": Secret(account.api_key), "api_secret": Secret(account.api_secret)}
        chosen = VenueSettings(name=self.name, symbols=(self.symbol,), **{"tier": "pro", **self.case.settings, **keys})
        limits = LimitSettings(
            max_total_exposure_usd=Decimal(10**9), default_max_position=Decimal(10**6), max_order_size=Decimal(10**6)
        )
        self.settings = Settings(run=RunSettings(), venues={self.name: chosen}, strategies={}, limits=limits)
        self.recorder = self.make_recorder()
        self.begin = ev.Start(now_ns, self.seed, self.epoch, to_json(self.settings))
        self.recorder.record(self.begin)
        public, private = self.case.kind.paths
        where = Addresses("http://127.0.0.1", f"ws://127.0.0.1{public}", f"ws://127.0.0.1{private}")
        self.link = make_link(chosen, where, self.case.face, (self.symbol,), seed=self.seed)
        self.engine = Engine(self.begin, self.settings, {self.name: self.case.face}, self.recorder)
        self.desk = Desk()
        self.engine.add_desk(self.desk)
        self.driver = Driver(self.engine, {self.name: self.link}, self.recorder)
        return self.driver.ports[self.name]

    def make_recorder(self) -> MemoryRecorder:
        """What takes the events of a start."""
        return MemoryRecorder(keep=True)

    # --- time -------------------------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        return self.world.now_ns

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.world.run(self.now_ns + int(seconds * SECOND))

    def until(self, what: str, condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Let time pass until something holds; fails with `what` where it never does."""
        self.world.run(self.now_ns + int(seconds * SECOND), done=condition)
        assert condition(), f"{self.name}: after {seconds:g} s not yet: {what}; {self.told()}"

    def ready(self) -> None:
        """Wait until quotes could be sent: instrument known, book valid, private side recovered, clock known."""
        self.until("ready to trade", self.is_ready, READY_S)

    def is_ready(self) -> bool:
        market = self.engine.markets.get((self.name, self.symbol))
        return market is not None and not self.engine.market_gate(self.now_ns, market)

    def kill(self) -> None:
        """The process is gone without a word."""
        self.world.take_over(Nobody())

    def restart(self) -> None:
        """Another start takes the place of the one that was killed, or is killed now."""
        self.world.take_over(self._bot(self.now_ns))

    # --- what the bot does ------------------------------------------------------------------------------------------

    @property
    def market(self) -> Market:
        return self.engine.markets[self.name, self.symbol]

    @property
    def venue(self) -> VenueState:
        return self.engine.venues[self.name]

    def price(self, steps: int) -> int:
        """A price so many steps from the middle; the book begins five away from it."""
        return self.counterpart.middle + steps * self.counterpart.step

    def place(
        self, side: int, price: int, size: int = 0, *, time_in_force: str = "gtc", post_only: bool = False
    ) -> str:
        """Send an order; returns its client id."""
        client_id = self.engine.ids.peek(PURPOSE)
        terms = (side, price, size or self.size, "limit", time_in_force, post_only, False, "")
        self._send(
            lambda now_ns: self.engine.emit(
                ev.Place(now_ns, self.name, self.symbol, client_id, STRATEGY, PURPOSE, 0, *terms)
            )
        )
        return client_id

    def amend(self, client_id: str, price: int, size: int) -> None:
        """Change an order in place; size is the new total."""
        order = self.order(client_id)
        self._send(
            lambda now_ns: self.engine.emit(
                ev.Amend(now_ns, self.name, self.symbol, client_id, order.venue_id, price, size)
            )
        )

    def cancel(self, client_id: str) -> None:
        """Cancel an order, as the engine does."""
        self._send(lambda now_ns: self.engine.cancel(now_ns, self.order(client_id), "conformance"))

    def order(self, client_id: str) -> Order:
        """The order as the bot's store has it."""
        order = self.engine.orders.get(client_id)
        assert order is not None, f"{self.name}: the store has no order {client_id}"
        return order

    def state(self, client_id: str) -> str:
        """The order's state as the bot's store has it: `NEW`, `FILLED`, ..."""
        return str(self.order(client_id).state.name)

    def live(self, client_id: str) -> None:
        """Wait until the venue's word that an order stands has come."""
        self.until(f"{client_id} is live", lambda: self.state(client_id) in ("NEW", "PARTIALLY_FILLED"))

    def closed(self, client_id: str, *states: str, seconds: float = PATIENCE_S) -> None:
        """Wait until an order is over, and nothing of it is missing; `states`: how it may have ended."""
        order = self.order(client_id)
        self.until(f"{client_id} is over", lambda: not order.is_open and not order.fills_missing, seconds)
        assert not states or order.state.name in states, f"{self.name}: {client_id} ended as {order.state.name}"

    def fills(self) -> list[Any]:
        """The executions that the bot's recording has, in their order."""
        return [event for event in self.recorder.events if type(event) is ev.Fill]

    def told(self) -> str:
        """The last that was said, for a failure's message."""
        kinds = (ev.Alert, ev.LinkChanged, ev.BookReset)
        last = [repr(event) for event in self.recorder.events if isinstance(event, kinds)][-4:]
        orders = [f"{order.client_id} {order.state.name}" for order in self.engine.orders.open()]
        return f"open here: {orders}; said: {' | '.join(last)}"

    def _send(self, send: Callable[[int], object]) -> None:
        self.desk.waiting.append(send)
        self.world.tell(lambda now_ns: self.driver.decide(now_ns, self.name))

    # --- what others and the venue do -------------------------------------------------------------------------------

    def outside(self, act: Callable[[int], object]) -> Any:
        """Let something happen at the venue now; what it tells of it is on its way afterwards."""
        result = act(self.now_ns)
        self.counterpart.venue.advance(self.now_ns)
        self.world.tell(lambda now_ns: None)
        return result

    def trade(self, side: int, price: int, size: int) -> None:
        """Somebody takes what stands at a price."""
        self.outside(lambda now_ns: self.counterpart.trade(now_ns, side, price, size))

    def fault(self, on: str, action: str, name: str = "", **more: Any) -> None:
        """Let something go wrong, once unless `times` says otherwise (0: always)."""
        rule = {"on": on, "action": action, "name": name, **({} if on == "clock" else {"times": 1}), **more}
        self.counterpart.venue.hooks.load([rule], replace=False)

    def fault_now(self, action: str, **more: Any) -> None:
        """Let something go wrong with the venue's clock, connections or mode within the next moment."""
        self.fault("clock", action, at_s=(self.now_ns - START_NS) / SECOND + 0.01, **more)
        self.run(0.02)

    def fired(self, what: str) -> int:
        """How often a fault has happened, by place and action: `message.gap`."""
        return int(self.counterpart.venue.hooks.fired[what])

    def mend(self) -> None:
        """No faults any more."""
        self.counterpart.venue.hooks.load([])

    def standing(self) -> list[Standing]:
        """The open orders by the venue's ledger."""
        return self.counterpart.standing()

    # --- the end ----------------------------------------------------------------------------------------------------

    def finish_calmly(self) -> None:
        """As `finish`, where nothing went wrong: then no list can have been overtaken by the news of an order's end."""
        self.finish()
        assert self.engine.orders.contradictions == 0, f"{self.name}: the venue contradicted itself, or we think so"

    def finish(self, *, foreign: tuple[str, ...] = ()) -> None:
        """Stop as Ctrl-C does, and compare. foreign: client ids of orders that are not ours and have to stand."""
        self.mend()
        self.until("ready before the end", self.is_ready)
        self.check(foreign)
        self.world.tell(lambda now_ns: self.driver.operate(now_ns, "stop", "end of the case"))
        self.until("every own order is over", lambda: self.engine.orders.n_open == 0)
        self.run(1)
        assert [each.client_id for each in self.standing()] == list(foreign), "what the stop left behind"
        self.check(foreign)
        assert self.replayed().state_hash() == self.engine.state_hash(), "a replay of the recording ends elsewhere"

    def check(self, foreign: tuple[str, ...] = ()) -> None:
        """Our books against the venue's own, to the unit: orders, executions, position, balances, best prices."""
        self.run(2)
        ours = {(o.client_id, o.side, o.price, o.size - o.cum_size) for o in self.engine.orders.open()}
        theirs = {(s.client_id, s.side, s.price, s.leaves) for s in self.standing() if s.client_id not in foreign}
        assert ours == theirs, f"{self.name}: open orders here and there: {ours} {theirs}"
        trades = [trade for trade in self.counterpart.trades() if trade.time_ns >= self.begin.recv_ns]
        fills = self.fills()
        booked = {fill.execution_id: (fill.side, fill.price, fill.size) for fill in fills}
        for trade in trades:
            assert booked.get(trade.execution_id) == (trade.side, trade.price, trade.size), trade
        position = self.market.position
        assert position.quantity == sum(trade.side * trade.size for trade in trades), "the position"
        assert position.cash == -sum(trade.side * trade.price * trade.size for trade in trades), "the cash"
        for asset in self.counterpart.assets:
            theirs_too = self.counterpart.balance(asset, AMOUNT_PRECISION)
            assert self.venue.balances.get(asset) == theirs_too, f"{self.name}: balance of {asset}"
        assert self.market.book.top() == self.counterpart.top(), f"{self.name}: the best prices"

    def replayed(self) -> Engine:
        """A fresh engine that was given the recording of this start."""
        _, *events = self.recorder.events
        engine = Engine(self.begin, self.settings, {self.name: self.case.face}, NullRecorder())
        for event in events:
            engine.apply(event)
        return engine
