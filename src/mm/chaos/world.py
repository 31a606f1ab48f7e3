"""One run in the world of faults: the real bot and the simulated venues of its configuration, from one seed."""

from __future__ import annotations

import traceback
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random
from typing import Any, Final, TypeVar

from mm._core import events as ev
from mm.backtest.memory import run_together
from mm.chaos.checker import SCALE, Checker
from mm.chaos.faults import ENDING, MET_S, Fault
from mm.chaos.invariants import Bounds, Violation
from mm.chaos.market import sampled
from mm.chaos.names import TOKEN, TOKENS
from mm.chaos.operator import RESUME, STEPS
from mm.chaos.tap import Tapped
from mm.config import Secret, Settings
from mm.config.canonical import from_json, to_json
from mm.driver import Driver
from mm.engine import Engine
from mm.engine.recovery import recover
from mm.exchanges import find
from mm.inventory.hedging import parameters_of as policies_of
from mm.live.linking import Addresses, make_link, symbols_of
from mm.live.rescue import Rescue
from mm.persistence.journal import DURABLE
from mm.persistence.recorder import MemoryRecorder
from mm.simulator.hooks import ACTIONS
from mm.simulator.kinds import ACCOUNT, KINDS, MEXC_FUTURES, Operated
from mm.simulator.ledger import DECIMALS
from mm.steps import HALT
from mm.strategies import parameters_of

SECOND: Final = 1_000_000_000
START: Final = 1_700_000_000 * SECOND
REST_S: Final = 90
THRESHOLD: Final = 100
"""Dollars of debt that a policy without a threshold of its own may leave."""
STOP_S: Final = 60
SETTLED_SHORTLY_S = 5
"""Before the stop: a settlement is asked for when it is due, and asked for again."""
SAMPLE_S = 5
"""Between two marks, rates and tickers of a contract: each second they were a third of all that a bot hears."""
BOOK_AGE_MS_MOST: Final = 4000
SNAPSHOTS_S: Final = (0, 0, 2, 9, 60)
"""How often a snapshot of the state is kept, 0 for at restarts alone; a run has one each ten thousand events."""
TRADE_EVERY: Final = 6
"""Steps of the market."""
EVENTS_MIN, ORDERS_MIN, FAULTS_MIN, KINDS_MIN = 3_000, 100, 5, 3
"""What ten virtual minutes must hold for their seed to count."""
BOOK_SLACK_NS: Final = 250_000_000
"""A message is taken at the moment of its arrival, its bytes were told apart by what begins it."""
Key = TypeVar("Key", int, str)


@dataclass(slots=True)
class Report:
    """What a run was and what it did."""

    seed: int
    faults: list[Fault]
    events: int = 0
    orders: int = 0
    fills: int = 0
    log_hash: str = ""
    violations: list[Violation] = field(default_factory=list)
    crash: str = ""
    raised: list[str] = field(default_factory=list)
    """What strategies and hedging policies raised, each once: the bot goes on without them."""

    @property
    def fired(self) -> Counter[int]:
        """How often faults of each class struck."""
        return self._struck(lambda fault: fault.number)

    @property
    def actions(self) -> Counter[str]:
        """How often faults of each kind struck."""
        return self._struck(lambda fault: fault.kind)

    def _struck(self, by: Callable[[Fault], Key]) -> Counter[Key]:
        found: Counter[Key] = Counter()
        for fault in self.faults:
            if fault.fired:
                found[by(fault)] += fault.fired
        return found

    @property
    def pairs(self) -> set[tuple[int, int]]:
        """Classes one of which struck while another was at work, or shortly after: (the earlier, the later)."""
        strikes = [(fault, struck_s) for fault in self.faults for struck_s in fault.struck_s]
        return {
            (one.number, other.number)
            for one, begun_s in strikes
            for other, struck_s in strikes
            if one.number != other.number and 0 <= struck_s - begun_s <= one.works_s + MET_S
        }

    @property
    def is_good(self) -> bool:
        """Nothing was broken."""
        return not self.violations and not self.crash and not self.raised

    def counts(self, minutes: float) -> bool:
        """Whether the run held enough for its seed to count."""
        share = min(1.0, minutes / 10)
        fired = self.fired
        return (
            self.events >= EVENTS_MIN * share
            and self.orders >= ORDERS_MIN * share
            and fired.total() >= FAULTS_MIN
            and len(fired) >= KINDS_MIN
        )


class World:
    """settings: of the bot, every venue one that can be simulated; faults: what befalls it, from `faults.draw`."""

    def __init__(self, settings: Settings, seed: int, faults: Sequence[Fault], seconds: float = 600.0) -> None:
        self.seed, self.faults, self.seconds = seed, list(faults), seconds
        chance = Random(f"world:{seed}")
        self.venues = _venues(settings, seed, chance)
        self._rules: dict[str, list[Fault]] = {name: [] for name in self.venues}
        """Each venue's, in the order of its report."""
        _give_rules(self.venues, self._rules, [fault for fault in self.faults if fault.rule and not fault.is_spare])
        for venue in {fault.venue for fault in self.faults if fault.rule.get("text") == TOKEN}:
            exchange = self.venues[venue].exchange
            exchange.deposit(START, ACCOUNT, TOKEN, TOKENS * 10 ** exchange.ledger.decimals(TOKEN))
        self.settings = _with_keys(settings, self.venues)
        self.journal = MemoryRecorder(keep=True)
        self.faces = {name: find(name) for name in self.venues}
        self._epoch = 0
        self._nonces: dict[str, int] = {}
        """A process leaves word of them (`mm.persistence.floors`)."""
        self._snapshot: tuple[int, bytes] | None = None
        self._behind = 0
        """How many records of the journal the snapshot holds."""
        self._every_ns = int(Random(f"snapshots:{seed}").choice(SNAPSHOTS_S) * SECOND)
        self._snapshot_ns = START + self._every_ns
        self._begin(START)
        bounds = _bounds(self.settings, self.venues)
        self.checker = Checker(self.venues, self, self.journal.events, bounds)
        latency_ns = chance.choice((50_000, 200_000, 2_000_000, 20_000_000, 100_000_000))
        jitter_ns = chance.choice((0, 100_000, latency_ns))
        self.wires: dict[str, Tapped] = {}
        for name in self.venues:
            wires = Tapped(
                self.driver.ports[name], self.venues[name], now_ns=START, seed=seed, latency_ns=latency_ns,
                jitter_ns=jitter_ns,
            )  # fmt: skip
            wires.checker, wires.name = self.checker, name
            self.wires[name] = wires
        self.crash = ""
        self.now_ns = START
        self.stopped_ns = 0
        self._rescues: dict[str, Rescue] = {}

    def _begin(self, now_ns: int) -> None:
        """A start of the bot, on what the journal holds of those before."""
        events = self.journal.events
        durable = [event for event in events[self._behind :] if type(event) in DURABLE]
        recovery = recover(self._snapshot, durable, self._made, Engine)
        taken_over = recovery.event(now_ns)
        if taken_over is not None:
            self._snapshot, self._behind = (taken_over.state_hash, taken_over.state), len(events)
        self._epoch += 1
        self._start = ev.Start(now_ns, self.seed, self._epoch, to_json(self.settings))
        self.journal.record(self._start)
        self.engine = Engine(self._start, self.settings, self.faces, self.journal)
        if taken_over is not None:
            self.journal.record(taken_over)
            self.engine.apply(taken_over)
        seed = self.seed + self._epoch - 1
        links = {name: self._link(name, seed, self._nonces.get(name, 0)) for name in self.venues}
        self.driver = Driver(self.engine, links, self.journal)
        self.driver.on_output = self._output

    def _keep(self, now_ns: int) -> None:
        """Have a snapshot of now, as the process writes one between two inputs: a restart goes on from it."""
        state, state_hash = self.engine.snapshot()
        self._snapshot, self._behind = (state_hash, state), len(self.journal.events)
        self._snapshot_ns = now_ns + self._every_ns

    def _made(self, start: ev.Start) -> tuple[Settings, Mapping[str, Any]]:
        return from_json(start.config, parameters_of, policies_of), self.faces

    def _restart(self, lost_ns: int) -> None:
        """The bot's process is killed between two messages and started again; lost_ns: what it had written to its
        sockets for so long before did not leave."""
        if lost_ns:
            for wires in self.wires.values():
                wires.is_mute = True
            self.run(self.now_ns + lost_ns)
        self._nonces = {name: link.nonce for name, link in self.driver.links.items()}
        self.checker.doubt.restarted()
        self._begin(self.now_ns)
        for name, wires in self.wires.items():
            wires.is_mute = False
            wires.frozen_ns = 0
            for channel in ("public", "private"):
                self.checker.linked(self.now_ns, name, channel, up=False)
            wires.take_over(self.driver.ports[name])

    def _link(self, name: str, seed: int, nonce_floor: int = 0) -> Any:
        public, private = KINDS[name].paths
        where = Addresses("http://127.0.0.1", f"ws://127.0.0.1{public}", f"ws://127.0.0.1{private}")
        return make_link(
            self.settings.venues[name], where, self.faces[name], symbols_of(self.settings, name), seed=seed,
            nonce_floor=nonce_floor,
        )  # fmt: skip

    def _output(self, venue: str) -> None:
        self.wires[venue].tell(lambda now_ns: None)

    # --- what the judge may ask ---------------------------------------------------------------------------------------

    def open_orders(self) -> Collection[tuple[str, str]]:
        """See `checker.Bot`."""
        return {(order.venue, order.client_id) for order in self.engine.orders.open()}

    def positions(self) -> Mapping[tuple[str, str], tuple[int, int, Mapping[str, int]]]:
        """See `checker.Bot`."""
        found = {}
        for key, market in self.engine.markets.items():
            position = market.position
            found[key] = (position.quantity, position.cash, position.fees)
        return found

    def debt(self) -> int | None:
        """See `checker.Bot`."""
        desks = list(self.engine.desks.values())
        return desks[0].ledger.net if len(desks) == 1 else None

    def residual(self, unheard: Mapping[tuple[str, str], int]) -> Fraction:
        """Dollars by which the profit's parts miss what the venues' ledgers say the accounts have become worth.

        unheard: by venue and asset, what of it came and the bot has not taken for a transfer, in 10^-12.
        """
        ledgers = {name: venue.exchange.ledger for name, venue in self.venues.items()}
        balances = {
            (name, asset): units * 10 ** (SCALE - ledger.decimals(asset)) - unheard.get((name, asset), 0)
            for name, ledger in ledgers.items()
            for asset, units in ledger.balances(ACCOUNT).items()
        }
        entries = {}
        for name, venue in self.venues.items():
            exchange: Any = venue.exchange
            traded = next(iter(exchange.instruments.values()))
            if traded.contract:
                held = exchange.positions.of(ACCOUNT)
                size, cost = (sum(each.side * getattr(each, part) for each in held) for part in ("hold", "cost"))
                entries[name, traded.symbol] = (size, Fraction(cost, 10**DECIMALS))
        return self.engine.accounts.residual(balances, entries)

    # --- time ---------------------------------------------------------------------------------------------------------

    def play(self) -> Report:
        """Run from the first connect to the last proof; a second call is an error."""
        try:
            self._play()
        except Exception:  # noqa: BLE001  whatever ends the bot is what the run was for
            self.crash = traceback.format_exc(limit=-6)
        events = self.journal.events
        kinds = Counter(type(event).__name__ for event in events)
        raised = [self._raised(event) for event in events if type(event) is ev.StrategyPaused]
        return Report(
            self.seed, self.faults, len(events), kinds["Place"], kinds["Fill"], self.journal.log_hash(),
            self.checker.violations, self.crash, list(dict.fromkeys(raised)),
        )  # fmt: skip

    def _raised(self, event: ev.StrategyPaused) -> str:
        """What a strategy raised; of a hedging policy its own words say whose it is."""
        name = event.strategy
        return f"strategy {name}: {event.reason}" if name in self.settings.strategies else event.reason

    def _play(self) -> None:
        for wires in self.wires.values():
            wires.start()
        moments = sorted((each for each in self.faults if each.act or each.is_spare), key=lambda each: each.moment_s)
        stopped = False
        for fault in moments:
            self.run(START + int(fault.moment_s * SECOND))
            if fault.is_spare and not self._is_wanted(fault):
                continue
            if fault.rule:
                _give_rules(self.venues, self._rules, [fault])
                continue
            if self.journal.broken and fault.act in ("restart", "disk"):
                # Nothing is left to go on from, or to break.
                continue
            fault.fired += 1
            fault.struck_s.append(self._elapsed_s(self.now_ns))
            if fault.act == "freeze":
                self._freeze(int(fault.duration_s * SECOND))
            elif fault.act == "restart":
                self._restart(int(fault.duration_s * SECOND))
            elif fault.act == "disk":
                self.journal.break_journal("no space left on the device")
                self.checker.is_unwritable = True
            elif fault.act == "impatient":
                for wires in self.wires.values():
                    wires.impatient_ns = self.now_ns + int(fault.duration_s * SECOND)
            elif fault.act in STEPS:
                self._latch(fault.act)
            elif fault.act == RESUME:
                self._resume()
            elif fault.act == "stop":
                stopped = True
                break
            elif fault.act in ENDING:
                self._end()
                return
        if not stopped:
            self.run(START + int(self.seconds * SECOND))
            self._rest()
        self._stop()
        # What struck while it stopped counts too.
        self._count()
        self.checker.at_rest(self.now_ns)
        if not self.checker.untold and not self._settled_late():
            residuals = [self.residual(way) for way in self.checker.unheard(self.stopped_ns)]
            if all(residuals):
                self.checker.unbalanced(f"the profit misses the venues' word by {float(residuals[0])} dollars")
        if self.replayed().state_hash() != self.engine.state_hash():
            self.checker.diverged("a replay of the journal ends elsewhere")

    def _is_wanted(self, spare: Fault) -> bool:
        """Whether nothing of its class has struck so far."""
        self._count()
        return not any(fault.fired for fault in self.faults if fault.number == spare.number)

    def run(self, until_ns: int, done: Any = None) -> bool:
        """Let time pass for all venues; returns whether `done` said so, which is asked after each step."""
        wires = list(self.wires.values())
        names = list(self.wires)
        look = self.checker.look

        def after(now_ns: int, number: int) -> None:
            self.now_ns = now_ns
            look(now_ns, names[number])
            if self._every_ns and now_ns >= self._snapshot_ns and not self.journal.broken:
                self._keep(now_ns)

        is_done = run_together(wires, until_ns, done, after)
        self.now_ns = wires[0].now_ns
        return is_done

    def _freeze(self, duration_ns: int) -> None:
        until_ns = max(self._thaw_ns(), self.now_ns + duration_ns)
        self.checker.doubt.froze(until_ns - max(self._thaw_ns(), self.now_ns))
        for wires in self.wires.values():
            wires.frozen_ns = until_ns

    def _thaw_ns(self) -> int:
        return max(wires.frozen_ns for wires in self.wires.values())

    def _awake(self) -> None:
        """Whoever says something to a process that stands still is heard when it goes on."""
        self.run(self._thaw_ns())

    def _tell(self, action: str, argument: str) -> None:
        first = next(iter(self.wires.values()))
        first.tell(lambda now_ns: self.driver.operate(now_ns, action, argument))

    def _latch(self, step: str) -> None:
        """As `mm kill` says it."""
        self._awake()
        self.checker.latched(self.now_ns, step)
        said = (ev.Latched(self.now_ns, step, "", True, "operator", "chaos"),)
        next(iter(self.wires.values())).tell(lambda now_ns: self.driver.latch(now_ns, said))

    def _resume(self) -> None:
        """As `mm resume` says it: every step goes, and what is paused goes on."""
        self._awake()
        self.checker.resumed(self.now_ns)
        gone = [
            ev.Latched(self.now_ns, each.step, each.scope, False, "operator", "")
            for each in self.engine.ladder.latches.values()
        ]
        next(iter(self.wires.values())).tell(lambda now_ns: self.driver.latch(now_ns, gone))

    def _rest(self) -> None:
        """No new quotes, and time for what is owed and in doubt."""
        self._awake()
        for name in self.settings.strategies:
            self._tell("pause", name)
        for _ in range(REST_S // 5):
            if self._is_settled() and self._is_believed():
                break
            self.run(self.now_ns + 5 * SECOND)

    def _is_settled(self) -> bool:
        return not any(venue.doubtful or not venue.private_up for venue in self.engine.venues.values())

    def _is_believed(self) -> bool:
        """Whether what is booked is what the venues say, so that there is nothing to wait for."""
        booked = self.positions()
        for name, venue in self.venues.items():
            symbol = next(iter(venue.exchange.instruments))
            if booked.get((name, symbol), (0,))[0] != self.checker.position(name):
                return False
        return all(self._is_paid(name) for name in self.settings.hedging)

    def _settled_late(self) -> bool:
        """Whether a venue settled funding when the run was at its end: it did not stay to hear of that."""
        stopped_ns = self.stopped_ns - SETTLED_SHORTLY_S * SECOND
        exchanges: list[Any] = [venue.exchange for venue in self.venues.values()]
        return any(
            record.time_ns > stopped_ns
            for exchange in exchanges
            if next(iter(exchange.instruments.values())).contract
            for record in exchange.positions.records.get(ACCOUNT, ())
        )

    def _is_paid(self, name: str) -> bool:
        desk = self.engine.desks.get(name)
        if desk is None:
            return True
        hedge = self.settings.hedging[name]
        market = self.engine.markets.get((hedge.primary, hedge.symbol))
        if market is None or not market.middle2:
            return True
        price = Fraction(market.middle2, 2 * 10**market.instrument.price_precision)
        return abs(Fraction(desk.ledger.net, 10**SCALE) * price) < 2 * Fraction(
            getattr(hedge.parameters, "threshold", THRESHOLD)
        )

    def _stop(self) -> None:
        self._awake()
        self.stopped_ns = self.now_ns
        self.checker.stopped(self.now_ns)
        if self.seed % 2:
            # By the kill ladder: a halt, and the end of the run a moment later.
            self._latch(HALT)
            self.run(self.now_ns + SECOND)
        self._tell("stop", "chaos")
        self.run(self.now_ns + STOP_S * SECOND, done=lambda: self.engine.orders.n_open == 0)
        # Executions that the venues told last, and their settlement.
        self.run(self.now_ns + 45 * SECOND, done=lambda: self._is_believed() and not self.engine.orders.n_open)
        self.run(self.now_ns + SECOND)

    def _end(self) -> None:
        """The bot's process is gone between two messages; a rescue cancels what it left."""
        self.checker.is_alive = False
        self.checker.look(self.now_ns)
        for name, wires in self.wires.items():
            # It begins above what the run has used, as the floors on the disk let it.
            rescue = Rescue(self._link(name, self.seed + 1, self.driver.links[name].nonce), "mm", self._start.epoch)
            self._rescues[name] = rescue
            wires.frozen_ns = 0
            wires.take_over(rescue)
        self.run(
            self.now_ns + 120 * SECOND,
            done=lambda: all(rescue.is_done(self.now_ns) for rescue in self._rescues.values()),
        )
        self._count()
        self.checker.stopped(self.now_ns)
        self.checker.at_rest(self.now_ns)

    def _elapsed_s(self, now_ns: int) -> float:
        return (now_ns - START) / SECOND

    def _count(self) -> None:
        for name, faults in self._rules.items():
            for fault, rule in zip(faults, self.venues[name].hooks.rules(), strict=True):
                fault.fired = rule.fired
                fault.struck_s = [self._elapsed_s(struck_ns) for struck_ns in rule.struck_ns]
        taken = [fault for fault in self.faults if fault.rule.get("action") == "adl" and fault.fired]
        silent = [fault for fault in taken if fault.rule["told"] == "lists"]
        self.checker.untold = {fault.venue for fault in silent}
        self.checker.hidden = {
            venue: [START + round(at_s * SECOND) for fault in silent if fault.venue == venue for at_s in fault.struck_s]
            for venue in self.checker.untold
        }

    def replayed(self) -> Engine:
        """A fresh engine that was given the journal of the last start."""
        settings = from_json(self._start.config, parameters_of, policies_of)
        engine = Engine(self._start, settings, self.faces, MemoryRecorder())
        begun = max(number for number, event in enumerate(self.journal.events) if event is self._start)
        for event in self.journal.events[begun + 1 :]:
            engine.apply(event)
        return engine


def _venues(settings: Settings, seed: int, chance: Random) -> dict[str, Operated]:
    """The venues of a configuration, each with the same piece of the recording. Raises LookupError for one of none."""
    first = chance.randrange(3000)
    stride, share = chance.choice(((1, 0.75), (1, 0.8), (2, 0.75), (2, 0.8)))
    # So that a book is fresh when the next one comes, and old once two are lost.
    period_us = int(min(settings.limits.book_age_ms_max, BOOK_AGE_MS_MOST) * 1000 * share)
    quoted = {
        strategy.venue: int(getattr(strategy.parameters, "levels", 1)) for strategy in settings.strategies.values()
    }
    options = Namespace(
        tier="pro", mexc_tier="reported", volume_usd=0, seed=seed, mexc_futures_tier="documented",
        position_mode="one_way", funding_seconds=chance.choice((60, 28_800)), sample_seconds=SAMPLE_S,
    )  # fmt: skip
    found: dict[str, Operated] = {}
    for name, venue in settings.venues.items():
        if name not in KINDS:
            raise LookupError(f"[venues.{name}] has no simulation; those that can be simulated are {', '.join(KINDS)}")
        kind = KINDS[name]
        if name == MEXC_FUTURES:
            options.position_mode = venue.position_mode or "one_way"
        traded = kind.instrument(options)
        named: dict[str, Any] = {} if kind.order_name is None else {"name": kind.order_name}
        more = [symbol for symbol in symbols_of(settings, name) if symbol != traded.symbol]
        if more:
            named["generated"] = kind.generated(options)
        entries = sampled(
            kind.tape, 10_000 if traded.contract else 1, first=first, stride=stride, period_us=period_us,
            trade_every=TRADE_EVERY, sweeps=Random(f"sweeps:{seed}") if name in quoted else None,
            levels=quoted.get(name, 1), thin=2 if traded.contract else 0,
        )  # fmt: skip
        exchange = kind.exchange(
            [traded], entries=entries, tape_symbol=traded.symbol, start_ns=START, seed=seed, **named
        )  # fmt: skip
        for asset, amount in kind.funds.items():
            # As much as no run spends: what a small account does is another matter.
            plenty = amount if asset == "BTC" else max(amount, 1_000_000)
            exchange.deposit(START, ACCOUNT, asset, plenty * 10 ** exchange.ledger.decimals(asset))
        exchange.advance(START)
        exchange.drain_reports()
        found[name] = kind.make(exchange, START, options, ())
    return found


def _give_rules(venues: Mapping[str, Operated], given: dict[str, list[Fault]], faults: Sequence[Fault]) -> None:
    """Load more rules; given: each venue's, kept in the order of its report."""
    places = list(ACTIONS)
    for name, venue in venues.items():
        here = [fault for fault in faults if fault.venue == name]
        venue.hooks.load([fault.rule for fault in here], replace=False)
        given[name] += here
        given[name].sort(key=lambda fault: places.index(fault.rule["on"]))


def _with_keys(settings: Settings, venues: Mapping[str, Operated]) -> Settings:
    keyed = {
        name: replace(venue, api_key=Secret(venues[name].api_key), api_secret=Secret(venues[name].api_secret))
        for name, venue in settings.venues.items()
    }
    return replace(settings, venues=keyed)


def _bounds(settings: Settings, venues: Mapping[str, Operated]) -> Bounds:
    limits = settings.limits
    symbols = [symbol for venue in venues.values() for symbol in venue.exchange.instruments]
    return Bounds(
        position_max={symbol: limits.position_max(symbol) for symbol in symbols},
        order_max=limits.max_order_size,
        collar_bps=limits.price_collar_bps,
        book_age_ns=limits.book_age_ms_max * 1_000_000 + BOOK_SLACK_NS,
        secrets=tuple(venue.api_secret for venue in venues.values()),
        book_lag_ns=limits.book_lag_ms_max * 1_000_000 + BOOK_SLACK_NS if limits.book_lag_ms_max else 10**18,
        side_age_ns=limits.book_side_age_ms_max * 1_000_000 + BOOK_SLACK_NS if limits.book_side_age_ms_max else 0,
        exposure_usd=limits.max_total_exposure_usd,
        orders_max=limits.max_open_orders,
        debt_usd=next(iter(settings.hedging.values())).debt_max_usd if len(settings.hedging) == 1 else None,
        hedged={hedge.primary: {venue for venue, _ in hedge.markets()} for hedge in settings.hedging.values()},
    )


__all__ = ["Report", "World"]
