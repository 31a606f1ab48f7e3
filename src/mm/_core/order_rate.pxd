from libc.stdint cimport int64_t


cdef class OrderRate:
    cdef readonly object _orders, _requests
    cdef object _take_order, _take_request, _order_permit, _request_permit
    cdef public int64_t _paused_ns

    cpdef bint allows(
        self, int64_t now_ns, str action, int64_t age_ns=*, bint priority=*, int64_t open_orders=*
    ) except -1
    cpdef charge(self, int64_t now_ns, str action, int64_t age_ns=*)
    cpdef int64_t next_permit_ns(
        self, int64_t now_ns, str action, int64_t age_ns=*, bint priority=*, int64_t open_orders=*
    ) except? -1
