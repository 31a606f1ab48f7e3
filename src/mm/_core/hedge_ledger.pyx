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
of 10^-12 of the quote currency; money is the product, in 10^-24. Amounts have 128 bits, and a sum that passes them
raises OverflowError; prices and money are not bounded.
"""

from collections import deque
from hashlib import blake2b

from cython cimport final, freelist
from libc.stdint cimport int64_t

from mm._core.int128 cimport as_int, exact, mm_int128, sum_of
from mm._core.words cimport same

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

    @property
    def amount(self):
        """Still open, in units of the base asset."""
        return as_int(self._amount)

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


cdef inline int check(int side, mm_int128 amount) except -1:
    if side != 1 and side != -1:
        raise ValueError(f"side: {side} is neither +1 nor -1")
    if amount <= 0:
        raise ValueError(f"amount: {as_int(amount)} is not positive")
    return 0


cdef inline int add_to(Sums* sums, int side, mm_int128 amount) except -1:
    if side > 0:
        sums.longs = sum_of(sums.longs, amount)
    else:
        sums.shorts = sum_of(sums.shorts, amount)
    return 0


cdef inline dict by_side(Sums sums):
    return {1: as_int(sums.longs), -1: as_int(sums.shorts)}


cdef Sums sums_of(pair) except *:
    cdef Sums sums
    longs, shorts = pair
    sums.longs = exact(longs)
    sums.shorts = exact(shorts)
    return sums


@final
cdef class HedgeLedger:
    """The debts of one base asset; see the module's text for units.

    debts: oldest first, all of one side; unknown_cost: amount paid whose cost cannot be told.
    """

    def __init__(self):
        self.debts = []
        self.payments = deque(maxlen=PAYMENTS_MAX)
        self.totals = {}
        self.unknown_cost = 0

    @property
    def net(self):
        """What we hold too much (positive) or too little (negative) of the base asset, hedges booked."""
        return as_int(self._net)

    @property
    def opened(self):
        """All debts that ever were, by side."""
        return by_side(self._opened)

    @property
    def paid(self):
        """What hedges paid of them, by side."""
        return by_side(self._paid)

    @property
    def netted(self):
        """What fills of the other side made up for, by side."""
        return by_side(self._netted)

    # --- what happened ----------------------------------------------------------------------------------------------

    def on_quote_fill(self, int64_t now_ns, str owner not None, int side, amount, middle2):
        """A quote was filled: net the other side's debts, owe the rest."""
        self.add(now_ns, owner, _QUOTE, side, exact(amount), middle2)

    def on_external(self, int64_t now_ns, str owner not None, int side, amount, middle2):
        """The position changed without an order of ours."""
        self.add(now_ns, owner, _EXTERNAL, side, exact(amount), middle2)

    def on_hedge_fill(self, int64_t now_ns, str owner not None, str policy not None, int side, amount, price):
        """A hedge was filled: pay the oldest debts; what is beyond them is owed back.

        owner: its execution; side: +1 the hedge bought; price: in 10^-12 of the quote currency.
        """
        self.take_hedge(now_ns, owner, policy, side, exact(amount), price)

    cdef int take_hedge(
        self, int64_t now_ns, str owner, str policy, int side, mm_int128 amount, object price
    ) except -1:
        """The same."""
        cdef mm_int128 left = amount
        cdef mm_int128 part
        cdef Debt debt
        cdef Payment payment
        cdef PolicyTotals totals
        check(side, amount)
        totals = self.totals.get(policy)
        if totals is None:
            totals = self.totals[policy] = PolicyTotals()
        totals.fills += 1
        totals.amount += as_int(amount)
        totals.money += as_int(amount) * price
        while left and self.debts:
            debt = <Debt>self.debts[0]
            if debt.side != -side:
                break
            part = min(left, debt._amount)
            units = as_int(part)
            payment = Payment.__new__(Payment)
            payment.owner = debt.owner
            payment.policy = policy
            payment.side = side
            payment.amount = units
            payment.price = price
            payment.waited_ns = max(0, now_ns - debt.opened_ns)
            payment.paid_ns = now_ns
            if debt.middle2:
                # A hedge that sells lower, or buys higher, than the middle at the fill has cost something.
                payment.cost2 = side * units * (2 * price - debt.middle2)
                totals.cost2 += payment.cost2
            else:
                self.unknown_cost += units
            totals.waited += units * payment.waited_ns
            self.payments.append(payment)
            add_to(&self._paid, debt.side, part)
            self._reduce(debt, part)
            left -= part
        if left:
            self.add(now_ns, owner, _EXCESS, side, left, 2 * price)
        return 0

    cdef int add(self, int64_t now_ns, str owner, str kind, int side, mm_int128 amount, object middle2) except -1:
        """A debt of one of the kinds, less what it makes up for of the other side's."""
        cdef mm_int128 left = amount
        cdef mm_int128 part
        cdef Debt debt
        check(side, amount)
        add_to(&self._opened, side, amount)
        while left and self.debts:
            debt = <Debt>self.debts[0]
            if debt.side != -side:
                break
            part = min(left, debt._amount)
            add_to(&self._netted, debt.side, part)
            add_to(&self._netted, side, part)
            self._reduce(debt, part)
            left -= part
        if left:
            debt = Debt.__new__(Debt)
            debt.owner = owner
            debt.kind = kind
            debt.side = side
            debt._amount = left
            debt.opened_ns = now_ns
            debt.middle2 = middle2
            self._owe(debt)
        return 0

    cdef int _owe(self, Debt debt) except -1:
        self._net = sum_of(self._net, debt._amount if debt.side > 0 else -debt._amount)
        self.debts.append(debt)
        if same(debt.kind, _EXTERNAL):
            self._externals += 1
        return 0

    cdef int _reduce(self, Debt debt, mm_int128 part) except -1:
        """Take a part of the oldest debt."""
        debt._amount -= part
        self._net += -part if debt.side > 0 else part
        if not debt._amount:
            del self.debts[0]
            if same(debt.kind, _EXTERNAL):
                self._externals -= 1
        return 0

    # --- what is open -----------------------------------------------------------------------------------------------

    cpdef int64_t oldest_ns(self) noexcept:
        """When the oldest open debt was made, 0 without one."""
        return (<Debt>self.debts[0]).opened_ns if self.debts else 0

    def owed(self, reserved):
        """What may still be hedged: the debt less what open hedge orders may fill at worst, never under zero."""
        return max(0, abs(self.net) - reserved)

    def open_of(self, int side):
        """The open debt of one side."""
        return abs(self.net) if self.net and (self.net > 0) == (side > 0) else 0

    def __iter__(self):
        return iter(self.debts)

    def durable(self):
        """Return what `restore` takes back: debts and sums; the newest payments are for people of one run."""
        cdef Debt debt
        cdef PolicyTotals totals
        return {
            "debts": [
                [debt.owner, debt.kind, debt.side, debt.amount, debt.opened_ns, debt.middle2] for debt in self.debts
            ],
            "sums": [[sums[1], sums[-1]] for sums in (self.opened, self.paid, self.netted)],
            "unknown_cost": self.unknown_cost,
            "totals": {
                policy: [totals.fills, totals.amount, totals.money, totals.cost2, totals.waited]
                for policy, totals in sorted(self.totals.items())
            },
        }

    def restore(self, dict saved not None):
        """Take back what `durable` gave."""
        cdef Debt debt
        cdef PolicyTotals totals
        self.debts.clear()
        self._net = 0
        self._externals = 0
        for owner, kind, side, amount, opened_ns, middle2 in saved["debts"]:
            check(side, exact(amount))
            debt = Debt.__new__(Debt)
            debt.owner = owner
            debt.kind = kind
            debt.side = side
            debt._amount = exact(amount)
            debt.opened_ns = opened_ns
            debt.middle2 = middle2
            self._owe(debt)
        opened, paid, netted = saved["sums"]
        self._opened = sums_of(opened)
        self._paid = sums_of(paid)
        self._netted = sums_of(netted)
        self.unknown_cost = saved["unknown_cost"]
        self.totals.clear()
        for policy, (fills, amount, money, cost2, waited) in saved["totals"].items():
            totals = self.totals[policy] = PolicyTotals()
            totals.fills = fills
            totals.amount = amount
            totals.money = money
            totals.cost2 = cost2
            totals.waited = waited

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
