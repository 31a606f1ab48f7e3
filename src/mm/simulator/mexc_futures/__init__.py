"""The simulated MEXC Futures: the contract API v1 over the matching core for contracts."""
