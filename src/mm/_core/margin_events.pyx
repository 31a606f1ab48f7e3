# cython: auto_pickle=False
# (the base class, of another module, tells how an event is copied)
"""What venues with leverage say of positions, margin and funding. Spot venues send none of these."""

from cython cimport final, freelist, no_gc
from libc.stdint cimport int8_t, int64_t

from mm._core.event cimport Event


@final
@no_gc
@freelist(64)
cdef class PositionReport(Event):
    """What the venue says of one side of a position: contracts held, and what they stand on.

    Prices in 1e-12 of the quote asset (a mean is off the tick), liquidation 0 while there is none; margin, realized,
    funding and fees in 1e-12 of the settlement asset as the venue counts them over the position's life (funding above
    zero received, fees below zero paid); margin_ratio_e8 -1 unknown; size 0: closed.
    """

    KIND = 45
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("symbol", "s"), ("position_id", "s"), ("side", "c"),
        ("size", "i"), ("size_frozen", "i"), ("entry_price_e12", "n"), ("liquidation_price_e12", "n"),
        ("margin", "n"), ("leverage", "i"), ("is_isolated", "t"), ("realized", "n"), ("funding", "n"), ("fees", "n"),
        ("margin_ratio_e8", "i"), ("adl_level", "i"), ("version", "i"), ("source", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str symbol not None, str position_id not None,
        int8_t side, int64_t size, int64_t size_frozen, object entry_price_e12 not None,
        object liquidation_price_e12 not None, object margin not None, int64_t leverage, bint is_isolated,
        object realized not None, object funding not None, object fees not None, int64_t margin_ratio_e8,
        int64_t adl_level, int64_t version, str source not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.symbol = symbol
        self.position_id = position_id
        self.side = side
        self.size = size
        self.size_frozen = size_frozen
        self.entry_price_e12 = entry_price_e12
        self.liquidation_price_e12 = liquidation_price_e12
        self.margin = margin
        self.leverage = leverage
        self.is_isolated = is_isolated
        self.realized = realized
        self.funding = funding
        self.fees = fees
        self.margin_ratio_e8 = margin_ratio_e8
        self.adl_level = adl_level
        self.version = version
        self.source = source


@final
@no_gc
@freelist(64)
cdef class FundingPaid(Event):
    """One settlement of funding of a position; amount above zero was received."""

    KIND = 46
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("symbol", "s"), ("record_id", "s"), ("side", "c"),
        ("amount", "n"), ("asset", "s"), ("rate_e12", "n"), ("position_value", "n"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str symbol not None, str record_id not None,
        int8_t side, object amount not None, str asset not None, object rate_e12 not None,
        object position_value not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.symbol = symbol
        self.record_id = record_id
        self.side = side
        self.amount = amount
        self.asset = asset
        self.rate_e12 = rate_e12
        self.position_value = position_value


@final
@no_gc
@freelist(64)
cdef class FundingRate(Event):
    """The rate of the next settlement of funding: what a long pays of its value, a short receives."""

    KIND = 47
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("symbol", "s"), ("rate_e12", "n"), ("settle_ns", "i"),
        ("period_s", "i"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str symbol not None, object rate_e12 not None,
        int64_t settle_ns, int64_t period_s
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.symbol = symbol
        self.rate_e12 = rate_e12
        self.settle_ns = settle_ns
        self.period_s = period_s


@final
@no_gc
@freelist(64)
cdef class MarkPrice(Event):
    """The price by which the venue values positions, and the index under it."""

    KIND = 48
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("symbol", "s"), ("mark_e12", "n"), ("index_e12", "n"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str symbol not None, object mark_e12 not None,
        object index_e12 not None
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.symbol = symbol
        self.mark_e12 = mark_e12
        self.index_e12 = index_e12


@final
@no_gc
@freelist(64)
cdef class MarginReport(Event):
    """The margin account of an asset, in 1e-12 of it."""

    KIND = 49
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("asset", "s"), ("equity", "n"), ("available", "n"),
        ("position_margin", "n"), ("order_margin", "n"), ("unrealized", "n"), ("bonus", "n"), ("source", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str asset not None, object equity not None, object available not None,
        object position_margin not None, object order_margin not None, object unrealized not None,
        object bonus not None, str source not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.asset = asset
        self.equity = equity
        self.available = available
        self.position_margin = position_margin
        self.order_margin = order_margin
        self.unrealized = unrealized
        self.bonus = bonus
        self.source = source


@final
@no_gc
@freelist(8)
cdef class LiquidationRisk(Event):
    """The venue warns that it may take a position over."""

    KIND = 53
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("symbol", "s"), ("position_id", "s"),
        ("liquidation_price_e12", "n"), ("margin_ratio_e8", "i"), ("adl_level", "i"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str symbol not None, str position_id not None,
        object liquidation_price_e12 not None, int64_t margin_ratio_e8, int64_t adl_level
    ):
        self.recv_ns = recv_ns
        self.venue_ns = venue_ns
        self.venue = venue
        self.symbol = symbol
        self.position_id = position_id
        self.liquidation_price_e12 = liquidation_price_e12
        self.margin_ratio_e8 = margin_ratio_e8
        self.adl_level = adl_level


@final
@no_gc
@freelist(8)
cdef class PositionChanged(Event):
    """A position changed without an order of ours, and is booked so: our own conclusion, from the venue's words.

    size: signed, in size units; price, middle2: at which it counts while no fill tells of it; evidence: what says so.
    """

    KIND = 58
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("size", "i"), ("price", "i"), ("middle2", "i"),
        ("evidence", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str symbol not None, int64_t size, int64_t price, int64_t middle2,
        str evidence not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.size = size
        self.price = price
        self.middle2 = middle2
        self.evidence = evidence
