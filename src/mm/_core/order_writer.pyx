"""What a session gives its link so that an order passes neither of them on its way out: over REST, or over a socket."""

from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.event cimport Event
from mm._core.http_request cimport HttpRequest

cdef str PRIVATE = "private"
cdef str EMPTY = ""


cdef class OrderWriter:
    """Writes the requests of orders. is_up: orders may go now, as the session says."""

    cpdef HttpRequest write(self, Place place, int64_t nonce):
        """Return the request of an order, signed; nonce: our time. Raises LocalError for one that cannot be sent."""
        raise NotImplementedError


cdef class TokenCore:
    """value: the token in use; empty when none is."""

    def __init__(self, str value not None=""):
        self.value = value


cdef class SocketOrders:
    """Orders over the private socket, and the state of it that they depend on.

    up, opened: the session's own word of its channels, by name; token: its keeper; is_subscribed: the private channels
    were asked for, as the session says.
    """

    def __init__(self, dict up not None, dict opened not None, TokenCore token not None):
        self._up = up
        self._opened = opened
        self._token = token

    cdef bint is_up(self) except -1:
        """Whether the private side is up."""
        return self._up[PRIVATE] is True

    cpdef bint can_cancel(self) except -1:
        """Whether a cancel would be heard: the socket is open, with a token in use."""
        return self._opened[PRIVATE] is True and self.is_subscribed and self._token.value != EMPTY

    cdef bytes encode(self, Event command, int64_t request_id, int64_t venue_now_ns):
        """Return the request of one command. Raises LocalError for a command that cannot be sent."""
        raise NotImplementedError
