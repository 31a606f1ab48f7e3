"""One order that closes a position, or a part of it, across the book: where waiting is worse than paying.

For a position close to its liquidation, and for the kill ladder's `flatten`. The caps of a run do not hold it back:
what is left otherwise is more, or goes at a worse price. A journal that takes nothing does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mm._core import events as ev
from mm.risk import Limits, Refused

if TYPE_CHECKING:
    from mm.engine.engine import Engine
    from mm.engine.market import Market

FLATTEN: Final = "flatten"
"""The purpose of such an order."""
AGAIN_NS: Final = 1_000_000_000
SLIPPAGE: Final = 0.005
"""Behind the best price, further than a hedge may go; the next order goes on from there."""
CAPS: Final = Limits(collar=1.0, total_micro_usd=0, orders_max=1)
"""Of a reduction: the grid, one order, and own orders in the way."""


def price_of(market: Market, side: int) -> int:
    """The worst price that such an order takes."""
    if side < 0:
        return min(market.bid, market.instrument.price_up(market.bid * (1 - SLIPPAGE)))
    return max(market.ask, market.instrument.price_down(market.ask * (1 + SLIPPAGE)))


def least(market: Market, side: int) -> int:
    """What a position must have for such an order to be possible. Its value counts by the average of prices where the
    book's is worse: a position is not too small to close because a bid vanished for a moment."""
    return market.size_least(max(price_of(market, side), int(market.reference) // 2))


def close(engine: Engine, now_ns: int, market: Market, side: int, size: int, name: str) -> str:
    """Send one order of a side, at most `size`, immediate or cancelled; returns why not, '' where it was sent.

    name: as which strategy; the market is refreshed and has passed its gate.
    """
    instrument = market.instrument
    most = market.order_size_max // instrument.lot * instrument.lot
    size = min(size, most, instrument.size_max or most)
    price = price_of(market, side)
    if size < market.size_least(price):
        return "less than the venue trades"
    verdict = CAPS.check(market, side, price, size, post_only=False, orders_open=0, others_micro_usd=0)
    if isinstance(verdict, Refused) and verdict.gate != "exposure":
        return verdict.reason
    if market.limits is not None and not market.limits.allows(now_ns, "place", 0, True, len(market.orders)):
        return "the venue's order rate limit is used up"
    if broken := getattr(engine.recorder, "broken", ""):
        # It would be denied, a second later the next one, and so on; once the journal takes it, the next look sends it.
        engine.ladder.tell_unjournaled(now_ns, broken)
        return f"the journal takes nothing: {broken}"
    engine.emit(
        ev.Place(
            now_ns,
            market.venue.name,
            market.symbol,
            engine.ids.peek(FLATTEN),
            name,
            FLATTEN,
            0,
            side,
            price,
            size,
            "limit",
            "ioc",
            False,
            # A spot account has no positions that an order could be held against.
            instrument.is_contract and market.venue.capabilities.reduce_only,
            "",
        )
    )
    return ""
