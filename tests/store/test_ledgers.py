"""What the store says of a run is what the venues' own ledgers say, to the last unit."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mm._core import events as ev
from mm.simulator.kinds import ACCOUNT, KINDS
from mm.simulator.ledger import DECIMALS
from mm.store.amounts import amount_text, units_text
from mm.store.command import main, store_main
from mm.store.following import Follower
from mm.store.sqlite import SqliteDatabase
from tests.store.conftest import FUTURES, PERPETUAL, Run


def asked(capsys: pytest.CaptureFixture[str], command: str, state: Path, *arguments: str) -> dict[str, Any]:
    assert main(command, ["--state", str(state), "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_orders_are_those_of_the_engine(kraken: Run, tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "store.db")
    Follower(database, kraken.journal).finish()
    rows = database.rows("orders")
    engine = kraken.session.engine
    assert len(rows) == engine.orders.total > 20
    for row in rows:
        order = engine.orders.get(row["client_id"])
        grid = engine.markets[row["venue"], row["symbol"]].instrument
        sizes = [units_text(each, grid.size_precision) for each in (order.size, order.cum_size, order.booked)]
        assert [row["size"], row["cum_size"], row["filled"]] == sizes
        assert row["state"] == order.state.name.lower()
        assert row["price"] == units_text(order.price, grid.price_precision)
        assert row["cost"] == units_text(order.cost, grid.cost_precision)
        assert (row["venue_id"], row["reason"], row["updated_ns"]) == (order.venue_id, order.reason, order.updated_ns)


def test_orders_at_every_moment_are_those_of_the_engine(kraken: Run, tmp_path: Path) -> None:
    """Not only how they end: the table of states is walked in step with the engine's own store."""
    from mm._core.orders import OrderStore
    from mm.store.projecting import Projector
    from mm.store.rows import Rows

    database = SqliteDatabase(tmp_path / "store.db")
    rows = Rows(database)
    projector = Projector(rows)
    store = OrderStore()
    seen = set()
    for number, event in enumerate(kraken.session.recorder.events):
        projector.take(1, number, event)
        if isinstance(event, ev.OrderNews):
            store.apply(event)
        elif isinstance(event, ev.Place | ev.Amend | ev.Cancel):
            {ev.Place: store.place, ev.Amend: store.amend, ev.Cancel: store.cancel}[type(event)](event)
        else:
            continue
        order = store.get(event.client_id) or store.by_venue_id(event.venue, getattr(event, "venue_id", ""))
        if order is not None:
            row = projector._order(order)
            assert row is not None
            assert row["state"] == order.state.name.lower(), event
            seen.add(row["state"])
    assert seen >= {"pending_new", "new", "pending_replace", "pending_cancel", "canceled", "filled"}


def test_fills_are_the_ledgers_trades(hedged: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "fills", hedged.state, "--last", "0")["fills"]
    ours = {(row["venue"], row["execution_id"]): row for row in found}
    count = 0
    for venue, exchange in hedged.session.exchanges.items():
        for trade in exchange.trades(ACCOUNT):
            traded = exchange.instruments[trade.symbol]
            row = ours[venue, trade.execution_id]
            assert row["side"] == trade.side
            assert Decimal(row["price"]) == Decimal(trade.price).scaleb(-traded.price_precision)
            size, precision = traded.shown_size(trade.size)
            assert Decimal(row["size"]) == Decimal(size).scaleb(-precision)
            assert Decimal(row["fee"]) == Decimal(trade.fee).scaleb(-traded.quote_decimals)
            count += 1
    assert count == len(ours) > 20


def test_profit_is_the_ledgers_change(hedged: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Cash, fees, funding and position of each market, against the balances that the venues keep."""
    found = {row["venue"]: row for row in asked(capsys, "pnl", hedged.state)["markets"]}
    ledger = hedged.session.exchanges["kraken"].ledger
    change = {
        asset: Decimal(ledger.balance(ACCOUNT, asset)).scaleb(-DECIMALS) - KINDS["kraken"].funds[asset]
        for asset in ("BTC", "USD")
    }
    spot = found["kraken"]
    assert Decimal(spot["position"]) == change["BTC"]
    assert Decimal(spot["cash"]) - Decimal(spot["fees"]["USD"]) == change["USD"]
    futures = found[FUTURES]
    exchange = hedged.session.exchanges[FUTURES]
    positions = exchange.positions
    paid = sum(each.funding for each in positions.records[ACCOUNT])
    assert Decimal(futures["funding"]) == Decimal(paid).scaleb(-DECIMALS)
    assert paid
    trades = exchange.trades(ACCOUNT)
    fees = sum(Decimal(trade.fee).scaleb(-exchange.instruments[trade.symbol].quote_decimals) for trade in trades)
    assert sum(map(Decimal, futures["fees"].values())) == fees
    held = sum(each.side * each.hold for each in positions.of(ACCOUNT))
    grid = hedged.session.engine.markets[FUTURES, PERPETUAL].instrument
    assert futures["position"] == units_text(grid.base_units(held), grid.base_precision)
    # What the venue booked as profit of closed contracts, fees and funding, is what the account has more or less.
    cash = Decimal(exchange.ledger.balance(ACCOUNT, "USDT")).scaleb(-DECIMALS) - KINDS[FUTURES].funds["USDT"]
    opened = sum(Decimal(str(each.cost)) for each in positions.of(ACCOUNT))
    assert opened >= 0
    assert abs(Decimal(futures["realized"]) - fees + Decimal(futures["funding"]) - cash) < Decimal("1e-6")


def test_debts_and_payments_are_those_of_the_engines_ledger(hedged: Run, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "hedges", hedged.state, "--last", "0")["debts"]
    ledger = hedged.session.desk.ledger
    paid = [each for row in found for each in row["payments"] if each["kind"] != "netted"]
    assert len(paid) == len(ledger.payments) > 3
    keys = [(each["owner"], each["side"], each["amount"], each["waited_ns"], each["paid_ns"]) for each in paid]
    assert sorted(keys) == sorted(
        (each.owner, each.side, amount_text(each.amount), each.waited_ns, each.paid_ns) for each in ledger.payments
    )
    open_now = [(row["owner"], row["kind"], row["unpaid"]) for row in found if not row["closed_ns"]]
    assert open_now == [(debt.owner, debt.kind, amount_text(debt.amount)) for debt in ledger.debts]
    for row in found:
        parts = sum((Decimal(each["amount"]) for each in row["payments"]), Decimal(row["unpaid"]))
        assert parts == Decimal(row["amount"]), row


def test_funding_and_balances_are_the_last_that_was_told(hedged: Run, tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "store.db")
    Follower(database, hedged.journal).finish()
    told = {(row["venue"], row["asset"]): row["total"] for row in database.rows("balances")}
    for name, venue in hedged.session.engine.venues.items():
        for asset, total in venue.balances.items():
            assert told[name, asset] == amount_text(total)
    records = hedged.session.exchanges[FUTURES].positions.records[ACCOUNT]
    assert {row["record_id"] for row in database.rows("funding")} == {str(each.record_id) for each in records}


def test_a_store_is_compared_with_its_journal(hedged: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "journal").symlink_to(hedged.journal)
    assert store_main(["--state", str(tmp_path)]) == 0
    assert store_main(["--state", str(tmp_path), "--check"]) == 0
    database = SqliteDatabase(tmp_path / "store.db")
    first = database.rows("fills", "LIMIT 1")[0]
    database.write({"fills": [first | {"fee": "12345"}]})
    capsys.readouterr()
    assert store_main(["--state", str(tmp_path), "--check"]) == 1
    assert f"fee is '12345', the journal says '{first['fee']}'" in capsys.readouterr().out
    assert store_main(["--state", str(tmp_path), "--rebuild"]) == 0
    assert store_main(["--state", str(tmp_path), "--check"]) == 0
