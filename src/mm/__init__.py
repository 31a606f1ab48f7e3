"""`mm`: a market-making system for crypto venues."""

__version__ = "0.1.0"
