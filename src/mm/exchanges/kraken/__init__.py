"""Kraken Spot: codec, signing, session rules and limits over REST and WebSocket v2; no I/O, no clock."""
