from typing_extensions import disjoint_base

from mm._core.events import Place
from mm._core.http_request import HttpRequest

@disjoint_base
class OrderWriter:
    """Writes the requests of orders. is_up: orders may go now, as the session says."""

    is_up: bool

    def write(self, place: Place, nonce: int) -> HttpRequest: ...

@disjoint_base
class TokenCore:
    """value: the token in use; empty when none is."""

    value: str

    def __init__(self, value: str = "") -> None: ...

@disjoint_base
class SocketOrders:
    """Orders over the private socket, and the state of it that they depend on."""

    is_subscribed: bool

    def __init__(self, up: dict[str, bool], opened: dict[str, bool], token: TokenCore) -> None: ...
    def can_cancel(self) -> bool: ...
