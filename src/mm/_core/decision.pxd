from libc.stdint cimport int64_t

from mm._core.quotes cimport Quoting


cdef class Act:
    cdef readonly str verb, client_id, reason
    cdef readonly int side
    cdef readonly int64_t price
    cdef readonly int price_precision


cdef class Decision:
    cdef readonly int64_t now_ns, bid, ask, position
    cdef readonly str venue, symbol, strategy, gate
    cdef readonly Quoting quoting
    cdef readonly tuple acts, refused


cdef Act act_of(str verb, str client_id, int side, int64_t price, int price_precision, str reason)
