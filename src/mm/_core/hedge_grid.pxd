from libc.stdint cimport int64_t

from mm._core.int128 cimport mm_int128
from mm._core.order_events cimport Fill


cdef class Grid:
    cdef object instrument
    cdef str base
    cdef object base_scale, base_divisor, cost_scale, multiplier
    cdef int64_t lot, fee_e8
    cdef mm_int128 base_unit, lot_base, price_factor, price_divisor
    # The same numbers where they have 63 bits, else 0.
    cdef int64_t _base_unit, _base_scale, _cost_scale, _multiplier

    cdef object price_units(self, mm_int128 price)
    cdef mm_int128 moved(self, Fill event) except? -1
    cdef int64_t lots(self, mm_int128 amount) except? -1
    cdef object lots_paid_for(self, object free, bint sells, int64_t price)
    cdef object _lots_paid_for(self, object free, bint sells, int64_t price)
