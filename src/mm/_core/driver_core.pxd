from libc.stdint cimport int64_t

from mm._core.engine_core cimport EngineCore


cdef class DriverCore:
    cdef readonly EngineCore engine
    cdef readonly dict links
    cdef readonly list observers
    cdef public object on_output
    cdef object _record
    cdef object _commit
    cdef object _settle
    cdef list _unseen

    cpdef take(self, events)
    cpdef decide(self, int64_t now_ns, str source)
    cdef bint _submit(self, int64_t now_ns, str source, list commands) except -1
    cpdef show(self)


cdef class PortCore:
    cdef readonly DriverCore driver
    cdef readonly str venue
    cdef readonly object link

    cpdef frame(self, int64_t now_ns, str channel, bytes payload, bint last=*)
    cpdef drain(self)
