"""Debts and their payments as rows: the hedge ledger's rules (`mm._core.hedge_ledger`), said again from the journal.

A fill of a quote nets the open debts of the other side, oldest first, and owes the rest; a fill of a hedge pays the
oldest, and what is beyond them is owed back. Each part that a debt loses is a payment row, so that a debt's amount is
what is unpaid of it and its payments, to the last unit. What a payment cost needs the middle of the market at the fill,
which the journal does not have: `cost` comes from the recording, where there is one.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mm.store.amounts import less
from mm.store.rows import Rows
from mm.store.tables import DEBTS, PAYMENTS, Row

HEDGE, FLATTEN = "hedge", "flatten"
QUOTE, EXTERNAL, EXCESS, NETTED = "quote", "external", "excess", "netted"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a `[hedging.NAME]` of a configuration says. markets: where hedges go, by the name of their strategy."""

    name: str
    policy: str
    primary: tuple[str, str]
    markets: dict[str, tuple[str, str]]


def desks_of(config: bytes) -> list[Desk]:
    """The desks of a recorded configuration; none where it cannot be read."""
    try:
        tables: dict[str, dict[str, Any]] = json.loads(config).get("hedging", {})
        found = []
        for name, table in sorted(tables.items()):
            markets = {f"{HEDGE} {name}": (table["hedge"], table["hedge_symbol"])}
            if table.get("fallback"):
                markets[f"{HEDGE} {name} fallback"] = (table["fallback"], table["fallback_symbol"])
            policy = table.get("policy", "cross_exchange")
            found.append(Desk(name, policy, (table.get("primary", "kraken"), table["symbol"]), markets))
    except (ValueError, KeyError, AttributeError, TypeError):
        return []
    return found


class Hedges:
    """rows: where debts and payments are."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._unpaid: dict[str, deque[Row]] = {}
        self.desks: list[Desk] = []

    def fill(self, fill: Row) -> None:
        """Take a row of `fills` that is new."""
        if Decimal(fill["amount"]) <= 0:
            return
        key = (fill["venue"], fill["symbol"])
        for desk in self.desks:
            if fill["purpose"] == HEDGE:
                if desk.markets.get(fill["strategy"]) == key:
                    self._pay(desk, fill)
            elif key == desk.primary:
                is_ours = bool(fill["is_own"])
                self._owe(desk, fill, QUOTE if is_ours else EXTERNAL, fill["amount"], 0)
            elif key in desk.markets.values() and (fill["purpose"] == FLATTEN or not fill["is_own"]):
                self._owe(desk, fill, EXTERNAL, fill["amount"], 0)

    def _pay(self, desk: Desk, fill: Row) -> None:
        left, number = self._reduce(desk, fill, fill["amount"], desk.policy, 0)
        if Decimal(left):
            self._owe(desk, fill, EXCESS, left, number)

    def _owe(self, desk: Desk, fill: Row, kind: str, amount: str, number: int) -> None:
        left, _ = self._reduce(desk, fill, amount, NETTED, number)
        if not Decimal(left):
            return
        self._add(
            {
                "desk": desk.name,
                "epoch": fill["epoch"],
                "record": fill["record"],
                "owner": fill["execution_id"],
                "kind": kind,
                "venue": fill["venue"],
                "symbol": fill["symbol"],
                "base": fill["base"],
                "side": fill["side"],
                "amount": left,
                "unpaid": left,
                "opened_ns": fill["recv_ns"],
                "closed_ns": 0,
            },
        )

    def _reduce(self, desk: Desk, fill: Row, amount: str, kind: str, number: int) -> tuple[str, int]:
        """Take what is owed the other way off; returns what is left of the amount, and the next row's number."""
        left = amount
        debts = self._open(desk.name)
        while debts and Decimal(left) and debts[0]["side"] != fill["side"]:
            debt = debts[0]
            part = min(left, debt["unpaid"], key=Decimal)
            left = less(left, part)
            unpaid = less(debt["unpaid"], part)
            is_over = not Decimal(unpaid)
            reduced = debt | {"unpaid": unpaid, "closed_ns": fill["recv_ns"] if is_over else 0}
            if is_over:
                debts.popleft()
            else:
                debts[0] = reduced
            self._rows.put(DEBTS, reduced)
            self._rows.put(PAYMENTS, _payment(desk, fill, debt, part, kind, number))
            number += 1
        return left, number

    def _open(self, desk: str) -> deque[Row]:
        """What is unpaid, oldest first."""
        if desk not in self._unpaid:
            debts = self._rows.select(DEBTS, desk=desk, closed_ns=0)
            self._unpaid[desk] = deque(sorted(debts, key=lambda debt: (debt["epoch"], debt["record"])))
        return self._unpaid[desk]

    def _add(self, debt: Row) -> None:
        """Let a debt stand behind the others."""
        self._open(debt["desk"]).append(debt)
        self._rows.put(DEBTS, debt)


def _payment(desk: Desk, fill: Row, debt: Row, part: str, kind: str, number: int) -> Row:
    return {
        "desk": desk.name,
        "epoch": fill["epoch"],
        "record": fill["record"],
        "number": number,
        "owner": debt["owner"],
        "debt_epoch": debt["epoch"],
        "debt_record": debt["record"],
        "kind": kind,
        "execution_id": fill["execution_id"],
        "venue": fill["venue"],
        "symbol": fill["symbol"],
        "quote": fill["quote"],
        "side": fill["side"],
        "amount": part,
        "price": fill["price"],
        "cost": None,
        "waited_ns": max(0, fill["recv_ns"] - debt["opened_ns"]),
        "paid_ns": fill["recv_ns"],
    }
