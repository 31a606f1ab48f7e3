"""Order management: ids, and the quoter that turns wanted quotes into the fewest commands."""
