"""The slow twin of `mm._core.hedge_ledger`: dataclasses and sums.

The hedge ledger: every unit that our quotes bought or sold and that is not hedged yet is a debt.

A fill of a quote opens a debt, in units of the base asset; a fill of a hedge pays the oldest debt first; a fill of a
quote on the other side nets it. A debt has an owner (the execution that made it), an age, and once it is paid a cost:
how much worse the hedge was than the middle of the market at the moment of the fill that made the debt.

    opened = paid + netted + open, to the last unit, for each side by itself

What a hedge fills beyond the debt (rounding to a lot, a fill of an order given up as lost) is a debt of the other side
with kind "excess": it is paid like any other, and never more than what the venue really filled. What changes the
position without an order of ours (liquidation, deleveraging, a trade by hand) enters with kind "external".

The ledger takes each fill once and after it is booked; it keeps no clock and draws no conclusions. Amounts are whole
units of 10^-12 of the base asset, so that spot sizes and contracts times their size add up exactly; prices whole units
of 10^-12 of the quote currency; money is the product, in 10^-24.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

UNIT: Final = 10**12
QUOTE: Final = "quote"
EXCESS: Final = "excess"
EXTERNAL: Final = "external"
PAYMENTS_MAX: Final = 1000
"""The newest payments in memory, for people; the sums are of all."""


@dataclass(slots=True)
class Debt:
    """What is still to hedge of one fill.

    owner: the execution that made it; kind: "quote", "excess" or "external"; side: +1 we hold it and owe a sale, -1 we
    are short and owe a purchase; amount: still open; middle2: bid + ask of the maker's market at the fill, 0 unknown.
    """

    owner: str
    kind: str
    side: int
    amount: int
    opened_ns: int
    middle2: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A part of a debt that a hedge paid.

    cost2: twice what it cost against the middle at the debt's fill, in 10^-24 of the quote currency (negative: it
    earned), None where that middle was not known; waited_ns: age of the debt.
    """

    owner: str
    policy: str
    side: int
    amount: int
    price: int
    cost2: int | None
    waited_ns: int
    paid_ns: int


@dataclass(slots=True)
class PolicyTotals:
    """What one policy did: hedge fills, their volume in base and in money, cost doubled, and waiting times amount."""

    fills: int = 0
    amount: int = 0
    money: int = 0
    cost2: int = 0
    waited: int = 0
    """Sum of amount x age: divided by the amount it is the mean time to hedge."""

    def mean_wait_ns(self) -> int:
        """Mean age of what was paid, 0 before the first payment."""
        return self.waited // self.amount if self.amount else 0


@dataclass(slots=True)
class HedgeLedger:
    """The debts of one base asset. See the module's text for units."""

    debts: deque[Debt] = field(default_factory=deque)
    """Oldest first; all of one side."""
    payments: deque[Payment] = field(default_factory=lambda: deque(maxlen=PAYMENTS_MAX))
    totals: dict[str, PolicyTotals] = field(default_factory=dict)
    opened: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    paid: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    netted: dict[int, int] = field(default_factory=lambda: {1: 0, -1: 0})
    unknown_cost: int = 0
    """Amount paid whose cost cannot be told."""

    # --- what happened ----------------------------------------------------------------------------------------------

    def on_quote_fill(self, now_ns: int, owner: str, side: int, amount: int, middle2: int) -> None:
        """A quote was filled: net the other side's debts, owe the rest."""
        self._add(now_ns, owner, QUOTE, side, amount, middle2)

    def on_external(self, now_ns: int, owner: str, side: int, amount: int, middle2: int) -> None:
        """The position changed without an order of ours."""
        self._add(now_ns, owner, EXTERNAL, side, amount, middle2)

    def on_hedge_fill(self, now_ns: int, owner: str, policy: str, side: int, amount: int, price: int) -> None:
        """A hedge was filled: pay the oldest debts; what is beyond them is owed back.

        owner: its execution; side: +1 the hedge bought; price: in 10^-12 of the quote currency.
        """
        _check(side, amount)
        totals = self.totals.setdefault(policy, PolicyTotals())
        totals.fills += 1
        totals.amount += amount
        totals.money += amount * price
        left = amount
        while left and self.debts and self.debts[0].side == -side:
            debt = self.debts[0]
            part = min(left, debt.amount)
            # A hedge that sells lower, or buys higher, than the middle at the fill has cost something.
            cost2 = side * part * (2 * price - debt.middle2) if debt.middle2 else None
            waited_ns = max(0, now_ns - debt.opened_ns)
            if cost2 is None:
                self.unknown_cost += part
            else:
                totals.cost2 += cost2
            totals.waited += part * waited_ns
            self.payments.append(Payment(debt.owner, policy, side, part, price, cost2, waited_ns, now_ns))
            self.paid[debt.side] += part
            self._reduce(debt, part)
            left -= part
        if left:
            self._add(now_ns, owner, EXCESS, side, left, 2 * price)

    def _add(self, now_ns: int, owner: str, kind: str, side: int, amount: int, middle2: int) -> None:
        _check(side, amount)
        self.opened[side] += amount
        left = amount
        while left and self.debts and self.debts[0].side == -side:
            debt = self.debts[0]
            part = min(left, debt.amount)
            self.netted[debt.side] += part
            self.netted[side] += part
            self._reduce(debt, part)
            left -= part
        if left:
            self.debts.append(Debt(owner, kind, side, left, now_ns, middle2))

    def _reduce(self, debt: Debt, part: int) -> None:
        debt.amount -= part
        if not debt.amount:
            self.debts.popleft()

    # --- what is open -----------------------------------------------------------------------------------------------

    @property
    def net(self) -> int:
        """What we hold too much (positive) or too little (negative) of the base asset, hedges booked."""
        return sum(debt.side * debt.amount for debt in self.debts)

    def oldest_ns(self) -> int:
        """When the oldest open debt was made, 0 without one."""
        return self.debts[0].opened_ns if self.debts else 0

    def owed(self, reserved: int) -> int:
        """What may still be hedged: the debt less what open hedge orders may fill at worst, never under zero."""
        return max(0, abs(self.net) - reserved)

    def open_of(self, side: int) -> int:
        """The open debt of one side."""
        return sum(debt.amount for debt in self.debts if debt.side == side)

    def __iter__(self) -> Iterator[Debt]:
        """The open debts, oldest first."""
        return iter(self.debts)

    def state_hash(self) -> int:
        """64 bits that are equal for equal ledgers, in any process."""
        digest = blake2b(digest_size=8)
        for debt in self.debts:
            digest.update(repr((debt.owner, debt.kind, debt.side, debt.amount, debt.opened_ns, debt.middle2)).encode())
        sums = (sorted(self.opened.items()), sorted(self.paid.items()), sorted(self.netted.items()), self.unknown_cost)
        digest.update(repr(sums).encode())
        for policy, totals in sorted(self.totals.items()):
            digest.update(
                repr((policy, totals.fills, totals.amount, totals.money, totals.cost2, totals.waited)).encode()
            )
        return int.from_bytes(digest.digest(), "little")


def _check(side: int, amount: int) -> None:
    if side not in (1, -1):
        raise ValueError(f"side: {side} is neither +1 nor -1")
    if amount <= 0:
        raise ValueError(f"amount: {amount} is not positive")
