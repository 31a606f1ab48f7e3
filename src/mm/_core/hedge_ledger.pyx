# cython: nonecheck=True
"""The hedge ledger: every unit that our quotes bought or sold and that is not hedged yet is a debt.

A fill of a quote opens a debt, in units of the base asset; a fill of a hedge pays the oldest debt first; a fill of a
quote on the other side nets it. A debt has an owner (the execution that made it), an age, and once it is paid a cost:
how much worse the hedge was than the middle of the market at the moment of the fill that made the debt.

    opened = paid + netted + open, to the last unit, for each side by itself

What a hedge fills beyond the debt (rounding to a lot, a fill of an order given up as lost) is a debt of the other side
with kind "excess": it is paid like any other, and never more than what the venue really filled. What changes the
position without an order of ours (liquidation, deleveraging, a trade by hand) enters with kind "external".

The ledger takes each fill once and after it is booked; it keeps no clock and draws no conclusions. Amounts are whole
units of 10^-12 of the base asset, so that spot sizes and contracts times their size add up exactly; prices whole units
of 10^-12 of the quote currency; money is the product, in 10^-24. None of them is bounded by 64 bits.
"""

from collections import deque
from hashlib import blake2b

from cython cimport final, freelist
from libc.stdint cimport int64_t

UNIT = 10**12
QUOTE = "quote"
EXCESS = "excess"
EXTERNAL = "external"
# The newest payments in memory, for people; the sums are of all.
PAYMENTS_MAX = 1000

cdef str _QUOTE = QUOTE
cdef str _EXCESS = EXCESS
cdef str _EXTERNAL = EXTERNAL


@final
@freelist(64)
cdef class Debt:
    """What is still to hedge of one fill.

    owner: the execution that made it; kind: "quote", "excess" or "external"; side: +1 we hold it and owe a sale, -1 we
    are short and owe a purchase; amount: still open; middle2: bid + ask of the maker's market at the fill, 0 unknown.
    """

    def __repr__(self):
        return (
            f"Debt(owner={self.owner!r}, kind={self.kind!r}, side={self.side}, amount={self.amount}, "
            f"opened_ns={self.opened_ns}, middle2={self.middle2})"
        )


@final
@freelist(64)
cdef class Payment:
    """A part of a debt that a hedge paid.

    cost2: twice what it cost against the middle at the debt's fill, in 10^-24 of the quote currency (negative: it
    earned), None where that middle was not known; waited_ns: age of the debt.
    """

    def __repr__(self):
        return (
            f"Payment(owner={self.owner!r}, policy={self.policy!r}, side={self.side}, amount={self.amount}, "
            f"price={self.price}, cost2={self.cost2}, waited_ns={self.waited_ns}, paid_ns={self.paid_ns})"
        )


@final
cdef class PolicyTotals:
    """What one policy did: hedge fills, their volume in base and in money, cost doubled, and waiting times amount.

    waited: sum of amount x age; divided by the amount it is the mean time to hedge.
    """

    def __init__(self):
        self.amount = self.money = self.cost2 = self.waited = 0

    def mean_wait_ns(self):
        """Mean age of what was paid, 0 before the first payment."""
        return self.waited // self.amount if self.amount else 0


cdef inline int check(int side, object amount) except -1:
    if side != 1 and side != -1:
        raise ValueError(f"side: {side} is neither +1 nor -1")
    if amount <= 0:
        raise ValueError(f"amount: {amount} is not positive")
    return 0


@final
cdef class HedgeLedger:
    """The debts of one base asset; see the module's text for units.

    debts: oldest first, all of one side; net: what we hold too much (positive) or too little (negative) of the base
    asset, hedges booked; unknown_cost: amount paid whose cost cannot be told.
    """

    def __init__(self):
        self.debts = deque()
        self.payments = deque(maxlen=PAYMENTS_MAX)
        self.totals = {}
        self.opened = {1: 0, -1: 0}
        self.paid = {1: 0, -1: 0}
        self.netted = {1: 0, -1: 0}
        self.unknown_cost = 0
        self.net = 0

    # --- what happened ----------------------------------------------------------------------------------------------

    cpdef on_quote_fill(self, int64_t now_ns, str owner, int side, object amount, object middle2):
        """A quote was filled: net the other side's debts, owe the rest."""
        self._add(now_ns, owner, _QUOTE, side, amount, middle2)

    cpdef on_external(self, int64_t now_ns, str owner, int side, object amount, object middle2):
        """The position changed without an order of ours."""
        self._add(now_ns, owner, _EXTERNAL, side, amount, middle2)

    cpdef on_hedge_fill(self, int64_t now_ns, str owner, str policy, int side, object amount, object price):
        """A hedge was filled: pay the oldest debts; what is beyond them is owed back.

        owner: its execution; side: +1 the hedge bought; price: in 10^-12 of the quote currency.
        """
        cdef Debt debt
        cdef Payment payment
        cdef PolicyTotals totals
        check(side, amount)
        totals = self.totals.get(policy)
        if totals is None:
            totals = self.totals[policy] = PolicyTotals()
        totals.fills += 1
        totals.amount += amount
        totals.money += amount * price
        left = amount
        while left and self.debts:
            debt = self.debts[0]
            if debt.side != -side:
                break
            part = min(left, debt.amount)
            payment = Payment.__new__(Payment)
            payment.owner = debt.owner
            payment.policy = policy
            payment.side = side
            payment.amount = part
            payment.price = price
            payment.waited_ns = max(0, now_ns - debt.opened_ns)
            payment.paid_ns = now_ns
            if debt.middle2:
                # A hedge that sells lower, or buys higher, than the middle at the fill has cost something.
                payment.cost2 = side * part * (2 * price - debt.middle2)
                totals.cost2 += payment.cost2
            else:
                self.unknown_cost += part
            totals.waited += part * payment.waited_ns
            self.payments.append(payment)
            self.paid[debt.side] += part
            self._reduce(debt, part)
            left -= part
        if left:
            self._add(now_ns, owner, _EXCESS, side, left, 2 * price)

    cdef int _add(self, int64_t now_ns, str owner, str kind, int side, object amount, object middle2) except -1:
        cdef Debt debt
        check(side, amount)
        self.opened[side] += amount
        left = amount
        while left and self.debts:
            debt = self.debts[0]
            if debt.side != -side:
                break
            part = min(left, debt.amount)
            self.netted[debt.side] += part
            self.netted[side] += part
            self._reduce(debt, part)
            left -= part
        if left:
            debt = Debt.__new__(Debt)
            debt.owner = owner
            debt.kind = kind
            debt.side = side
            debt.amount = left
            debt.opened_ns = now_ns
            debt.middle2 = middle2
            self.debts.append(debt)
            if side > 0:
                self.net += left
            else:
                self.net -= left
        return 0

    cdef int _reduce(self, Debt debt, object part) except -1:
        debt.amount -= part
        if debt.side > 0:
            self.net -= part
        else:
            self.net += part
        if not debt.amount:
            self.debts.popleft()
        return 0

    # --- what is open -----------------------------------------------------------------------------------------------

    cpdef int64_t oldest_ns(self) except? -1:
        """When the oldest open debt was made, 0 without one."""
        return (<Debt?>self.debts[0]).opened_ns if self.debts else 0

    def owed(self, reserved):
        """What may still be hedged: the debt less what open hedge orders may fill at worst, never under zero."""
        return max(0, abs(self.net) - reserved)

    def open_of(self, int side):
        """The open debt of one side."""
        return abs(self.net) if self.net and (self.net > 0) == (side > 0) else 0

    def __iter__(self):
        return iter(self.debts)

    def state_hash(self):
        """64 bits that are equal for equal ledgers, in any process."""
        cdef Debt debt
        cdef PolicyTotals totals
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
