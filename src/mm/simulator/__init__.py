"""Venues that speak the real protocols, with matching, ledgers and faults of their own; shares no code with the bot."""
