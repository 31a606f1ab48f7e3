# cython: nonecheck=True
"""REST calls, and the plain case of an order's: nothing waits, and the lane of orders has room. `mm.net.rest` has all
other cases."""

from cython cimport final
from libc.stdint cimport int64_t

from mm._core.event cimport Event

# One in four of the order requests that may be under way is kept for cancels, where there can be several.
CANCEL_SHARE = 4
READ_TIMEOUT_NS = 10_000_000_000
COMMAND_TIMEOUT_NS = 5_000_000_000

cdef Py_ssize_t _CANCEL_SHARE = CANCEL_SHARE


@final
cdef class Call:
    """One REST call, from wish to final answer.

    kind: the codec's name of the request; parameters: what it is encoded from; owner: who gets the answer; subject:
    what the owner needs to know the answer by; is_read: may be repeated; is_private: needs the key and its nonce;
    urgent: on the lane of cancels; rank: of reads that wait, the lowest goes first, even if a cheaper one could go at
    once; cost: points of the venue's call counter; expires_ns: not worth sending after this, 0 always.
    """

    def __init__(
        self, str kind not None, str owner not None, dict parameters=None, *, command=None, subject=None, query=None,
        int64_t request_id=0, bint is_read=True, bint is_private=True, bint urgent=False, int64_t rank=0,
        int64_t cost=1, int64_t not_before_ns=0, int64_t expires_ns=0,
    ):
        self.kind = kind
        self.owner = owner
        self.parameters = {} if parameters is None else parameters
        self.command = command
        self.subject = subject
        self.query = query
        self.request_id = request_id
        self.is_read = is_read
        self.is_private = is_private
        self.urgent = urgent
        self.rank = rank
        self.cost = cost
        self.not_before_ns = not_before_ns
        self.expires_ns = expires_ns

    def __repr__(self):
        return f"Call({self.kind!r}, {self.owner!r}, request_id={self.request_id}, attempts={self.attempts})"

    @property
    def has_priority(self):
        """It may use the reserve of the call counter: the reads of a recovery, before inquiries and what can wait."""
        return self.urgent or self.rank == 0

    @property
    def timeout_ns(self):
        """How long an answer may take."""
        return READ_TIMEOUT_NS if self.is_read else COMMAND_TIMEOUT_NS


cdef class SilenceCore:
    """Whether a reason to send nothing is in force. state: `mm.net.access.State`; open_state: the one without it."""

    def __init__(self, open_state):
        self.state = self._open_state = open_state


cdef class RestCore:
    """waiting: calls that wait; urgent: those in flight on the lane of orders and cancels, `urgent_max` at most; ban,
    key: while one of them is in force, orders are kept back."""

    def __init__(self, Py_ssize_t urgent_max, SilenceCore ban not None, SilenceCore key not None):
        self._ban = ban
        self._key = key
        self.waiting = []
        self.urgent = []
        self.urgent_max = urgent_max
        # Orders whose answers hang must not keep cancels from going: some of the room is for those alone.
        self.orders_max = urgent_max - urgent_max // _CANCEL_SHARE

    cdef bint takes_order(self) except -1:
        """Whether an order would go at once: no cancel or other order waits, and reads are on lanes of their own."""
        cdef Py_ssize_t orders = 0
        if len(self.urgent) >= self.urgent_max:
            return False
        for each in self.urgent:
            if (<Call?>each).rank:
                orders += 1
        if orders >= self.orders_max:
            return False
        for each in self.waiting:
            if (<Call?>each).urgent:
                return False
        # Not past a venue that has shut us out, or that takes the key for lost: the queue knows what may try.
        return self._ban.state is self._ban._open_state and self._key.state is self._key._open_state

    cdef Call begin_order(self, int64_t now_ns, Event command, int64_t request_id, int64_t expires_ns):
        """Put an order's call in flight."""
        cdef Call call = Call.__new__(Call)
        call.kind = "place"
        call.owner = "command"
        call.parameters = {}
        call.command = command
        call.request_id = request_id
        call.is_private = True
        call.urgent = True
        # Behind every cancel that waits.
        call.rank = 1
        call.expires_ns = expires_ns
        call.attempts = 1
        self.urgent.append(call)
        return call
