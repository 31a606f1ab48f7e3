from libc.stdint cimport int64_t

from mm._core.event cimport Event


cdef class Call:
    cdef public str kind, owner
    cdef public dict parameters
    cdef public object command, subject, query
    cdef public int64_t request_id, cost, attempts, rank, not_before_ns, expires_ns
    cdef public bint is_read, is_private, urgent, nonce_refused


cdef class SilenceCore:
    cdef public object state
    cdef object _open_state


cdef class RestCore:
    cdef SilenceCore _ban, _key
    cdef public list waiting
    cdef readonly list urgent
    cdef readonly Py_ssize_t urgent_max, orders_max

    cdef Call begin_order(self, int64_t now_ns, Event command, int64_t request_id, int64_t expires_ns)
    cdef bint takes_order(self) except -1
