from libc.stdint cimport int64_t

from mm._core.engine_core cimport EngineCore
from mm._core.recording cimport RecorderCore


cdef class DriverCore:
    cdef readonly EngineCore engine
    cdef readonly dict links
    cdef readonly list observers
    cdef public object on_output, on_latch
    cdef object _record
    # The same, where it is one of ours; None else.
    cdef RecorderCore _recorder
    cdef object _commit
    cdef object _settle
    cdef list _unseen
    # What waits for the disk, with the time of its decision, and when that is looked at next, 0: nothing waits.
    cdef list _held
    cdef public int64_t held_due_ns
    # Cancels are leaving and orders wait behind them: news of that is decided about when those are on their way too.
    cdef bint _is_leaving, _was_late
    # What sends for a venue has failed: the run ends, and no order leaves any more.
    cdef bint _is_void

    cpdef take(self, events)
    cpdef decide(self, int64_t now_ns, str source)
    cdef bint _submit(self, int64_t now_ns, str source, list commands) except -1
    cdef bint _release(self, int64_t now_ns, str source) except -1
    cdef int _mark(self, list commands, bint unsent) except -1
    cdef bint _recall(self, int64_t now_ns, list commands) except -1
    cpdef bint withdraw(self, int64_t now_ns, str why, set which=*) except -1
    cdef bint _hand_over(self, int64_t now_ns, str source, list commands) except -1
    cdef str _refused(self)
    cdef _kept_back(self, int64_t now_ns, command, str why, str code)
    cdef int _halt(self, int64_t now_ns) except -1
    cpdef show(self)


cdef class PortCore:
    cdef readonly DriverCore driver
    cdef readonly str venue
    cdef readonly object link

    cpdef frame(self, int64_t now_ns, str channel, bytes payload, bint last=*)
    cpdef drain(self)
