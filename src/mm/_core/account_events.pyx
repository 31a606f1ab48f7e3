# cython: auto_pickle=False
# (the base class, of another module, tells how an event is copied)
"""What venues say of the account: balances, fees, and orders that are not ours."""

from cython cimport final, freelist, no_gc
from libc.stdint cimport int64_t

from mm._core.event cimport Event


@final
@no_gc
@freelist(64)
cdef class Balance(Event):
    """The whole balance of an asset, in 1e-12."""

    KIND = 40
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("asset", "s"), ("total", "n"), ("source", "s"),)

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str asset not None, object total not None, str source not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.asset = asset
        self.total = total
        self.source = source


@final
@no_gc
@freelist(64)
cdef class BalanceChange(Event):
    """One row of the venue's ledger, in 1e-12 of the asset."""

    KIND = 41
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("ledger_id", "s"), ("reference", "s"), ("kind", "s"),
        ("asset", "s"), ("amount", "n"), ("fee", "n"), ("total", "n"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str ledger_id not None, str reference not None, str
        kind not None, str asset not None, object amount not None, object fee not None, object total not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.ledger_id = ledger_id
        self.reference = reference
        self.kind = kind
        self.asset = asset
        self.amount = amount
        self.fee = fee
        self.total = total


@final
@no_gc
@freelist(64)
cdef class ForeignOrders(Event):
    """How many open orders on the account are not ours."""

    KIND = 42
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("count", "i"),)

    def __init__(self, int64_t recv_ns, str venue not None, int64_t count):
        self.recv_ns = recv_ns
        self.venue = venue
        self.count = count


@final
@no_gc
@freelist(8)
cdef class TimerSet(Event):
    """The venue's word about its dead man's switch: seconds until it fires, 0 it is off or not known to be on."""

    KIND = 44
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("timeout_s", "i"),)

    def __init__(self, int64_t recv_ns, str venue not None, int64_t timeout_s):
        self.recv_ns = recv_ns
        self.venue = venue
        self.timeout_s = timeout_s


@final
@no_gc
@freelist(64)
cdef class FeeRates(Event):
    """The account's fee rates, fractions of cost in 1e-8."""

    KIND = 43
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("maker_fee_e8", "i"), ("taker_fee_e8", "i"),)

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str symbol not None, int64_t maker_fee_e8, int64_t taker_fee_e8
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.maker_fee_e8 = maker_fee_e8
        self.taker_fee_e8 = taker_fee_e8
