"""MEXC Spot: codec, signing, session rules and limits over REST v3 and protobuf streams; no I/O, no clock."""

from mm.exchanges.mexc_spot.face import VENUE

__all__ = ["VENUE"]
