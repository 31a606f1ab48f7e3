# cython: nonecheck=True
"""Kraken's websocket requests for a new order and for an amend, from the numbers to the bytes.

Numbers are written with the instrument's full decimals and never pass through a float. A request carries a token: what
is returned here must not be logged.
"""

from cython cimport final
from libc.stdint cimport int64_t

from mm._core.commands cimport Amend, Place
from mm._core.event cimport Event
from mm._core.known_orders cimport KnownOrder
from mm._core.order_writer cimport SocketOrders, TokenCore
from mm._core.text cimport TextWriter

from mm.errors import LocalError

# Kraken takes a deadline in milliseconds; a tenth of a second is exact enough and repeats from order to order.
cdef int64_t TENTH_NS = 100_000_000


@final
cdef class KrakenRequestWriter:
    """Writes orders and amends.

    terms: `mm.exchanges.kraken.terms.Terms`, which checks and remembers what an order needs; other: writes all other
    commands; check_kind: refuses a kind
    of order that the venue does not have; order_tail: members that every order ends with, with their comma;
    deadline_ns: after the venue's present time, 0 none.
    """

    def __init__(self, terms, other, check_kind, bytes order_tail not None, int64_t deadline_ns):
        self._terms = terms
        self._instruments = terms.instruments
        self._orders = terms.orders
        self._other = other
        self._check_kind = check_kind
        self._order_tail = order_tail
        self.deadline_ns = deadline_ns
        self._kinds = {}
        self._token = ""
        self._token_quoted = b'""'
        self._writer = TextWriter()

    cpdef bytes write(self, Event command, int64_t request_id, str token, int64_t venue_now_ns):
        """Return the request of one command. Raises LocalError for a command that cannot be sent."""
        if type(command) is Amend:
            return self.amend(<Amend>command, request_id, token, venue_now_ns)
        if type(command) is Place:
            return self.place(<Place>command, request_id, token, venue_now_ns)
        return self._other(command, request_id, token)

    cpdef bytes amend(self, Amend command, int64_t request_id, str token, int64_t venue_now_ns):
        """Return `amend_order`. Raises LocalError for a command that cannot be sent."""
        cdef TextWriter writer = self._writer
        cdef str name = command.venue_id
        cdef bint by_venue = True
        instrument = self._instruments.get(command.symbol)
        if instrument is None:
            instrument = self._terms.instrument(command.symbol)
        if instrument is not self._newest:
            self._price_precision = instrument.price_precision
            self._size_precision = instrument.size_precision
            self._newest = instrument
        cdef KnownOrder known = self._orders.get(name) if name else None
        if not name:
            name, by_venue = self._terms.identity(command)
        if command.price <= 0 or command.size <= 0:
            raise LocalError(f"kraken: cannot amend to price {command.price}, size {command.size}")
        # As the order was placed, and when that is not known, yes.
        post_only = self._terms.post_only(command) if known is None else known.post_only is not False
        writer.size = 0
        if by_venue:
            writer.put(b'{"method":"amend_order","params":{"order_id":', 45)
        else:
            writer.put(b'{"method":"amend_order","params":{"cl_ord_id":', 46)
        writer.put_quoted(name)
        writer.put(b',"limit_price":', 15)
        writer.put_units(command.price, self._price_precision)
        writer.put(b',"order_qty":', 13)
        writer.put_units(command.size, self._size_precision)
        if post_only:
            writer.put(b',"post_only":true', 17)
        self._put_deadline(venue_now_ns)
        return self._end(request_id, token)

    cpdef bytes place(self, Place command, int64_t request_id, str token, int64_t venue_now_ns):
        """Return `add_order`. Raises LocalError for a command that cannot be sent."""
        cdef TextWriter writer = self._writer
        writer.size = 0
        writer.put(b'{"method":"add_order","params":{', 32)
        self._put_order(command)
        writer.put(b',"symbol":', 10)
        writer.put_quoted(command.symbol)
        self._put_deadline(venue_now_ns)
        return self._end(request_id, token)

    def order(self, Place command not None):
        """Return the members of one order, as `batch_add` takes them."""
        self._writer.size = 0
        self._put_order(command)
        return self._writer.taken()

    def deadline(self, int64_t venue_now_ns):
        """Return the member for the deadline with its comma, empty for none."""
        self._writer.size = 0
        self._put_deadline(venue_now_ns)
        return self._writer.taken()

    cdef int _put_order(self, Place command) except -1:
        cdef TextWriter writer = self._writer
        cdef bytes tail = self._kind(command)
        instrument = self._terms.place(command)
        if command.side > 0:
            writer.put(b'"side":"buy","order_qty":', 25)
        else:
            writer.put(b'"side":"sell","order_qty":', 26)
        writer.put_units(command.size, instrument.size_precision)
        if command.order_type == "limit":
            writer.put(b',"limit_price":', 15)
            writer.put_units(command.price, instrument.price_precision)
        writer.put(b',"cl_ord_id":', 13)
        writer.put_quoted(command.client_id)
        return writer.put_bytes(tail)

    cdef bytes _kind(self, Place command):
        """Return the members that orders of one kind share, made once."""
        key = (command.order_type, command.time_in_force, command.post_only, command.reduce_only)
        tail = self._kinds.get(key)
        if tail is None:
            self._check_kind(command.order_type, command.time_in_force, command.post_only)
            text = f',"order_type":"{command.order_type}"'
            if command.order_type == "limit":
                # A market order executes at once or not at all; how long it may rest is not asked.
                text += f',"time_in_force":"{command.time_in_force}"'
            text += ',"post_only":true' if command.post_only else ""
            text += ',"reduce_only":true' if command.reduce_only else ""
            tail = self._kinds[key] = text.encode() + self._order_tail
        return <bytes>tail

    cdef int _put_deadline(self, int64_t venue_now_ns) except -1:
        if venue_now_ns <= 0 or not self.deadline_ns:
            return 0
        self._writer.put(b',"deadline":', 12)
        return self._writer.put_time((venue_now_ns + self.deadline_ns) // TENTH_NS * TENTH_NS)

    cdef bytes _end(self, int64_t request_id, str token):
        cdef TextWriter writer = self._writer
        if token is not self._token:
            writer_of_token = TextWriter()
            (<TextWriter>writer_of_token).put_quoted(token)
            self._token_quoted = (<TextWriter>writer_of_token).taken()
            self._token = token
        writer.put(b',"token":', 9)
        writer.put_bytes(self._token_quoted)
        writer.put(b'},"req_id":', 11)
        writer.put_units(request_id, 0)
        writer.put(b"}", 1)
        return writer.taken()


@final
cdef class KrakenSocketOrders(SocketOrders):
    """The same from a link, with the token in use. other: encodes for a dialect that has no such writer."""

    def __init__(
        self, dict up not None, dict opened not None, TokenCore token not None, KrakenRequestWriter writer, other
    ):
        SocketOrders.__init__(self, up, opened, token)
        self._writer = writer
        self._other = other

    cdef bytes encode(self, Event command, int64_t request_id, int64_t venue_now_ns):
        if self._writer is None:
            return <bytes?>self._other(command, request_id, self._token.value, venue_now_ns)
        return self._writer.write(command, request_id, self._token.value, venue_now_ns)
