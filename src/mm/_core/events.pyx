"""Events are facts, commands are imperatives: made once, never changed, and packed for the recording.

Every class names its fields and their types in `FIELDS`; that one literal drives comparison, representation and the
binary form. `KIND` is part of the recording format: numbers are never given again to something else.

The form of one event: u8 kind, then its fields in order, little endian: `i` int64, `c` int8, `t` u8 truth, `s` u16
length and UTF-8, `b` u32 length and bytes, `n` u8 length and a signed integer of any size. Prices and sizes are whole
units of the instrument's precision, fees and balances 1e-12 of their asset, times nanoseconds UTC. No secret is ever
in an event.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from cython cimport final, freelist, no_gc
from libc.stdint cimport int8_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy

FORMAT_VERSION = 1
BUY = 1
SELL = -1


@no_gc
cdef class Event:
    """What all events share; `recv_ns` is our receive time, for commands the time of the decision."""

    KIND = 0
    FIELDS = ()

    def values(self):
        """Return the fields' values in the order of `FIELDS`."""
        return tuple([getattr(self, name) for name, _ in type(self).FIELDS])

    def __eq__(self, other):
        return type(self) is type(other) and self.values() == (<Event>other).values()

    def __hash__(self):
        return hash((type(self).KIND, self.values()))

    def __repr__(self):
        fields = ", ".join([f"{name}={getattr(self, name)!r}" for name, _ in type(self).FIELDS])
        return f"{type(self).__name__}({fields})"

    def __reduce__(self):
        return type(self), self.values()

# Market data.


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

# Order reports.


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
    """One execution; cum_size -1 when not told; fee in 1e-12 of fee_asset; liquidity 'm' or 't'."""

    KIND = 25
    FIELDS = (
        ("recv_ns", "i"), ("venue_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"), ("symbol", "s"),
        ("side", "c"), ("execution_id", "s"), ("price", "i"), ("size", "i"), ("cum_size", "i"), ("liquidity", "s"),
        ("fee", "n"), ("fee_asset", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, int64_t venue_ns, str venue not None, str client_id not None, str venue_id not None, str
        symbol not None, int8_t side, str execution_id not None, int64_t price, int64_t size, int64_t cum_size,
        str liquidity not None, object fee not None, str fee_asset not None
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
    """A read of all open orders ended; its rows came before as OrderReport."""

    KIND = 33
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("complete", "t"), ("count", "i"),)

    def __init__(self, int64_t recv_ns, str venue not None, bint complete, int64_t count):
        self.recv_ns = recv_ns
        self.venue = venue
        self.complete = complete
        self.count = count

# Account.


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

# Engine.


@final
@no_gc
@freelist(64)
cdef class Timer(Event):
    """Time passed and nothing else happened."""

    KIND = 50
    FIELDS = (("recv_ns", "i"),)

    def __init__(self, int64_t recv_ns):
        self.recv_ns = recv_ns


@final
@no_gc
@freelist(64)
cdef class Operator(Event):
    """The operator asks: stop, pause, resume, kill."""

    KIND = 51
    FIELDS = (("recv_ns", "i"), ("action", "s"), ("argument", "s"),)

    def __init__(self, int64_t recv_ns, str action not None, str argument not None):
        self.recv_ns = recv_ns
        self.action = action
        self.argument = argument


@final
@no_gc
@freelist(64)
cdef class Start(Event):
    """A run begins; client ids carry the epoch."""

    KIND = 52
    FIELDS = (("recv_ns", "i"), ("seed", "i"), ("epoch", "i"), ("config", "b"),)

    def __init__(self, int64_t recv_ns, int64_t seed, int64_t epoch, bytes config not None):
        self.recv_ns = recv_ns
        self.seed = seed
        self.epoch = epoch
        self.config = config

# Commands.


@final
@no_gc
@freelist(64)
cdef class Place(Event):
    """Place a new order."""

    KIND = 60
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("client_id", "s"), ("strategy", "s"), ("purpose", "s"),
        ("level", "i"), ("side", "c"), ("price", "i"), ("size", "i"), ("order_type", "s"), ("time_in_force", "s"),
        ("post_only", "t"), ("reduce_only", "t"), ("parent", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str symbol not None, str client_id not None, str strategy not None,
        str purpose not None, int64_t level, int8_t side, int64_t price, int64_t size, str order_type not None,
        str time_in_force not None, bint post_only, bint reduce_only, str parent not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.client_id = client_id
        self.strategy = strategy
        self.purpose = purpose
        self.level = level
        self.side = side
        self.price = price
        self.size = size
        self.order_type = order_type
        self.time_in_force = time_in_force
        self.post_only = post_only
        self.reduce_only = reduce_only
        self.parent = parent


@final
@no_gc
@freelist(64)
cdef class Amend(Event):
    """Change price and total size of a live order in place."""

    KIND = 61
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("client_id", "s"), ("venue_id", "s"), ("price", "i"),
        ("size", "i"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str symbol not None, str client_id not None, str venue_id not None,
        int64_t price, int64_t size
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.client_id = client_id
        self.venue_id = venue_id
        self.price = price
        self.size = size


@final
@no_gc
@freelist(64)
cdef class Cancel(Event):
    """Cancel one own order."""

    KIND = 62
    FIELDS = (
        ("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("client_id", "s"), ("venue_id", "s"), ("reason", "s"),
    )

    def __init__(
        self,
        int64_t recv_ns, str venue not None, str symbol not None, str client_id not None, str venue_id not None,
        str reason not None
    ):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.client_id = client_id
        self.venue_id = venue_id
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class CancelAfter(Event):
    """Arm the venue's dead man's switch; 0 disarms it."""

    KIND = 63
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("timeout_s", "i"),)

    def __init__(self, int64_t recv_ns, str venue not None, int64_t timeout_s):
        self.recv_ns = recv_ns
        self.venue = venue
        self.timeout_s = timeout_s


@final
@no_gc
@freelist(64)
cdef class Resync(Event):
    """Drop a book and take a fresh snapshot."""

    KIND = 64
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("symbol", "s"), ("reason", "s"),)

    def __init__(self, int64_t recv_ns, str venue not None, str symbol not None, str reason not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.symbol = symbol
        self.reason = reason


@final
@no_gc
@freelist(64)
cdef class QueryOrder(Event):
    """Find out what the venue knows of an order."""

    KIND = 65
    FIELDS = (("recv_ns", "i"), ("venue", "s"), ("client_id", "s"), ("venue_id", "s"),)

    def __init__(self, int64_t recv_ns, str venue not None, str client_id not None, str venue_id not None):
        self.recv_ns = recv_ns
        self.venue = venue
        self.client_id = client_id
        self.venue_id = venue_id


@final
@no_gc
@freelist(64)
cdef class Alert(Event):
    """Tell the operator."""

    KIND = 66
    FIELDS = (("recv_ns", "i"), ("severity", "s"), ("text", "s"),)

    def __init__(self, int64_t recv_ns, str severity not None, str text not None):
        self.recv_ns = recv_ns
        self.severity = severity
        self.text = text


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


CLASSES = (
    BookFrame, BookReset, Trade, Ticker, InstrumentUpdate, VenueStatus, LinkChanged, ClockOffset, OrderPending,
    OrderAccepted, OrderRejected, OrderCanceled, OrderExpired, Fill, OrderAmended, AmendRejected, CancelRejected,
    OutcomeUnknown, OrderReport, OrderAbsent, OrderDenied, OpenOrdersRead, Balance, BalanceChange, ForeignOrders,
    FeeRates, TimerSet, Timer, Operator, Start, Place, Amend, Cancel, CancelAfter, Resync, QueryOrder, Alert,
)


# In functions: Cython 3.3 gives back a reference to None that it never took for every comprehension of a module's top
# level, and an interpreter before 3.12 that runs out of them aborts when it ends.
def _by_kind():
    return {kind.KIND: (kind, tuple([field for field in kind.FIELDS])) for kind in CLASSES}


def _schemas():
    return {kind: (kind.KIND, tuple([(name, ord(code)) for name, code in kind.FIELDS])) for kind in CLASSES}


cdef dict _BY_KIND = _by_kind()
cdef dict _SCHEMAS = _schemas()


cdef class _Writer:
    """Memory that a record is put together in; it grows and stays, so that a record costs one copy."""

    cdef char* start
    cdef size_t size
    cdef size_t room

    def __cinit__(self):
        self.room = 1024
        self.start = <char*>PyMem_Malloc(self.room)
        if self.start == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.start)

    cdef int put(self, const void* source, size_t count) except -1:
        cdef size_t room = self.room
        cdef char* grown
        if count > room - self.size:
            while count > room - self.size:
                room *= 2
            grown = <char*>PyMem_Realloc(self.start, room)
            if grown == NULL:
                raise MemoryError
            self.start = grown
            self.room = room
        memcpy(self.start + self.size, source, count)
        self.size += count
        return 0

    cdef int put_text(self, str value) except -1:
        cdef Py_ssize_t count = 0
        cdef const char* raw = PyUnicode_AsUTF8AndSize(value, &count)
        cdef uint16_t size = <uint16_t>count
        if count > 65535:
            raise ValueError(f"text of {count} bytes is longer than the recording takes (65535)")
        self.put(&size, 2)
        return self.put(raw, count)

    cdef int put_bytes(self, bytes value) except -1:
        cdef Py_ssize_t count = PyBytes_GET_SIZE(value)
        cdef uint32_t size = <uint32_t>count
        if count > 0xFFFFFFFF:
            raise ValueError("payload is longer than the recording takes (4 GiB)")
        self.put(&size, 4)
        return self.put(PyBytes_AS_STRING(value), count)

    cdef int put_number(self, object value) except -1:
        cdef int count = (value.bit_length() + 8) // 8
        cdef uint8_t size = <uint8_t>count
        cdef int64_t small
        cdef bytes raw
        if count > 255:
            raise ValueError("number is longer than the recording takes (255 bytes)")
        self.put(&size, 1)
        if count <= 8:
            # Two's complement of the lowest bytes, as little endian machines keep it.
            small = value
            return self.put(&small, count)
        raw = value.to_bytes(count, "little", signed=True)
        return self.put(PyBytes_AS_STRING(raw), count)


cdef _Writer _WRITER = _Writer()


def pack(Event event not None):
    """Return the event's binary form. Raises ValueError for text longer than 65535 bytes."""
    cdef int64_t number
    cdef int8_t small
    cdef int code
    cdef _Writer writer = _WRITER
    cdef tuple schema = <tuple>_SCHEMAS[type(event)]
    writer.size = 0
    small = <int8_t>schema[0]
    writer.put(&small, 1)
    for field in <tuple>schema[1]:
        value = getattr(event, <str>(<tuple>field)[0])
        code = <int>(<tuple>field)[1]
        if code == b"i":
            number = value
            writer.put(&number, 8)
        elif code == b"s":
            writer.put_text(<str>value)
        elif code == b"c" or code == b"t":
            small = <int8_t>value
            writer.put(&small, 1)
        elif code == b"b":
            writer.put_bytes(<bytes>value)
        else:
            writer.put_number(value)
    return PyBytes_FromStringAndSize(writer.start, writer.size)


cdef class _Reader:
    cdef bytes data
    cdef Py_ssize_t at
    cdef str field

    cdef const char* take(self, Py_ssize_t size) except NULL:
        cdef Py_ssize_t start = self.at
        if size > PyBytes_GET_SIZE(self.data) - start:
            raise ValueError(f"{self.field}: the record ends {size - len(self.data) + start} bytes too early")
        self.at = start + size
        return PyBytes_AS_STRING(self.data) + start

    cdef object read(self, str code):
        cdef int64_t number = 0
        cdef uint32_t size = 0
        cdef uint16_t length = 0
        if code == "i":
            memcpy(&number, self.take(8), 8)
            return number
        if code == "s":
            memcpy(&length, self.take(2), 2)
            raw = PyBytes_FromStringAndSize(self.take(length), length)
            try:
                return raw.decode()
            except UnicodeDecodeError:
                raise ValueError(f"{self.field}: not UTF-8") from None
        if code == "b":
            memcpy(&size, self.take(4), 4)
            return PyBytes_FromStringAndSize(self.take(size), size)
        number = (<const int8_t*>self.take(1))[0]
        if code == "c":
            return number
        if code == "t":
            if number != 0 and number != 1:
                raise ValueError(f"{self.field}: {number} is neither 0 nor 1")
            return number == 1
        length = <uint8_t>number
        return int.from_bytes(PyBytes_FromStringAndSize(self.take(length), length), "little", signed=True)


def unpack(bytes data not None):
    """Return the event of a binary form. Raises ValueError, naming the field, for anything that `pack` did not make."""
    cdef _Reader reader = _Reader()
    reader.data = data
    reader.at = 0
    reader.field = "kind"
    number = <uint8_t>(reader.take(1)[0])
    known = _BY_KIND.get(number)
    if known is None:
        raise ValueError(f"kind: {number} is no event of format {FORMAT_VERSION}")
    values = []
    for name, code in known[1]:
        reader.field = name
        values.append(reader.read(code))
    if reader.at != len(data):
        raise ValueError(f"{known[0].__name__}: {len(data) - reader.at} bytes after the last field")
    return known[0](*values)
