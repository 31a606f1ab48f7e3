from libc.stdint cimport int64_t

from mm._core.int128 cimport mm_int128


cdef struct Bucket:
    # Used, and the most that may be used: 10^-12 of a token.
    mm_int128 level, threshold
    int64_t updated_ns, rate_e3, reserve


cdef class OrderRate:
    cdef Bucket _orders, _requests
    cdef public int64_t _paused_ns

    cpdef bint allows(
        self, int64_t now_ns, str action, int64_t age_ns=*, bint priority=*, int64_t open_orders=*
    ) except -1
    cpdef charge(self, int64_t now_ns, str action, int64_t age_ns=*)
    cpdef int64_t next_permit_ns(
        self, int64_t now_ns, str action, int64_t age_ns=*, bint priority=*, int64_t open_orders=*
    ) except? -1
