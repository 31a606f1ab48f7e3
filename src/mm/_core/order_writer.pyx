"""Orders over REST: what a session gives its link so that an order passes neither of them on its way out."""

from libc.stdint cimport int64_t

from mm._core.commands cimport Place
from mm._core.http_request cimport HttpRequest


cdef class OrderWriter:
    """Writes the requests of orders. is_up: orders may go now, as the session says."""

    cpdef HttpRequest write(self, Place place, int64_t nonce):
        """Return the request of an order, signed; nonce: our time. Raises LocalError for one that cannot be sent."""
        raise NotImplementedError
