"""Quotes both sides around the middle of the market, leaning against the inventory.

fair      the middle of the best prices of others
half      the larger of spread_bps and min_spread_bps, halved, of fair
skew      inventory_skew_factor x inventory / max_position x half: a long inventory lowers both quotes; it is what all
          venues hold of the asset together (inventory "net", also when nothing is chosen and the fills are hedged), or
          this market's position ("venue")
bid, ask  fair - skew -/+ half, rounded away from the market, behind the opposite best price when post-only

Each further level stands level_step_bps behind the one before, its size level_size_factor times as large. A side is
trimmed so that its orders together cannot carry the position beyond max_position.
"""

from __future__ import annotations

from math import ceil, floor

from mm._core.events import BUY, SELL
from mm.config import MarketMakerParameters
from mm.instruments import Instrument
from mm.quotes import Quote, Quoting, Terms
from mm.strategies.base import MarketState, Strategy


class MarketMaker(Strategy):
    """See the module's text."""

    Parameters = MarketMakerParameters
    parameters: MarketMakerParameters

    def prepare(self, instrument: Instrument) -> None:
        """Turn the knobs into the instrument's units."""
        knobs = self.parameters
        self._tick = instrument.tick
        self._lot = instrument.lot
        self._size_min = instrument.size_min
        # Of price x size.
        self._cost_min = -(-instrument.cost_min // instrument.multiplier)
        self._half = float(max(knobs.spread_bps, knobs.min_spread_bps)) / 20_000
        self._skew = float(knobs.inventory_skew_factor)
        self._position_max = instrument.size_of_base(knobs.max_position)
        self._post_only = knobs.post_only
        self._is_net = {"net": True, "venue": False}.get(knobs.inventory)
        self._delay_ns = knobs.filled_order_delay_ms * 1_000_000
        self._steps = [float(knobs.level_step_bps) * level / 10_000 for level in range(knobs.levels)]
        factors = [knobs.level_size_factor**level for level in range(knobs.levels)]
        self._sizes = [
            instrument.size_of_base(knobs.quote_size * factor) // self._lot * self._lot for factor in factors
        ]
        for level, size in enumerate(self._sizes):
            if size < instrument.size_min:
                raise ValueError(
                    f"strategies.{self.name}.quote_size: level {level} would be {instrument.base_text(size)} "
                    f"{instrument.base}; {instrument.venue} takes at least {instrument.base_text(instrument.size_min)}"
                )
        if self._position_max < self._sizes[0]:
            raise ValueError(f"strategies.{self.name}.max_position: smaller than one quote: nothing would be quoted")

    def quotes(self, market: MarketState) -> Quoting:
        """Return the quotes that should stand now."""
        best_bid = market.bid
        best_ask = market.ask
        tick = self._tick
        fair = (best_bid + best_ask) * 0.5
        half = fair * self._half
        position = market.position
        is_net = self._is_net
        if is_net is None:
            is_net = market.is_hedged
        lean = (market.net_position if is_net else position) / self._position_max
        skew = self._skew * (1.0 if lean > 1 else -1.0 if lean < -1 else lean) * half
        middle = fair - skew
        bid = floor((middle - half) / tick) * tick
        ask = ceil((middle + half) / tick) * tick
        if self._post_only:
            bid = min(bid, best_ask - tick)
            ask = max(ask, best_bid + tick)
        quotes: list[Quote] = []
        delay_ns = market.now_ns - self._delay_ns
        bid_note = ask_note = ""
        if self._delay_ns and market.buy_fill_ns > delay_ns:
            bid_note = "pausing after a fill"
        else:
            bid_note = self._side(quotes, BUY, bid, fair, self._position_max - position)
        if self._delay_ns and market.sell_fill_ns > delay_ns:
            ask_note = "pausing after a fill"
        else:
            ask_note = self._side(quotes, SELL, ask, fair, self._position_max + position)
        return Quoting(tuple(quotes), Terms(fair, half, skew, bid_note, ask_note))

    def due_ns(self, market: MarketState) -> int:
        """When the pause after a fill ends."""
        if not self._delay_ns:
            return 0
        ends = (market.buy_fill_ns + self._delay_ns, market.sell_fill_ns + self._delay_ns)
        return min((end for end in ends if end > market.now_ns), default=0)

    def _side(self, quotes: list[Quote], side: int, best: int, fair: float, room: int) -> str:
        """Add one side's levels while there is room for them; returns what was left out."""
        price = best
        for level, size in enumerate(self._sizes):
            if level:
                away = floor(fair * self._steps[level] / self._tick) * self._tick
                price = min(best - away, price - self._tick) if side == BUY else max(best + away, price + self._tick)
            if size > room:
                size = room // self._lot * self._lot
                if size < self._size_min or size * price < self._cost_min:
                    return "max_position reached" if level == 0 else "trimmed to max_position"
                if price > 0:
                    quotes.append(Quote(side, level, price, size))
                return "trimmed to max_position"
            if price > 0:
                quotes.append(Quote(side, level, price, size))
            room -= size
        return ""
