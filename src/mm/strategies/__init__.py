"""Strategies: one file each, found by the name of the file."""

from mm.strategies.base import MarketState, Strategy
from mm.strategies.find import find, parameters_of

__all__ = ["MarketState", "Strategy", "find", "parameters_of"]
