# cython: nonecheck=True
"""What an instrument's numbers are worth to a hedging desk: sizes, prices and accounts in lots and in 10^-12."""

from cython cimport final
from libc.stdint cimport int64_t

from mm._core.int128 cimport as_int, exact, mm_fits_int64, mm_int128, product_of, sum_of
from mm._core.order_events cimport Fill
from mm._core.words cimport same

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1

from mm._core.market import AMOUNT_PRECISION as _AMOUNT_PRECISION

cdef object AMOUNT_SCALE = 10**_AMOUNT_PRECISION
cdef int64_t SCALE_12 = 10**_AMOUNT_PRECISION
# Of factors that are multiplied by a number of 63 bits: the product stays inside 127.
cdef object FACTOR_MAX = 2**63 - 1


cdef inline bint is_small(object number, int64_t* value) except -1:
    """Whether a whole number fits into 64 bits, and which one it is."""
    cdef int overflow = 0
    value[0] = PyLong_AsLongLongAndOverflow(number, &overflow)
    return overflow == 0


cdef inline int64_t factor_of(object number) except? -1:
    """The same of a positive factor; 0 for one that does not fit."""
    return <int64_t>number if number <= FACTOR_MAX else 0


@final
cdef class Grid:
    """What an instrument's numbers are worth, for as long as it is the same instrument.

    base_unit: one unit of size in 10^-12 of the base asset. Raises ValueError for sizes finer than that.
    """

    def __init__(self, instrument):
        decimals = instrument.base_precision
        if decimals > _AMOUNT_PRECISION:
            raise ValueError(
                f"{instrument.symbol}: sizes finer than 10^-{_AMOUNT_PRECISION} cannot be hedged exactly"
            )
        self.instrument = instrument
        self.base = instrument.base
        self.multiplier = instrument.multiplier
        unit = instrument.base_units(1) * 10 ** (_AMOUNT_PRECISION - decimals)
        self.base_unit = exact(unit)
        self.lot = instrument.lot
        self.lot_base = product_of(self.lot, self.base_unit)
        self.base_scale = 10**decimals
        self.base_divisor = AMOUNT_SCALE * self.multiplier
        self.cost_scale = 10**instrument.cost_precision
        self.fee_e8 = max(instrument.taker_fee_e8, 0)
        shift = _AMOUNT_PRECISION - instrument.price_precision
        self.price_factor = exact(10 ** max(shift, 0))
        self.price_divisor = exact(10 ** max(-shift, 0))
        self._base_unit = factor_of(unit)
        self._base_scale = factor_of(self.base_scale)
        self._cost_scale = factor_of(self.cost_scale)
        self._multiplier = factor_of(self.multiplier)

    cdef object price_units(self, mm_int128 price):
        """A price in 10^-12 of the quote currency; finer ones are cut off, they are for the cost and not for orders."""
        price = product_of(price, self.price_factor)
        return as_int(price if self.price_divisor == 1 else price // self.price_divisor)

    cdef mm_int128 moved(self, Fill event) except? -1:
        """What a fill changes of the base asset, signed: a fee that is taken in it is not held, or owed on top."""
        cdef mm_int128 amount = product_of(event.size, self.base_unit if event.side > 0 else -self.base_unit)
        if same(event.fee_asset, self.base) and event.fee:
            return sum_of(amount, -exact(event.fee))
        return amount

    cdef int64_t lots(self, mm_int128 amount) except? -1:
        """An amount in whole lots, rounded towards zero: less than a lot cannot be hedged."""
        cdef mm_int128 lots
        if mm_fits_int64(amount) and mm_fits_int64(self.lot_base):
            # The same in 64 bits, which the processor divides by itself.
            lots = (<int64_t>amount if amount >= 0 else -amount) // <int64_t>self.lot_base
        else:
            lots = (amount if amount >= 0 else -amount) // self.lot_base
        if not mm_fits_int64(lots):
            raise OverflowError(f"a debt of {as_int(amount)} is more lots than 63 bits hold")
        return <int64_t>(lots if amount >= 0 else -lots)

    cdef object lots_paid_for(self, object free, bint sells, int64_t price):
        """How many lots an account pays for that has so much free, of the base asset for a sale, else of the quote."""
        cdef int64_t small = 0
        cdef mm_int128 units
        # Prices and scales of 63 bits with a fee of less than 2^30: every product is below 2^127.
        if (
            self._base_unit and self._base_scale and self._cost_scale and 0 < self._multiplier < 1 << 30
            and 0 < price < 1 << 62 and self.fee_e8 < 100_000_000 and is_small(free, &small) and small >= 0
        ):
            if sells:
                units = <mm_int128>small * self._base_scale // (<mm_int128>SCALE_12 * self._multiplier)
            else:
                units = <mm_int128>self._cost_scale * small // SCALE_12
                units = units * 100_000_000 // (<mm_int128>price * self._multiplier * (100_000_000 + self.fee_e8))
            return as_int(units // self.lot)
        return self._lots_paid_for(free, sells, price)

    cdef object _lots_paid_for(self, object free, bint sells, int64_t price):
        if sells:
            return free * self.base_scale // self.base_divisor // self.lot
        cost = self.cost_scale * free // AMOUNT_SCALE
        return cost * 100_000_000 // (price * self.multiplier * (100_000_000 + self.fee_e8)) // self.lot
