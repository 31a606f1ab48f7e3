# cython: auto_pickle=False
# (the base class, of another module, tells how an event is copied)
"""What happens to orders: a venue's reports, our own refusals, and what is known when neither came."""

from cython cimport final, freelist, no_gc
from libc.stdint cimport int8_t, int64_t

from mm._core.event cimport Event


@no_gc
cdef class OrderNews(Event):
    """What all words about one order share; client_id is '' where only the venue's id is known."""


@final
@no_gc
@freelist(64)
cdef class OrderPending(OrderNews):
    """The venue has received the order; it is not live yet."""

    KIND = 20
    FIELDS = (("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"),)

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id


@final
@no_gc
@freelist(64)
cdef class OrderAccepted(OrderNews):
    """The order is live."""

    KIND = 21
    FIELDS = (("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"),)

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id


@final
@no_gc
@freelist(64)
cdef class OrderRejected(OrderNews):
    """The venue refused the order for good."""

    KIND = 22
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("reason", "s"),
        ("code", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        reason not None, str code not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.reason = reason
        self.code = code


@final
@no_gc
@freelist(64)
cdef class OrderCanceled(OrderNews):
    """The order is canceled; cum_size -1 when not told."""

    KIND = 23
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("cum_size", "i"),
        ("reason", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None,
        int64_t cum_size, str reason not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.cum_size = cum_size
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class OrderExpired(OrderNews):
    """The order's time is over; cum_size -1 when not told."""

    KIND = 24
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("cum_size", "i"),
        ("reason", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None,
        int64_t cum_size, str reason not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.cum_size = cum_size
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class Fill(OrderNews):
    """One execution; cum_size -1 when not told; fee in 1e-12 of fee_asset; liquidity 'm' or 't'.

    middle2: bid + ask of its market when it was taken, 0 unknown: what a fill captured is part of the fill, so that
    profit can be told again from the fills alone.
    """

    KIND = 25
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("symbol", "s"),
        ("side", "c"), ("execution_id", "s"), ("price", "i"), ("size", "i"), ("cum_size", "i"), ("liquidity", "s"),
        ("fee", "n"), ("fee_asset", "s"), ("middle2", "i"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        symbol not None, int8_t side, str execution_id not None, int64_t price, int64_t size, int64_t cum_size,
        str liquidity not None, object fee not None, str fee_asset not None, int64_t middle2=0
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.symbol = symbol
        self.side = side
        self.execution_id = execution_id
        self.price = price
        self.size = size
        self.cum_size = cum_size
        self.liquidity = liquidity
        self.fee = fee
        self.fee_asset = fee_asset
        self.middle2 = middle2


@final
@no_gc
@freelist(64)
cdef class OrderAmended(OrderNews):
    """Price and total size are now these; cum_size -1 when not told."""

    KIND = 26
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("price", "i"),
        ("size", "i"), ("cum_size", "i"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None,
        int64_t price, int64_t size, int64_t cum_size
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.price = price
        self.size = size
        self.cum_size = cum_size


@final
@no_gc
@freelist(64)
cdef class AmendRejected(OrderNews):
    """An amend was refused; the order is as it was."""

    KIND = 27
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("reason", "s"),
        ("code", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        reason not None, str code not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.reason = reason
        self.code = code


@final
@no_gc
@freelist(64)
cdef class CancelRejected(OrderNews):
    """A cancel was refused; gone: the venue knows no such open order (which is no proof)."""

    KIND = 28
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("reason", "s"),
        ("code", "s"), ("gone", "t"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        reason not None, str code not None, bint gone
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.reason = reason
        self.code = code
        self.gone = gone


@final
@no_gc
@freelist(64)
cdef class OutcomeUnknown(OrderNews):
    """What became of a request ('place', 'amend', 'cancel') is not known."""

    KIND = 29
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("request", "s"),
        ("reason", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        request not None, str reason not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.request = request
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class OrderReport(OrderNews):
    """The venue's whole view of one order, from 'stream', 'snapshot' or 'query'; 0 where not told."""

    KIND = 30
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("symbol", "s"),
        ("side", "c"), ("status", "s"), ("price", "i"), ("size", "i"), ("cum_size", "i"), ("reason", "s"),
        ("source", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        symbol not None, int8_t side, str status not None, int64_t price, int64_t size, int64_t cum_size, str
        reason not None, str source not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.symbol = symbol
        self.side = side
        self.status = status
        self.price = price
        self.size = size
        self.cum_size = cum_size
        self.reason = reason
        self.source = source


@final
@no_gc
@freelist(64)
cdef class OrderAbsent(OrderNews):
    """Two complete reads after the settle time agree that the order is not there."""

    KIND = 31
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("evidence", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        evidence not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.evidence = evidence


@final
@no_gc
@freelist(64)
cdef class OrderDenied(OrderNews):
    """Refused by ourselves; its bytes never left."""

    KIND = 32
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("reason", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        reason not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class OpenOrdersRead(Event):
    """A read of all open orders ended; its rows came before as OrderReport.

    asked_ns: when the first of its requests left; 0 not known. What was so only after that, it says nothing about.
    """

    KIND = 71
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("complete", "t"), ("count", "i"), ("asked_ns", "i"),)

    def __init__(self, int64_t recv_ns, str venue not None, bint complete, int64_t count, int64_t asked_ns):
        self.recv_ns = recv_ns
        self.venue = venue
        self.complete = complete
        self.count = count
        self.asked_ns = asked_ns
