"""The venue's own books, as a judge's view is compared with them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mm.simulator.world import World


class Ledger:
    """The books at a moment: balances, orders by id, fills by execution id."""

    def __init__(self, world: World, venue: str = "") -> None:
        report: dict[str, Any] = world.control("ledger", venue=venue)
        self.balances = {name: Decimal(text) for name, text in report["balances"].items()}
        self.open: dict[str, Any] = {order["order_id"]: order for order in report["open_orders"]}
        self.closed: dict[str, Any] = {order["order_id"]: order for order in report["closed_orders"]}
        self.fills: dict[str, Any] = {fill["execution_id"]: fill for fill in report["fills"]}

    def cash(self) -> Decimal:
        """What the fills did to the quote currency: proceeds less costs less fees."""
        return sum(
            (
                (1 if fill["side"] == "sell" else -1) * Decimal(fill["cost"]) - Decimal(fill["fee"])
                for fill in self.fills.values()
            ),
            Decimal(0),
        )


def exact(value: float | str) -> Decimal:
    """A client's double as the decimal that the venue wrote (the shortest text that gives the double)."""
    return Decimal(str(value))
