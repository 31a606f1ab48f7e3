"""`mm orders`, `mm fills` and `mm hedges`: rows as tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from mm.store.amounts import added, times
from mm.store.reading import Filter, Store
from mm.store.tables import DEBTS, FILLS, ORDERS, PAYMENTS, Row
from mm.store.text_table import Column, clock, day_of, lines, number, waited

SIDES: Final = {1: "buy", -1: "sell"}
LIQUIDITY: Final = {"m": "maker", "t": "taker"}
OWED: Final = {1: "long", -1: "short"}


def orders(store: Store, wanted: Filter) -> list[Row]:
    """Rows of orders, oldest first."""
    return store.newest("orders", set(ORDERS.columns), "created_ns", wanted)


def fills(store: Store, wanted: Filter) -> list[Row]:
    """Rows of fills, oldest first."""
    return store.newest("fills", set(FILLS.columns), "venue_ns", wanted)


def debts(store: Store, wanted: Filter) -> list[Row]:
    """Rows of debts, each with its payments, oldest first. strategy: the name in [hedging.NAME]."""
    where = Filter(wanted.venue, wanted.symbol, "", wanted.since_ns, wanted.last)
    found = store.newest("debts", set(DEBTS.columns), "opened_ns", where)
    found = [row for row in found if not wanted.strategy or row["desk"] == wanted.strategy]
    paid: dict[tuple[str, int, int], list[Row]] = {}
    first = min((row["opened_ns"] for row in found), default=0)
    for payment in store.newest("payments", set(PAYMENTS.columns), "paid_ns", Filter(since_ns=first)):
        paid.setdefault((payment["desk"], payment["debt_epoch"], payment["debt_record"]), []).append(payment)
    return [row | {"payments": paid.get((row["desk"], row["epoch"], row["record"]), [])} for row in found]


def orders_table(store: Store, rows: list[Row], width: int = 0) -> list[str]:
    """Orders for people; sizes of contracts in base units."""
    instruments = store.instruments()

    def base(row: Row, name: str) -> str:
        instrument = instruments[row["venue"], row["symbol"]]
        size = int(Decimal(row[name]).scaleb(instrument.size_precision))
        return number(instrument.base_text(size))

    day = day_of(rows[-1]["created_ns"]) if rows else ""
    columns = [
        Column("time", values=[clock(row["created_ns"], day) for row in rows]),
        *_where(rows),
        Column("side", values=[SIDES[row["side"]] for row in rows]),
        Column("amount", is_number=True, values=[base(row, "size") for row in rows]),
        Column("price", is_number=True, values=[number(row["price"]) for row in rows]),
        Column("filled", is_number=True, values=[base(row, "filled") for row in rows]),
        Column("state", values=[row["state"].replace("_", " ") for row in rows]),
        Column("for", rank=2, values=[row["strategy"] or row["purpose"] for row in rows]),
        Column("id", rank=1, values=[row["client_id"] for row in rows]),
    ]
    return _titled(rows, "created_ns", lines(columns, width))


def fills_table(rows: list[Row], width: int = 0) -> list[str]:
    """Fills for people."""
    day = day_of(rows[-1]["venue_ns"]) if rows else ""
    columns = [
        Column("time", values=[clock(row["venue_ns"], day) for row in rows]),
        *_where(rows),
        Column("side", values=[SIDES[row["side"]] for row in rows]),
        Column("amount", is_number=True, values=[number(row["amount"]) for row in rows]),
        Column("price", is_number=True, values=[number(row["price"]) for row in rows]),
        Column("fee", is_number=True, values=[number(row["fee"]) for row in rows]),
        Column("in", values=[row["fee_asset"] for row in rows]),
        Column("as", values=[LIQUIDITY.get(row["liquidity"], "") for row in rows]),
        Column("for", rank=1, values=[row["strategy"] or row["purpose"] for row in rows]),
        Column("execution", rank=2, values=[row["execution_id"] for row in rows]),
    ]
    return _titled(rows, "venue_ns", lines(columns, width))


def debts_table(rows: list[Row], width: int = 0) -> list[str]:
    """Debts and how they were paid, for people."""
    day = day_of(rows[-1]["opened_ns"]) if rows else ""
    by_hedges = [[each for each in row["payments"] if each["kind"] != "netted"] for row in rows]
    columns = [
        Column("time", values=[clock(row["opened_ns"], day) for row in rows]),
        Column("hedging", values=[row["desk"] for row in rows]),
        Column("kind", rank=2, values=[row["kind"] for row in rows]),
        Column("owed", values=[OWED[row["side"]] for row in rows]),
        Column("amount", is_number=True, values=[number(row["amount"]) for row in rows]),
        Column("of", values=[row["base"] for row in rows]),
        Column("unpaid", is_number=True, values=[number(row["unpaid"]) for row in rows]),
        Column("hedged", is_number=True, values=[number(_sum(paid)) for paid in by_hedges]),
        Column("after", is_number=True, values=[_mean_wait(paid) for paid in by_hedges]),
        Column("at", is_number=True, values=[_mean_price(paid) for paid in by_hedges]),
        Column("cost", is_number=True, rank=1, values=[_cost(paid) for paid in by_hedges]),
    ]
    return _titled(rows, "opened_ns", lines(columns, width))


def _where(rows: list[Row]) -> list[Column]:
    """Venue and symbol; in the title instead where they are the same in all rows."""
    names = [name for name in ("venue", "symbol") if len({row[name] for row in rows}) > 1]
    return [Column(name, values=[row[name] for row in rows]) for name in names]


def _titled(rows: list[Row], time: str, table: list[str]) -> list[str]:
    """A line above the table that says what all of it has in common."""
    if not rows:
        return []
    same = [
        str(rows[0][name]) for name in ("symbol", "venue") if name in rows[0] and len({row[name] for row in rows}) == 1
    ]
    first, last = day_of(rows[0][time]), day_of(rows[-1][time])
    days = last if first == last else f"{first} to {last}"
    return [f"{' on '.join(same)}{', ' if same else ''}{days}, UTC", *table]


def _sum(paid: list[Row]) -> str:
    total = "0"
    for payment in paid:
        total = added(total, payment["amount"])
    return total


def _mean_wait(paid: list[Row]) -> str:
    amount = Decimal(_sum(paid))
    if not amount:
        return "-"
    return waited(int(sum(Decimal(each["amount"]) * int(each["waited_ns"]) for each in paid) / amount))


def _mean_price(paid: list[Row]) -> str:
    amount = Decimal(_sum(paid))
    if not amount:
        return "-"
    return number(str(sum(Decimal(times(each["price"], each["amount"])) for each in paid) / amount), places=2)


def _cost(paid: list[Row]) -> str:
    known = [payment["cost"] for payment in paid if payment["cost"] is not None]
    if not known or len(known) < len(paid):
        return "-"
    total = "0"
    for cost in known:
        total = added(total, cost)
    return f"{number(total, places=4)} {'/'.join(sorted({payment['quote'] for payment in paid}))}"
