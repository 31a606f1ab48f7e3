"""The messages of a private channel that a link can take without its session: the plain case, fills above all."""

from libc.stdint cimport int64_t


cdef class PlainFrames:
    """What a session offers to its link; this one takes nothing."""

    cpdef object take(self, int64_t now_ns, bytes payload):
        """Return the events of a message, in order; None, and nothing is changed, when the session has to see it."""
        return None
