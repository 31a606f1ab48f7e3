# cython: nonecheck=True
"""Order requests by two buckets: orders placed, and requests of any kind. What a hedge asks and charges on its way.

The buckets count as `mm._core.TokenBucket` does, a token a request, to the same nanosecond. They are here because a
hedge asks twice and charges twice between a fill and its bytes, and four calls into Rust are 7% of the work there.
"""

from libc.stdint cimport int64_t

from mm._core.int128 cimport as_int, mm_fits_int64, mm_int128
from mm._core.words cimport same

# Beyond every venue, and far from the edge of 128 bits.
TOKENS_MAX = 1_000_000_000

cdef mm_int128 TOKEN = 1_000_000_000_000
cdef str PLACE = "place"
cdef str CANCEL = "cancel"
cdef str AMEND = "amend"


cdef Bucket bucket(str name, tuple figures) except *:
    """A full bucket of (tokens, tokens a second, reserve). Raises ValueError for figures that make none."""
    cdef Bucket made
    capacity, per_s, reserve = figures
    if not 1 <= capacity <= TOKENS_MAX:
        raise ValueError(f"{name}: {capacity} tokens are not from 1 to 10^9")
    if not 1 <= per_s <= TOKENS_MAX:
        raise ValueError(f"{name}: {per_s} tokens a second are not from 1 to 10^9")
    if not 0 <= reserve < capacity:
        raise ValueError(f"{name}: a reserve of {reserve} is not from 0 to less than {capacity}")
    made.level = 0
    made.updated_ns = 0
    made.threshold = TOKEN * <int64_t>capacity
    made.rate_e3 = <int64_t>per_s * 1000
    made.reserve = reserve
    return made


cdef inline mm_int128 level_at(Bucket* of, int64_t now_ns) noexcept:
    """What is used at a time; time that goes back is taken as no time."""
    cdef mm_int128 passed_ns = <mm_int128>now_ns - of.updated_ns
    cdef mm_int128 level = of.level
    if passed_ns > 0:
        level -= passed_ns * of.rate_e3
    return level if level > 0 else 0


cdef inline int64_t permit_ns(Bucket* of, int64_t now_ns, bint first) except? -1:
    """When a token is there, 0 if it never will be. first: it may be of the reserve."""
    cdef mm_int128 excess = level_at(of, now_ns) - of.threshold + TOKEN
    cdef mm_int128 due_ns
    if not first:
        excess += TOKEN * of.reserve
    if excess <= 0:
        return now_ns
    due_ns = (now_ns if now_ns > of.updated_ns else of.updated_ns) + (excess + of.rate_e3 - 1) // of.rate_e3
    return <int64_t>due_ns if mm_fits_int64(due_ns) else 0


cdef inline int take(Bucket* of, int64_t now_ns) noexcept:
    """Count a token, if there is one."""
    cdef mm_int128 level = level_at(of, now_ns) + TOKEN
    if level <= of.threshold:
        of.level = level
        if now_ns > of.updated_ns:
            of.updated_ns = now_ns
    return 0


cdef class OrderRate:
    """orders, requests: tokens, tokens a second, and how many of them only cancels and hedges may use; _paused_ns:
    until then no order goes, whatever the buckets hold."""

    def __init__(self, tuple orders not None, tuple requests not None):
        self._orders = bucket("orders", orders)
        self._requests = bucket("requests", requests)

    cpdef bint allows(
        self, int64_t now_ns, str action, int64_t age_ns=0, bint priority=False, int64_t open_orders=0
    ) except -1:
        """Return whether a request may go; counts nothing."""
        return 0 < self.next_permit_ns(now_ns, action, age_ns, priority, open_orders) <= now_ns

    cpdef charge(self, int64_t now_ns, str action, int64_t age_ns=0):
        """Count a request that is on its way."""
        if same(action, PLACE):
            take(&self._orders, now_ns)
        take(&self._requests, now_ns)

    cpdef int64_t next_permit_ns(
        self, int64_t now_ns, str action, int64_t age_ns=0, bint priority=False, int64_t open_orders=0
    ) except? -1:
        """Return when `allows` will say yes, 0 if it never will; changes nothing."""
        cdef bint first
        cdef int64_t due_ns
        if same(action, PLACE):
            due_ns = max(
                permit_ns(&self._requests, now_ns, priority), permit_ns(&self._orders, now_ns, priority),
                self._paused_ns,
            )
        elif same(action, AMEND):
            return 0
        else:
            first = priority or same(action, CANCEL)
            due_ns = permit_ns(&self._requests, now_ns, first)
        return max(due_ns, now_ns)

    def room(self, int64_t now_ns):
        """Return the orders that may still go, those of the reserve among them, for display."""
        cdef mm_int128 orders = self._orders.threshold - level_at(&self._orders, now_ns)
        cdef mm_int128 requests = self._requests.threshold - level_at(&self._requests, now_ns)
        return <double>(orders if orders < requests else requests) / <double>TOKEN

    def levels(self):
        """Return what both buckets hold and since when, the same after the same charges."""
        return (
            as_int(self._orders.level), self._orders.updated_ns, as_int(self._requests.level), self._requests.updated_ns
        )
