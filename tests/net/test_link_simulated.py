"""Link, session, codec and order store against the simulated venue under virtual time, with every fault by seed.

The trader here is a monkey; what is judged is that the store ends where the venue's own ledger does.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from mm._core import events as ev
from mm._core.orders import OrderState, OrderStore
from mm.errors import LocalError
from mm.exchanges import find
from mm.net.actions import PRIVATE
from mm.net.link import Link
from tests.simulator.kraken_client import START_NS
from tests.simulator.quiet_market import ASK, BID, quiet_venue, trade

memory_module = pytest.importorskip("mm.backtest.memory")
MemoryWorld = memory_module.MemoryWorld

SECOND = 1_000_000_000
FAULTS: tuple[dict[str, Any], ...] = (
    {"on": "request", "action": "drop", "rate": 0.01},
    {"on": "request", "action": "delay", "rate": 0.02, "delay_s": 1.5},
    {"on": "request", "action": "refuse", "rate": 0.02},
    {"on": "request", "action": "disconnect", "rate": 0.005},
    {"on": "reply", "action": "withhold", "rate": 0.01},
    {"on": "reply", "action": "delay", "rate": 0.02, "delay_s": 6.0},
    {"on": "reply", "action": "duplicate", "rate": 0.01},
    {"on": "reply", "action": "corrupt", "rate": 0.005},
    {"on": "reply", "action": "garbage", "rate": 0.005},
    {"on": "reply", "action": "status", "rate": 0.02},
    {"on": "reply", "action": "disconnect", "rate": 0.005},
    {"on": "message", "name": "executions", "action": "gap", "rate": 0.01},
    {"on": "message", "name": "executions", "action": "duplicate", "rate": 0.02},
    {"on": "message", "name": "executions", "action": "delay", "rate": 0.02, "delay_s": 0.5},
    {"on": "message", "name": "executions", "action": "corrupt", "rate": 0.005},
    {"on": "message", "name": "executions", "action": "garbage", "rate": 0.005},
    {"on": "message", "name": "book", "action": "disconnect", "rate": 0.001, "code": 1001},
    {"on": "clock", "action": "disconnect", "at_s": 20, "every_s": 37, "target": "private"},
    {"on": "clock", "action": "silence", "at_s": 50, "every_s": 90, "duration_s": 8},
    {"on": "clock", "action": "tokens", "at_s": 33, "every_s": 60},
    {"on": "clock", "action": "mode", "mode": "cancel_only", "at_s": 70, "every_s": 100, "duration_s": 5},
)


TIERS = {"unlimited": (120, 60), "starter": (400, 200)}
"""Seconds that may pass after the last fault until all is known again, and until all orders are gone."""


class Monkey:
    """A machine that trades at random through a link and keeps an order store, as an engine would."""

    def __init__(self, link: Link, seed: int) -> None:
        self.link, self.random = link, Random(seed)
        self.store = OrderStore()
        self.fills: dict[str, ev.Fill] = {}
        self.names: list[str] = []
        self.doubts = 0
        self.alerts: list[str] = []
        self.trading = True
        self.due_ns = START_NS
        self.asked: dict[str, int] = {}
        self.listed: set[str] = set()
        self.drain = link.drain

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.link, name)
        return lambda now_ns, *arguments: self.take(now_ns, function(now_ns, *arguments))

    def next_deadline(self) -> int:
        return min(self.due_ns, self.link.next_deadline() or self.due_ns)

    def deadline(self, now_ns: int) -> None:
        self.take(now_ns, self.link.deadline(now_ns))
        if now_ns >= self.due_ns:
            self.due_ns = now_ns + 100_000_000
            self.ask(now_ns)
            if self.trading:
                self.act(now_ns)

    def take(self, now_ns: int, events: Any) -> None:
        for event in events:
            kind = type(event)
            if kind is ev.Alert:
                self.alerts.append(event.text)
            if kind is ev.OrderReport:
                self.listed.add(event.client_id)
            if kind is ev.LinkChanged and event.channel == PRIVATE and not event.up:
                self.listed.clear()
            if kind is ev.OpenOrdersRead:
                for order in self.store.open():
                    if order.client_id not in self.listed:
                        self.submit(now_ns, ev.QueryOrder(now_ns, "kraken", order.client_id, order.venue_id))
            if hasattr(event, "client_id"):
                self.doubts += kind is ev.OutcomeUnknown
                self.store.apply(event)
                if kind is ev.Fill:
                    known = self.fills.setdefault(event.execution_id, event)
                    assert (known.price, known.size, known.fee) == (event.price, event.size, event.fee)

    def submit(self, now_ns: int, command: Any) -> None:
        try:
            if type(command) is ev.Place:
                self.store.place(command)
            elif type(command) is ev.Amend:
                self.store.amend(command)
            elif type(command) is ev.Cancel:
                self.store.cancel(command)
        except LocalError:
            return
        self.take(now_ns, self.link.submit(now_ns, command))

    def ask(self, now_ns: int) -> None:
        """What an engine's upkeep asks about."""
        for order in self.store.open():
            stuck = now_ns - order.updated_ns >= 10 * SECOND and order.state not in (
                OrderState.NEW,
                OrderState.PARTIALLY_FILLED,
            )
            asked_ns = self.asked.get(order.client_id, 0)
            if (stuck or order.state is OrderState.UNKNOWN or order.fills_missing) and now_ns - asked_ns >= 10 * SECOND:
                self.asked[order.client_id] = now_ns
                self.submit(now_ns, ev.QueryOrder(now_ns, "kraken", order.client_id, order.venue_id))

    def act(self, now_ns: int) -> None:
        random, opened = self.random, self.store.open()
        if len(opened) < 8 and random.random() < 0.5 and self.link.session.is_up(PRIVATE):
            side = random.choice((1, -1))
            near = (BID if side > 0 else ASK) - side * random.randrange(3)
            price = near if random.random() < 0.9 else near + side * 5
            name = f"mm1Q{len(self.names)}"
            self.names.append(name)
            size = 10_000 + random.randrange(100_000)
            terms = (side, price, size, "limit", "gtc", random.random() < 0.8, False, "")
            self.submit(now_ns, ev.Place(now_ns, "kraken", "BTC/USD", name, "monkey", "quote", 0, *terms))
        elif opened:
            order = random.choice(opened)
            if random.random() < 0.5:
                self.submit(now_ns, ev.Cancel(now_ns, "kraken", "BTC/USD", order.client_id, order.venue_id, "monkey"))
            else:
                price = order.price - order.side * random.randrange(1, 4)
                self.submit(
                    now_ns,
                    ev.Amend(now_ns, "kraken", "BTC/USD", order.client_id, order.venue_id, price, order.size),
                )


def world(seed: int, tier: str) -> tuple[Any, Monkey]:
    random = Random(seed)
    tape = tuple(
        trade(number, number * 0.25, side, BID if side < 0 else ASK, 10**8 + random.randrange(4 * 10**8))
        for number in range(1, 2400)
        if (side := random.choice((1, -1)))
    )
    venue = quiet_venue(tape, FAULTS, tier=tier)
    face = find("kraken")
    codec = face.codec(venue.api_key, venue.api_secret, symbols=("BTC/USD",))
    url = "ws://127.0.0.1:1"
    session = face.session(codec, ("BTC/USD",), public_url=f"{url}/v2", private_url=f"{url}/auth/v2", seed=seed)
    # Nothing is limited at the venue, yet a recovery should not look as if it came in no time.
    link = Link(session, seed=seed, calls=face.call_counter("starter" if tier == "starter" else "pro"))
    monkey = Monkey(link, seed)
    return MemoryWorld(monkey, venue, now_ns=START_NS, seed=seed), monkey


def run(seed: int, tier: str) -> Monkey:
    memory, monkey = world(seed, tier)
    settle_s, end_s = TIERS[tier]
    memory.start()
    memory.run(START_NS + 120 * SECOND)
    memory.venue.hooks.load([])
    memory.venue.set_mode(memory.now_ns, "online")
    monkey.trading = False
    memory.run(memory.now_ns + settle_s * SECOND)
    link = monkey.link
    assert link.session.is_up(PRIVATE), monkey.alerts[-5:]
    assert link.session.is_up("public")

    def cancel_all(now_ns: int) -> None:
        for order in monkey.store.open():
            monkey.submit(now_ns, ev.Cancel(now_ns, "kraken", "BTC/USD", order.client_id, order.venue_id, "end"))

    memory.tell(cancel_all)
    memory.run(memory.now_ns + end_s * SECOND)
    exchange = memory.venue.exchange
    assert [order.request.client_id for order in exchange.open_orders("main")] == []
    assert [(order.client_id, order.state, order.fills_missing) for order in monkey.store.open()] == []
    assert link.in_doubt == 0
    ids = [order.request.client_id for order in exchange.closed_orders("main")]
    assert len(ids) == len(set(ids)), "one intent, at most one order"
    trades = {t.execution_id: t for t in exchange.trades("main")}
    assert set(monkey.fills) == set(trades)
    return monkey


@pytest.mark.parametrize(
    ("seed", "tier"), [*((seed, "unlimited") for seed in range(10)), (100, "starter"), (101, "starter")]
)
def test_ends_where_the_venues_ledger_does(seed: int, tier: str) -> None:
    monkey = run(seed, tier)
    assert len(monkey.fills) > 2 or tier == "starter"
    assert monkey.doubts > 0
