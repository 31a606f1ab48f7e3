"""Inventory: what was earned by the spread and what by holding, by market and over all venues."""

from mm.inventory.accounts import Accounts, ProfitTerms
from mm.inventory.profit import ProfitSplit

__all__ = ["Accounts", "ProfitSplit", "ProfitTerms"]
