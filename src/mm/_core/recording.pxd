from libc.stdint cimport int64_t

from mm._core.event cimport Event


cdef class RecorderCore:
    cdef readonly int64_t records
    cdef public bint failed
    cdef readonly object buffer
    cdef object _append
    cdef frozenset _waiting
    cdef int64_t _bytes_max
    cdef list _kept
    cdef object _journal
    cdef dict _durable
    cdef object _soon
    cdef frozenset _soon_kinds
    cdef bint _owes
    # Why the journal takes nothing more, '' while it does: no intent may leave that it does not have.
    cdef public str broken
    cdef public list backlog

    cpdef record(self, Event event)
    cpdef settle_owed(self)
