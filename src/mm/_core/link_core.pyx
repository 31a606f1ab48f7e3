# cython: nonecheck=True
"""The way of a book frame into a link and of an order out of it; `mm.net` has everything that happens seldom.

What is here runs between a tick and its order: nothing waits, nothing is looked up twice.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cython cimport final, freelist, no_gc
from libc.stdint cimport int64_t
from libc.string cimport memcmp

from mm._core.commands cimport Amend, Cancel, CancelAfter, Place
from mm._core.event cimport Event
from mm._core.http_request cimport HttpRequest
from mm._core.market_events cimport BookFrame
from mm._core.order_writer cimport OrderWriter, SocketOrders
from mm._core.plain_frames cimport PlainFrames
from mm._core.rest_core cimport Call, RestCore
from mm._core.words cimport same

from mm._core.rest_core import COMMAND_TIMEOUT_NS as _COMMAND_TIMEOUT_NS

from mm.errors import LocalError

cdef tuple NOTHING = ()
cdef str PRIVATE = "private"
# More requests without an answer than any account may have orders of one pair.
OUTSTANDING_MAX = 1000

# An order that has waited for its turn so long was decided on another market.
PLACE_WAIT_NS_MAX = 500_000_000
# The same of a connection, which a venue that is far away takes a good half second to make.
PLACE_CONNECT_NS_MAX = 1_000_000_000

cdef Py_ssize_t _OUTSTANDING_MAX = OUTSTANDING_MAX
cdef int64_t _PLACE_WAIT_NS_MAX = PLACE_WAIT_NS_MAX
cdef int64_t _PLACE_CONNECT_NS_MAX = PLACE_CONNECT_NS_MAX
cdef int64_t COMMAND_TIMEOUT_NS = _COMMAND_TIMEOUT_NS


@final
@no_gc
@freelist(64)
cdef class Send:
    """Write one text message; when that is not possible, answered by `unsent` with the request id (0: none)."""

    def __init__(self, str channel not None, bytes payload not None, int64_t request_id=0):
        self.channel = channel
        self.payload = payload
        self.request_id = request_id

    def __eq__(self, other):
        if type(other) is not Send:
            return NotImplemented
        cdef Send that = <Send>other
        return (self.channel, self.payload, self.request_id) == (that.channel, that.payload, that.request_id)

    __hash__ = None

    def __repr__(self):
        """Without the payload, which carries the session token."""
        return f"Send({self.channel!r}, {len(self.payload)} bytes, request_id={self.request_id})"


@final
@no_gc
@freelist(16)
cdef class Request:
    """Send one HTTP request; answered by `reply`, once, whatever happens. wait_ns: it is not sent where it has not left
    by then."""

    def __init__(
        self, str venue not None, int64_t request_id, HttpRequest request not None, int64_t timeout_ns,
        int64_t wait_ns,
    ):
        self.venue = venue
        self.request_id = request_id
        self.request = request
        self.timeout_ns = timeout_ns
        self.wait_ns = wait_ns

    def __repr__(self):
        """Without query, headers and body, which carry key and signature."""
        path = self.request.path.partition("?")[0]
        return f"Request({self.venue!r}, {self.request_id}, {self.request.method} {path})"


@final
cdef class LinkCounters:
    """What a link has seen, for the metrics reader."""


@final
@no_gc
@freelist(64)
cdef class Outstanding:
    """A request without an answer. key: the order it is about, empty for none."""

    def __repr__(self):
        return f"Outstanding({self.request_id}, {self.command!r})"


cdef inline str key_of(Event command):
    if type(command) is Place:
        return (<Place>command).client_id
    if type(command) is Amend:
        return (<Amend>command).client_id or (<Amend>command).venue_id
    if type(command) is Cancel:
        return (<Cancel>command).client_id or (<Cancel>command).venue_id
    return ""


def order_key(Event command not None):
    """Return the id of the order that a command is about, empty for none."""
    return key_of(command)


cdef class ChannelCore:
    """What each message of a socket asks and tells: phase, of its life; last_frame_ns: when bytes last came."""


cdef class EntryCore:
    """The requests under way: by request id, in the order of sending, and by order."""

    def __init__(self, int64_t timeout_ns):
        self.timeout_ns = timeout_ns
        self.outstanding = {}
        self.busy = {}

    def __len__(self):
        return len(self.outstanding)

    cpdef sent(self, int64_t now_ns, int64_t request_id, Event command, bint by_rest):
        """A request's bytes are on their way."""
        cdef Outstanding made = Outstanding.__new__(Outstanding)
        made.request_id = request_id
        made.command = command
        made.key = key_of(command)
        made.sent_ns = now_ns
        made.deadline_ns = now_ns + self.timeout_ns
        made.by_rest = by_rest
        self.outstanding[request_id] = made
        if made.key:
            self.busy[made.key] = made

    cdef bint is_free(self, Event command) except -1:
        """Nothing is under way that a command would have to wait for."""
        return len(self.outstanding) < _OUTSTANDING_MAX and key_of(command) not in self.busy


cdef class TradingCore:
    """The plain case of order entry: one request over the private socket, nothing before it.

    session: the venue's rules; actions: of the link; entry: the requests under way; clock_offset_ns: the venue's time
    minus ours.
    """

    def __init__(self, session, list actions not None, EntryCore entry not None):
        self.session = session
        # A venue of somebody else may have none.
        self._socket_orders = getattr(session, "socket_orders", None)
        self.actions = actions
        self.entry = entry

    cpdef int64_t take_id(self) except? -1:
        """Return a request id that was never used."""
        self.last_id += 1
        return self.last_id

    cpdef object submit(self, int64_t now_ns, Event command):
        """Send a command, queue it behind its order's request under way, or refuse it; returns events."""
        cdef SocketOrders orders = self._socket_orders
        if (type(command) is Place or type(command) is Amend) and not (
            self.session.is_up(PRIVATE) if orders is None else orders.is_up()
        ):
            return [self._denied(now_ns, command, "private link is not ready")]
        if (self.session.can_cancel() if orders is None else orders.can_cancel()) and self.entry.is_free(command):
            return self.send(now_ns, command)
        return self._submit(now_ns, command)

    cpdef object send(self, int64_t now_ns, Event command):
        """Write a command over the private socket."""
        cdef int64_t request_id = self.take_id()
        cdef Send made
        cdef bytes payload
        try:
            if self._socket_orders is not None:
                payload = self._socket_orders.encode(command, request_id, now_ns + self.clock_offset_ns)
            else:
                payload = <bytes?>self.session.encode(command, request_id, now_ns + self.clock_offset_ns)
        except LocalError as error:
            return [self._denied(now_ns, command, str(error))]
        made = Send.__new__(Send)
        made.channel = PRIVATE
        made.payload = payload
        made.request_id = request_id
        self.actions.append(made)
        self.entry.sent(now_ns, request_id, command, False)
        return NOTHING


cdef class LinkCore:
    """What a link does with a book frame, with a fill and with an order.

    plain: reads what needs no session; orders: writes orders where they go over REST.
    """

    def __init__(
        self, str venue not None, dict channels not None, list actions not None, TradingCore trading not None,
        RestCore rest not None, open_phase, tuple book_prefixes not None, PlainFrames plain=None,
        OrderWriter orders=None,
    ):
        self.venue = venue
        self._channels = channels
        self._actions = actions
        self._trading = trading
        self._rest = rest
        self._open_phase = open_phase
        self._plain = plain
        self._orders = orders
        self.counters = LinkCounters()
        self._calls = {}
        self.book_prefixes = book_prefixes
        self.other_due_ns = -1

    def frame(self, int64_t now_ns, str channel not None, bytes payload not None, bint last=True):
        """Take a whole message of an open channel; an empty one says that bytes came. `last` is for engines."""
        return self.take_frame(now_ns, channel, payload)

    # These are no cpdef: whether a subclass has another one would be asked with each message.
    cdef object take_frame(self, int64_t now_ns, str channel, bytes payload):
        """The same."""
        cdef BookFrame event
        cdef ChannelCore state = self._newest
        if channel is not self._newest_name:
            state = self._newest = <ChannelCore?>self._channels[channel]
            self._newest_name = channel
        state.last_frame_ns = now_ns
        if self.is_book(payload) and state.phase is self._open_phase:
            event = BookFrame.__new__(BookFrame)
            event.recv_ns = now_ns
            event.venue = self.venue
            event.payload = payload
            return (event,)
        if self._plain is not None and same(channel, PRIVATE) and state.phase is self._open_phase:
            events = self._plain.take(now_ns, payload)
            if events is not None:
                # A fill wishes for nothing, and settles no doubt about a request.
                self.other_due_ns = -1
                return events
        return self._message(now_ns, channel, state, payload)

    cdef bint is_book(self, bytes payload) except -1:
        """Whether a message is a book frame that the session does not want to see."""
        cdef Py_ssize_t size
        cdef bytes prefix
        for each in self.book_prefixes:
            prefix = <bytes?>each
            size = PyBytes_GET_SIZE(prefix)
            if (
                size
                and PyBytes_GET_SIZE(payload) >= size
                and memcmp(PyBytes_AS_STRING(payload), PyBytes_AS_STRING(prefix), size) == 0
            ):
                return True
        return False

    def submit(self, int64_t now_ns, Event command not None):
        """Take a command of the engine."""
        return self.take_command(now_ns, command)

    cdef object take_command(self, int64_t now_ns, Event command):
        """The same."""
        kind = type(command)
        self.other_due_ns = -1
        if (
            kind is Place
            and self._orders is not None
            and self._orders.is_up
            and self._trading.entry.is_free(command)
            and self._rest.takes_order()
        ):
            return self._order(now_ns, <Place>command)
        if kind is Amend or kind is Place or kind is Cancel or kind is CancelAfter:
            events = self._trading.submit(now_ns, command)
            if events is NOTHING:
                # Written to the socket: nothing waits for the link.
                return NOTHING
            return self._end(now_ns, events) if events or not self._rest.is_idle else NOTHING
        return self._submit_other(now_ns, command)

    cdef object _order(self, int64_t now_ns, Place place):
        """Send an order over REST, at once."""
        cdef int64_t request_id = self._trading.take_id()
        cdef Call call = self._rest.begin_order(now_ns, place, request_id, now_ns + _PLACE_WAIT_NS_MAX)
        cdef Request made
        self._trading.entry.sent(now_ns, request_id, place, True)
        self._nonce = max(self._nonce + 1, now_ns)
        request_id = self._trading.take_id()
        try:
            request = self._orders.write(place, self._nonce)
        except LocalError as error:
            self._rest.urgent.remove(call)
            return self._end(now_ns, self._trading.rest_unwritable(now_ns, call, str(error)))
        self._calls[request_id] = call
        self.counters.calls += 1
        made = Request.__new__(Request)
        made.venue = self.venue
        made.request_id = request_id
        made.request = request
        made.timeout_ns = COMMAND_TIMEOUT_NS
        made.wait_ns = _PLACE_CONNECT_NS_MAX
        self._actions.append(made)
        return NOTHING

    def drain(self):
        """Take the actions since the last call, in order."""
        return self.taken_actions()

    cdef list taken_actions(self):
        """The same."""
        cdef list actions = self._actions
        if not actions:
            return []
        # The list is shared with the parts of the link: emptied, not replaced.
        taken = actions[:]
        actions.clear()
        return taken
