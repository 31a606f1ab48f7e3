"""Kraken Spot: codec, signing, session rules and limits over REST and WebSocket v2; no I/O, no clock."""

from mm.exchanges.kraken.face import VENUE

__all__ = ["VENUE"]
