"""What a link asks its shell to do. The machine says it, the shell does it, and says what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mm._core.link_core import Send

if TYPE_CHECKING:
    from mm.exchanges.venue import HttpRequest

PUBLIC: Final = "public"
PRIVATE: Final = "private"


def without_query(address: str) -> str:
    """Cut an address to what may be shown: keys and signatures stand behind the question mark."""
    return address.partition("?")[0]


@dataclass(slots=True)
class Connect:
    """Open the channel's socket to `url`; answered by `opened` or `closed`."""

    channel: str
    url: str

    def __repr__(self) -> str:
        """Without what follows the path, which may be a key."""
        return f"Connect({self.channel!r}, {without_query(self.url)!r})"


@dataclass(slots=True)
class Disconnect:
    """Close the channel's socket. The machine has already counted it as closed; no `closed` is expected."""

    channel: str
    reason: str


@dataclass(slots=True)
class Request:
    """Send one HTTP request; answered by `reply`, once, whatever happens."""

    venue: str
    request_id: int
    request: HttpRequest
    timeout_ns: int

    def __repr__(self) -> str:
        """Without query, headers and body, which carry key and signature."""
        path = without_query(self.request.path)
        return f"Request({self.venue!r}, {self.request_id}, {self.request.method} {path})"


Action = Connect | Send | Disconnect | Request

__all__ = ["PRIVATE", "PUBLIC", "Action", "Connect", "Disconnect", "Request", "Send"]
