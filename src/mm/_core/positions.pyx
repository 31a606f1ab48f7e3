"""One position: signed quantity, average price, realised and open profit, fees, in exact integers.

Money is price x size, in units of 10^-(price_precision + size_precision) of the quote currency, held in 128 bits. Two
facts are kept: `cash`, what all fills paid and received, exact for ever; and the cost of what is held, with 32 bits
below the unit, so that ten million partial closes together move it by less than one hundredth of a unit. Realised
profit is their sum, open profit is what the mark adds to it, and so the two always add up to cash + quantity x mark,
to the unit. When the position is flat there is no cost left, and realised profit is exact.
"""

from hashlib import blake2b

from cython cimport final

from mm._core.int128 cimport as_int, from_int, mm_add_int64, mm_int128
from mm._core.words cimport same

__all__ = ["Position"]

cdef extern from *:
    """
    static const mm_int128 MM_COST_MAX = (mm_int128)1 << 92;
    static const mm_int128 MM_CASH_MAX = (mm_int128)1 << 93;
    static const mm_int128 MM_BASIS_MAX = (mm_int128)1 << 125;
    """
    mm_int128 MM_COST_MAX
    mm_int128 MM_CASH_MAX
    # With the guard bits; a fill can add 2^124 to it before it is looked at.
    mm_int128 MM_BASIS_MAX

cdef int GUARD_BITS = 32


cdef inline mm_int128 share(mm_int128 basis, int64_t part, int64_t whole) noexcept:
    """basis x part / whole, rounded to nearest; 0 < part <= whole, basis of any sign below 2^126."""
    # Split so that no product passes 127 bits: the quotient times part is at most basis, the rest is below whole x
    # part.
    cdef mm_int128 size = basis if basis >= 0 else -basis
    cdef mm_int128 quotient = size // whole
    cdef mm_int128 rest = (size - quotient * whole) * part
    cdef mm_int128 result = quotient * part + (rest + whole // 2) // whole
    return result if basis >= 0 else -result


cdef inline object as_amount(object fee):
    if type(fee) is not int:
        raise TypeError(f"fee {fee!r} is not an integer of 1e-12 of its asset")
    return fee


@final
cdef class Position:
    """The position of one symbol on one venue.

    quantity: signed, in size units, as it was bought and sold; held: what is there of it, less the fees that were taken
    in the asset itself, rounded down; fees: asset -> sum in 1e-12 of it, positive is paid; fill_count: fills applied.
    """

    def __init__(self, str venue not None, str symbol not None, int price_precision, int size_precision):
        if not 0 <= price_precision <= 18 or not 0 <= size_precision <= 18:
            raise ValueError(f"{symbol}: price_precision {price_precision}, size_precision {size_precision}: not 0..18")
        self.venue = venue
        self.symbol = symbol
        self.price_precision = price_precision
        self.size_precision = size_precision
        self.fees = {}

    def takes_fees_in(self, str base not None, object base_unit):
        """Fees may be taken in the asset that is held. base_unit: one unit of size in 1e-12 of it."""
        self._base = base
        self._base_unit = base_unit
        self._count_eaten()

    cdef int _count_eaten(self) except -1:
        """Work out what fees have taken of what is held, in whole units of size, rounded up."""
        self._eaten = -(-self.fees.get(self._base, 0) // self._base_unit) if self._base is not None else 0
        self.held = self.quantity - self._eaten
        return 0

    def apply_fill(self, int8_t side, int64_t price, int64_t size, object fee=0, str fee_asset=""):
        """Take one fill; fee in 1e-12 of fee_asset, positive is paid.

        Raises ValueError for a side, price or size that cannot be, TypeError for a fee that is not an integer,
        OverflowError beyond 2^92 money units or 63 bits of quantity; then nothing has changed.
        """
        self.take(side, price, size, fee, fee_asset)

    cdef int take(self, int8_t side, int64_t price, int64_t size, object fee, str fee_asset) except -1:
        if side != 1 and side != -1:
            raise ValueError(f"{self.symbol}: side {side} is neither +1 nor -1")
        if price <= 0 or size <= 0:
            raise ValueError(f"{self.symbol}: price {price} and size {size} must be positive")
        cdef int64_t change = size if side == 1 else -size
        cdef long long quantity = 0
        cdef mm_int128 cost = <mm_int128>price * size
        cdef mm_int128 cash = self._cash - (cost if side == 1 else -cost)
        if mm_add_int64(self.quantity, change, &quantity) or quantity == (<int64_t>1 << 63):
            raise OverflowError(f"{self.symbol}: quantity {self.quantity} and a fill of {change} pass 63 bits")
        if cost >= MM_COST_MAX or cash >= MM_CASH_MAX or -cash >= MM_CASH_MAX:
            raise OverflowError(f"{self.symbol}: price {price} x size {size} and the sum pass the money's range")
        cdef int64_t held = self.quantity
        cdef mm_int128 basis = self._basis
        if held == 0 or (held > 0) == (change > 0):
            basis += (cost if side == 1 else -cost) * (<mm_int128>1 << GUARD_BITS)
        elif size < (held if held > 0 else -held):
            basis -= share(basis, size, held if held > 0 else -held)
        else:
            # All of it is closed; what is left of the fill opens the other side at its own price.
            basis = <mm_int128>quantity * price * (<mm_int128>1 << GUARD_BITS)
        if basis >= MM_BASIS_MAX or -basis >= MM_BASIS_MAX:
            raise OverflowError(
                f"{self.symbol}: the cost of what is held, with price {price} x size {size}, passes 2^93"
            )
        if fee:
            self.fees[fee_asset] = self.fees.get(fee_asset, 0) + as_amount(fee)
        self._basis = basis
        self._cash = cash
        self.quantity = quantity
        if fee and self._base is not None and same(fee_asset, self._base):
            self._count_eaten()
        else:
            self.held = quantity - self._eaten
        if side == 1:
            self._bought += size
            self._bought_cost += cost
        else:
            self._sold += size
            self._sold_cost += cost
        self.fill_count += 1
        return 0

    @property
    def cash(self):
        """What all fills received less what they paid, exact."""
        return as_int(self._cash)

    @property
    def cost_basis(self):
        """What the position held has cost, signed like the quantity, rounded down to the money unit."""
        return as_int(self._basis) >> GUARD_BITS

    @property
    def average_price(self):
        """The average entry price in price units, for display; 0.0 when flat."""
        numerator, denominator = self.average_price_exact
        return numerator / denominator if denominator else 0.0

    @property
    def average_price_exact(self):
        """The average entry price as (numerator, denominator) in price units; (0, 0) when flat."""
        if self.quantity == 0:
            return 0, 0
        return abs(as_int(self._basis)), abs(<object>self.quantity) << GUARD_BITS

    @property
    def realized(self):
        """Realised profit before fees, in money units: exact when flat, else rounded down."""
        return as_int(self._cash) + (as_int(self._basis) >> GUARD_BITS)

    def open_profit(self, int64_t mark_price):
        """Return what the position held would add if closed at a price; realised + open is cash + quantity x mark."""
        return <object>self.quantity * mark_price - (as_int(self._basis) >> GUARD_BITS)

    @property
    def bought(self):
        """Sum of the sizes bought."""
        return as_int(self._bought)

    @property
    def sold(self):
        """Sum of the sizes sold."""
        return as_int(self._sold)

    @property
    def bought_cost(self):
        """Sum of price x size of the buys."""
        return as_int(self._bought_cost)

    @property
    def sold_cost(self):
        """Sum of price x size of the sells."""
        return as_int(self._sold_cost)

    @property
    def volume(self):
        """Sum of price x size over all fills."""
        return as_int(self._bought_cost) + as_int(self._sold_cost)

    def durable(self):
        """Return what `restore` takes back: every number, exact."""
        return [
            self.quantity, self.fill_count, as_int(self._cash), as_int(self._basis), as_int(self._bought),
            as_int(self._sold), as_int(self._bought_cost), as_int(self._sold_cost), dict(sorted(self.fees.items())),
        ]

    def restore(self, list saved not None):
        """Take back what `durable` gave of the same symbol."""
        quantity, fill_count, cash, basis, bought, sold, bought_cost, sold_cost, fees = saved
        self.quantity = quantity
        self.fill_count = fill_count
        self._cash = from_int(cash)
        self._basis = from_int(basis)
        self._bought = from_int(bought)
        self._sold = from_int(sold)
        self._bought_cost = from_int(bought_cost)
        self._sold_cost = from_int(sold_cost)
        self.fees = dict(fees)
        self._count_eaten()

    def state_hash(self):
        """Return 64 bits that are equal for equal positions, in any process."""
        facts = (
            self.venue, self.symbol, self.quantity, as_int(self._cash), as_int(self._basis), self.bought, self.sold,
            as_int(self._bought_cost), as_int(self._sold_cost), self.fill_count, sorted(self.fees.items()),
        )
        return int.from_bytes(blake2b(repr(facts).encode(), digest_size=8).digest(), "little")

    def __repr__(self):
        return f"Position({self.venue} {self.symbol} {self.quantity})"
