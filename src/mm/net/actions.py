"""What a link asks its shell to do. The machine says it, the shell does it, and says what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mm._core.link_core import Request, Send

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


Action = Connect | Send | Disconnect | Request

__all__ = ["PRIVATE", "PUBLIC", "Action", "Connect", "Disconnect", "Request", "Send"]
