"""What a restart must know of an engine: as plain values, their hash, and back into a fresh engine.

Orders and the executions booked of them, positions, profit, debts of hedges, what operators have said, and how far each
venue's history is booked. All of it follows from the durable events alone (`mm.persistence.journal.DURABLE`): the hash
is the same whatever came of books, trades, tickers and timers. What does depend on them (at which price a market was
marked last) is kept beside it and is no part of the hash: between two marks profit moves from one term to another and
its sum does not.

What is of a venue or a hedge that the settings do not have any more is kept as it is (`Engine.elsewhere`), for the day
on which they have it again.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from mm._core import events as ev
from mm._core.events import pack, unpack
from mm.errors import InvariantError
from mm.instruments import Instrument

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market
    from mm.engine.venue import VenueState

FORM: Final = 1
NAMED_NS: Final = 180_000_000_000
"""Fills keep their names from so long before the time since which the next start has to read: it reads a minute more,
and what it finds missing may have happened before this was written."""
VENUE_OF_ORDER: Final = 2
"""Where an order's row names its venue."""

Saved = dict[str, Any]


def snapshot(engine: Engine) -> tuple[bytes, int]:
    """The state and its hash, in one go."""
    orders = engine.orders.durable()
    facts = _text(_facts(engine, orders))
    # As `_text` would write the two together.
    return b'{"facts":%b,"marks":%b}' % (facts, _text(_marks(engine, orders))), _hash(facts)


def durable_state(engine: Engine) -> bytes:
    """The state as canonical JSON: `facts` that are in the hash, `marks` that are not."""
    return snapshot(engine)[0]


def durable_hash(engine: Engine) -> int:
    """64 bits that are equal for equal durable states, in any process."""
    return _hash(_text(_facts(engine, engine.orders.durable())))


def resumed_hash(engine: Engine, state: bytes) -> int:
    """What `durable_hash` was where a state was given, of an engine that has taken it back under other settings: what
    those have beyond it (a venue, a market, a hedge) has nothing behind it yet, and is left out."""
    saved = _parts(state)
    facts = _facts(engine, engine.orders.durable())
    for part in ("venues", "hedges"):
        facts[part] = {name: each for name, each in facts[part].items() if name in saved[part]}
    markets = {_key(each) for each in saved["markets"]}
    facts["markets"] = [each for each in facts["markets"] if _key(each) in markets]
    return _hash(_text(facts))


def _hash(facts: bytes) -> int:
    return int.from_bytes(blake2b(facts, digest_size=8).digest(), "little")


def _text(value: Saved) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# --- out --------------------------------------------------------------------------------------------------------------


def _facts(engine: Engine, orders: Saved) -> Saved:
    """What durable events alone have made."""
    accounts = engine.accounts
    elsewhere = engine.elsewhere
    return {
        "form": FORM,
        "since_ns": engine.started_ns,
        "paused": engine.is_paused,
        "stopping": engine.is_stopping,
        "strategies": engine.roster.durable() | elsewhere.get("strategies", {}),
        "unexplained": engine.reconciling.durable(),
        "profit": engine.triggers.marks(),
        "latches": engine.ladder.durable(),
        "fills": engine.fills,
        "orders": sorted([*orders["orders"], *elsewhere.get("orders", [])], key=_order_key),
        "executions": [*orders["executions"], *elsewhere.get("executions", [])],
        "venues": {name: _venue(engine, name) for name in engine.venues} | elsewhere.get("venues", {}),
        "markets": sorted(
            [*(_market(market) for market in engine.markets.values()), *elsewhere.get("markets", [])], key=_key
        ),
        "hedges": {name: desk.ledger.durable() for name, desk in engine.desks.items()} | elsewhere.get("hedges", {}),
        "perpetuals": engine.perpetuals.durable(),
        "accounts": accounts.durable(),
    }


def _order_key(row: Any) -> tuple[int, str]:
    return row[24], row[0]


def _key(saved: Saved) -> tuple[str, str]:
    return saved["venue"], saved["symbol"]


def _venue(engine: Engine, name: str) -> Saved:
    venue = engine.venues[name]
    return {
        "balances": venue.balances,
        "fill_ns": venue.fill_ns,
        "history_ns": venue.history_ns,
        "private_up": venue.private_up,
    }


def _named(engine: Engine, venue: VenueState) -> tuple[int, list[str]]:
    """Fills that the venue's history may tell again, and the time since which all of them are here."""
    since_ns = max(venue.unnamed_ns, engine.history_since_ns(venue.name) - NAMED_NS)
    return since_ns, [pack(fill).hex() for fill in venue.named_fills or () if fill.venue_ns >= since_ns]


def _market(market: Market) -> Saved:
    perpetual = market.perpetual
    return {
        "venue": market.venue.name,
        "symbol": market.symbol,
        "definition": market.told.to_json().decode(),
        "position": market.position.durable(),
        "profit": market.profit.durable(),
        "own_quantity": market.own_quantity,
        "hedges": [market.hedge_fills, market.hedge_cost],
        "fill_ns": [market.state.buy_fill_ns, market.state.sell_fill_ns],
        "perpetual": perpetual.durable() if perpetual is not None else None,
    }


def _marks(engine: Engine, orders: Saved) -> Saved:
    """What market data had a part in, and what is only good until the venues are read again."""
    renaming = {name: venue for name, venue in engine.venues.items() if venue.named_fills is not None}
    return {
        "start": [engine.epoch, engine.seed, engine.config().decode()],
        "stop_reason": engine.stop_reason,
        "unbooked": engine.unbooked,
        "differences": engine.reconciling.count,
        "total": orders["total"],
        "sequence": [row[0] for row in orders["orders"]],
        "aside": [pack(fill).hex() for fill in orders["aside"]],
        "strays": engine.strays.marks(),
        "named": {name: _named(engine, venue) for name, venue in renaming.items()} | engine.elsewhere.get("named", {}),
        "ghosts": [pack(report).hex() for report in engine.ghosts.values()],
        "astray": engine.contradicted.marks(),
        "listed": engine.listed_ns,
        "charged": [
            *([*key, market.charged] for key, market in engine.markets.items() if market.charged),
            *engine.elsewhere.get("charged", []),
        ],
        "marks": engine.accounts.marks(),
        "contracts": [
            [*key, market.perpetual.reads()] for key, market in engine.markets.items() if market.perpetual is not None
        ],
    }


def start_of(state: bytes) -> ev.Start:
    """The start that a state is of, with the settings that it had last."""
    saved = _parts(state)
    epoch, seed, config = saved["start"]
    return ev.Start(saved["since_ns"], seed, epoch, config.encode())


def unexplained_of(state: bytes) -> dict[tuple[str, str, str], int]:
    """What was unexplained in it: how much, by venue, what and subject."""
    return {(venue, what, subject): amount for venue, what, subject, amount in _parts(state)["unexplained"]}


def _parts(state: bytes) -> Saved:
    """Both parts in one. Raises InvariantError for a state of another form."""
    both = json.loads(state)
    facts = both.get("facts", {})
    if facts.get("form") != FORM:
        raise InvariantError(f"a durable state of form {facts.get('form')}, this build reads form {FORM}")
    return {**facts, **both["marks"]}


# --- in ---------------------------------------------------------------------------------------------------------------


def restore(engine: Engine, state: bytes) -> None:
    """Let a fresh engine go on where another one was. Raises InvariantError for a state of another form."""
    saved = _parts(state)
    engine.elsewhere = _elsewhere(engine, saved)
    _orders(engine, saved)
    engine.started_ns = saved["since_ns"]
    engine.is_paused = saved["paused"]
    engine.is_stopping = saved["stopping"]
    engine.stop_reason = saved["stop_reason"]
    engine.fills, engine.unbooked = saved["fills"], saved["unbooked"]
    for name, each in saved["venues"].items():
        venue = engine.venues.get(name)
        if venue is not None:
            venue.balances = dict(each["balances"])
            venue.fill_ns, venue.history_ns = each["fill_ns"], each["history_ns"]
            venue.private_up = venue.was_ready = each["private_up"]
            if venue.named_fills is not None:
                # An earlier build wrote the names of the last minutes, or none.
                since_ns = max(0, each["history_ns"] - NAMED_NS)
                earlier = (since_ns, saved.get("named_fills", {}).get(name, ()))
                venue.unnamed_ns, named = saved.get("named", {}).get(name, earlier)
                venue.named_fills[:] = [unpack(bytes.fromhex(text)) for text in named]
    for each in saved["markets"]:
        if each["venue"] in engine.venues:
            _restore_market(engine, each)
    for each in saved["markets"]:
        # Also of a venue that the settings do not have any more: what it earned was earned.
        engine.accounts.add(_key(each), Instrument.from_json(each["definition"].encode()))
    for venue_name, symbol, charged in saved.get("charged", ()):
        if (market := engine.markets.get((venue_name, symbol))) is not None:
            engine.terms.recharge(market, charged)
    for venue_name, symbol, reads in saved["contracts"]:
        market = engine.markets.get((venue_name, symbol))
        if market is not None and market.perpetual is not None:
            market.perpetual.take_reads(reads)
    for name, ledger in saved["hedges"].items():
        if name in engine.desks:
            engine.desks[name].ledger.restore(ledger)
    engine.perpetuals.restore(saved["perpetuals"])
    engine.accounts.restore(saved["accounts"], saved["marks"])
    here = [name for name in saved["venues"] if name in engine.venues]
    engine.strays.restore(saved.get("strays"), saved["start"][0], here)
    engine.roster.restore(saved["strategies"])
    engine.reconciling.restore(saved["unexplained"])
    engine.ladder.restore(saved["latches"])
    engine.reconciling.count = saved["differences"]
    for text in saved["ghosts"]:
        ghost: Any = unpack(bytes.fromhex(text))
        if ghost.venue in engine.venues:
            engine.ghosts[ghost.client_id, ghost.venue_id] = ghost
    engine.contradicted.restore(saved.get("astray", ()), saved["sequence"])
    engine.listed_ns = dict(saved["listed"])
    engine.triggers.restore(saved["profit"])


def _orders(engine: Engine, saved: Saved) -> None:
    places = {client_id: number for number, client_id in enumerate(saved["sequence"])}
    rows = [row for row in saved["orders"] if row[VENUE_OF_ORDER] in engine.venues]
    # In the sequence in which they ended, and began: the oldest are forgotten first.
    rows.sort(key=lambda row: places.get(row[0], -1))
    engine.orders.restore(
        {
            "orders": rows,
            "executions": [each for each in saved["executions"] if each[0] in engine.venues],
            "aside": [unpack(bytes.fromhex(text)) for text in saved["aside"]],
            "total": saved["total"],
        }
    )


def _restore_market(engine: Engine, saved: Saved) -> None:
    key = _key(saved)
    engine.carried.add(key)
    engine.handlers[ev.InstrumentUpdate](
        ev.InstrumentUpdate(engine.last_ns, *key, saved["definition"].encode()),
    )
    market = engine.markets[key]
    market.position.restore(saved["position"])
    market.profit.restore(saved["profit"])
    market.own_quantity = saved["own_quantity"]
    market.hedge_fills, market.hedge_cost = saved["hedges"]
    market.state.buy_fill_ns, market.state.sell_fill_ns = saved["fill_ns"]
    if market.perpetual is not None and saved["perpetual"] is not None:
        market.perpetual.restore(saved["perpetual"])
        market.base_quantity = market.perpetual.base or 0


def _elsewhere(engine: Engine, saved: Saved) -> Saved:
    """What the settings of this engine have no place for."""
    known = engine.venues
    return {
        "orders": [row for row in saved["orders"] if row[VENUE_OF_ORDER] not in known],
        "executions": [each for each in saved["executions"] if each[0] not in known],
        "venues": {name: each for name, each in saved["venues"].items() if name not in known},
        "named": {name: each for name, each in saved.get("named", {}).items() if name not in known},
        "markets": [each for each in saved["markets"] if each["venue"] not in known],
        "charged": [each for each in saved.get("charged", ()) if each[0] not in known],
        "hedges": {name: each for name, each in saved["hedges"].items() if name not in engine.desks},
        "strategies": {name: each for name, each in saved["strategies"].items() if name not in engine.roster.members},
    }
