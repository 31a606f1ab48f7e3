"""MEXC's perpetual futures."""

from mm.exchanges.mexc_futures.face import VENUE

__all__ = ["VENUE"]
