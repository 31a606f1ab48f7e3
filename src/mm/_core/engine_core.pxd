from libc.stdint cimport int64_t

from mm._core.client_ids cimport ClientIdsCore
from mm._core.commands cimport Amend, Cancel, Place
from mm._core.event cimport Event
from mm._core.gates cimport GatesCore
from mm._core.market cimport MarketCore
from mm._core.market_events cimport BookFrame
from mm._core.order cimport Order
from mm._core.quotes cimport Quoting
from mm._core.recording cimport RecorderCore


cdef class EngineCore(GatesCore):
    cdef readonly object recorder, decisions
    cdef readonly ClientIdsCore ids
    cdef readonly dict cancel_asked_ns, cancel_tries
    # Orders, (venue, client id), whose amends wait here and are not to leave: no part of the state.
    cdef readonly set recalled
    cdef public bint is_heard
    cdef public int64_t last_ns, upkeep_due_ns
    cdef object _record, _upkeep
    # What records, where it is one of ours; None else.
    cdef RecorderCore _recorder
    cdef dict _handlers
    cdef list _commands, _market_list

    cpdef int apply(self, Event event) except -1
    cpdef int emit(self, Event command) except -1
    cpdef list decide(self, int64_t now_ns)
    cpdef list decide_first(self, int64_t now_ns)
    cpdef list decide_quotes(self, int64_t now_ns)
    cpdef list decide_unsent(self, int64_t now_ns)
    cpdef int64_t next_deadline(self) except? -1
    cpdef int64_t cancel(self, int64_t now_ns, Order order, str reason, list acts=*) except? -1
    cdef int _apply_book(self, BookFrame event) except -1
    cdef int _apply_place(self, Place command) except -1
    cdef int _apply_amend(self, Amend command) except -1
    cdef int _apply_cancel(self, Cancel command) except -1
    cdef int _recall(self, Order order) except -1
    cdef Quoting _asked(self, int64_t now_ns, MarketCore market)
    cdef int _wake_hearers(self) except -1
    cdef int _pull(self, int64_t now_ns, MarketCore market, str reason, list acts) except -1
    cdef int _quote(self, int64_t now_ns, MarketCore market) except -1
    cdef int _carry_out(self, int64_t now_ns, MarketCore market, list steps, list acts, list refused) except -1
    cdef int _keep(
        self, int64_t now_ns, MarketCore market, str gate, Quoting quoting, tuple acts, tuple refused
    ) except -1
