"""The audit of simulated fills: it agrees with the exchange, and finds every kind of damage to a log."""

import json
from functools import cache
from random import Random
from types import SimpleNamespace

import pytest

from mm.simulator.contracts.exchange import ContractExchange
from mm.simulator.contracts.positions import ContractOrder
from mm.simulator.exchange import Exchange
from mm.simulator.ledger import DECIMALS
from mm.simulator.market import btc_usd, coarser, scaled
from mm.simulator.mexc_futures.terms import SYMBOL as PERPETUAL
from mm.simulator.mexc_futures.terms import btc_usdt_contract, mexc_futures_name
from mm.simulator.mexc_spot.terms import btc_usdt
from mm.simulator.mexc_spot.venue import mexc_name
from mm.simulator.orders import BUY, SELL, NewOrder, SelfTrade, SimOrder, TimeInForce, TradePrint
from mm.simulator.tape import BUILTIN, BUILTIN_FINE, builtin
from tests.simulator.audit_tool import tool

SECOND = 1_000_000_000
AUDIT, SESSION = tool("audit_fills"), tool("audit_session")
# The tape is the same in every test, and reading it takes longer than most of them.
AUDIT.Replay = cache(AUDIT.Replay)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The lines of a session with fills from the tape, crosses, matches and takes."""
    path = tmp_path_factory.mktemp("audit") / "orders.jsonl"
    assert SESSION.main([str(path), "--minutes", "1.5", "--seed", "1"]) == 0
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def audit(tmp_path, capsys):
    """Audits lines; tells the exit status and what was printed."""

    def run(lines):
        path = tmp_path / "orders.jsonl"
        text = lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines)
        path.write_text(text)
        status = AUDIT.main([str(path)])
        printed = capsys.readouterr()
        return SimpleNamespace(status=status, out=printed.out, err=printed.err)

    return run


def first(lines, **wanted):
    """Where the first line with these values is; a callable value tests."""

    def fits(line):
        return all(key in line and (v(line[key]) if callable(v) else line[key] == v) for key, v in wanted.items())

    return next(index for index, line in enumerate(lines) if fits(line))


def test_every_fill_of_a_session_is_derived_again(audit, log):
    causes = {line["cause"].partition(":")[0] for line in log if line["event"] == "fill"}
    assert causes == {"tape", "cross", "match", "take"}
    assert {line["status"] for line in log if line["event"] == "status"} == {"post_only", "online"}
    result = audit(log)
    assert (result.status, result.err) == (0, "")
    count = sum(line["event"] == "fill" for line in log)
    assert count > 300
    assert result.out.startswith(f"audit: {count} fills derived")


FROM_TAPE = {"event": "fill", "cause": lambda text: text.startswith("tape:")}


@pytest.mark.parametrize(
    ("where", "change"),
    [
        (FROM_TAPE, {"fill_size": lambda size: size + 1}),
        (FROM_TAPE, {"fill_price": lambda price: price + 1}),
        (FROM_TAPE, {"queue_ahead": lambda size: size + 1}),
        (FROM_TAPE, {"queue_joined": lambda size: size + 1}),
        (FROM_TAPE, {"tape_size": lambda size: size + 1}),
        (FROM_TAPE, {"cause": lambda text: f"tape:{int(text[5:]) + 1}"}),
        (FROM_TAPE, {"fee": lambda fee: fee + 1}),
        (FROM_TAPE, {"fee": lambda fee: fee - 2}),
        (FROM_TAPE, {"time_ns": lambda time_ns: time_ns + 1}),
        (FROM_TAPE, {"cum_size": lambda size: size + 1}),
        (FROM_TAPE, {"side": lambda side: -side}),
        (FROM_TAPE, {"account": lambda name: "other" if name == "bot" else "bot"}),
        ({"event": "fill", "cause": "cross"}, {"fill_size": lambda size: size - 1}),
        ({"event": "fill", "cause": "take"}, {"fill_price": lambda price: price - 1}),
        ({"event": "fill", "maker": False}, {"maker": lambda maker: not maker}),
        ({"event": "rest"}, {"queue_ahead": lambda size: size - 1}),
        ({"event": "place"}, {"side": lambda side: -side}),
        ({"event": "place", "post_only": True}, {"price": lambda price: price - 10}),
        ({"event": "amend", "keeps_place": True}, {"keeps_place": lambda keeps: not keeps}),
        ({"event": "end", "status": "expired"}, {"time_ns": lambda time_ns: time_ns - 10 * SECOND}),
        ({"event": "deposit"}, {"amount": lambda amount: amount + 1}),
        ({"event": "stop"}, {"balances": lambda b: {**b, "bot": {**b["bot"], "BTC": b["bot"]["BTC"] + 1}}}),
    ],
)
def test_a_changed_line_is_found(audit, log, where, change):
    index = first(log, **where)
    line = log[index]
    fresh = {**line, **{key: alter(line[key]) for key, alter in change.items()}}
    result = audit([*log[:index], fresh, *log[index + 1 :]])
    assert result.status == 1, result
    assert "DIFFERENCES" in result.out
    assert result.err.startswith("audit: orders.jsonl:")


@pytest.mark.parametrize("where", [FROM_TAPE, {"event": "rest"}, {"event": "cancel"}, {"event": "amend"}])
def test_a_line_that_is_missing_is_found(audit, log, where):
    index = first(log, **where)
    assert audit([*log[:index], *log[index + 1 :]]).status == 1


def test_a_line_that_was_invented_is_found(audit, log):
    index = first(log, **FROM_TAPE)
    assert audit([*log[: index + 1], log[index], *log[index + 1 :]]).status == 1


def test_the_last_fill_before_the_stop_is_missed(audit, log):
    last = max(index for index, line in enumerate(log) if line["event"] == "fill")
    assert audit([*log[:last], *log[last + 1 :]]).status == 1


def test_a_log_without_a_stop_is_said_to_be_open(audit, log):
    result = audit(log[:-1])
    assert result.status == 0
    assert "the log is open" in result.out


@pytest.mark.parametrize(
    "text",
    ["", "no json\n", '{"event":"fill"}\n', '{"event":"start","format":1}\n', '{"event":"tape","path":"/no"}\n{}'],
)
def test_what_is_no_order_log_is_refused(audit, text):
    result = audit(text)
    assert result.status == 2
    assert result.err.startswith("audit: ")


def test_a_session_that_goes_on_from_a_snapshot_is_derived_too(audit):
    lines = [{"event": "tape", "path": str(builtin().path)}]

    def opened(log, seed):
        exchange = Exchange(
            [btc_usd()], entries=builtin().replay(), tape_symbol="BTC/USD", start_ns=SECOND, seed=seed, log=log
        )
        exchange.advance(SECOND)
        return exchange

    before = opened(None, 1)
    before.deposit(SECOND, "bot", "USD", 10**6 * 10**DECIMALS)
    for price in (618376, 618370, 618350, 700_000):
        before.place(SECOND, NewOrder("bot", "BTC/USD", BUY, 10_000_000, price))
    after = opened(lines.append, 2)
    after.restore(SECOND, json.loads(json.dumps(before.snapshot())))
    after.advance(60 * SECOND)
    after.end_log()
    assert sum(line["event"] == "fill" for line in lines) >= 3
    result = audit(lines)
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize(("tape", "factor", "orders"), [(BUILTIN_FINE, 1, 60), (BUILTIN, 10, 400)])
def test_another_venue_with_self_trades_is_derived_too(audit, tape, factor, orders):
    """On the finer recording, and on the coarser one that a custom tape may be."""
    recording = builtin(tape)
    lines = [{"event": "tape", "path": str(recording.path), "price_factor": factor}]
    chance, now = Random(5), SECOND
    exchange = Exchange(
        [btc_usdt()],
        entries=scaled(recording.replay(), factor),
        tape_symbol="BTC/USDT",
        # Beyond the middle of the recording's first mirror image: its axis matters, too.
        speed=10,
        start_ns=SECOND,
        log=lines.append,
        name=mexc_name,
    )
    exchange.advance(SECOND)
    for asset in ("BTC", "USDT"):
        exchange.deposit(SECOND, "main", asset, 10**6 * 10**DECIMALS)
    bids, asks = [], []
    for _ in range(orders):
        now += chance.randrange(2 * 10**8)
        exchange.advance(now)
        for change in exchange.drain_market():
            if isinstance(change, TradePrint):
                (bids if change.side == SELL else asks).append(change.price)
        if not bids or not asks:
            continue
        side = chance.choice((BUY, SELL))
        price = (asks if side == BUY else bids)[-1] + side * chance.randrange(-100, 200)
        wanted = NewOrder("main", "BTC/USDT", side, chance.choice((10**6, 3 * 10**8)), price)
        wanted.time_in_force = chance.choice((TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK))
        wanted.self_trade = chance.choice(list(SelfTrade))
        exchange.place(now, wanted)
    exchange.end_log()
    causes = {line["cause"].partition(":")[0] for line in lines if line["event"] == "fill"}
    assert {"match", "take", "tape"} <= causes
    result = audit(lines)
    assert (result.status, result.err) == (0, "")


def futures_lines(mode, *, before=None):
    """The log of seeded orders for contracts, with a funding, a cut and a takeover; and what a next process is left."""
    recording = builtin(BUILTIN)
    lines = [{"event": "tape", "path": str(recording.path), "price_factor": 1, "size_step": 10_000}]
    chance, now = Random(mode), SECOND
    exchange = ContractExchange(
        [btc_usdt_contract()],
        maintenance_e6={PERPETUAL: 1_000},
        entries=coarser(recording.replay(), 10_000),
        tape_symbol=PERPETUAL,
        speed=10,
        start_ns=SECOND,
        seed=9 if before else 1,
        log=lines.append,
        name=mexc_futures_name,
    )
    exchange.advance(SECOND)
    if before is None:
        exchange.deposit(SECOND, "main", "USDT", 10**4 * 10**DECIMALS)
        exchange.positions.setup("main").mode = mode
    else:
        exchange.restore(SECOND, before)
    for turn in range(150):
        now += chance.randrange(2 * 10**8)
        exchange.advance(now)
        bid, ask = exchange.recorded_best(PERPETUAL)
        exchange.mark(now, PERPETUAL, (bid + ask) // 2)
        side, opens = chance.choice((BUY, SELL)), chance.random() < 0.7
        price = (ask if side == BUY else bid) + side * chance.randrange(-5, 20)
        wanted = ContractOrder("main", PERPETUAL, side, chance.choice((1, 50, 900)), price, mode=mode, leverage=20)
        wanted.closes = wanted.reduce_only = not opens
        wanted.time_in_force = chance.choice((TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK))
        wanted.self_trade = chance.choice(list(SelfTrade))
        taken = exchange.take(now, wanted)
        if isinstance(taken, SimOrder):
            if turn % 20 == 7:
                exchange.cancel(now, taken.order_id, "User requested")
            else:
                exchange.enter(now, taken)
        held = {key: each.hold for key, each in exchange.positions.held.items()}
        if turn % 40 == 20:
            exchange.settle(now, PERPETUAL, 10_000, held, (bid + ask) // 2, now)
        if turn % 40 == 30 and held:
            exchange.reduce(now, next(iter(exchange.positions.held.values())), 3, bid)
    saved = json.loads(json.dumps(exchange.snapshot()))
    if before is not None:
        for price in (100_000, 2_000_000):
            exchange.mark(now, PERPETUAL, price)
    exchange.end_log()
    return lines, saved


@pytest.mark.parametrize("mode", [1, 2])
def test_contracts_are_derived_with_their_money_over_two_processes(audit, mode):
    first_lines, saved = futures_lines(mode)
    second_lines, _ = futures_lines(mode, before=saved)
    for lines in (first_lines, second_lines):
        result = audit(lines)
        assert (result.status, result.err) == (0, "")
    causes = {line["cause"].partition(":")[0] for line in [*first_lines, *second_lines] if line["event"] == "fill"}
    assert {"take", "tape", "deleveraging", "takeover"} <= causes
    events = {line["event"] for line in [*first_lines, *second_lines]}
    assert {"funding", "unentered", "outside", "position", "cancel"} <= events
    for wanted, change in (
        ({"event": "funding"}, {"amount": lambda amount: amount + 1}),
        ({"event": "fill", "cause": "take"}, {"fee": lambda fee: fee + 1}),
        ({"event": "outside"}, {"price": lambda price: price + 1}),
    ):
        index = first(first_lines, **wanted)
        line = first_lines[index]
        fresh = {**line, **{key: alter(line[key]) for key, alter in change.items()}}
        assert audit([*first_lines[:index], fresh, *first_lines[index + 1 :]]).status == 1
