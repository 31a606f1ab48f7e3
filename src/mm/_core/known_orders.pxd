from libc.stdint cimport int8_t, int64_t


cdef class KnownOrder:
    cdef public str client_id, venue_id, symbol
    cdef public int8_t side
    cdef public int64_t price, size
    cdef public object post_only
    cdef public bint is_closed
    # It is found no more.
    cdef bint is_forgotten


cdef class KnownOrders:
    cdef readonly dict by_venue
    cdef dict _by_client, _open
    cdef object _closed
    cdef list _placed
    cdef Py_ssize_t _open_max, _closed_max

    cpdef placed(self, command)
    cpdef KnownOrder find(self, str client_id, str venue_id)
    cpdef KnownOrder remember(
        self, str client_id, str venue_id, str symbol, int side, int64_t price, int64_t size, object post_only=*
    )
    cpdef close(self, KnownOrder known)
    cdef int _take_placed(self) except -1
    cdef int _forget(self, KnownOrder known) except -1
