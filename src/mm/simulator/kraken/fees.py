"""Kraken's fee tables by 30-day volume in USD: of crypto pairs (recorded in November 2025), and of stablecoins."""

from __future__ import annotations

from typing import Final

FEES_TAKER: Final = (
    (0, 4000),
    (10_000, 3500),
    (50_000, 2400),
    (100_000, 2200),
    (250_000, 2000),
    (500_000, 1800),
    (1_000_000, 1600),
    (2_500_000, 1400),
    (5_000_000, 1200),
    (10_000_000, 1000),
)
"""(volume from, millionths of cost)."""
FEES_MAKER: Final = (
    (0, 2500),
    (10_000, 2000),
    (50_000, 1400),
    (100_000, 1200),
    (250_000, 1000),
    (500_000, 800),
    (1_000_000, 600),
    (2_500_000, 400),
    (5_000_000, 200),
    (10_000_000, 0),
)
STABLE: Final = frozenset({"USDT", "USDC"})
STABLE_TAKER: Final = (
    (0, 2000),
    (50_000, 1600),
    (100_000, 1200),
    (250_000, 800),
    (500_000, 400),
    (1_000_000, 200),
    (10_000_000, 100),
    (100_000_000, 10),
)
"""Of the markets of a stablecoin in fiat money, as published in 2024."""
STABLE_MAKER: Final = (*STABLE_TAKER[:6], (10_000_000, 0))

Table = tuple[tuple[int, int], ...]


def tables(base: str) -> tuple[Table, Table]:
    """What makers and what takers of a market pay, by its base asset."""
    return (STABLE_MAKER, STABLE_TAKER) if base in STABLE else (FEES_MAKER, FEES_TAKER)


def fee_e6(table: Table, volume_usd: int) -> int:
    """The rate at a 30-day volume, in millionths of cost."""
    return next(rate for least, rate in reversed(table) if volume_usd >= least)
