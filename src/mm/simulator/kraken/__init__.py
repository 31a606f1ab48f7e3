"""The simulated Kraken Spot: REST and WebSocket v2 as a machine without I/O, written from the venue's own documents."""
