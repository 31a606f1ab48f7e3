from libc.stdint cimport int64_t

from mm._core.event cimport Event


cdef class Reconcile(Event):
    cdef readonly str venue, reason


cdef class AccountRead(Event):
    cdef readonly int64_t begun_ns, calls, cost
    cdef readonly bint is_complete
    cdef readonly str venue, reason


cdef class Difference(Event):
    cdef readonly str venue, what, subject, ours, theirs, evidence, verdict
    cdef readonly object amount


cdef class Reconciled(Event):
    cdef readonly int64_t begun_ns, differences, unexplained
    cdef readonly str venue, summary
