# cython: nonecheck=True
"""What a recorder does with every event; `mm.persistence.recorder` says where the bytes go."""

from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from mm._core.event cimport Event
from mm._core.events cimport pack

from mm._core._rust import JournalError, RecordBuffer


cdef int64_t _monotonic_ns() noexcept:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t>now.tv_sec * 1_000_000_000 + now.tv_nsec


cdef class RecorderCore:
    """Frames events into a buffer.

    waiting: kinds that may wait there, all others are flushed at once; None: all may; bytes_max: flushed above it;
    kept: a list that takes the events too; journal: the `append` of a durable journal, which takes those whose type is
    in `durable` first, under the kind that stands there (soon: takes those of `soon_kinds` in its place): these wait in
    the buffer until `settle_owed`, which is called when what they led to is with the sockets; a journal that fails is
    asked no more, `broken` says why, and whoever sends has to keep back every order; backlog: takes what is durable
    while such a journal is opened again, None: it is not. A subclass has `flush`, which
    empties `buffer`, and `refuse`, called when it has `failed` before or an event is too long.
    """

    def __init__(
        self, *, frozenset waiting, int64_t bytes_max, list kept=None, object journal=None, dict durable=None,
        object soon=None, frozenset soon_kinds=frozenset()
    ):
        self.buffer = RecordBuffer()
        self._append = self.buffer.append
        self._waiting = waiting
        self._bytes_max = bytes_max
        self._kept = kept
        self._journal = journal
        self._durable = durable if durable is not None else {}
        self._soon = soon
        self._soon_kinds = soon_kinds
        self.broken = ""

    cpdef record(self, Event event):
        """Take one event. Raises ValueError for text longer than the form takes."""
        cdef bytes payload
        cdef int64_t size
        cdef bint is_kept = False
        if self.failed:
            self.refuse("")
        payload = pack(event)
        if self._journal is not None and not self.broken:
            kind = self._durable.get(type(event))
            if kind is not None:
                try:
                    if self._soon is not None and kind in self._soon_kinds:
                        self._soon(kind, payload, event.recv_ns, _monotonic_ns())
                    else:
                        self._journal(kind, payload, event.recv_ns, _monotonic_ns())
                    is_kept = True
                except JournalError as error:
                    self.broken = str(error) or type(error).__name__
                except ValueError as error:
                    self.refuse(str(error))
                    raise
        elif self.backlog is not None:
            kind = self._durable.get(type(event))
            if kind is not None:
                self.backlog.append((kind, payload, event.recv_ns, _monotonic_ns()))
        try:
            size = self._append(payload)
        except ValueError as error:
            self.refuse(str(error))
            raise
        self.records += 1
        if self._kept is not None:
            self._kept.append(event)
        if size < self._bytes_max and is_kept:
            self._owes = True
        elif size >= self._bytes_max or (self._waiting is not None and type(event) not in self._waiting):
            self.flush()

    cpdef settle_owed(self):
        """Flush what waits because the journal has it already."""
        if self._owes:
            self._owes = False
            self.flush()
