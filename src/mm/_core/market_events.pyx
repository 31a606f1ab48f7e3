# cython: auto_pickle=False
# (the base class, of another module, tells how an event is copied)
"""What venues say of their markets, and what we know of the way to them."""

from cython cimport final, freelist, no_gc
from libc.stdint cimport int8_t, int64_t

from mm._core.event cimport Event


@final
@no_gc
@freelist(64)
cdef class BookFrame(Event):
    """A venue's book message as it came; `apply` gives it to the venue's book decoder."""

    KIND = 1
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("payload", "b"),)

    def __init__(self, int64_t recv_ns, str venue not None, bytes payload not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.payload = payload


@final
@no_gc
@freelist(64)
cdef class BookReset(Event):
    """Books cannot be trusted until their next snapshot; symbol '' means every book of the venue."""

    KIND = 2
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("reason", "s"),)

    def __init__(self, int64_t recv_ns, str venue not None, str symbol not None, str reason not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class Trade(Event):
    """A trade on the public tape; side is the taker's."""

    KIND = 3
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("symbol", "s"), ("side", "c"), ("price", "i"),
        ("size", "i"), ("trade_id", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str symbol not None, int8_t side, int64_t price,
        int64_t size, str trade_id not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.symbol = symbol
        self.side = side
        self.price = price
        self.size = size
        self.trade_id = trade_id


@final
@no_gc
@freelist(64)
cdef class Ticker(Event):
    """Best prices and last trade as the venue's ticker tells them."""

    KIND = 4
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("symbol", "s"), ("bid", "i"), ("bid_size", "i"),
        ("ask", "i"), ("ask_size", "i"), ("last", "i"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str symbol not None, int64_t bid, int64_t bid_size,
        int64_t ask, int64_t ask_size, int64_t last
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.symbol = symbol
        self.bid = bid
        self.bid_size = bid_size
        self.ask = ask
        self.ask_size = ask_size
        self.last = last


@final
@no_gc
@freelist(64)
cdef class InstrumentUpdate(Event):
    """An instrument's definition, `Instrument.to_json()`."""

    KIND = 5
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("definition", "b"),)

    def __init__(self, int64_t recv_ns, str venue not None, str symbol not None, bytes definition not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.definition = definition


@final
@no_gc
@freelist(64)
cdef class VenueStatus(Event):
    """The venue's system status: online, post_only, cancel_only, limit_only, maintenance."""

    KIND = 6
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("status", "s"),)

    def __init__(self, int64_t recv_ns, str venue not None, str status not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.status = status


@final
@no_gc
@freelist(64)
cdef class LinkChanged(Event):
    """A channel ('public', 'private') became usable, or no longer is."""

    KIND = 7
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("channel", "s"), ("up", "t"), ("reason", "s"),)

    def __init__(self, int64_t recv_ns, str venue not None, str channel not None, bint up, str reason not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.channel = channel
        self.up = up
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class ClockOffset(Event):
    """The venue's clock minus ours."""

    KIND = 8
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("offset_ns", "i"), ("uncertainty_ns", "i"),)

    def __init__(self, int64_t recv_ns, str venue not None, int64_t offset_ns, int64_t uncertainty_ns):
        self.recv_ns = recv_ns
        self.venue = venue
        self.offset_ns = offset_ns
        self.uncertainty_ns = uncertainty_ns
