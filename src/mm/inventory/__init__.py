"""Inventory: what was earned by the spread and what by holding."""

from mm.inventory.profit import ProfitSplit

__all__ = ["ProfitSplit"]
