"""What a strategy wishes for: quotes, and the terms they came from."""

from __future__ import annotations

from mm._core.quotes import LEVELS_MAX, Quote, Quoting, Terms

__all__ = ["LEVELS_MAX", "Quote", "Quoting", "Terms"]
