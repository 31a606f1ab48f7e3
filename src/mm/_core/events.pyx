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
from libc.stdint cimport int8_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void* PyUnicode_DATA(object text)
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1

from mm._core.commands cimport Amend as _Amend
from mm._core.commands cimport Place as _Place
from mm._core.event cimport Event
from mm._core.market_events cimport BookFrame as _BookFrame
from mm._core.order_events cimport Fill as _Fill

from mm._core.account_checks import AccountRead, Difference, Reconcile, Reconciled
from mm._core.account_events import Balance, BalanceChange, FeeRates, ForeignOrders, TimerSet
from mm._core.commands import (
    Alert, Amend, Cancel, CancelAfter, HedgeRouted, Latched, Operator, Place, ProfitMarked, QueryOrder, Recovered,
    Resync, SettingsChanged, Start, StrategyPaused, Timer,
)
from mm._core.event import Event as _Event
from mm._core.margin_events import (
    FundingPaid, FundingRate, LiquidationRisk, MarginReport, MarkPrice, PositionChanged, PositionReport,
)
from mm._core.market_events import (
    BookFrame, BookReset, ClockOffset, InstrumentUpdate, LinkChanged, Ticker, Trade, VenueStatus,
)
from mm._core.order_events import (
    AmendRejected, CancelRejected, Fill, OpenOrdersRead, OrderAbsent, OrderAccepted, OrderAmended, OrderCanceled,
    OrderDenied, OrderExpired, OrderPending, OrderRejected, OrderReport, OutcomeUnknown,
)
from mm._core.order_events import OrderNews as _OrderNews

# 4: a snapshot keeps names of fills by venue and time (`named`), a journal may have been reopened within it, a request
# that was withdrawn has its own code. Builds of form 3 would read all of them wrongly, and refuse the folder.
FORMAT_VERSION = 4
# Forms that `unpack` reads: what an earlier one wrote otherwise has a kind of its own (`_EARLIER`).
READABLE_FORMS = frozenset((2, 3, 4))
BUY = 1
SELL = -1
# The classes that others derive from are no events themselves, but names of this module like them.
globals().update(Event=_Event, OrderNews=_OrderNews)

CLASSES = (
    BookFrame, BookReset, Trade, Ticker, InstrumentUpdate, VenueStatus, LinkChanged, ClockOffset, OrderPending,
    OrderAccepted, OrderRejected, OrderCanceled, OrderExpired, Fill, OrderAmended, AmendRejected, CancelRejected,
    OutcomeUnknown, OrderReport, OrderAbsent, OrderDenied, OpenOrdersRead, Balance, BalanceChange, ForeignOrders,
    FeeRates, TimerSet, Timer, Operator, Start, Place, Amend, Cancel, CancelAfter, Resync, QueryOrder, Alert,
    PositionReport, FundingPaid, FundingRate, MarkPrice, MarginReport, LiquidationRisk, StrategyPaused,
    SettingsChanged, Reconcile, AccountRead, Difference, Reconciled, PositionChanged, Latched,
    Recovered, ProfitMarked, HedgeRouted,
)


# In functions: Cython 3.3 gives back a reference to None that it never took for every comprehension of a module's top
# level, and an interpreter before 3.12 that runs out of them aborts when it ends.
def _by_kind():
    return {kind.KIND: (kind, tuple([field for field in kind.FIELDS])) for kind in CLASSES}


def _schemas():
    return {kind: (kind.KIND, tuple([(name, ord(code)) for name, code in kind.FIELDS])) for kind in CLASSES}


cdef dict _BY_KIND = _by_kind()
# Kinds that are not written any more, with their fields and the values of those that they lack.
cdef dict _EARLIER = {
    # Form 2: a list of open orders that does not say when it was asked for.
    33: (OpenOrdersRead, OpenOrdersRead.FIELDS[:4], (0,)),
}
cdef dict _SCHEMAS = _schemas()
cdef int8_t BOOK_FRAME = BookFrame.KIND
cdef int8_t AMEND = Amend.KIND
cdef int8_t FILL = Fill.KIND
cdef int8_t PLACE = Place.KIND


cdef inline uint8_t bytes_of(int64_t number) noexcept nogil:
    """How many bytes a number takes in two's complement: its bits, and one for the sign."""
    cdef uint64_t bits = <uint64_t>number if number >= 0 else 0 - <uint64_t>number
    cdef uint8_t count = 1
    while bits >> 7:
        bits >>= 8
        count += 1
    return count


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

    cdef int grow(self, size_t count) except -1:
        cdef size_t room = self.room
        cdef char* grown
        while count > room - self.size:
            room *= 2
        grown = <char*>PyMem_Realloc(self.start, room)
        if grown == NULL:
            raise MemoryError
        self.start = grown
        self.room = room
        return 0

    cdef inline int put(self, const void* source, size_t count) except -1:
        if count > self.room - self.size:
            self.grow(count)
        memcpy(self.start + self.size, source, count)
        self.size += count
        return 0

    cdef int put_text(self, str value) except -1:
        cdef Py_ssize_t count = 0
        cdef const char* raw
        cdef uint16_t size
        if value is not None and PyUnicode_IS_COMPACT_ASCII(value):
            raw = <const char*>PyUnicode_DATA(value)
            count = PyUnicode_GET_LENGTH(value)
        else:
            raw = PyUnicode_AsUTF8AndSize(value, &count)
        size = <uint16_t>count
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
        cdef int count
        cdef uint8_t size
        cdef int overflow = 0
        cdef int64_t small = PyLong_AsLongLongAndOverflow(value, &overflow)
        cdef bytes raw
        if not overflow:
            size = bytes_of(small)
            self.put(&size, 1)
            # Two's complement of the lowest bytes, as little endian machines keep it.
            return self.put(&small, size)
        count = (value.bit_length() + 8) // 8
        size = <uint8_t>count
        if count > 255:
            raise ValueError("number is longer than the recording takes (255 bytes)")
        self.put(&size, 1)
        raw = value.to_bytes(count, "little", signed=True)
        return self.put(PyBytes_AS_STRING(raw), count)


cdef _Writer _WRITER = _Writer()


cdef bytes pack_fill(_Writer writer, _Fill event):
    writer.put(&FILL, 1)
    writer.put(&event.recv_ns, 8)
    writer.put(&event.venue_ns, 8)
    writer.put_text(event.venue)
    writer.put_text(event.client_id)
    writer.put_text(event.venue_id)
    writer.put_text(event.symbol)
    writer.put(&event.side, 1)
    writer.put_text(event.execution_id)
    writer.put(&event.price, 8)
    writer.put(&event.size, 8)
    writer.put(&event.cum_size, 8)
    writer.put_text(event.liquidity)
    writer.put_number(event.fee)
    writer.put_text(event.fee_asset)
    writer.put(&event.middle2, 8)
    return PyBytes_FromStringAndSize(writer.start, writer.size)


cdef bytes pack_place(_Writer writer, _Place event):
    cdef int8_t flag
    writer.put(&PLACE, 1)
    writer.put(&event.recv_ns, 8)
    writer.put_text(event.venue)
    writer.put_text(event.symbol)
    writer.put_text(event.client_id)
    writer.put_text(event.strategy)
    writer.put_text(event.purpose)
    writer.put(&event.level, 8)
    writer.put(&event.side, 1)
    writer.put(&event.price, 8)
    writer.put(&event.size, 8)
    writer.put_text(event.order_type)
    writer.put_text(event.time_in_force)
    flag = event.post_only
    writer.put(&flag, 1)
    flag = event.reduce_only
    writer.put(&flag, 1)
    writer.put_text(event.parent)
    return PyBytes_FromStringAndSize(writer.start, writer.size)


cpdef bytes pack(Event event):
    """Return the event's binary form. Raises ValueError for text longer than 65535 bytes."""
    if event is None:
        raise TypeError("event: None is no event")
    cdef int64_t number
    cdef int8_t small
    cdef int code
    cdef _Writer writer = _WRITER
    cdef tuple schema
    writer.size = 0
    # What comes with every tick is written without looking its fields up by name.
    if type(event) is _BookFrame:
        writer.put(&BOOK_FRAME, 1)
        writer.put(&event.recv_ns, 8)
        writer.put_text((<_BookFrame>event).venue)
        writer.put_bytes((<_BookFrame>event).payload)
        return PyBytes_FromStringAndSize(writer.start, writer.size)
    if type(event) is _Amend:
        writer.put(&AMEND, 1)
        writer.put(&event.recv_ns, 8)
        writer.put_text((<_Amend>event).venue)
        writer.put_text((<_Amend>event).symbol)
        writer.put_text((<_Amend>event).client_id)
        writer.put_text((<_Amend>event).venue_id)
        writer.put(&(<_Amend>event).price, 8)
        writer.put(&(<_Amend>event).size, 8)
        return PyBytes_FromStringAndSize(writer.start, writer.size)
    if type(event) is _Fill:
        return pack_fill(writer, <_Fill>event)
    if type(event) is _Place:
        return pack_place(writer, <_Place>event)
    schema = <tuple>_SCHEMAS[type(event)]
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
    """Return the event of a binary form. Raises ValueError, naming the field, for anything that `pack` did not make, in
    this form or another of `READABLE_FORMS`."""
    cdef _Reader reader = _Reader()
    reader.data = data
    reader.at = 0
    reader.field = "kind"
    number = <uint8_t>(reader.take(1)[0])
    known = _BY_KIND.get(number)
    missing = ()
    if known is None and number in _EARLIER:
        earlier = _EARLIER[number]
        known, missing = earlier[:2], earlier[2]
    if known is None:
        raise ValueError(f"kind: {number} is no event of format {FORMAT_VERSION}")
    values = []
    for name, code in known[1]:
        reader.field = name
        values.append(reader.read(code))
    if reader.at != len(data):
        raise ValueError(f"{known[0].__name__}: {len(data) - reader.at} bytes after the last field")
    return known[0](*values, *missing)
