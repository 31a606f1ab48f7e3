"""What a codec remembers of orders; native, since each fill asks for it on its way to a hedge."""

from mm._core.known_orders import KnownOrder, KnownOrders

__all__ = ["KnownOrder", "KnownOrders"]
