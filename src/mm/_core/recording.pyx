# cython: nonecheck=True
"""What a recorder does with every event; `mm.persistence.recorder` says where the bytes go."""

from libc.stdint cimport int64_t

from mm._core.event cimport Event
from mm._core.events cimport pack

from mm._core._rust import RecordBuffer


cdef class RecorderCore:
    """Frames events into a buffer.

    waiting: kinds that may wait there, all others are flushed at once; None: all may; bytes_max: flushed above it;
    kept: a list that takes the events too. A subclass has `flush`, which empties `buffer`, and `refuse`, called when
    it has `failed` before or an event is too long.
    """

    def __init__(self, *, frozenset waiting, int64_t bytes_max, list kept=None):
        self.buffer = RecordBuffer()
        self._append = self.buffer.append
        self._waiting = waiting
        self._bytes_max = bytes_max
        self._kept = kept

    cpdef record(self, Event event):
        """Take one event. Raises ValueError for text longer than the form takes."""
        cdef bytes payload
        cdef int64_t size
        if self.failed:
            self.refuse("")
        payload = pack(event)
        try:
            size = self._append(payload)
        except ValueError as error:
            self.refuse(str(error))
            raise
        self.records += 1
        if self._kept is not None:
            self._kept.append(event)
        if size >= self._bytes_max or (self._waiting is not None and type(event) not in self._waiting):
            self.flush()
