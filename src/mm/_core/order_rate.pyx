# cython: nonecheck=True
"""Order requests by two buckets: orders placed, and requests of any kind. What a hedge asks and charges on its way."""

from libc.stdint cimport int64_t


cdef class OrderRate:
    """orders, requests: `mm._core.TokenBucket`; _paused_ns: until then no order goes, whatever they hold."""

    def __init__(self, orders, requests):
        self._orders = orders
        self._requests = requests
        self._take_order = orders.take
        self._take_request = requests.take
        self._order_permit = orders.next_permit_ns
        self._request_permit = requests.next_permit_ns

    cpdef bint allows(
        self, int64_t now_ns, str action, int64_t age_ns=0, bint priority=False, int64_t open_orders=0
    ) except -1:
        """Return whether a request may go; counts nothing."""
        return 0 < self.next_permit_ns(now_ns, action, age_ns, priority, open_orders) <= now_ns

    cpdef charge(self, int64_t now_ns, str action, int64_t age_ns=0):
        """Count a request that is on its way."""
        if action == "place":
            self._take_order(now_ns, 1, True)
        self._take_request(now_ns, 1, True)

    cpdef int64_t next_permit_ns(
        self, int64_t now_ns, str action, int64_t age_ns=0, bint priority=False, int64_t open_orders=0
    ) except? -1:
        """Return when `allows` will say yes, 0 if it never will; changes nothing."""
        cdef bint first
        cdef int64_t due_ns
        if action == "amend":
            return 0
        first = priority or action == "cancel"
        due_ns = self._request_permit(now_ns, 1, first)
        if action == "place":
            due_ns = max(due_ns, <int64_t>self._order_permit(now_ns, 1, first), self._paused_ns)
        return max(due_ns, now_ns)
