"""Commands as the engine makes them."""

from __future__ import annotations

from typing import Any

from mm._core.events import Amend, Cancel, Place


def place(client_id: str = "mm1", **changes: Any) -> Place:
    terms: dict[str, Any] = {
        "symbol": "BTC/USD",
        "side": 1,
        "price": 640000,
        "size": 100000,
        "order_type": "limit",
        "time_in_force": "gtc",
        "post_only": True,
        "reduce_only": False,
    }
    terms.update(changes)
    return Place(
        recv_ns=0, venue="kraken", client_id=client_id, strategy="mm", purpose="quote", level=0, parent="", **terms
    )


def amend(client_id: str = "mm1", venue_id: str = "", price: int = 640005, size: int = 100000) -> Amend:
    return Amend(0, "kraken", "BTC/USD", client_id, venue_id, price, size)


def cancel(client_id: str = "mm1", venue_id: str = "") -> Cancel:
    return Cancel(0, "kraken", "BTC/USD", client_id, venue_id, "test")
