# cython: nonecheck=True
"""What a codec remembers of orders: Kraken's reports are deltas, MEXC's queries need the symbol of an order.

With Kraken, everything after `pending_new` names neither symbol nor price nor quantity, so that without a memory a
report's numbers could not be scaled. Open orders are remembered until they end; ended ones for a while, since a second
terminal marker or a late fill may follow.
"""

from collections import deque

from cython cimport final
from libc.stdint cimport int64_t

from mm._core.commands cimport Place

# Many times what an account may have open (225 a pair); foreign orders count too.
OPEN_MAX = 20_000
# As many as the store of orders remembers.
CLOSED_MAX = 3_000
PLACED_MAX = 100

cdef Py_ssize_t _PLACED_MAX = PLACED_MAX


@final
cdef class KnownOrder:
    """The last known terms of one order. price, size: units, 0 unknown; post_only: None unknown."""

    def __init__(
        self, str client_id not None, str venue_id not None, str symbol not None, int side, int64_t price,
        int64_t size, post_only, bint is_closed=False,
    ):
        self.client_id = client_id
        self.venue_id = venue_id
        self.symbol = symbol
        self.side = side
        self.price = price
        self.size = size
        self.post_only = post_only
        self.is_closed = is_closed

    def __repr__(self):
        return (
            f"KnownOrder({self.client_id!r}, {self.venue_id!r}, {self.symbol!r}, {self.side}, {self.price}, "
            f"{self.size}, {self.post_only}, {self.is_closed})"
        )


@final
cdef class KnownOrders:
    """Orders by client id and by venue id, the oldest forgotten first; open_max, closed_max: how many are kept."""

    def __init__(self, Py_ssize_t open_max=OPEN_MAX, Py_ssize_t closed_max=CLOSED_MAX):
        self._open_max = open_max
        self._closed_max = closed_max
        self.by_venue = {}
        self._by_client = {}
        # Orders as the keys, in the order in which they came.
        self._open = {}
        self._closed = deque()
        self._placed = []

    def __len__(self):
        self._take_placed()
        return len(self._open) + len(self._closed)

    cpdef placed(self, command):
        """Take an order that is about to be sent; nothing is done with it yet, since its bytes should leave first."""
        self._placed.append(command)
        if len(self._placed) >= _PLACED_MAX:
            self._take_placed()

    cpdef KnownOrder find(self, str client_id, str venue_id):
        """Return the order of a venue id, else of a client id (which can be used again once its order has ended)."""
        cdef KnownOrder known = None
        if self._placed:
            self._take_placed()
        if venue_id:
            known = self.by_venue.get(venue_id)
        if known is None and client_id:
            known = self._by_client.get(client_id)
            if known is not None and venue_id and known.venue_id and known.venue_id != venue_id:
                return None
        return known

    cpdef KnownOrder remember(
        self, str client_id, str venue_id, str symbol, int side, int64_t price, int64_t size, object post_only=None
    ):
        """Take an order's terms: a new one, or news of one that is known (zeros and None leave what is known)."""
        cdef KnownOrder known = self.find(client_id, venue_id)
        if known is None or (known.is_closed and not venue_id):
            known = KnownOrder.__new__(KnownOrder)
            known.client_id = client_id
            known.venue_id = venue_id
            known.symbol = symbol
            known.side = side
            known.price = price
            known.size = size
            known.post_only = post_only
            self._open[known] = None
            while len(self._open) > self._open_max:
                oldest = next(iter(self._open))
                del self._open[oldest]
                self._forget(<KnownOrder?>oldest)
        else:
            known.client_id = known.client_id or client_id
            known.venue_id = known.venue_id or venue_id
            known.symbol = symbol or known.symbol
            known.side = side or known.side
            known.price = price or known.price
            known.size = size or known.size
            if post_only is not None:
                known.post_only = post_only
        if known.client_id:
            self._by_client[known.client_id] = known
        if known.venue_id:
            self.by_venue[known.venue_id] = known
        return known

    cpdef close(self, KnownOrder known):
        """The order has ended."""
        if known.is_closed:
            return
        known.is_closed = True
        self._open.pop(known, None)
        self._closed.append(known)
        if len(self._closed) > self._closed_max:
            self._forget(<KnownOrder?>self._closed.popleft())

    cdef int _take_placed(self) except -1:
        cdef Place place
        placed = self._placed
        self._placed = []
        for each in placed:
            place = <Place?>each
            self.remember(
                place.client_id, "", place.symbol, place.side, place.price if place.order_type == "limit" else 0,
                place.size, place.post_only,
            )
        return 0

    cdef int _forget(self, KnownOrder known) except -1:
        known.is_forgotten = True
        if self._by_client.get(known.client_id) is known:
            del self._by_client[known.client_id]
        if self.by_venue.get(known.venue_id) is known:
            del self.by_venue[known.venue_id]
        return 0
