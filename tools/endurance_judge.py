"""Compares what the bot recorded with the ledgers of the three venues: nothing may differ by a digit."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from endurance_faults import expected, script

from mm._core import JournalReader
from mm._core import events as ev
from mm.config import Settings
from mm.config.canonical import from_json
from mm.engine import Engine
from mm.engine.engine import OWNER
from mm.engine.recovery import recover
from mm.exchanges import find
from mm.inventory.accounts import DOLLAR_DIGITS
from mm.inventory.hedging import parameters_of as policies_of
from mm.persistence.journal import events_of
from mm.persistence.recorder import NullRecorder
from mm.persistence.recording import read
from mm.simulator.kinds import KRAKEN, MEXC_FUTURES, MEXC_SPOT
from mm.strategies import parameters_of

FIRED_MIN: Final = 3
FILLS_MIN: Final = 50
HEDGES_MIN: Final = 20
SECONDS_MIN: Final = 900.0
"""A shorter run is for development: it need not bring so much, and the verdict says so. While faults keep Kraken away
there are no quotes, and ten minutes left too few hedges for the faults of their orders."""
AFTER_MAX: Final = 2_000
"""Events that may follow the bot's last word: connections end, and what they still brought is recorded."""
SYMBOLS: Final = {KRAKEN: "BTC/USD", MEXC_SPOT: "BTC/USDT", MEXC_FUTURES: "BTC/USDT:USDT"}
AMOUNT: Final = 10**12

Json = dict[str, Any]


@dataclass(slots=True)
class Verdict:
    """What was found. problems: what may not be; figures: what ours and the venues' both are."""

    problems: list[str] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)

    def equal(self, name: str, ours: Decimal | Fraction, theirs: Decimal | Fraction) -> None:
        """Both must be the same number."""
        self.figures[name] = str(theirs)
        if ours != theirs:
            self.problems.append(f"{name}: ours {ours}, the venue's {theirs}")


@dataclass(slots=True)
class Replayed:
    """The end of a recording. executions: booked ones by venue; hashes: of the state after each of its last events;
    contradictions: what venues said against what was believed, without lists that were asked for before an order ended
    and came after."""

    engine: Engine
    executions: dict[str, set[str]]
    hashes: set[str] = field(default_factory=set)
    contradictions: int = 0
    _ended_ns: dict[str, int] = field(default_factory=dict)
    """When orders ended, by client id."""
    _shown_ns: dict[str, list[int]] = field(default_factory=dict)
    """When those ended that the list of a venue shows which is coming in."""

    def apply(self, event: ev.Event) -> None:
        """Take the next event."""
        orders, client_id = self.engine.orders, getattr(event, "client_id", "")
        count, order = orders.contradictions, orders.get(client_id)
        was_open = order is not None and order.is_open
        self.engine.apply(event)
        found = orders.contradictions - count
        if was_open and order is not None and not order.is_open:
            self._ended_ns[client_id] = event.recv_ns
        if found and isinstance(event, ev.OrderReport) and event.source == "query":
            # The end of the list says when it was asked for.
            self._shown_ns.setdefault(event.venue, []).append(self._ended_ns.get(client_id, 0))
        else:
            self.contradictions += found
        if isinstance(event, ev.OpenOrdersRead):
            self.contradictions += sum(each <= event.asked_ns for each in self._shown_ns.pop(event.venue, ()))
        elif isinstance(event, ev.Fill) and orders.knows_execution(event.venue, event.symbol, event.execution_id):
            self.executions[event.venue].add(event.execution_id)


def judge(state: Path, exit_code: int, ledgers: dict[str, Json], stats: dict[str, Json], seconds: float) -> Json:
    """The verdict of a run: `passed`, and why not."""
    verdict = Verdict()
    problems = verdict.problems
    if exit_code != 0:
        problems.append(f"the bot ended with exit code {exit_code}: see {state / 'bot.log'}")
    problems += unfired(stats, seconds)
    fired = {venue: fired_by(each) for venue, each in stats.items()}
    replayed = replay(max((state / "recordings").glob("*.mmr")))
    engine = replayed.engine
    problems += unlike(replayed, state / "bot.log")
    for venue, ledger in ledgers.items():
        _venue(verdict, replayed, venue, ledger)
    hedges = sum(len(own_fills(ledgers[venue])) for venue in (MEXC_FUTURES, MEXC_SPOT))
    quotes = len(ledgers[KRAKEN]["fills"])
    if seconds >= SECONDS_MIN:
        if quotes < FILLS_MIN:
            problems.append(f"only {quotes} fills")
        if hedges < HEDGES_MIN:
            problems.append(f"only {hedges} fills of hedges")
        for venue in (MEXC_FUTURES, MEXC_SPOT):
            if not own_fills(ledgers[venue]):
                problems.append(f"no hedge on {venue}")
    _debts(verdict, engine, ledgers)
    terms = _profit(verdict, engine, ledgers)
    return {
        "passed": not problems,
        "problems": problems,
        "floors": floors(seconds),
        "exit_code": exit_code,
        "fills": {venue: len(ledger["fills"]) for venue, ledger in ledgers.items()},
        "hedges": {venue: len(own_fills(ledgers[venue])) for venue in (MEXC_FUTURES, MEXC_SPOT)},
        "orders": engine.orders.total,
        "changes_from_outside": engine.perpetuals.externals,
        "settlements": len(ledgers[MEXC_FUTURES]["funding"]),
        "contradictions": replayed.contradictions,
        "hooks_fired": fired,
        "kinds_fired": sum(bool(count) for counts in fired.values() for count in counts.values()),
        "profit": terms,
        "figures": verdict.figures,
    }


def floors(seconds: float) -> str:
    """Whether a run had to bring so many fills, hedges and hooks that fired."""
    return "asked for" if seconds >= SECONDS_MIN else f"not asked for: a run under {SECONDS_MIN:g} s"


def unfired(stats: dict[str, Json], seconds: float) -> list[str]:
    """Hooks that fired too seldom: FIRED_MIN times by place and action, once by name too."""
    problems = []
    for venue, each in stats.items() if seconds >= SECONDS_MIN else ():
        counts, named = fired_by(each), _fired_by_name(each)
        rules = dict.fromkeys((rule["on"], rule["action"], rule.get("name", "")) for rule in script(seconds)[venue])
        problems += [f"hook {' '.join(rule)} never fired at {venue}" for rule in rules if rule[2] and not named[rule]]
        kinds = [f"{place} {action}" for place, action in expected(venue)]
        problems += [f"hook {kind} fired {counts[kind]} times at {venue}" for kind in kinds if counts[kind] < FIRED_MIN]
    return problems


def fired_by(stats: Json) -> Counter[str]:
    """How often each hook fired, by place and action."""
    fired: Counter[str] = Counter()
    for (place, action, _), times in _fired_by_name(stats).items():
        fired[f"{place} {action}"] += times
    return fired


def _fired_by_name(stats: Json) -> Counter[tuple[str, str, str]]:
    fired: Counter[tuple[str, str, str]] = Counter()
    for rule in stats["hooks"]["rules"]:
        fired[rule["on"], rule["action"], rule["name"]] += rule["fired"]
    return fired


def unlike(replayed: Replayed, log: Path) -> list[str]:
    """What is wrong with the state in which a replay ends, by the last word of the run."""
    told = last_word(log).get("state_hash")
    problems = [f"a replay does not end in the bot's state {told}"] if told not in replayed.hashes else []
    return problems + ([f"{replayed.contradictions} contradictions"] if replayed.contradictions else [])


def last_word(log: Path) -> Json:
    """The facts of the run's statement."""
    found: Json = {}
    # A process that was killed may have written half of a letter.
    for line in log.read_text(errors="replace").splitlines():
        if "state_hash" in line:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            found = next((each for each in _objects(value) if "state_hash" in each), found)
    return found


def _objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _objects(each)


def own_fills(ledger: Json) -> list[Json]:
    """The fills of orders that the bot placed."""
    own = {order["order_id"] for order in own_orders(ledger)}
    return [fill for fill in ledger["fills"] if fill["order_id"] in own]


def own_orders(ledger: Json) -> list[Json]:
    """The orders that the bot placed."""
    orders = ledger["open_orders"] + ledger["closed_orders"]
    return [order for order in orders if (order["client_id"] or "").startswith(OWNER)]


def replay(path: Path, after_max: int = AFTER_MAX) -> Replayed:
    """Apply a recording to a fresh engine. after_max: of how many of its last events there are hashes."""
    events = read(path)
    start = next(events)
    assert isinstance(start, ev.Start)
    settings, faces = _made(start)
    engine = Engine(start, settings, faces, NullRecorder())
    replayed = Replayed(engine, {venue: set() for venue in settings.venues})
    last: deque[ev.Event] = deque()
    for event in events:
        last.append(event)
        if len(last) > after_max:
            replayed.apply(last.popleft())
    replayed.hashes.add(engine.state_hash())
    for event in last:
        replayed.apply(event)
        replayed.hashes.add(engine.state_hash())
    return replayed


def recovered(folder: Path) -> Engine | None:
    """What a start takes over of a journal; None of one without a start. Changes nothing there."""
    if not any(folder.glob("*.mmj")):
        return None
    found = JournalReader(str(folder)).snapshot()
    index, snapshot = (found[0], (found[2], found[4])) if found is not None else (None, None)
    return recover(snapshot, events_of(JournalReader(str(folder), index)), _made, Engine).engine


def _made(start: ev.Start) -> tuple[Settings, Mapping[str, Any]]:
    settings = from_json(start.config, parameters_of, policies_of)
    return settings, {name: find(name) for name in settings.venues}


def _signed(fills: list[Json], name: str) -> Decimal:
    values = (Decimal(fill[name]) if fill["side"] == "buy" else -Decimal(fill[name]) for fill in fills)
    return sum(values, Decimal(0))


def held(venue: str, ledger: Json) -> Decimal:
    """What the fills of a ledger add up to in the base asset."""
    size = Decimal("0.0001") if venue == MEXC_FUTURES else Decimal(1)
    return _signed(ledger["fills"], "size") * size


def _venue(verdict: Verdict, replayed: Replayed, venue: str, ledger: Json) -> None:
    problems, engine = verdict.problems, replayed.engine
    theirs = {fill["execution_id"] for fill in own_fills(ledger)}
    booked = replayed.executions[venue]
    problems += [f"{venue}: fill {name} was missed" for name in sorted(theirs - booked)]
    problems += [f"{venue}: fill {name} is not the venue's" for name in sorted(booked - theirs)]
    problems += [f"{venue}: order {order['client_id']} is open there" for order in ledger["open_orders"]]
    market = engine.markets[venue, SYMBOLS[venue]]
    problems += [f"{venue}: order {order.client_id} is open in the bot's books"
                 for order in engine.orders.open() if order.venue == venue]  # fmt: skip
    for row in own_orders(ledger):
        order = engine.orders.get(row["client_id"])
        filled = Decimal(row["cum_size"])
        if order is None:
            problems.append(f"{venue}: the bot does not know order {row['client_id']}")
        elif Decimal(market.instrument.size_text(order.cum_size) if order.cum_size else 0) != filled:
            problems.append(f"{venue}: order {row['client_id']} has {order.cum_size}, there {filled}")
        elif order.cum_size != order.booked:
            problems.append(f"{venue}: of order {row['client_id']} {order.booked} of {order.cum_size} are booked")
    instrument, position = market.instrument, market.position
    quote = instrument.settle if instrument.is_contract else instrument.quote
    fills = ledger["fills"]
    ours = Decimal(instrument.base_units(position.quantity)) / 10**instrument.base_precision
    verdict.equal(f"{venue} position", ours, held(venue, ledger))
    cash = Decimal(instrument.money(position.cash)) / 10**instrument.cost_precision
    verdict.equal(f"{venue} cash", cash, -_signed(fills, "cost"))
    fees = sum((Decimal(fill["fee"]) for fill in fills), Decimal(0))
    verdict.equal(f"{venue} fees", Decimal(position.fees.get(quote, 0)) / AMOUNT, fees)
    for asset, text in ledger["balances"].items():
        balance = engine.venues[venue].balances.get(asset, 0)
        verdict.equal(f"{venue} balance of {asset}", Decimal(balance) / AMOUNT, Decimal(text))
    if market.perpetual is not None:
        paid = sum((Decimal(record["funding"]) for record in ledger["funding"]), Decimal(0))
        verdict.equal(f"{venue} funding", Decimal(market.perpetual.funding.get(quote, 0)) / AMOUNT, paid)
        there = sum((_sign(each) * Decimal(each["size"]) for each in ledger["positions"]), Decimal(0))
        verdict.equal(f"{venue} contracts", Decimal(position.quantity), there)


def _sign(position: Json) -> int:
    return 1 if position["side"] == "long" else -1


def _debts(verdict: Verdict, engine: Engine, ledgers: dict[str, Json]) -> None:
    """What all venues hold together is the debt; what was opened is paid, netted or open."""
    (desk,) = engine.desks.values()
    debts = desk.ledger
    everything = sum((held(venue, ledger) for venue, ledger in ledgers.items()), Decimal(0))
    verdict.equal("debt", Decimal(debts.net) / AMOUNT, everything)
    for side in (1, -1):
        accounted = debts.paid[side] + debts.netted[side] + debts.open_of(side)
        if debts.opened[side] != accounted:
            verdict.problems.append(f"debts of side {side}: opened {debts.opened[side]}, accounted for {accounted}")


def _profit(verdict: Verdict, engine: Engine, ledgers: dict[str, Json]) -> dict[str, str]:
    """Six terms from events against the ledgers' balances."""
    balances = {
        (venue, asset): int(Decimal(text) * AMOUNT)
        for venue, ledger in ledgers.items()
        for asset, text in ledger["balances"].items()
    }
    positions = ledgers[MEXC_FUTURES]["positions"]
    size = sum(_sign(each) * int(each["size"]) for each in positions)
    cost = sum((_sign(each) * Fraction(each["cost"]) for each in positions), Fraction(0))
    terms = engine.accounts.terms()
    contracts = {(MEXC_FUTURES, SYMBOLS[MEXC_FUTURES]): (size, cost)}
    verdict.equal("residual", engine.accounts.residual(balances, contracts), Fraction(0))
    names = ("spread", "inventory", "fees", "hedging", "funding", "conversion")
    parts = dict(zip(names, terms.parts(), strict=True))
    verdict.problems += [f"the profit has no {name}" for name, value in parts.items() if not value]
    return {name: str(Decimal(value).scaleb(-DOLLAR_DIGITS)) for name, value in parts.items()}
