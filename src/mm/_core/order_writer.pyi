from typing_extensions import disjoint_base

from mm._core.events import Place
from mm._core.http_request import HttpRequest

@disjoint_base
class OrderWriter:
    """Writes the requests of orders. is_up: orders may go now, as the session says."""

    is_up: bool

    def write(self, place: Place, nonce: int) -> HttpRequest: ...
