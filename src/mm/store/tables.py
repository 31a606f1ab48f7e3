"""The tables, once for every database. A row is a dictionary; its key says which row it is.

Money, prices and sizes are `MONEY`: exact decimals, as text in SQLite and NUMERIC in PostgreSQL, `str` in a row.
Nothing is a float. Times are integer nanoseconds UTC. `epoch` and `record` say where in the journal a row comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

INTEGER: Final = "integer"
"""64 bits."""
TEXT: Final = "text"
MONEY: Final = "money"

Row = dict[str, Any]  # Any: str, int or None, as the column's kind says
Key = tuple[Any, ...]

VERSION: Final = 2
"""Of the schema; a database of a higher one is refused."""


@dataclass(frozen=True, slots=True)
class Table:
    """columns: name to kind; those of the key are never None; indexes: columns that rows are found by."""

    name: str
    key: tuple[str, ...]
    columns: dict[str, str]
    indexes: tuple[tuple[str, ...], ...] = ()

    def key_of(self, row: Row) -> Key:
        """The key of a row."""
        return tuple(row[name] for name in self.key)


def _table(name: str, key: str, indexes: tuple[str, ...] = (), **kinds: str) -> Table:
    columns = {column: kind for kind, names in kinds.items() for column in names.split()}
    return Table(name, tuple(key.split()), columns, tuple(tuple(index.split()) for index in indexes))


STARTS: Final = _table("starts", "epoch", integer="epoch record started_ns seed", text="build config")
INSTRUMENTS: Final = _table(
    "instruments", "venue symbol", integer="epoch record", text="venue symbol base quote definition"
)
ORDERS: Final = _table(
    "orders",
    "venue client_id",
    ("epoch record", "venue venue_id", "symbol"),
    text="venue client_id venue_id symbol strategy purpose parent order_type time_in_force state reason doubts",
    integer="epoch record level side post_only reduce_only is_accepted cancel_asked created_ns updated_ns touched_ns "
    "told_ns lost_ns",
    money="price size cum_size filled cost pending_price pending_size",
)
FILLS: Final = _table(
    "fills",
    "venue symbol execution_id twin",
    ("epoch record", "symbol", "strategy"),
    text="venue symbol execution_id twin client_id venue_id strategy purpose liquidity base quote fee_asset",
    integer="epoch record side is_own venue_ns recv_ns",
    money="price size amount cost fee position",
)
"""twin: empty for the order that had the execution id first; of another order that the venue gave it to, our id or the
venue's."""
POSITIONS: Final = _table(
    "positions",
    "venue symbol",
    text="venue symbol base quote",
    integer="epoch record fills updated_ns",
    money="bought sold position cash price venue_position",
)
DEBTS: Final = _table(
    "debts",
    "desk epoch record",
    ("epoch record", "owner"),
    text="desk owner kind venue symbol base",
    integer="epoch record side opened_ns closed_ns",
    money="amount unpaid",
)
PAYMENTS: Final = _table(
    "payments",
    "desk epoch record number",
    ("epoch record",),
    text="desk owner kind execution_id venue symbol quote",
    integer="epoch record number debt_epoch debt_record side waited_ns paid_ns",
    money="amount price cost",
)
FUNDING: Final = _table(
    "funding",
    "venue symbol record_id",
    ("epoch record",),
    text="venue symbol record_id asset",
    integer="epoch record side venue_ns",
    money="amount rate position_value",
)
BALANCES: Final = _table(
    "balances", "venue asset", text="venue asset source", integer="epoch record updated_ns", money="total"
)
TRANSFERS: Final = _table(
    "transfers",
    "venue ledger_id",
    ("epoch record",),
    text="venue ledger_id kind asset",
    integer="epoch record venue_ns",
    money="amount fee",
)
DIFFERENCES: Final = _table(
    "differences",
    "epoch record",
    text="venue what subject ours theirs evidence verdict",
    integer="epoch record at_ns",
    money="amount",
)
RECONCILIATIONS: Final = _table(
    "reconciliations",
    "epoch record",
    text="venue summary",
    integer="epoch record at_ns begun_ns differences unexplained",
)
NOTES: Final = _table("notes", "epoch record", text="kind subject text", integer="epoch record at_ns")
GAPS: Final = _table("gaps", "epoch record", text="reason", integer="epoch record until_record found_ns")
DECISIONS: Final = _table(
    "decisions",
    "epoch number",
    ("at_ns",),
    text="venue symbol strategy cause text did",
    integer="epoch number at_ns until_ns times is_silence",
)
PROFITS: Final = _table(
    "profits",
    "epoch minute",
    text="unvalued",
    integer="epoch minute at_ns",
    money="spread inventory fees hedging funding conversion held",
)
CURSORS: Final = _table("cursors", "name", text="name owner", integer="epoch record")
"""owner: the state folder that a database of several is of; empty where the database lies in the folder."""

TABLES: Final = (
    STARTS,
    INSTRUMENTS,
    ORDERS,
    FILLS,
    POSITIONS,
    DEBTS,
    PAYMENTS,
    FUNDING,
    BALANCES,
    TRANSFERS,
    DIFFERENCES,
    RECONCILIATIONS,
    NOTES,
    GAPS,
    DECISIONS,
    PROFITS,
    CURSORS,
)
BY_NAME: Final = {table.name: table for table in TABLES}
FROM_RECORDINGS: Final = (DECISIONS, PROFITS)
"""What the journal does not have: kept when the rest is made anew."""
