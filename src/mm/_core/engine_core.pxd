from libc.stdint cimport int64_t

from mm._core.booking cimport BookingCore
from mm._core.client_ids cimport ClientIdsCore
from mm._core.commands cimport Amend, Cancel, Place
from mm._core.event cimport Event
from mm._core.limits cimport Limits, Refused
from mm._core.market cimport MarketCore, VenueCore
from mm._core.market_events cimport BookFrame
from mm._core.order cimport Order
from mm._core.quotes cimport Quote, Quoting
from mm._core.recording cimport RecorderCore


cdef class EngineCore(BookingCore):
    cdef readonly Limits limits
    cdef readonly object recorder, decisions
    cdef readonly ClientIdsCore ids
    cdef readonly dict markets, cancel_asked_ns, cancel_tries
    # Orders, (venue, client id), whose amends wait here and are not to leave: no part of the state.
    cdef readonly set recalled
    cdef public bint is_paused, is_heard
    # What the run waits for before its first order, '' once everything is there.
    cdef public str awaited
    cdef public int64_t last_ns, upkeep_due_ns
    cdef object _record, _upkeep
    # What records, where it is one of ours; None else.
    cdef RecorderCore _recorder
    cdef dict _handlers, _assets
    cdef list _commands, _market_list
    cdef readonly int64_t _book_age_ns_max
    cdef public int64_t _pull_ns
    cdef int64_t _private_down_ns_max

    cpdef int apply(self, Event event) except -1
    cpdef int emit(self, Event command) except -1
    cpdef list decide(self, int64_t now_ns)
    cpdef list decide_first(self, int64_t now_ns)
    cpdef list decide_quotes(self, int64_t now_ns)
    cpdef list decide_unsent(self, int64_t now_ns)
    cpdef int64_t next_deadline(self) except? -1
    cpdef int64_t cancel(self, int64_t now_ns, Order order, str reason, list acts=*) except? -1
    cpdef str gate(self, int64_t now_ns, MarketCore market)
    cpdef str market_gate(self, int64_t now_ns, MarketCore market)
    cpdef str venue_gate(self, int64_t now_ns, MarketCore market)
    cpdef Quoting curbed(self, MarketCore market, Quoting quoting)
    cpdef Refused refusal(
        self, int64_t now_ns, MarketCore market, Order order, Quote quote, str reason, object others_micro_usd
    )
    cpdef int look_around(self, int64_t now_ns, MarketCore market) except -1
    cpdef object others_micro_usd(self, MarketCore market)
    cdef int _apply_book(self, BookFrame event) except -1
    cdef int _apply_place(self, Place command) except -1
    cdef int _apply_amend(self, Amend command) except -1
    cdef int _apply_cancel(self, Cancel command) except -1
    cdef int _recall(self, Order order) except -1
    cdef str _forbidden(self, int64_t now_ns, Order order)
    cdef bint _is_killed(self, Order order) except -1
    cdef bint _in_maintenance(self, str venue, str symbol) except -1
    cdef MarketCore _market_of(self, str venue, str symbol)
    cdef Quoting _asked(self, int64_t now_ns, MarketCore market)
    cdef int _wake_hearers(self) except -1
    cdef int _pull(self, int64_t now_ns, MarketCore market, str reason, list acts) except -1
    cdef int _quote(self, int64_t now_ns, MarketCore market) except -1
    cdef int _carry_out(self, int64_t now_ns, MarketCore market, list steps, list acts, list refused) except -1
    cdef int _keep(
        self, int64_t now_ns, MarketCore market, str gate, Quoting quoting, tuple acts, tuple refused
    ) except -1
