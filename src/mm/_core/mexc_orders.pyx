# cython: nonecheck=True
"""MEXC's orders on both of its markets, from the numbers to the signed request: limit orders in their usual form.

Any other order, and any that cannot be sent, is left to the writer in Python that each of them has besides: it knows
every form and says what is wrong with a bad one. (MEXC references: orders, signing.)
"""

from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from cython cimport final
from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.http_request cimport HttpRequest, http_request
from mm._core.known_orders cimport KnownOrders
from mm._core.order_writer cimport OrderWriter
from mm._core.text cimport TextWriter, ascii_of
from mm._core.words cimport same

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)

cdef int64_t MILLISECOND_NS = 1_000_000
cdef Py_ssize_t CLIENT_ID_LENGTH_MAX = 32
cdef str POST = "POST"
cdef str LIMIT = "limit"
cdef str GTC = "gtc"
cdef str IOC = "ioc"
cdef str FOK = "fok"


cdef bint is_client_id(str text) except -1:
    """1 to 32 letters, digits, '.', '_' or '-'."""
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t index
    cdef const char* raw
    if not PyUnicode_IS_ASCII(text):
        return False
    raw = PyUnicode_AsUTF8AndSize(text, &count)
    if not 1 <= count <= CLIENT_ID_LENGTH_MAX:
        return False
    for index in range(count):
        if not (
            c"0" <= raw[index] <= c"9" or c"a" <= raw[index] <= c"z" or c"A" <= raw[index] <= c"Z"
            or raw[index] == c"." or raw[index] == c"_" or raw[index] == c"-"
        ):
            return False
    return True


cdef inline str text_of(TextWriter writer):
    """What was written: names that were looked at, numbers, and words of our own."""
    return ascii_of(writer.start, writer.size)


cdef int put_number(TextWriter writer, int64_t units, int precision) except -1:
    """A number without trailing zeros behind its point."""
    writer.put_units(units, precision)
    if precision:
        while writer.start[writer.size - 1] == c"0":
            writer.size -= 1
        if writer.start[writer.size - 1] == c".":
            writer.size -= 1
    return 0


cdef class MexcOrders(OrderWriter):
    """What both markets share.

    instruments: shared with the codec; known: its memory of orders; sign: text to signature; other: writes all that is
    not plain. offset_ns: the venue's clock minus ours, set by the session.
    """

    def __init__(self, dict instruments not None, KnownOrders known not None, sign, other):
        self._instruments = instruments
        self._known = known
        self._sign = sign
        self._other = other
        self._writer = TextWriter()
        self._symbol = self._name = ""
        self._is_ascii = True

    cdef bint _is_plain(self, Place place) except -1:
        """A limit order of a known instrument that needs no word of explanation."""
        if not same(place.order_type, LIMIT) or place.price <= 0 or place.size <= 0 or place.reduce_only:
            return False
        if (place.side != 1 and place.side != -1) or not is_client_id(place.client_id):
            return False
        if not same(place.time_in_force, GTC) and (
            place.post_only or not (same(place.time_in_force, IOC) or same(place.time_in_force, FOK))
        ):
            return False
        return self._is_ascii and self._take_instrument(place.symbol)

    cdef bint _take_instrument(self, str symbol) except -1:
        """Take the grid and the venue's name of a symbol; False for one that is not known."""
        if not same(symbol, self._symbol):
            self._name = self._name_of(symbol)
            self._symbol = symbol
            self._instrument = None
        instrument = self._instruments.get(self._key_of())
        if instrument is None or not PyUnicode_IS_ASCII(self._name):
            return False
        if instrument is not self._instrument:
            self._price_precision = instrument.price_precision
            self._size_precision = instrument.size_precision
            self._lot = instrument.lot
            self._instrument = instrument
        return True

    cdef str _name_of(self, str symbol):
        """What the venue calls a symbol."""
        raise NotImplementedError

    cdef str _key_of(self):
        """By what its instrument is found."""
        raise NotImplementedError

    cdef int64_t _time_ms(self, int64_t nonce):
        return (nonce + self.offset_ns) // MILLISECOND_NS


@final
cdef class MexcSpotOrders(MexcOrders):
    """Orders of MEXC Spot. headers: of each request; tail: parameters that every order ends with, with their `&`;
    recv_window_ms: how old a request may be when it arrives."""

    def __init__(
        self, dict instruments not None, KnownOrders known not None, sign, other, tuple headers not None,
        str tail not None, int64_t recv_window_ms,
    ):
        MexcOrders.__init__(self, instruments, known, sign, other)
        self._headers = headers
        self._tail = tail.encode()
        self._is_ascii = tail.isascii()
        self._window = f"&recvWindow={recv_window_ms}".encode()

    cpdef HttpRequest write(self, Place place, int64_t nonce):
        """Return the request of an order, signed; nonce: our time. Raises LocalError for one that cannot be sent."""
        cdef TextWriter writer = self._writer
        cdef str query
        if not self._is_plain(place):
            return self._other(place, nonce)
        self._known.placed(place)
        writer.size = 0
        writer.put(b"symbol=", 7)
        writer.put_str(self._name)
        if place.side > 0:
            writer.put(b"&side=BUY&type=", 15)
        else:
            writer.put(b"&side=SELL&type=", 16)
        if place.post_only:
            writer.put(b"LIMIT_MAKER", 11)
        elif same(place.time_in_force, IOC):
            writer.put(b"IMMEDIATE_OR_CANCEL", 19)
        elif same(place.time_in_force, FOK):
            writer.put(b"FILL_OR_KILL", 12)
        else:
            writer.put(b"LIMIT", 5)
        writer.put(b"&quantity=", 10)
        writer.put_units(place.size, self._size_precision)
        writer.put(b"&price=", 7)
        writer.put_units(place.price, self._price_precision)
        writer.put(b"&newClientOrderId=", 18)
        writer.put_str(place.client_id)
        writer.put_bytes(self._tail)
        writer.put(b"&timestamp=", 11)
        writer.put_units(self._time_ms(nonce), 0)
        writer.put_bytes(self._window)
        query = text_of(writer)
        writer.size = 0
        writer.put(b"/api/v3/order?", 14)
        writer.put_str(query)
        writer.put(b"&signature=", 11)
        writer.put_str(<str?>self._sign(query))
        return http_request(POST, text_of(writer), self._headers, b"", False)

    cdef str _name_of(self, str symbol):
        return symbol.replace("/", "")

    cdef str _key_of(self):
        return self._symbol


@final
cdef class MexcFuturesOrders(MexcOrders):
    """Orders of MEXC Futures. key: of the account; tail: members that every order has, with their comma."""

    def __init__(
        self, dict instruments not None, KnownOrders known not None, sign, other, str key not None, str tail not None
    ):
        MexcOrders.__init__(self, instruments, known, sign, other)
        self._key = key
        self._is_ascii = key.isascii() and tail.isascii()
        self._key_header = ("ApiKey", key)
        self._type_header = ("Content-Type", "application/json")
        self._tail = tail.encode()

    cpdef HttpRequest write(self, Place place, int64_t nonce):
        """Return the request of an order, signed; nonce: our time. Raises LocalError for one that cannot be sent."""
        cdef TextWriter writer = self._writer
        cdef str time_ms
        cdef bytes body
        if not self._is_plain(place) or place.size % self._lot:
            return self._other(place, nonce)
        self._known.placed(place)
        writer.size = 0
        writer.put(b'{"symbol":"', 11)
        writer.put_str(self._name)
        writer.put(b'","price":', 10)
        put_number(writer, place.price, self._price_precision)
        writer.put(b',"vol":', 7)
        put_number(writer, place.size, self._size_precision)
        # Opening long is 1, opening short 3; what only closes is not plain.
        if place.side > 0:
            writer.put(b',"side":1,"type":', 17)
        else:
            writer.put(b',"side":3,"type":', 17)
        if place.post_only:
            writer.put(b"2", 1)
        elif same(place.time_in_force, IOC):
            writer.put(b"3", 1)
        elif same(place.time_in_force, FOK):
            writer.put(b"4", 1)
        else:
            writer.put(b"1", 1)
        writer.put_bytes(self._tail)
        writer.put(b',"externalOid":"', 16)
        writer.put_str(place.client_id)
        writer.put(b'"}', 2)
        body = writer.taken()
        writer.put_units(self._time_ms(nonce), 0)
        time_ms = text_of(writer)
        writer.size = 0
        writer.put_str(self._key)
        writer.put_str(time_ms)
        writer.put_bytes(body)
        signature = self._sign(text_of(writer))
        return http_request(
            POST,
            "/api/v1/private/order/create",
            (self._key_header, ("Request-Time", time_ms), ("Signature", signature), self._type_header),
            body,
            False,
        )

    cdef str _name_of(self, str symbol):
        return symbol.partition(":")[0].replace("/", "_")

    cdef str _key_of(self):
        return self._name
