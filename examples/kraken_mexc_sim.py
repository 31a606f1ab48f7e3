"""Quote on the simulated Kraken, hedge on the simulated MEXC Spot from 1,000 dollars on.

    .venv/bin/python examples/kraken_mexc_sim.py [SECONDS]

kraken-mexc-1000.toml is the same as a file. Ctrl-C ends it, or the seconds: every own order is cancelled, and the last
word says what remains.
"""

from __future__ import annotations

import sys

from mm.api import OMS, Exchange, HedgePolicy, InventoryManager, MarketMaker, PositionLimits


def market_maker() -> MarketMaker:
    """Put the run together."""
    oms = OMS(state="state-two", watchdog_s=5)
    # The simulated account is ours alone, so that its venue's timer may cover all of it.
    oms.register(Exchange("kraken", tier="pro", dead_man_switch_s=15, accept_account_wide_timer=True))
    oms.register(Exchange("mexc_spot"))
    inventory = InventoryManager(
        policy=HedgePolicy(
            "immediate",
            primary="kraken",
            symbol="BTC/USD",
            hedge="mexc_spot",
            hedge_symbol="BTC/USDT",
            threshold=1000,
            slippage_bps=5,
            debt_max_usd=2000,
        ),
        limits=PositionLimits.conservative(max_per_symbol={"BTC/USDT": "0.1"}),
    )
    return MarketMaker(
        oms,
        inventory,
        name="btc",
        exchange="kraken",
        symbol="BTC/USD",
        spread_bps=0.5,  # inside the fee, to see fills
        quote_size=0.005,
        max_position=0.05,
        inventory_skew_factor=0.5,
        refresh_interval_ms=1000,
        refresh_tolerance_bps=0.2,
    )


if __name__ == "__main__":
    sys.exit(market_maker().run(seconds=float(sys.argv[1]) if len(sys.argv) > 1 else 0).code)
