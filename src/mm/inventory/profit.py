"""Profit of one symbol in two parts; native, since each fill passes it on its way to a hedge."""

from mm._core.profit import ProfitSplit

__all__ = ["ProfitSplit"]
